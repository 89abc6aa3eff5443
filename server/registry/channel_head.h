#ifndef CAIRN_SERVER_REGISTRY_CHANNEL_HEAD_H_
#define CAIRN_SERVER_REGISTRY_CHANNEL_HEAD_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::registry {

// The record of a channel: its head, which is version, epoch and decision and moves by decisions
// only, and its holds. Every write of it raises Channel.revision, and callers guard the revision of
// the store at which they read it.

// ABORTED (EPOCH_MISMATCH): the channel is not at the epoch that somebody believed it to have.
// Metadata `expectedEpoch`, `currentEpoch`, and the decision that moved it with its version.
absl::Status EpochMoved(const cairn::v1::Channel& channel, int64_t expected);

// Holds the epoch that a call reads against the one that its caller expects, of a request with
// `expected_epoch`, and against the one that its first plan saw, which `first_epoch` remembers:
// whoever decided about another head is told so, ABORTED (EPOCH_MISMATCH).
template <typename Request>
absl::Status CheckEpoch(const cairn::v1::Channel& channel, const Request& request,
                        std::optional<int64_t>& first_epoch) {
  const int64_t epoch = channel.epoch();
  if (request.has_expected_epoch() && request.expected_epoch() != epoch) {
    return EpochMoved(channel, request.expected_epoch());
  }
  if (first_epoch.value_or(epoch) != epoch) return EpochMoved(channel, *first_epoch);
  first_epoch = epoch;
  return absl::OkStatus();
}

// Adds to `write_set` the channel as it is from now on: `channel` with one revision more, and the
// event `kind`, which tells no holds.
void PutChannel(const ChannelRef& ref, cairn::v1::Channel channel, cairn::v1::Event::Kind kind,
                storage::WriteSet& write_set);

// Adds to `write_set` that `channel`, as it was read but perhaps with other holds, serves what
// `decision` chose, or nothing, from its epoch on, with the rollouts that end and begin. `sha256`
// is the digest of that version, whose state must be what it is at `snapshot`.
absl::Status MoveHead(const storage::Snapshot& snapshot, const ChannelRef& ref,
                      cairn::v1::Channel channel, const cairn::v1::Decision& decision,
                      std::string_view sha256, int64_t now_unix_nanos,
                      storage::WriteSet& write_set);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_CHANNEL_HEAD_H_
