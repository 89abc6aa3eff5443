#include "server/mlflow/run_state.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {

Task<absl::StatusOr<v1::Run>> ChangeRunState(Session& session, v1::Run run, v1::Run::State state,
                                             std::optional<int64_t> end_time) {
  const bool ends = state != v1::Run::RUNNING && state != v1::Run::SCHEDULED;
  const bool ended = run.state() != v1::Run::RUNNING && run.state() != v1::Run::SCHEDULED;
  if ((state == v1::Run::RUNNING && run.state() != state) ||
      (ends && ended && run.state() != state)) {
    v1::ResumeRunRequest resume;
    resume.set_name(run.name());
    auto resumed = co_await session.Call(session.rows().resume_run, std::move(resume));
    if (!resumed.ok() || !ends) co_return std::move(resumed);
  }
  if (!ends) co_return std::move(run);
  v1::FinishRunRequest finish;
  finish.set_name(run.name());
  finish.set_state(state);
  if (end_time.has_value()) *finish.mutable_end_time() = TimestampOf(*end_time);
  co_return co_await session.Call(session.rows().finish_run, std::move(finish));
}

absl::Status ErrorOfNewRun(const std::string& experiment_id, const absl::Status& error) {
  if (HasReason(error, ErrorReason::EXPERIMENT_NOT_FOUND)) {
    return Refuse(kNotExists, fmt::format("No Experiment with id={} exists", experiment_id));
  }
  if (!HasReason(error, ErrorReason::EXPERIMENT_DELETED)) return error;
  return Refuse(kInvalidParameter,
                fmt::format("The experiment {} must be in the 'active' state. Current state is "
                            "deleted.",
                            experiment_id));
}

}  // namespace cairn::mlflow
