#include "server/mlflow/run_rename.h"

#include <utility>

namespace cairn::mlflow {

Task<absl::StatusOr<v1::Run>> RenameRun(Session& session, const std::string& run,
                                        const std::string& display_name) {
  v1::UpdateRunRequest update;
  update.mutable_run()->set_name(run);
  update.mutable_run()->set_display_name(display_name);
  update.mutable_update_mask()->add_paths("display_name");
  co_return co_await session.Call(session.rows().update_run, std::move(update));
}

}  // namespace cairn::mlflow
