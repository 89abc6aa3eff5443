#ifndef CAIRN_SERVER_REGISTRY_HOLDS_H_
#define CAIRN_SERVER_REGISTRY_HOLDS_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::registry {

// Holds: versions that no promotion, rollback or override may put into a channel until a person
// releases them. They are part of the channel's record, sorted by version. Pure but for reading.

// So that a channel is read and written as one record, with room for long names.
inline constexpr int kMaxHolds = 1000;
// Of the reason, the channel keeps so much; the decision has it whole.
inline constexpr size_t kMaxHoldReasonBytes = 500;

// The hold on the version, or null. Points into `channel`.
const cairn::v1::Hold* FindHold(const cairn::v1::Channel& channel, std::string_view version);

// FAILED_PRECONDITION (MODEL_VERSION_HELD), telling who holds the version, since when and why.
// Metadata `channel`, `version`, `principal`, `decision`.
absl::Status VersionHeld(const cairn::v1::Channel& channel, const cairn::v1::Hold& hold);

// Adds to `channel` a hold on `version` by a sealed decision. RESOURCE_EXHAUSTED (TOO_LARGE) if
// kMaxHolds are there.
absl::Status AddHold(const cairn::v1::Decision& decision, std::string_view version,
                     cairn::v1::Channel& channel);

// Keeps a version out. The one being served stays until it is left. Errors are those of
// PromotionService.HoldVersion.
absl::StatusOr<storage::Plan> PlanHoldVersion(const storage::Snapshot& snapshot,
                                              const cairn::v1::HoldVersionRequest& request,
                                              const storage::Stamp& stamp);

// Lets it come back; it may be gone. Errors are those of PromotionService.ReleaseVersion.
absl::StatusOr<storage::Plan> PlanReleaseVersion(const storage::Snapshot& snapshot,
                                                 const cairn::v1::ReleaseVersionRequest& request,
                                                 const storage::Stamp& stamp);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_HOLDS_H_
