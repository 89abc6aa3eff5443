#include "lib/promotion/decide.h"

#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/candidate.h"
#include "lib/promotion/choose.h"
#include "lib/promotion/verdict.h"

namespace cairn::promotion {
namespace {

using cairn::v1::CandidateResult;
using cairn::v1::CheckResult;
using cairn::v1::Decision;
using cairn::v1::ModelVersion;

struct Candidate {
  const VersionRead* read = nullptr;
  int64_t number = 0;
  CandidateResult result;
  bool is_champion = false;
};

absl::Status Fault(std::string_view what) {
  return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
               fmt::format("a decision was asked with contradictory input: {}", what))
      .With("problem", what);
}

absl::StatusOr<int64_t> NumberOf(const Policy& policy, const ModelVersion& version) {
  const auto name = ParseModelVersionName("name", version.name());
  if (!name.ok() || name->parent_id != policy.model) return Fault("a version of another model");
  return name->version;
}

absl::Status CheckChampion(const Policy& policy, const DecisionInput& input) {
  if ((input.head_version == 0) != (input.head_epoch == 0)) {
    return Fault("an epoch without a version, or a version without an epoch");
  }
  if (input.head_version == 0) {
    return input.champion ? Fault("a champion without a head") : absl::OkStatus();
  }
  if (!input.champion) {
    return policy.baseline == BaselineUse::kChannelHead ? Fault("the champion is missing")
                                                        : absl::OkStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const int64_t number, NumberOf(policy, input.champion->version));
  return number == input.head_version ? absl::OkStatus() : Fault("the champion is not the head");
}

// The versions to consider, newest first.
absl::StatusOr<std::vector<Candidate>> SelectCandidates(const Policy& policy,
                                                        const DecisionInput& input) {
  std::vector<Candidate> candidates;
  std::set<int64_t> numbers;
  for (const VersionRead& read : input.candidates) {
    Candidate candidate;
    candidate.read = &read;
    CAIRN_ASSIGN_OR_RETURN(candidate.number, NumberOf(policy, read.version));
    if (!numbers.insert(candidate.number).second) return Fault("a version is there twice");
    candidate.is_champion = candidate.number == input.head_version;
    const bool wanted = input.only_version != 0 || read.version.state() == ModelVersion::READY;
    if (wanted) candidates.push_back(candidate);
  }
  if (input.only_version != 0 && numbers != std::set<int64_t>{input.only_version}) {
    return Fault("the candidates are not the version that was named");
  }
  if (static_cast<int64_t>(candidates.size()) > policy.max_candidates) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::TOO_MANY_CANDIDATES,
                 fmt::format("{} versions are candidates and the policy allows {}: name one "
                             "version, or raise candidates.max",
                             candidates.size(), policy.max_candidates))
        .With("count", std::to_string(candidates.size()))
        .With("max", std::to_string(policy.max_candidates))
        .Precondition("TOO_MANY_CANDIDATES", ModelName(policy.model), "too many candidates");
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.number > b.number; });
  return candidates;
}

// A champion of which no rule fails stays a contender even if no rule applies
// to it, as in a policy of comparisons alone.
bool Survives(const Candidate& candidate) {
  if (candidate.result.verdict() == Verdict::PASS) return true;
  const auto& checks = candidate.result.checks();
  return candidate.is_champion && std::all_of(checks.begin(), checks.end(), [](const auto& check) {
           return check.shadow() || check.verdict() == Verdict::SKIPPED;
         });
}

void AssignRanks(std::vector<Candidate>& candidates, const std::vector<Contender>& ranked) {
  int rank = 0;
  for (const Contender& contender : ranked) {
    for (Candidate& candidate : candidates) {
      if (candidate.number != contender.number) continue;
      if (candidate.result.verdict() == Verdict::PASS) candidate.result.set_rank(++rank);
    }
  }
}

Verdict WorstOf(const std::vector<Candidate>& candidates) {
  Verdict worst = Verdict::INCONCLUSIVE;
  for (const Candidate& candidate : candidates) worst = Worst(worst, candidate.result.verdict());
  return worst;
}

std::string RefusalText(const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return "there is no version to consider";
  if (candidates.size() == 1) {
    return fmt::format("version {} is not promoted: {}", candidates[0].number,
                       candidates[0].result.message());
  }
  return fmt::format("none of {} candidates passes; the newest, version {}: {}", candidates.size(),
                     candidates[0].number, candidates[0].result.message());
}

void Refuse(Decision& decision, Verdict verdict, std::string message) {
  decision.set_verdict(verdict);
  decision.set_outcome(Decision::REFUSED);
  decision.set_message(std::move(message));
}

void Choose(const Policy& policy, const DecisionInput& input, const Candidate& best,
            Decision& decision) {
  decision.set_verdict(best.result.verdict());
  decision.set_chosen_version(best.read->version.name());
  if (best.is_champion) {
    decision.set_outcome(Decision::NO_CHANGE);
    decision.set_message(
        fmt::format("version {} stays: it is served and none is better", best.number));
    return;
  }
  const std::string before = input.head_version == 0
                                 ? std::string("nothing")
                                 : fmt::format("version {}", input.head_version);
  if (policy.mode != PolicyMode::kEnforce) {
    decision.set_outcome(Decision::NOT_ENFORCED);
    decision.set_message(fmt::format("version {} would replace {}, but the policy is not enforced",
                                     best.number, before));
    return;
  }
  decision.set_outcome(Decision::PROMOTED);
  decision.set_epoch(input.head_epoch + 1);
  decision.set_message(
      fmt::format("version {} replaces {}: it {}", best.number, before, best.result.message()));
}

void Conclude(const Policy& policy, const DecisionInput& input, const EvidencePin& pin,
              std::vector<Candidate>& candidates, Decision& decision) {
  std::vector<Contender> contenders;
  for (const Candidate& candidate : candidates) {
    if (Survives(candidate)) contenders.push_back({candidate.read, candidate.number});
  }
  if (contenders.empty()) return Refuse(decision, WorstOf(candidates), RefusalText(candidates));
  if (std::string why = WhyNotRankable(policy, pin, contenders); !why.empty()) {
    return Refuse(decision, Verdict::INCONCLUSIVE,
                  fmt::format("{} versions pass, but {}; name the version to promote",
                              contenders.size(), why));
  }
  RankContenders(policy, pin, contenders);
  AssignRanks(candidates, contenders);
  for (const Candidate& candidate : candidates) {
    if (candidate.number == contenders[0].number) Choose(policy, input, candidate, decision);
  }
}

// What is known before anything is decided.
Decision StartDecision(const Policy& policy, const DecisionInput& input) {
  Decision decision;
  decision.set_channel(ChannelName(policy.model, policy.channel));
  decision.set_policy(PolicyName(policy.name));
  decision.set_policy_sha256(input.policy_sha256);
  decision.set_policy_revision(input.policy_revision);
  if (input.head_version != 0) {
    decision.set_previous_version(ModelVersionName(policy.model, input.head_version));
  }
  decision.set_epoch_seen(input.head_epoch);
  decision.set_epoch(input.head_epoch);
  if (input.evidence) decision.set_evidence_sha256(input.evidence->sha256);
  const auto read_set = BuildReadSet(policy, input);
  decision.set_read_set_sha256(ReadSetDigest(read_set));
  for (const auto& item : read_set) *decision.add_read_set() = item;
  for (const auto& [name, fact] : input.time_facts) (*decision.mutable_time_facts())[name] = fact;
  decision.set_name(DecisionName(policy.model, policy.channel,
                                 DecisionId(policy.name, input.policy_sha256, input.policy_revision,
                                            decision.read_set_sha256(), input.time_facts)));
  return decision;
}

}  // namespace

absl::StatusOr<Decision> Decide(const Policy& policy, const DecisionInput& input) {
  CAIRN_RETURN_IF_ERROR(CheckChampion(policy, input));
  CAIRN_ASSIGN_OR_RETURN(std::vector<Candidate> candidates, SelectCandidates(policy, input));
  EvidencePin pin{!policy.evidence_dataset.empty(),
                  input.evidence ? input.evidence->sha256 : std::string(), policy.trust, ""};
  const bool compares = policy.baseline == BaselineUse::kChannelHead && input.champion.has_value();
  const VersionRead* champion = compares ? &*input.champion : nullptr;
  if (compares && policy.if_incomparable == IfIncomparable::kReevaluate) {
    pin.reference = champion->version.name();
  }
  for (Candidate& candidate : candidates) {
    candidate.result = EvaluateCandidate(policy, *candidate.read, champion, pin);
  }
  Decision decision = StartDecision(policy, input);
  Conclude(policy, input, pin, candidates, decision);
  for (Candidate& candidate : candidates) *decision.add_candidates() = std::move(candidate.result);
  return decision;
}

}  // namespace cairn::promotion
