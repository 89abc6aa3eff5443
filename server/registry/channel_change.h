#ifndef CAIRN_SERVER_REGISTRY_CHANNEL_CHANGE_H_
#define CAIRN_SERVER_REGISTRY_CHANNEL_CHANGE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::registry {

// What a person decides about a channel has in common: rollbacks, overrides, holds and releases.
// Each begins as a draft of a decision, is sealed with its id, and is committed with the channel as
// it is then. Plain values and pure functions but for reading.

// A channel as it was read at one snapshot. Without a name, and at revision 0, where there is none.
struct ChannelState {
  ChannelRef ref;
  cairn::v1::Channel channel;
  storage::Revision mod_revision = 0;
};

// INVALID_ARGUMENT (NAME_INVALID). That there is none is an answer.
absl::StatusOr<ChannelState> FindChannel(const storage::Snapshot& snapshot, std::string_view name);
// NOT_FOUND (CHANNEL_NOT_FOUND) besides.
absl::StatusOr<ChannelState> ReadChannel(const storage::Snapshot& snapshot, std::string_view name);

// INVALID_ARGUMENT (FIELD_REQUIRED, VALUE_INVALID): a reason is 1 to 5,000 bytes of UTF-8.
absl::Status CheckReason(std::string_view reason);

// The number of the version `name`, of the model of `ref`. INVALID_ARGUMENT (NAME_INVALID,
// VALUE_INVALID): a version of another model; (FIELD_REQUIRED) for an empty name.
absl::StatusOr<int64_t> NumberOfVersion(const ChannelRef& ref, std::string_view name);

// A decision of a person while it is being made.
struct Draft {
  cairn::v1::Decision decision;
  std::map<std::string, std::string> values;  // the bytes of what it read, by their SHA-256
  std::string policy_source;                  // of the policy that was asked; else empty
};

// A decision of this kind about the channel, before it says what it does: it moves nothing, and
// what it read is the head, the holds, the channel's revision and, if `version` is not 0, that
// version. NOT_FOUND (MODEL_NOT_FOUND, MODEL_VERSION_NOT_FOUND).
absl::StatusOr<Draft> DraftDecision(const storage::Snapshot& snapshot, const ChannelState& state,
                                    cairn::v1::Decision::Kind kind, const std::string& reason,
                                    int64_t version, const storage::Stamp& stamp);

// Gives the draft its name, which is the digest of what was read, of its kind and its reason. The
// channel's revision is in the read set, so that the same done twice is two decisions.
void SealDecision(const ChannelRef& ref, cairn::v1::Decision& decision);

// Plans the commit of a sealed draft: decision, what it read, audit entry and the channel, which
// moves if the decision has another epoch than it saw, and else takes the holds of `channel`.
// `write_set` holds what must be as it was read besides the channel; `sha256` is the digest of the
// version that is served then. With `validate_only` only the answer, which is not marked as
// committed.
absl::StatusOr<storage::Plan> PlanChange(const storage::Snapshot& snapshot,
                                         const ChannelState& state, Draft draft,
                                         cairn::v1::Channel channel, std::string_view sha256,
                                         storage::WriteSet write_set, bool validate_only);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_CHANNEL_CHANGE_H_
