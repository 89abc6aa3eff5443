#include "lib/promotion/decide.h"

#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/admission.h"
#include "lib/promotion/candidate.h"
#include "lib/promotion/choose.h"
#include "lib/promotion/verdict.h"

namespace cairn::promotion {
namespace {

using cairn::v1::CandidateResult;
using cairn::v1::Decision;
using cairn::v1::ModelVersion;

struct Candidate {
  const VersionRead* read = nullptr;
  int64_t number = 0;
  CandidateResult result;
  bool is_champion = false;
  std::vector<Exclusion> exclusions;
};

const cairn::v1::Hold* HoldOf(const DecisionInput& input, const std::string& version) {
  const auto it = std::find_if(input.holds.begin(), input.holds.end(),
                               [&](const auto& hold) { return hold.version() == version; });
  return it == input.holds.end() ? nullptr : &*it;
}

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
  if (input.head_version != 0 && input.head_epoch == 0) {
    return Fault("a version without an epoch");
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

absl::Status TooMany(const Policy& policy, size_t count) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::TOO_MANY_CANDIDATES,
               fmt::format("{} versions are candidates and the policy allows {}: select some of "
                           "them by candidates.where, archive versions that nobody needs, name one "
                           "version, or raise candidates.max",
                           count, policy.max_candidates))
      .With("count", std::to_string(count))
      .With("max", std::to_string(policy.max_candidates))
      .Precondition("TOO_MANY_CANDIDATES", ModelName(policy.model), "too many candidates");
}

absl::StatusOr<Candidate> ToCandidate(const Policy& policy, const DecisionInput& input,
                                      const VersionRead& read) {
  Candidate candidate;
  candidate.read = &read;
  CAIRN_ASSIGN_OR_RETURN(candidate.number, NumberOf(policy, read.version));
  candidate.is_champion = candidate.number == input.head_version;
  candidate.exclusions = Exclusions(policy, read, candidate.is_champion,
                                    HoldOf(input, read.version.name()), input.time_facts);
  return candidate;
}

// The versions to consider, newest first. One that was named is considered whatever it is, and the
// one that is served defends itself against it.
absl::StatusOr<std::vector<Candidate>> SelectCandidates(const Policy& policy,
                                                        const DecisionInput& input,
                                                        LeftOut& left_out) {
  std::vector<Candidate> candidates;
  std::set<int64_t> numbers;
  for (const VersionRead& read : input.candidates) {
    CAIRN_ASSIGN_OR_RETURN(Candidate candidate, ToCandidate(policy, input, read));
    if (!numbers.insert(candidate.number).second) return Fault("a version is there twice");
    if (input.only_version == 0 && !candidate.exclusions.empty()) {
      ++left_out[candidate.exclusions.front().kind];
    } else {
      candidates.push_back(std::move(candidate));
    }
  }
  if (input.only_version != 0 && numbers != std::set<int64_t>{input.only_version}) {
    return Fault("the candidates are not the version that was named");
  }
  if (static_cast<int64_t>(candidates.size()) > policy.max_candidates) {
    return TooMany(policy, candidates.size());
  }
  if (input.only_version != 0 && input.champion && input.only_version != input.head_version) {
    CAIRN_ASSIGN_OR_RETURN(Candidate champion, ToCandidate(policy, input, *input.champion));
    candidates.push_back(std::move(champion));
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

Candidate& Find(std::vector<Candidate>& candidates, int64_t number) {
  return *std::find_if(candidates.begin(), candidates.end(),
                       [&](const Candidate& candidate) { return candidate.number == number; });
}

// Who passes and is not the first learns by which key.
void AssignRanks(const Policy& policy, const EvidencePin& pin, const std::vector<Contender>& ranked,
                 std::vector<Candidate>& candidates) {
  int rank = 0;
  size_t place = 0;
  for (const Contender& contender : ranked) {
    ++place;
    CandidateResult& result = Find(candidates, contender.number).result;
    if (result.verdict() != Verdict::PASS) continue;
    result.set_rank(++rank);
    if (contender.number == ranked[0].number) continue;
    result.set_lost_by(LostBy(policy, pin, contender, ranked[0]));
    result.set_message(fmt::format("{}, and comes {} of {}, after version {} by {}",
                                   result.message(), place, ranked.size(), ranked[0].number,
                                   result.lost_by()));
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

// The served version stays: because of which key, where another one passes too.
std::string StayText(const Candidate& best, const std::vector<Contender>& ranked,
                     std::vector<Candidate>& candidates) {
  if (ranked.size() < 2) {
    return fmt::format("version {} stays: it is served and none is better", best.number);
  }
  return fmt::format("version {} stays: it is served and comes before version {} by {}",
                     best.number, ranked[1].number,
                     Find(candidates, ranked[1].number).result.lost_by());
}

void Choose(const Policy& policy, const DecisionInput& input, const std::vector<Contender>& ranked,
            std::vector<Candidate>& candidates, Decision& decision) {
  const Candidate& best = Find(candidates, ranked[0].number);
  decision.set_verdict(best.result.verdict());
  decision.set_chosen_version(best.read->version.name());
  if (best.is_champion) {
    decision.set_outcome(Decision::NO_CHANGE);
    decision.set_message(StayText(best, ranked, candidates));
    return;
  }
  const std::string before = input.head_version == 0
                                 ? std::string("nothing")
                                 : fmt::format("version {}", input.head_version);
  if (policy.mode != PolicyMode::kEnforce) {
    decision.set_outcome(Decision::NOT_ENFORCED);
    decision.set_message(fmt::format("version {} would replace {}, but the policy is in shadow",
                                     best.number, before));
    return;
  }
  decision.set_outcome(Decision::PROMOTED);
  decision.set_epoch(input.head_epoch + 1);
  decision.set_message(
      fmt::format("version {} replaces {}: it {}", best.number, before, best.result.message()));
}

// A version that was named and does not pass is the answer, whoever is served.
bool RefuseNamed(const DecisionInput& input, const std::vector<Candidate>& candidates,
                 Decision& decision) {
  for (const Candidate& candidate : candidates) {
    if (candidate.number != input.only_version || Survives(candidate)) continue;
    Refuse(decision, candidate.result.verdict(), RefusalText({candidate}));
    return true;
  }
  return false;
}

void Conclude(const Policy& policy, const DecisionInput& input, const EvidencePin& pin,
              std::vector<Candidate>& candidates, Decision& decision) {
  if (RefuseNamed(input, candidates, decision)) return;
  std::vector<Contender> contenders;
  for (const Candidate& candidate : candidates) {
    if (Survives(candidate)) contenders.push_back({candidate.read, candidate.number});
  }
  if (contenders.empty()) return Refuse(decision, WorstOf(candidates), RefusalText(candidates));
  if (std::string why = WhyNotRankable(policy, pin, contenders); !why.empty()) {
    const std::string_view hint =
        input.only_version == 0 ? "; one that is named is ranked against the served one alone" : "";
    return Refuse(decision, Verdict::INCONCLUSIVE,
                  fmt::format("{} versions pass, but {}{}", contenders.size(), why, hint));
  }
  RankContenders(policy, pin, contenders);
  AssignRanks(policy, pin, contenders, candidates);
  Choose(policy, input, contenders, candidates, decision);
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
  decision.set_kind(Decision::PROMOTION);
  decision.set_edition(kEdition);
  for (const auto& hold : input.holds) decision.add_held_versions(hold.version());
  std::sort(decision.mutable_held_versions()->begin(), decision.mutable_held_versions()->end());
  const auto read_set = BuildReadSet(policy, input);
  decision.set_read_set_sha256(ReadSetDigest(read_set));
  for (const auto& item : read_set) *decision.add_read_set() = item;
  for (const auto& [name, fact] : input.time_facts) (*decision.mutable_time_facts())[name] = fact;
  decision.set_name(DecisionName(policy.model, policy.channel,
                                 DecisionId(policy.name, input.policy_sha256, input.policy_revision,
                                            decision.read_set_sha256(), input.time_facts)));
  return decision;
}

// The answer of a policy that is off.
Decision NothingDecided(const Policy& policy, const DecisionInput& input) {
  Decision decision = StartDecision(policy, input);
  decision.set_verdict(Verdict::SKIPPED);
  decision.set_outcome(Decision::NOT_ENFORCED);
  decision.set_message(fmt::format("policy {} is off: nothing is decided", policy.name));
  return decision;
}

}  // namespace

absl::StatusOr<Decision> Decide(const Policy& policy, const DecisionInput& input) {
  CAIRN_RETURN_IF_ERROR(CheckChampion(policy, input));
  if (policy.mode == PolicyMode::kOff) return NothingDecided(policy, input);
  LeftOut left_out;
  CAIRN_ASSIGN_OR_RETURN(std::vector<Candidate> candidates,
                         SelectCandidates(policy, input, left_out));
  EvidencePin pin{!policy.evidence_dataset.empty(),
                  input.evidence ? input.evidence->sha256 : std::string(),
                  policy.trust,
                  &policy.metrics,
                  "",
                  policy.repeats};
  const bool compares = policy.baseline == BaselineUse::kChannelHead && input.champion.has_value();
  const VersionRead* champion = compares ? &*input.champion : nullptr;
  if (compares && policy.if_incomparable == IfIncomparable::kReevaluate) {
    pin.reference = champion->version.name();
  }
  for (Candidate& candidate : candidates) {
    const Trial trial{policy, champion, pin, candidate.exclusions};
    candidate.result = EvaluateCandidate(trial, *candidate.read);
  }
  Decision decision = StartDecision(policy, input);
  Conclude(policy, input, pin, candidates, decision);
  decision.set_message(decision.message() + LeftOutText(left_out));
  for (Candidate& candidate : candidates) *decision.add_candidates() = std::move(candidate.result);
  decision.set_candidate_count(decision.candidates_size());
  return decision;
}

}  // namespace cairn::promotion
