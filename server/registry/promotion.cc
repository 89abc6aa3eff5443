#include "server/registry/promotion.h"

#include <string>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/decide.h"
#include "server/registry/channel_head.h"
#include "server/registry/decision_log.h"
#include "server/registry/situation.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

using cairn::v1::Decision;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

namespace {

std::string DigestOf(const Situation& situation, const std::string& version) {
  for (const promotion::VersionRead& candidate : situation.input.candidates) {
    if (candidate.version.name() == version) return candidate.version.sha256();
  }
  return "";
}

}  // namespace

absl::StatusOr<Decision> MakeDecision(const Snapshot& snapshot, Situation& situation,
                                      const storage::Stamp& stamp) {
  situation.input.time_facts =
      promotion::AgeFacts(situation.policy.where, situation.input.candidates, stamp.unix_nanos);
  CAIRN_ASSIGN_OR_RETURN(Decision decision, promotion::Decide(situation.policy, situation.input));
  *decision.mutable_decide_time() = ToTimestamp(stamp.unix_nanos);
  decision.set_principal(stamp.principal);
  decision.set_store_revision(snapshot.revision());
  return decision;
}

absl::StatusOr<Plan> PlanPromote(const Snapshot& snapshot, const cairn::v1::PromoteRequest& request,
                                 const storage::Stamp& stamp, std::optional<int64_t>& first_epoch) {
  CAIRN_ASSIGN_OR_RETURN(Situation situation,
                         ReadSituation(snapshot, request.name(), request.version()));
  return PlanPromote(snapshot, std::move(situation), request, stamp, first_epoch);
}

absl::StatusOr<Plan> PlanPromote(const Snapshot& snapshot, Situation situation,
                                 const cairn::v1::PromoteRequest& request,
                                 const storage::Stamp& stamp, std::optional<int64_t>& first_epoch) {
  CAIRN_RETURN_IF_ERROR(CheckEpoch(situation.channel, request, first_epoch));

  CAIRN_ASSIGN_OR_RETURN(Decision decision, MakeDecision(snapshot, situation, stamp));
  CAIRN_ASSIGN_OR_RETURN(auto known, FindDecision(snapshot, decision.name()));
  if (known.has_value()) return storage::AnswerOnly(*std::move(known));
  const bool is_off = situation.policy.mode == promotion::PolicyMode::kOff;
  if (request.validate_only() || is_off) return storage::AnswerOnly(std::move(decision));

  WriteSet write_set;
  for (const auto& [key, revision] : situation.guards) write_set.RequireRevision(key, revision);
  if (!decision.chosen_version().empty()) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName chosen,
                           ParseModelVersionName("version", decision.chosen_version()));
    write_set.RequireExists(storage::ModelVersionKey(chosen.parent_id, chosen.version));
  }
  decision.set_committed(true);
  CAIRN_RETURN_IF_ERROR(AppendDecision(
      snapshot, situation.ref, decision,
      {&situation.values, situation.policy_record.value.policy().source()}, write_set));
  if (decision.outcome() == Decision::PROMOTED) {
    CAIRN_RETURN_IF_ERROR(MoveHead(snapshot, situation.ref, situation.channel, decision,
                                   DigestOf(situation, decision.chosen_version()), stamp.unix_nanos,
                                   write_set));
  }
  return storage::MakePlan(std::move(write_set), std::move(decision));
}

}  // namespace cairn::registry
