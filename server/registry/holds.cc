#include "server/registry/holds.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/channel_change.h"
#include "server/registry/version_uses.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {

using cairn::v1::Channel;
using cairn::v1::Decision;
using cairn::v1::Hold;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

namespace {

int64_t NumberOf(const Hold& hold) {
  const auto name = ParseModelVersionName("version", hold.version());
  return name.ok() ? name->version : 0;
}

}  // namespace

const Hold* FindHold(const Channel& channel, std::string_view version) {
  for (const Hold& hold : channel.holds()) {
    if (hold.version() == version) return &hold;
  }
  return nullptr;
}

absl::Status VersionHeld(const Channel& channel, const Hold& hold) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::MODEL_VERSION_HELD,
               fmt::format("{} is held in {} since {} by {}: {}", hold.version(), channel.name(),
                           FormatRfc3339(ToUnixNanos(hold.create_time())), hold.principal(),
                           hold.reason()))
      .With("channel", channel.name())
      .With("version", hold.version())
      .With("principal", hold.principal())
      .With("decision", hold.decision())
      .Precondition("HOLD", hold.version(), "the version is held");
}

absl::Status AddHold(const Decision& decision, std::string_view version, Channel& channel) {
  if (channel.holds_size() >= kMaxHolds) {
    return Error(absl::StatusCode::kResourceExhausted, ErrorReason::TOO_LARGE,
                 fmt::format("{} holds {} versions, which is the most: release one first",
                             channel.name(), channel.holds_size()))
        .With("channel", channel.name())
        .With("max", std::to_string(kMaxHolds));
  }
  Hold hold;
  hold.set_version(std::string(version));
  hold.set_reason(Shortened(decision.reason(), kMaxHoldReasonBytes));
  hold.set_principal(decision.principal());
  *hold.mutable_create_time() = decision.decide_time();
  hold.set_decision(decision.name());
  *channel.add_holds() = std::move(hold);
  std::sort(channel.mutable_holds()->begin(), channel.mutable_holds()->end(),
            [](const Hold& a, const Hold& b) { return NumberOf(a) < NumberOf(b); });
  return absl::OkStatus();
}

absl::StatusOr<Plan> PlanHoldVersion(const Snapshot& snapshot,
                                     const cairn::v1::HoldVersionRequest& request,
                                     const storage::Stamp& stamp) {
  CAIRN_RETURN_IF_ERROR(CheckReason(request.reason()));
  CAIRN_ASSIGN_OR_RETURN(const ChannelState state, ReadChannel(snapshot, request.name()));
  CAIRN_ASSIGN_OR_RETURN(const int64_t number, NumberOfVersion(state.ref, request.version()));
  const std::string version = ModelVersionName(state.ref.model, number);
  CAIRN_ASSIGN_OR_RETURN(
      Draft draft, DraftDecision(snapshot, state, Decision::HOLD, request.reason(), number, stamp));
  Decision& decision = draft.decision;
  if (const Hold* hold = FindHold(state.channel, version); hold != nullptr) {
    return VersionHeld(state.channel, *hold);
  }
  decision.set_outcome(Decision::HELD);
  decision.set_chosen_version(version);
  decision.set_message(
      version == state.channel.version()
          ? fmt::format("version {} is held; it is served until it is left", number)
          : fmt::format("version {} is held", number));
  SealDecision(state.ref, decision);
  Channel channel = state.channel;
  CAIRN_RETURN_IF_ERROR(AddHold(decision, version, channel));
  WriteSet write_set;
  UseModelVersion({state.ref.model, number}, write_set);
  return PlanChange(snapshot, state, std::move(draft), std::move(channel), "", std::move(write_set),
                    request.validate_only());
}

absl::StatusOr<Plan> PlanReleaseVersion(const Snapshot& snapshot,
                                        const cairn::v1::ReleaseVersionRequest& request,
                                        const storage::Stamp& stamp) {
  CAIRN_RETURN_IF_ERROR(CheckReason(request.reason()));
  CAIRN_ASSIGN_OR_RETURN(const ChannelState state, ReadChannel(snapshot, request.name()));
  CAIRN_ASSIGN_OR_RETURN(const int64_t number, NumberOfVersion(state.ref, request.version()));
  const std::string version = ModelVersionName(state.ref.model, number);
  Channel channel = state.channel;
  auto& holds = *channel.mutable_holds();
  const auto held = std::find_if(holds.begin(), holds.end(),
                                 [&](const Hold& hold) { return hold.version() == version; });
  if (held == holds.end()) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::MODEL_VERSION_NOT_HELD,
                 fmt::format("{} is not held in {}", version, channel.name()))
        .With("channel", channel.name())
        .With("version", version)
        .Precondition("HOLD", version, "the version is not held")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(
      Draft draft, DraftDecision(snapshot, state, Decision::RELEASE, request.reason(), 0, stamp));
  Decision& decision = draft.decision;
  decision.set_outcome(Decision::RELEASED);
  decision.set_chosen_version(version);
  decision.set_message(fmt::format("version {} may be promoted again: it was held since {} by {}",
                                   number, FormatRfc3339(ToUnixNanos(held->create_time())),
                                   held->principal()));
  SealDecision(state.ref, decision);
  holds.erase(held);
  return PlanChange(snapshot, state, std::move(draft), std::move(channel), "", WriteSet(),
                    request.validate_only());
}

}  // namespace cairn::registry
