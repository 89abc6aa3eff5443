#ifndef CAIRN_SERVER_SERVICE_PROMOTION_MEASURING_H_
#define CAIRN_SERVER_SERVICE_PROMOTION_MEASURING_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "server/evaluation/measurer.h"
#include "server/registry/needed_evaluations.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::service {

// Promotions that may measure: what stands between a decision and what it needs measured: registry/
// says what, evaluation/ measures. Both block while they measure; call them from a pool whose
// threads may wait.
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

// Plans a promotion (registry::PlanPromote): at `snapshot`, read once, or, after measuring what the
// policy lets the server measure and is missing there, at one that shows it.
absl::StatusOr<storage::Plan> PlanMeasuredPromotion(storage::KvStore& store,
                                                    evaluation::Measurer& measurer,
                                                    const storage::Snapshot& snapshot,
                                                    const v1::PromoteRequest& request,
                                                    const storage::Stamp& stamp,
                                                    std::optional<int64_t>& first_epoch);

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_PROMOTION_MEASURING_H_
