#ifndef CAIRN_SERVER_REGISTRY_DECISION_LOG_H_
#define CAIRN_SERVER_REGISTRY_DECISION_LOG_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "lib/base/resource_names.h"
#include "server/registry/past.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::registry {

// The decisions of channels as they are kept: each once, in the order in which they were made, and
// never changed. Pure but for reading.

// The decision with this resource name, or nullopt. INVALID_ARGUMENT (NAME_INVALID).
absl::StatusOr<std::optional<cairn::v1::Decision>> FindDecision(const storage::Snapshot& snapshot,
                                                                const std::string& name);

// The same without its candidates, of which no record is read; it says how many there are.
absl::StatusOr<std::optional<cairn::v1::Decision>> FindDecisionHeader(
    const storage::Snapshot& snapshot, const std::string& name);

// The index of a channel's decisions, up to a moment or to the newest.
absl::StatusOr<storage::KeyRange> DecisionsUpTo(const storage::Snapshot& snapshot,
                                                const ChannelRef& ref,
                                                const std::optional<Moment>& moment);

// The newest decision up to then that speaks of the version. NOT_FOUND (DECISION_NOT_FOUND): none
// of the kLookedThrough newest does.
inline constexpr int kLookedThrough = 200;
absl::StatusOr<cairn::v1::Decision> LastDecisionAbout(const storage::Snapshot& snapshot,
                                                      const ChannelRef& ref,
                                                      const std::string& version,
                                                      const Moment& moment);
// Whether the version is one of the decision's candidates.
bool SpeaksOf(const cairn::v1::Decision& decision, std::string_view version);

// What a decision was made from, for its audit entry. Points to what its maker holds.
struct DecisionGrounds {
  // The bytes of what was read, by their SHA-256; those that are not kept yet are put.
  const std::map<std::string, std::string>* values = nullptr;
  std::string_view policy_source;  // the policy's text, for a promotion; else empty
};

// Adds to `write_set` the decision as the next one of its channel, with its candidates, its audit
// entry and its event, and keeps what it was made from. Two decisions of one channel that are
// planned at once guard the number of its decisions, so one of them is planned again.
absl::Status AppendDecision(const storage::Snapshot& snapshot, const ChannelRef& ref,
                            const cairn::v1::Decision& decision, const DecisionGrounds& grounds,
                            storage::WriteSet& write_set);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_DECISION_LOG_H_
