#include "server/mlflow/logged_model_calls.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model.h"

namespace cairn::mlflow {

absl::Status NoSuchLoggedModel(std::string_view model_id) {
  return Refuse(kNotExists,
                fmt::format("Logged model with ID '{}' not found.", Shortened(model_id, 100)));
}

Task<absl::StatusOr<v1::Run>> GetLoggedModel(Session& session, std::string model_id,
                                             bool show_deleted) {
  const auto uid = UidOfModelId(model_id);
  if (!uid.has_value()) co_return NoSuchLoggedModel(model_id);
  auto run = co_await session.GetRun(*uid);
  if (!run.ok()) co_return ErrorOfLoggedModel(model_id, run.status());
  const bool shown = show_deleted || !run->has_delete_time();
  if (run->kind() != v1::Run::LOGGED_MODEL || !shown) co_return NoSuchLoggedModel(model_id);
  co_return std::move(run);
}

absl::Status ErrorOfLoggedModel(const std::string& model_id, const absl::Status& error) {
  const bool gone = HasReason(error, ErrorReason::RUN_NOT_FOUND) ||
                    HasReason(error, ErrorReason::RUN_DELETED) || ErrorCodeOf(error) == kNotExists;
  return gone ? NoSuchLoggedModel(model_id) : error;
}

Task<absl::Status> LogToModels(Session& session, ModelBatches batches, MissingModels missing) {
  for (auto& [model_id, batch] : batches) {
    const auto model = co_await GetLoggedModel(session, model_id);
    if (ErrorCodeOf(model.status()) == kNotExists) {
      if (missing == MissingModels::kPassOver) continue;
      co_return model.status();
    }
    if (!model.ok()) co_return model.status();
    batch.set_run(model->name());
    const auto logged = co_await session.Call(session.rows().log_batch, std::move(batch));
    if (!logged.ok()) {
      absl::Status error = ErrorOfLoggedModel(model_id, logged.status());
      co_return session.ErrorOfRun(model_id, error);
    }
  }
  co_return absl::OkStatus();
}

}  // namespace cairn::mlflow
