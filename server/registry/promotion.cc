#include "server/registry/promotion.h"

#include <string>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/decide.h"
#include "server/registry/channel_head.h"
#include "server/registry/decision_log.h"
#include "server/registry/situation.h"
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

absl::StatusOr<Decision> MakeDecision(const Snapshot& snapshot, const Situation& situation,
                                      const storage::Stamp& stamp) {
  CAIRN_ASSIGN_OR_RETURN(Decision decision, promotion::Decide(situation.policy, situation.input));
  *decision.mutable_decide_time() = ToTimestamp(stamp.unix_nanos);
  decision.set_principal(stamp.principal);
  decision.set_store_revision(snapshot.revision());
  return decision;
}

absl::StatusOr<Plan> PlanPromote(const Snapshot& snapshot, const cairn::v1::PromoteRequest& request,
                                 const storage::Stamp& stamp, std::optional<int64_t>& first_epoch,
                                 const UnrecordedEvaluations& unrecorded) {
  CAIRN_ASSIGN_OR_RETURN(Situation situation,
                         ReadSituation(snapshot, request.name(), request.version()));
  AddUnrecorded(unrecorded, situation);
  const int64_t epoch = situation.input.head_epoch;
  if (request.has_expected_epoch() && request.expected_epoch() != epoch) {
    return EpochMoved(situation.channel, request.expected_epoch());
  }
  if (first_epoch.value_or(epoch) != epoch) return EpochMoved(situation.channel, *first_epoch);
  first_epoch = epoch;

  CAIRN_ASSIGN_OR_RETURN(Decision decision, MakeDecision(snapshot, situation, stamp));
  CAIRN_ASSIGN_OR_RETURN(auto known, FindDecision(snapshot, decision.name()));
  if (known.has_value()) return storage::AnswerOnly(*std::move(known));
  if (request.validate_only()) return storage::AnswerOnly(std::move(decision));

  WriteSet write_set;
  for (const auto& [key, revision] : situation.guards) write_set.RequireRevision(key, revision);
  decision.set_committed(true);
  CAIRN_RETURN_IF_ERROR(AppendDecision(snapshot, situation.ref, decision, write_set));
  if (decision.outcome() == Decision::PROMOTED) {
    MoveHead(situation, decision, DigestOf(situation, decision.chosen_version()), stamp.unix_nanos,
             write_set);
  }
  return storage::MakePlan(std::move(write_set), std::move(decision));
}

}  // namespace cairn::registry
