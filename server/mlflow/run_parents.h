#ifndef CAIRN_SERVER_MLFLOW_RUN_PARENTS_H_
#define CAIRN_SERVER_MLFLOW_RUN_PARENTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/mlflow/request.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// The experiments of runs, as far as MLflow's clients see them by their runs: a run of a deleted
// experiment is deleted. Cairn leaves such runs as they are, so this is shown and never written.
struct RunParents {
  std::vector<std::string> active;                             // resource names
  std::map<std::string, google::protobuf::Timestamp> deleted;  // and since when
};

// The field `experiment_ids` as resource names. Ids that are no numbers name none.
std::vector<std::string> ExperimentNamesOf(const Fields& fields);

// Those of `names` that there are. One that the caller may not read counts as active: whether its
// runs are seen, the call for them decides.
Task<absl::StatusOr<RunParents>> FindRunParents(Session& session,
                                                const std::vector<std::string>& names);

// Shows a run of a deleted experiment as deleted.
void ShowLifecycle(const RunParents& parents, v1::Run& run);

// The run of this id as clients see it. RESOURCE_DOES_NOT_EXIST as Session::GetRun.
Task<absl::StatusOr<v1::Run>> GetShownRun(Session& session, const std::string& run_id);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_RUN_PARENTS_H_
