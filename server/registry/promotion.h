#ifndef CAIRN_SERVER_REGISTRY_PROMOTION_H_
#define CAIRN_SERVER_REGISTRY_PROMOTION_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "server/registry/needed_evaluations.h"
#include "server/registry/situation.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::registry {

// Use cases on decisions: the only way a channel's head moves. Pure but for
// reading. Errors are those of PromotionService's methods of the same name.

// Plans one promotion: reads policy, head, candidates and evidence at one
// snapshot, lets promotion::Decide decide, and writes head, decision, audit entry
// and event in one commit, which requires that the policy, the channel and the chosen version are
// still what they were. A policy that is off writes nothing.
//
// `first_epoch` is the caller's memory over repeated plans of one call: it is set by
// the first plan, and a later plan that sees another epoch answers ABORTED
// (EPOCH_MISMATCH), because somebody else moved the channel. A decision that was made
// before from the same facts is answered again and not written twice. A decision that
// promotes nothing is written like any other, and the head stays.
absl::StatusOr<storage::Plan> PlanPromote(const storage::Snapshot& snapshot,
                                          const cairn::v1::PromoteRequest& request,
                                          const storage::Stamp& stamp,
                                          std::optional<int64_t>& first_epoch);

// The same in a situation that was read at `snapshot` already, perhaps with what was measured for a
// dry run (AddUnrecorded).
absl::StatusOr<storage::Plan> PlanPromote(const storage::Snapshot& snapshot, Situation situation,
                                          const cairn::v1::PromoteRequest& request,
                                          const storage::Stamp& stamp,
                                          std::optional<int64_t>& first_epoch);

// The decision that the policy gives in `situation`, as it would be stored now by `stamp`; it is
// not marked as committed. Computes the situation's facts about time by the time of `stamp`.
absl::StatusOr<cairn::v1::Decision> MakeDecision(const storage::Snapshot& snapshot,
                                                 Situation& situation, const storage::Stamp& stamp);

// A decision as it was made; it never changes.
absl::StatusOr<cairn::v1::Decision> GetDecision(const storage::Snapshot& snapshot,
                                                const cairn::v1::GetDecisionRequest& request);

// One page of a channel's decisions.
absl::StatusOr<cairn::v1::ListDecisionsResponse> ListDecisions(
    const storage::Snapshot& snapshot, const cairn::v1::ListDecisionsRequest& request);

// Decides as a promotion would now and says why in sentences. Writes nothing.
absl::StatusOr<cairn::v1::ExplainResponse> Explain(const storage::Snapshot& snapshot,
                                                   const cairn::v1::ExplainRequest& request,
                                                   int64_t now_unix_nanos,
                                                   const UnrecordedEvaluations& unrecorded = {});

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_PROMOTION_H_
