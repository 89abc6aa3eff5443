#include "server/mlflow/run_parents.h"

#include <utility>

#include "lib/base/errors.h"
#include "server/mlflow/entities.h"

namespace cairn::mlflow {
namespace {

std::string ParentOf(const std::string& run_name) {
  return run_name.substr(0, run_name.find("/runs/"));
}

}  // namespace

std::vector<std::string> ExperimentNamesOf(const Fields& fields) {
  std::vector<std::string> names;
  for (const std::string& id : fields.Texts("experiment_ids")) {
    if (IsExperimentId(id)) names.push_back("experiments/" + id);
  }
  return names;
}

Task<absl::StatusOr<RunParents>> FindRunParents(Session& session,
                                                const std::vector<std::string>& names) {
  RunParents parents;
  for (const std::string& name : names) {
    v1::GetExperimentRequest get;
    get.set_name(name);
    const auto found = co_await session.Call(session.rows().get_experiment, std::move(get));
    if (found.ok() && found->has_delete_time()) {
      parents.deleted[name] = found->delete_time();
    } else if (found.ok() || HasReason(found.status(), ErrorReason::PERMISSION_DENIED)) {
      parents.active.push_back(name);
    } else if (!HasReason(found.status(), ErrorReason::EXPERIMENT_NOT_FOUND)) {
      co_return found.status();
    }
  }
  co_return std::move(parents);
}

void ShowLifecycle(const RunParents& parents, v1::Run& run) {
  const auto deleted = parents.deleted.find(ParentOf(run.name()));
  if (deleted == parents.deleted.end() || run.has_delete_time()) return;
  *run.mutable_delete_time() = deleted->second;
}

Task<absl::StatusOr<v1::Run>> GetShownRun(Session& session, const std::string& run_id) {
  auto run = co_await session.GetRun(run_id);
  if (!run.ok()) co_return run.status();
  const std::vector<std::string> names = {ParentOf(run->name())};
  const auto parents = co_await FindRunParents(session, names);
  if (!parents.ok()) co_return parents.status();
  ShowLifecycle(*parents, *run);
  co_return std::move(run);
}

}  // namespace cairn::mlflow
