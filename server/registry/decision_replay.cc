#include "server/registry/decision_replay.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/replay.h"
#include "server/registry/decision_log.h"
#include "server/registry/past.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {
namespace {

using cairn::v1::Decision;
using cairn::v1::ReplayDecisionResponse;
using storage::Snapshot;

absl::Status LostGround(const Decision& decision, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::AUDIT_CHAIN_BROKEN,
               fmt::format("{} cannot be made again: {}", decision.name(), std::string(what)))
      .With("decision", decision.name())
      .With("key", decision.policy())
      .ToStatus();
}

// The text of the policy as it stood when it decided, which its audit entry names.
absl::StatusOr<std::string> PolicyText(const Snapshot& snapshot, const Decision& decision) {
  Moment now;
  now.entries = std::numeric_limits<int64_t>::max() - 1;
  CAIRN_ASSIGN_OR_RETURN(const auto entry, LastImage(snapshot, decision.name(), now));
  if (!entry) return LostGround(decision, "the audit has no entry of it");
  CAIRN_ASSIGN_OR_RETURN(auto text, snapshot.Get(storage::KeptValueKey(entry->rule_sha256)));
  if (!text || Sha256Hex(text->payload) != entry->rule_sha256) {
    return LostGround(decision, "its policy's text is not kept");
  }
  return std::move(text->payload);
}

ReplayDecisionResponse NotComputed(const Decision& decision) {
  ReplayDecisionResponse response;
  const bool is_other = promotion::IsOfAnotherEdition(decision);
  response.set_replay(is_other ? ReplayDecisionResponse::OTHER_EDITION
                               : ReplayDecisionResponse::NOTHING_TO_REPLAY);
  response.set_message(
      is_other ? "Another edition of the rules' code judged in it; its name follows from what it "
                 "read."
               : "No policy judged in it, so there is nothing to compute; its name follows from "
                 "what it says.");
  return response;
}

}  // namespace

absl::StatusOr<ReplayDecisionResponse> ReplayDecision(
    const Snapshot& snapshot, const cairn::v1::ReplayDecisionRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const auto found, FindDecision(snapshot, request.name()));
  if (!found) return NotFound(ErrorReason::DECISION_NOT_FOUND, "Decision", request.name());
  CAIRN_RETURN_IF_ERROR(promotion::CheckIdentity(*found));
  if (!promotion::IsReplayable(*found)) return NotComputed(*found);
  CAIRN_ASSIGN_OR_RETURN(const std::string source, PolicyText(snapshot, *found));
  absl::Status failure;
  const absl::Status same = promotion::Replay(
      *found, source, [&](const std::string& sha256) -> std::optional<std::string> {
        auto kept = snapshot.Get(storage::KeptValueKey(sha256));
        failure.Update(kept.status());
        if (!kept.ok() || !kept->has_value()) return std::nullopt;
        return std::move((*kept)->payload);
      });
  CAIRN_RETURN_IF_ERROR(failure);
  CAIRN_RETURN_IF_ERROR(same);
  ReplayDecisionResponse response;
  response.set_replay(ReplayDecisionResponse::IDENTICAL);
  response.set_values_read(found->read_set_size());
  response.set_sha256(Sha256Hex(promotion::ReplayedBytes(*found)));
  response.set_message(
      fmt::format("Made again from the policy's revision {} and {} values that it read: "
                  "byte-identical.",
                  found->policy_revision(), found->read_set_size()));
  return response;
}

}  // namespace cairn::registry
