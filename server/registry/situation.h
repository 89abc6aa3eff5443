#ifndef CAIRN_SERVER_REGISTRY_SITUATION_H_
#define CAIRN_SERVER_REGISTRY_SITUATION_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "lib/promotion/decide.h"
#include "server/storage/kv_store.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

// Everything a decision about a channel is made from, read at one snapshot. A plain value, made for
// one decision and thrown away; nothing in it points into the snapshot.
struct Situation {
  ChannelRef ref;
  promotion::Policy policy;
  storage::Stored<cairn::internal::PolicyRecord> policy_record;
  cairn::v1::Channel channel;  // without a name before its first policy
  promotion::DecisionInput input;
  // The bytes of all that was read, by their SHA-256 in hexadecimal: what the decision is made
  // again from (lib/promotion/replay.h), the policy's text among them.
  std::map<std::string, std::string> values;
  // What the channel's next step rests on, with the revisions it was read at: 0 for what was
  // absent. Whoever commits the decision requires that none of them changed: the policy and the
  // channel's record. A version or data set that was registered meanwhile is a matter for the next
  // decision, so that a busy registry starves nobody.
  std::vector<std::pair<storage::Key, storage::Revision>> guards;
};

// A version with what was measured of it. NOT_FOUND (MODEL_VERSION_NOT_FOUND).
absl::StatusOr<promotion::VersionRead> ReadVersion(const storage::Snapshot& snapshot,
                                                   std::string_view model, int64_t number);

// The bytes that `input` was read from, by their SHA-256; those of versions and evaluations are
// moved out of it.
std::map<std::string, std::string> TakeValues(promotion::DecisionInput& input);

// Reads the situation of the channel `channel_name`. With `only_version`, a resource name, that
// version is the only candidate. `input.time_facts` are MakeDecision's to fill in (promotion.h).
//
// - INVALID_ARGUMENT (NAME_INVALID, VALUE_INVALID): a name, or a version of another model
// - NOT_FOUND (MODEL_NOT_FOUND, MODEL_VERSION_NOT_FOUND)
// - FAILED_PRECONDITION (CHANNEL_UNGOVERNED): no policy governs the channel
absl::StatusOr<Situation> ReadSituation(const storage::Snapshot& snapshot,
                                        std::string_view channel_name,
                                        const std::string& only_version);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_SITUATION_H_
