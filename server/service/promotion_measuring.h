#ifndef CAIRN_SERVER_SERVICE_PROMOTION_MEASURING_H_
#define CAIRN_SERVER_SERVICE_PROMOTION_MEASURING_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/evaluation/measurer.h"
#include "server/registry/needed_evaluations.h"
#include "server/storage/kv_store.h"
#include "server/storage/stamp.h"

namespace cairn::service {

// What stands between a decision and what it needs measured: registry/ says what, evaluation/
// measures. Both block while they measure; call them from a pool whose threads may wait.
//
// What cannot be measured (EVALUATION_UNSUPPORTED) stays missing, and the policy says what that
// means. Other errors are those of Measurer::Measure and of commits.

// Measures what is missing and records nothing: for a dry run.
absl::StatusOr<registry::UnrecordedEvaluations> MeasureForDryRun(
    const storage::Snapshot& snapshot, evaluation::Measurer& measurer,
    const registry::NeededEvaluations& needed);

// Measures what is missing and records it, an evaluation in a commit of its own each: they stay
// whatever becomes of the decision. Whoever decides then reads a snapshot taken afterwards.
absl::Status MeasureAndRecord(storage::KvStore& store, evaluation::Measurer& measurer,
                              const registry::NeededEvaluations& needed,
                              const storage::Stamp& stamp);

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_PROMOTION_MEASURING_H_
