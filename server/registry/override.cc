#include "server/registry/override.h"

#include <map>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/channel_change.h"
#include "server/registry/channel_head.h"
#include "server/registry/limits.h"
#include "server/registry/models.h"
#include "server/registry/promotion.h"
#include "server/registry/situation.h"
#include "server/registry/version_choice.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {

using cairn::v1::Channel;
using cairn::v1::Decision;
using cairn::v1::OverrideRequest;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

namespace {

// What the policy says of the version, added to the decision with all that it read.
absl::Status JudgeByPolicy(const Snapshot& snapshot, const OverrideRequest& request,
                           const storage::Stamp& stamp, Draft& draft, WriteSet& write_set) {
  Decision& decision = draft.decision;
  CAIRN_ASSIGN_OR_RETURN(Situation situation,
                         ReadSituation(snapshot, request.name(), request.version()));
  CAIRN_ASSIGN_OR_RETURN(Decision judged, MakeDecision(snapshot, situation, stamp));
  std::map<std::string, cairn::v1::ReadItem> items;
  for (auto& item : *decision.mutable_read_set()) items.emplace(item.key(), std::move(item));
  for (auto& item : *judged.mutable_read_set()) items.emplace(item.key(), std::move(item));
  decision.clear_read_set();
  for (auto& [key, item] : items) *decision.add_read_set() = std::move(item);
  draft.values.merge(situation.values);
  draft.policy_source = situation.policy_record.value.policy().source();
  decision.set_policy(judged.policy());
  decision.set_policy_sha256(judged.policy_sha256());
  decision.set_policy_revision(judged.policy_revision());
  decision.set_edition(judged.edition());
  decision.set_evidence_sha256(judged.evidence_sha256());
  *decision.mutable_time_facts() = judged.time_facts();
  decision.set_verdict(cairn::v1::ERROR);
  // The champion was judged beside it, to which the version was held.
  const std::string named = ModelVersionName(situation.ref.model, situation.input.only_version);
  for (auto& candidate : *judged.mutable_candidates()) {
    if (candidate.version() != named) continue;
    decision.set_verdict(candidate.verdict());
    decision.set_candidate_count(1);
    *decision.add_candidates() = std::move(candidate);
  }
  // The channel's own record is guarded by who commits.
  const storage::Key channel = storage::ChannelKey(situation.ref.model, situation.ref.channel);
  for (const auto& [key, revision] : situation.guards) {
    if (key.bytes != channel.bytes) write_set.RequireRevision(key, revision);
  }
  return absl::OkStatus();
}

// The policy's verdict, in the words of the decision.
absl::StatusOr<std::string> VerdictText(const Snapshot& snapshot, const OverrideRequest& request,
                                        const storage::Stamp& stamp, Draft& draft,
                                        WriteSet& write_set) {
  Decision& decision = draft.decision;
  const absl::Status judged = JudgeByPolicy(snapshot, request, stamp, draft, write_set);
  if (HasReason(judged, ErrorReason::CHANNEL_UNGOVERNED)) return "no policy governs the channel";
  if (judged.ok()) {
    return fmt::format("the policy's verdict on it is {}",
                       cairn::v1::Verdict_Name(decision.verdict()));
  }
  decision.set_verdict(cairn::v1::ERROR);
  return fmt::format("the policy could not be evaluated: {}", std::string(judged.message()));
}

// A channel that an override makes has a name like those that policies make.
absl::Status CheckName(const Snapshot& snapshot, const ChannelState& state) {
  if (state.mod_revision != 0) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, state.ref.model).status());
  return ValidateHumanName("name", state.ref.channel, kMaxNameBytes, /*allow_slash=*/false);
}

}  // namespace

absl::StatusOr<Plan> PlanOverride(const Snapshot& snapshot, const OverrideRequest& request,
                                  const storage::Stamp& stamp,
                                  std::optional<int64_t>& first_epoch) {
  CAIRN_RETURN_IF_ERROR(CheckReason(request.reason()));
  CAIRN_ASSIGN_OR_RETURN(const ChannelState state, FindChannel(snapshot, request.name()));
  CAIRN_RETURN_IF_ERROR(CheckName(snapshot, state));
  CAIRN_RETURN_IF_ERROR(CheckEpoch(state.channel, request, first_epoch));
  CAIRN_ASSIGN_OR_RETURN(const int64_t number, NumberOfVersion(state.ref, request.version()));
  CAIRN_ASSIGN_OR_RETURN(const std::string sha256, ServableVersion(snapshot, state, number));
  CAIRN_ASSIGN_OR_RETURN(Draft draft, DraftDecision(snapshot, state, Decision::OVERRIDE,
                                                    request.reason(), number, stamp));
  Decision& decision = draft.decision;
  WriteSet write_set;
  write_set.RequireExists(storage::ModelVersionKey(state.ref.model, number));
  CAIRN_ASSIGN_OR_RETURN(const std::string verdict,
                         VerdictText(snapshot, request, stamp, draft, write_set));
  decision.set_chosen_version(ModelVersionName(state.ref.model, number));
  const bool stays = decision.chosen_version() == state.channel.version();
  decision.set_outcome(stays ? Decision::NO_CHANGE : Decision::OVERRIDDEN);
  decision.set_epoch(state.channel.epoch() + (stays ? 0 : 1));
  decision.set_message(stays
                           ? fmt::format("version {} stays: it is served; {}", number, verdict)
                           : fmt::format("version {} is served by override; {}", number, verdict));
  SealDecision(state.ref, decision);
  return PlanChange(snapshot, state, std::move(draft), state.channel, sha256, std::move(write_set),
                    request.validate_only());
}

}  // namespace cairn::registry
