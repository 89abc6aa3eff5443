#ifndef CAIRN_SERVER_REGISTRY_ROLLBACK_H_
#define CAIRN_SERVER_REGISTRY_ROLLBACK_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::registry {

// The way back: a channel serves again what it served before, or nothing. A rollback asks no
// policy, objective or window, because nothing may stand between production and safety; it is a
// decision all the same. Pure but for reading. Errors are those of PromotionService.Rollback.
//
// Without a version it goes to the one that was served last before this one, of those that are
// neither held nor archived and still exist: so a second rollback never returns to what the first
// one left. The version that is left is held in the same commit; a hold that it has stays as it is.
//
// A channel that serves nothing goes back only to a version that is named.
//
// `first_epoch` is the caller's memory over repeated plans of one call, as for PlanPromote: of two
// who roll back the same head, one is told that it moved, and the channel goes back once.
absl::StatusOr<storage::Plan> PlanRollback(const storage::Snapshot& snapshot,
                                           const cairn::v1::RollbackRequest& request,
                                           const storage::Stamp& stamp,
                                           std::optional<int64_t>& first_epoch);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_ROLLBACK_H_
