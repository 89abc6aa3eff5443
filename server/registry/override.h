#ifndef CAIRN_SERVER_REGISTRY_OVERRIDE_H_
#define CAIRN_SERVER_REGISTRY_OVERRIDE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::registry {

// Has a channel serve a version that a person names, whatever the policy says of it. Pure but for
// reading. Errors are those of PromotionService.Override.
//
// Where a policy governs the channel the decision holds its verdict on the version, check by check,
// as a promotion of this version would have had it; a policy that cannot be evaluated is ERROR
// there and stops nobody. Without a policy there is no verdict, and a channel that was not there is
// made.
//
// A version that is served already stays: outcome NO_CHANGE, at the same epoch. `first_epoch` is as
// for PlanPromote.
absl::StatusOr<storage::Plan> PlanOverride(const storage::Snapshot& snapshot,
                                           const cairn::v1::OverrideRequest& request,
                                           const storage::Stamp& stamp,
                                           std::optional<int64_t>& first_epoch);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_OVERRIDE_H_
