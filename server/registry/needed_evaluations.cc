#include "server/registry/needed_evaluations.h"

#include <algorithm>

#include "lib/base/digest.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/admission.h"
#include "lib/promotion/where.h"
#include "server/records/evaluation_records.h"
#include "server/registry/holds.h"
#include "server/registry/policies.h"
#include "server/registry/policy_cache.h"

namespace cairn::registry {
namespace {

using promotion::IfIncomparable;
using promotion::Trust;
using promotion::VersionRead;
using v1::Evaluation;

bool LetsTheServerMeasure(const promotion::Policy& policy) {
  return policy.mode != promotion::PolicyMode::kOff && !policy.evidence_dataset.empty() &&
         (policy.trust == Trust::kServer || policy.if_incomparable == IfIncomparable::kReevaluate);
}

bool IsRecorded(const VersionRead& read, const std::string& dataset_sha256,
                const NeededEvaluation& needed) {
  return std::any_of(read.evaluations.begin(), read.evaluations.end(), [&](const auto& item) {
    const Evaluation& evaluation = item.evaluation;
    const int64_t repeats = promotion::RepeatsOf(evaluation);
    return evaluation.source() == Evaluation::SERVER && evaluation.state() == Evaluation::FINAL &&
           evaluation.dataset_sha256() == dataset_sha256 &&
           evaluation.reference_version() == needed.reference &&
           (needed.repeats == 0 ? repeats == 0 : repeats >= needed.repeats);
  });
}

bool NamesPairMetric(const promotion::Policy& policy) {
  return std::any_of(policy.checks.begin(), policy.checks.end(),
                     [](const promotion::Check& check) { return check.rule->NeedsPair(); });
}

// Whether the policy compares candidates with a champion that is there, by what only the server
// measures.
bool NeedsPairs(const Situation& situation) {
  const promotion::Policy& policy = situation.policy;
  if (!situation.input.champion || policy.baseline == promotion::BaselineUse::kNone) return false;
  return policy.if_incomparable == IfIncomparable::kReevaluate ||
         (policy.trust == Trust::kServer && NamesPairMetric(policy));
}

std::vector<const VersionRead*> Candidates(const Situation& situation, int64_t now_unix_nanos) {
  const promotion::Policy& policy = situation.policy;
  const auto time_facts =
      promotion::AgeFacts(policy.where, situation.input.candidates, now_unix_nanos);
  std::vector<const VersionRead*> admitted;
  for (const VersionRead& read : situation.input.candidates) {
    const std::string& name = read.version.name();
    const bool is_served = name == situation.channel.version();
    const auto exclusions = promotion::Exclusions(policy, read, is_served,
                                                  FindHold(situation.channel, name), time_facts);
    if (exclusions.empty()) admitted.push_back(&read);
  }
  if (static_cast<int64_t>(admitted.size()) > policy.max_candidates) admitted.clear();
  return admitted;
}

// In the order of the candidates, each once.
std::vector<NeededEvaluation> Missing(const Situation& situation, int64_t now_unix_nanos) {
  const auto candidates = Candidates(situation, now_unix_nanos);
  if (candidates.empty()) return {};
  std::vector<NeededEvaluation> missing;
  const auto need = [&](const VersionRead& read, const std::string& reference, int64_t repeats) {
    NeededEvaluation needed{read.version.name(), reference, repeats};
    if (!IsRecorded(read, situation.input.evidence->sha256, needed)) {
      missing.push_back(std::move(needed));
    }
  };
  const int64_t repeats = situation.policy.repeats;
  const auto need_own = [&](const VersionRead& read) {
    need(read, "", 0);
    if (repeats != 0) need(read, "", repeats);
  };
  const auto& champion = situation.input.champion;
  const std::string served = champion ? champion->version.name() : "";
  if (champion) need_own(*champion);
  const bool pairs = NeedsPairs(situation);
  for (const VersionRead* candidate : candidates) {
    if (candidate->version.name() == served) continue;
    if (situation.policy.trust == Trust::kServer) need_own(*candidate);
    if (pairs) need(*candidate, served, 0);
  }
  return missing;
}

}  // namespace

NeededEvaluations FindNeededEvaluations(const Situation& situation, int64_t now_unix_nanos) {
  const auto& evidence = situation.input.evidence;
  if (!LetsTheServerMeasure(situation.policy) || !evidence.has_value()) return {};
  return {evidence->version_name, Missing(situation, now_unix_nanos)};
}

absl::StatusOr<NeededEvaluations> FindNeededEvaluations(const storage::Snapshot& snapshot,
                                                        std::string_view channel_name,
                                                        const std::string& only_version,
                                                        int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("name", channel_name));
  CAIRN_ASSIGN_OR_RETURN(const auto record, ReadGoverningPolicy(snapshot, ref.model, ref.channel));
  CAIRN_ASSIGN_OR_RETURN(const promotion::Policy policy,
                         ParsedPolicies().Get(record.value.policy().source()));
  if (!LetsTheServerMeasure(policy)) return NeededEvaluations();
  CAIRN_ASSIGN_OR_RETURN(const Situation situation,
                         ReadSituation(snapshot, channel_name, only_version));
  return FindNeededEvaluations(situation, now_unix_nanos);
}

void AddUnrecorded(const UnrecordedEvaluations& evaluations, Situation& situation) {
  const auto add = [&evaluations](VersionRead& read) {
    const auto found = evaluations.find(read.version.name());
    if (found == evaluations.end()) return;
    for (const Evaluation& evaluation : found->second) {
      read.evaluations.push_back(
          {evaluation, 0, Sha256Hex(records::EvaluationPayload(evaluation))});
    }
  };
  for (VersionRead& candidate : situation.input.candidates) add(candidate);
  if (situation.input.champion) add(*situation.input.champion);
}

}  // namespace cairn::registry
