#ifndef CAIRN_SERVER_EVALUATION_EVALUATION_WORK_H_
#define CAIRN_SERVER_EVALUATION_EVALUATION_WORK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/evaluations.pb.h"
#include "lib/base/clock.h"
#include "server/auth/allowance.h"
#include "server/evaluation/measurer.h"
#include "server/operations/operation_runner.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::evaluation {

// The operation that measures a version: asking for it, and its work. Errors are those of
// EvaluationService.EvaluateModelVersion.

// What the call began with.
struct EvaluateCall {
  storage::Stamp stamp;
  std::string operation_id;
  auth::Allowance reads;  // what the caller may READ: the data set that is taken by default
};

// Plans the operation after checking that the inputs are there. With validate_only the version is
// measured and nothing is stored: the answer is an operation without a name that is done, or the
// error that it would have ended with.
absl::StatusOr<storage::Plan> PlanEvaluateModelVersion(
    const storage::Snapshot& snapshot, Measurer& measurer,
    const v1::EvaluateModelVersionRequest& request, const EvaluateCall& call);

// Measures in the version's own space, then its stability, then against the reference, a step each;
// what is recorded is found and not measured again. Cancelled between steps. Both must outlive it.
std::unique_ptr<operations::Work> MakeEvaluationWork(Measurer& measurer, const Clock& clock);

}  // namespace cairn::evaluation

#endif  // CAIRN_SERVER_EVALUATION_EVALUATION_WORK_H_
