#include "server/registry/channel_change.h"

#include <algorithm>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/decide.h"
#include "server/registry/channel_head.h"
#include "server/registry/decision_log.h"
#include "server/registry/limits.h"
#include "server/registry/situation.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

using cairn::internal::ChannelRecord;
using cairn::v1::Channel;
using cairn::v1::Decision;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

absl::StatusOr<ChannelState> FindChannel(const Snapshot& snapshot, std::string_view name) {
  ChannelState state;
  CAIRN_ASSIGN_OR_RETURN(state.ref, ParseChannelName("name", name));
  const storage::Key key = storage::ChannelKey(state.ref.model, state.ref.channel);
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<ChannelRecord>(snapshot, key));
  if (!stored.has_value()) return state;
  state.channel = std::move(*stored->value.mutable_channel());
  state.mod_revision = stored->mod_revision;
  return state;
}

absl::StatusOr<ChannelState> ReadChannel(const Snapshot& snapshot, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(ChannelState state, FindChannel(snapshot, name));
  if (state.mod_revision == 0) {
    return NotFound(ErrorReason::CHANNEL_NOT_FOUND, "Channel", name).ToStatus();
  }
  return state;
}

absl::Status CheckReason(std::string_view reason) {
  if (reason.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "reason", reason,
                        "must say why: it is kept with the decision");
  }
  if (reason.size() > kMaxTextBytes) {
    return InvalidField(ErrorReason::VALUE_INVALID, "reason", reason,
                        fmt::format("must have at most {} bytes", kMaxTextBytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> NumberOfVersion(const ChannelRef& ref, std::string_view name) {
  if (name.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "version", name, "must name a version")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const VersionName parsed, ParseModelVersionName("version", name));
  if (parsed.parent_id != ref.model) {
    return InvalidField(ErrorReason::VALUE_INVALID, "version", name,
                        fmt::format("must be a version of {}", ModelName(ref.model)))
        .ToStatus();
  }
  return parsed.version;
}

absl::StatusOr<Draft> DraftDecision(const Snapshot& snapshot, const ChannelState& state,
                                    Decision::Kind kind, const std::string& reason, int64_t version,
                                    const storage::Stamp& stamp) {
  const Channel& channel = state.channel;
  // A rule without checks: what it would read is what is read here.
  promotion::Policy target;
  target.model = state.ref.model;
  target.channel = state.ref.channel;
  promotion::DecisionInput input;
  input.head_epoch = channel.epoch();
  input.holds.assign(channel.holds().begin(), channel.holds().end());
  if (!channel.version().empty()) {
    CAIRN_ASSIGN_OR_RETURN(input.head_version, NumberOfVersion(state.ref, channel.version()));
  }
  // The list of versions is not read.
  input.only_version = std::max<int64_t>(version == 0 ? input.head_version : version, 1);
  if (version != 0) {
    CAIRN_ASSIGN_OR_RETURN(auto read, ReadVersion(snapshot, state.ref.model, version));
    // What was measured of it is for policies to judge.
    read.evaluations.clear();
    input.candidates.push_back(std::move(read));
  }

  Draft draft;
  draft.values = TakeValues(input);
  Decision& decision = draft.decision;
  decision.set_channel(ChannelName(state.ref.model, state.ref.channel));
  decision.set_kind(kind);
  decision.set_reason(reason);
  decision.set_previous_version(channel.version());
  decision.set_epoch_seen(channel.epoch());
  decision.set_epoch(channel.epoch());
  for (const auto& hold : channel.holds()) decision.add_held_versions(hold.version());
  for (const auto& item : promotion::BuildReadSet(target, input)) *decision.add_read_set() = item;
  *decision.mutable_decide_time() = ToTimestamp(stamp.unix_nanos);
  decision.set_principal(stamp.principal);
  decision.set_store_revision(snapshot.revision());
  auto* nonce = decision.add_read_set();
  nonce->set_key(decision.channel() + "/revision");
  nonce->set_revision(channel.revision());
  return draft;
}

void SealDecision(const ChannelRef& ref, Decision& decision) {
  auto& items = *decision.mutable_read_set();
  std::sort(items.begin(), items.end(),
            [](const auto& a, const auto& b) { return a.key() < b.key(); });
  decision.set_read_set_sha256(promotion::ReadSetDigest({items.begin(), items.end()}));
  decision.set_name(DecisionName(ref.model, ref.channel, promotion::ManualDecisionId(decision)));
}

absl::StatusOr<Plan> PlanChange(const Snapshot& snapshot, const ChannelState& state, Draft draft,
                                Channel channel, std::string_view sha256, WriteSet write_set,
                                bool validate_only) {
  Decision& decision = draft.decision;
  if (validate_only) return storage::AnswerOnly(std::move(decision));
  write_set.RequireRevision(storage::ChannelKey(state.ref.model, state.ref.channel),
                            state.mod_revision);
  decision.set_committed(true);
  CAIRN_RETURN_IF_ERROR(AppendDecision(snapshot, state.ref, decision,
                                       {&draft.values, draft.policy_source}, write_set));
  if (decision.epoch() == decision.epoch_seen()) {
    PutChannel(state.ref, std::move(channel), cairn::v1::Event::CHANNEL_UPDATED, write_set);
  } else {
    CAIRN_RETURN_IF_ERROR(MoveHead(snapshot, state.ref, std::move(channel), decision, sha256,
                                   ToUnixNanos(decision.decide_time()), write_set));
  }
  return storage::MakePlan(std::move(write_set), std::move(decision));
}

}  // namespace cairn::registry
