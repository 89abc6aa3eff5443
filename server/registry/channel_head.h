#ifndef CAIRN_SERVER_REGISTRY_CHANNEL_HEAD_H_
#define CAIRN_SERVER_REGISTRY_CHANNEL_HEAD_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "server/registry/situation.h"
#include "server/storage/write_set.h"

namespace cairn::registry {

// The head of a channel: one key with version, epoch and decision, which only decisions move.

// ABORTED (EPOCH_MISMATCH): the channel is not at the epoch that somebody believed it to have.
// Metadata `expectedEpoch`, `currentEpoch`, and the decision that moved it with its version.
absl::Status EpochMoved(const cairn::v1::Channel& channel, int64_t expected);

// Adds to `write_set` that the channel serves what `decision` chose, from its epoch on. `sha256` is
// the digest of that version. The caller guards the channel's record.
void MoveHead(const Situation& situation, const cairn::v1::Decision& decision,
              std::string_view sha256, int64_t now_unix_nanos, storage::WriteSet& write_set);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_CHANNEL_HEAD_H_
