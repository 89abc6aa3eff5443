#include "server/registry/channel_head.h"

#include <string>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {

using cairn::internal::ChannelRecord;
using cairn::v1::Channel;
using cairn::v1::Decision;
using storage::WriteSet;

absl::Status EpochMoved(const Channel& channel, int64_t expected) {
  return Error(absl::StatusCode::kAborted, ErrorReason::EPOCH_MISMATCH,
               fmt::format("{} moved meanwhile: it is at epoch {} ({}), not {}", channel.name(),
                           channel.epoch(), channel.version(), expected))
      .With("channel", channel.name())
      .With("expectedEpoch", std::to_string(expected))
      .With("currentEpoch", std::to_string(channel.epoch()))
      .With("decision", channel.decision())
      .With("version", channel.version());
}

void MoveHead(const Situation& situation, const Decision& decision, std::string_view sha256,
              int64_t now_unix_nanos, WriteSet& write_set) {
  ChannelRecord record;
  Channel& channel = *record.mutable_channel();
  channel = situation.channel;
  channel.set_name(decision.channel());
  channel.set_version(decision.chosen_version());
  channel.set_epoch(decision.epoch());
  channel.set_decision(decision.name());
  channel.set_policy(decision.policy());
  *channel.mutable_promote_time() = ToTimestamp(now_unix_nanos);
  channel.set_version_sha256(std::string(sha256));
  const std::string payload = record.SerializeAsString();
  if (!decision.previous_version().empty()) {
    write_set.Delete(storage::LineageDownKey(decision.previous_version(), channel.name()));
  }
  write_set.PutRecord(storage::ChannelKey(situation.ref.model, situation.ref.channel), payload)
      .PutRecord(storage::LineageDownKey(decision.chosen_version(), channel.name()), "")
      .Emit(cairn::v1::Event::CHANNEL_MOVED, channel)
      .Audit(cairn::v1::Event::CHANNEL_MOVED, channel.name(), payload);
}

}  // namespace cairn::registry
