#include "server/registry/channel_head.h"

#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/registry/rollouts.h"
#include "server/registry/version_state.h"
#include "server/registry/version_uses.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {

using cairn::internal::ChannelRecord;
using cairn::v1::Channel;
using cairn::v1::Decision;
using storage::Snapshot;
using storage::WriteSet;

absl::Status EpochMoved(const Channel& channel, int64_t expected) {
  return Error(absl::StatusCode::kAborted, ErrorReason::EPOCH_MISMATCH,
               fmt::format("{} moved meanwhile: it is at epoch {} ({}), not {}", channel.name(),
                           channel.epoch(),
                           channel.version().empty() ? "nothing" : channel.version(), expected))
      .With("channel", channel.name())
      .With("expectedEpoch", std::to_string(expected))
      .With("currentEpoch", std::to_string(channel.epoch()))
      .With("decision", channel.decision())
      .With("version", channel.version());
}

void PutChannel(const ChannelRef& ref, Channel channel, cairn::v1::Event::Kind kind,
                WriteSet& write_set) {
  channel.set_revision(channel.revision() + 1);
  ChannelRecord record;
  *record.mutable_channel() = channel;
  const std::string payload = record.SerializeAsString();
  write_set.PutRecord(storage::ChannelKey(ref.model, ref.channel), payload)
      .Audit(kind, channel.name(), payload);
  // A thousand of them are no image any more.
  channel.clear_holds();
  write_set.Emit(kind, channel);
}

absl::Status MoveHead(const Snapshot& snapshot, const ChannelRef& ref, Channel channel,
                      const Decision& decision, std::string_view sha256, int64_t now_unix_nanos,
                      WriteSet& write_set) {
  CAIRN_RETURN_IF_ERROR(TurnRollout(snapshot, ref, channel, decision, now_unix_nanos, write_set));
  channel.set_name(decision.channel());
  channel.set_version(decision.chosen_version());
  channel.set_epoch(decision.epoch());
  channel.set_decision(decision.name());
  if (!decision.policy().empty()) channel.set_policy(decision.policy());
  *channel.mutable_promote_time() = ToTimestamp(now_unix_nanos);
  channel.set_version_sha256(std::string(sha256));
  channel.set_rollout_state(kFirstRolloutState);
  if (!decision.previous_version().empty()) {
    write_set.Delete(storage::LineageDownKey(decision.previous_version(), channel.name()));
  }
  if (!decision.chosen_version().empty()) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName chosen,
                           ParseModelVersionName("version", decision.chosen_version()));
    // One that is archived meanwhile is not served.
    CAIRN_ASSIGN_OR_RETURN(const auto state,
                           ReadVersionState(snapshot, chosen.parent_id, chosen.version));
    write_set.RequireRevision(storage::ModelVersionStateKey(chosen.parent_id, chosen.version),
                              state.has_value() ? state->mod_revision : 0);
    UseModelVersion(chosen, write_set);
    write_set.PutRecord(storage::LineageDownKey(decision.chosen_version(), channel.name()), "");
  }
  PutChannel(ref, std::move(channel), cairn::v1::Event::CHANNEL_MOVED, write_set);
  return absl::OkStatus();
}

}  // namespace cairn::registry
