#include "server/registry/rollback.h"

#include <set>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/channel_change.h"
#include "server/registry/channel_head.h"
#include "server/registry/holds.h"
#include "server/registry/rollouts.h"
#include "server/registry/version_choice.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {

using cairn::v1::Channel;
using cairn::v1::Decision;
using cairn::v1::RollbackRequest;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

namespace {

// What the channel serves afterwards; number 0 for nothing.
struct Target {
  int64_t number = 0;
  std::string sha256;
};

absl::Status ServesNothing(const Channel& channel) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::CHANNEL_SERVES_NOTHING,
               fmt::format("{} serves nothing: name the version to go back to", channel.name()))
      .With("channel", channel.name())
      .Precondition("HEAD", channel.name(), "the channel serves nothing");
}

absl::Status NoTarget(const Channel& channel, std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::NO_ROLLBACK_TARGET,
               fmt::format("{} cannot go back: {}", channel.name(), why))
      .With("channel", channel.name())
      .With("version", channel.version())
      .Precondition("ROLLBACK_TARGET", channel.name(), why);
}

// The version, unless it is held, archived or gone: then a rollback does not choose it by itself.
absl::StatusOr<std::optional<Target>> AsTarget(const Snapshot& snapshot, const ChannelState& state,
                                               const std::string& version) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t number, NumberOfVersion(state.ref, version));
  auto sha256 = ServableVersion(snapshot, state, number);
  for (const ErrorReason reason :
       {ErrorReason::MODEL_VERSION_HELD, ErrorReason::MODEL_VERSION_ARCHIVED,
        ErrorReason::MODEL_VERSION_NOT_FOUND}) {
    if (HasReason(sha256.status(), reason)) return std::optional<Target>();
  }
  CAIRN_RETURN_IF_ERROR(sha256.status());
  return std::make_optional(Target{number, *std::move(sha256)});
}

absl::StatusOr<Target> LastServed(const Snapshot& snapshot, const ChannelState& state) {
  std::set<std::string> seen = {state.channel.version()};
  std::optional<Target> target;
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(VisitServedBefore(snapshot, state.ref, state.channel,
                                          [&](const std::string& version, int64_t) {
                                            if (!seen.insert(version).second) return true;
                                            auto found = AsTarget(snapshot, state, version);
                                            failure = found.status();
                                            if (found.ok()) target = *std::move(found);
                                            return failure.ok() && !target.has_value();
                                          }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (target.has_value()) return *std::move(target);
  return NoTarget(state.channel,
                  seen.size() == 1
                      ? "it served no other version before"
                      : "every version that it served before is held, archived or gone");
}

absl::StatusOr<Target> NamedTarget(const Snapshot& snapshot, const ChannelState& state,
                                   const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t number, NumberOfVersion(state.ref, name));
  CAIRN_ASSIGN_OR_RETURN(std::string sha256, ServableVersion(snapshot, state, number));
  const std::string version = ModelVersionName(state.ref.model, number);
  if (version == state.channel.version()) return NoTarget(state.channel, "it serves that version");
  bool served = false;
  CAIRN_RETURN_IF_ERROR(VisitServedBefore(snapshot, state.ref, state.channel,
                                          [&](const std::string& before, int64_t) {
                                            served = before == version;
                                            return !served;
                                          }));
  if (!served) return NoTarget(state.channel, fmt::format("it never served version {}", number));
  return Target{number, std::move(sha256)};
}

absl::StatusOr<Target> ChooseTarget(const Snapshot& snapshot, const ChannelState& state,
                                    const RollbackRequest& request) {
  if (!request.version().empty()) return NamedTarget(snapshot, state, request.version());
  if (state.channel.version().empty()) return ServesNothing(state.channel);
  if (request.to_nothing()) return Target();
  return LastServed(snapshot, state);
}

std::string Message(const ChannelState& state, const Target& target) {
  std::string text = target.number == 0 ? "nothing is served"
                                        : fmt::format("version {} is served again", target.number);
  const auto left = ParseModelVersionName("version", state.channel.version());
  if (left.ok()) text += fmt::format("; version {}, which is left, is held", left->version);
  return text;
}

}  // namespace

absl::StatusOr<Plan> PlanRollback(const Snapshot& snapshot, const RollbackRequest& request,
                                  const storage::Stamp& stamp,
                                  std::optional<int64_t>& first_epoch) {
  CAIRN_RETURN_IF_ERROR(CheckReason(request.reason()));
  if (request.to_nothing() && !request.version().empty()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "to_nothing", "true",
                        "must not be set together with a version")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const ChannelState state, ReadChannel(snapshot, request.name()));
  CAIRN_RETURN_IF_ERROR(CheckEpoch(state.channel, request, first_epoch));
  CAIRN_ASSIGN_OR_RETURN(const Target target, ChooseTarget(snapshot, state, request));
  CAIRN_ASSIGN_OR_RETURN(Draft draft, DraftDecision(snapshot, state, Decision::ROLLBACK,
                                                    request.reason(), target.number, stamp));
  Decision& decision = draft.decision;
  WriteSet write_set;
  decision.set_outcome(Decision::ROLLED_BACK);
  decision.set_epoch(state.channel.epoch() + 1);
  decision.set_message(Message(state, target));
  if (target.number != 0) {
    decision.set_chosen_version(ModelVersionName(state.ref.model, target.number));
  }
  SealDecision(state.ref, decision);
  Channel channel = state.channel;
  const std::string& left = state.channel.version();
  if (!left.empty() && FindHold(channel, left) == nullptr) {
    CAIRN_RETURN_IF_ERROR(AddHold(decision, left, channel));
  }
  return PlanChange(snapshot, state, std::move(draft), std::move(channel), target.sha256,
                    std::move(write_set), request.validate_only());
}

}  // namespace cairn::registry
