#include "server/registry/needed_evaluations.h"

#include <algorithm>

#include "lib/base/digest.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/records/evaluation_records.h"
#include "server/registry/policies.h"
#include "server/registry/policy_cache.h"

namespace cairn::registry {
namespace {

using promotion::IfIncomparable;
using promotion::Trust;
using promotion::VersionRead;
using v1::Evaluation;

bool LetsTheServerMeasure(const promotion::Policy& policy) {
  return !policy.evidence_dataset.empty() &&
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

std::vector<const VersionRead*> Candidates(const Situation& situation) {
  std::vector<const VersionRead*> ready;
  for (const VersionRead& read : situation.input.candidates) {
    if (read.version.state() == v1::ModelVersion::READY) ready.push_back(&read);
  }
  if (static_cast<int64_t>(ready.size()) > situation.policy.max_candidates) ready.clear();
  return ready;
}

// In the order of the candidates, each once.
std::vector<NeededEvaluation> Missing(const Situation& situation) {
  const auto candidates = Candidates(situation);
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

absl::StatusOr<NeededEvaluations> FindNeededEvaluations(const storage::Snapshot& snapshot,
                                                        std::string_view channel_name,
                                                        const std::string& only_version) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("name", channel_name));
  CAIRN_ASSIGN_OR_RETURN(const auto record, ReadGoverningPolicy(snapshot, ref.model, ref.channel));
  CAIRN_ASSIGN_OR_RETURN(const promotion::Policy policy,
                         ParsedPolicies().Get(record.value.policy().source()));
  if (!LetsTheServerMeasure(policy)) return NeededEvaluations();
  CAIRN_ASSIGN_OR_RETURN(const Situation situation,
                         ReadSituation(snapshot, channel_name, only_version));
  if (!situation.input.evidence.has_value()) return NeededEvaluations();
  return NeededEvaluations{situation.input.evidence->version_name, Missing(situation)};
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
