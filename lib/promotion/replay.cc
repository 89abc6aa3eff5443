#include "lib/promotion/replay.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/policy_parser.h"
#include "lib/promotion/read_values.h"

namespace cairn::promotion {
namespace {

using cairn::v1::Decision;
using cairn::v1::ReadItem;

absl::Status Broken(const Decision& decision, std::string_view key, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::AUDIT_CHAIN_BROKEN,
               fmt::format("{} cannot be made again: {}: {}", decision.name(), key, what))
      .With("decision", decision.name())
      .With("key", key)
      .ToStatus();
}

// Puts one input together.
class Inputs {
 public:
  Inputs(const Policy& policy, const Decision& decision, const KeptValues& values)
      : policy_(policy), decision_(decision), values_(values) {}

  absl::StatusOr<DecisionInput> Make() {
    for (const ReadItem& item : decision_.read_set()) items_.emplace(item.key(), &item);
    input_.policy_sha256 = decision_.policy_sha256();
    input_.policy_revision = decision_.policy_revision();
    for (const auto& [name, fact] : decision_.time_facts()) input_.time_facts[name] = fact;
    CAIRN_RETURN_IF_ERROR(TakeHead());
    CAIRN_RETURN_IF_ERROR(TakeHolds());
    CAIRN_RETURN_IF_ERROR(TakeCandidates());
    TakeEvidence();
    return std::move(input_);
  }

 private:
  absl::StatusOr<std::string> Value(const ReadItem& item) const {
    const std::optional<std::string> value = values_(item.sha256());
    if (!value) return Broken(decision_, item.key(), "what was read is not kept");
    if (Sha256Hex(*value) != item.sha256()) {
      return Broken(decision_, item.key(), "what is kept is not what was read");
    }
    return *value;
  }

  const ReadItem* Find(const std::string& key) const {
    const auto found = items_.find(key);
    return found == items_.end() ? nullptr : found->second;
  }

  absl::StatusOr<VersionRead> Version(const std::string& name) const {
    const ReadItem* const item = Find(name);
    if (item == nullptr) return Broken(decision_, name, "the read set does not have it");
    CAIRN_ASSIGN_OR_RETURN(const std::string value, Value(*item));
    CAIRN_ASSIGN_OR_RETURN(VersionRead read, ReadVersionValue(value));
    if (read.version.name() != name) return Broken(decision_, name, "another version was kept");
    read.mod_revision = item->revision();
    const std::string prefix = name + "/evaluations/";
    for (auto it = items_.lower_bound(prefix); it != items_.end(); ++it) {
      if (!it->first.starts_with(prefix)) break;
      CAIRN_ASSIGN_OR_RETURN(const std::string measured, Value(*it->second));
      CAIRN_ASSIGN_OR_RETURN(EvaluationRead evaluation, ReadEvaluationValue(measured));
      evaluation.mod_revision = it->second->revision();
      read.evaluations.push_back(std::move(evaluation));
    }
    return read;
  }

  absl::Status TakeHead() {
    input_.head_epoch = decision_.epoch_seen();
    if (decision_.previous_version().empty()) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const VersionName head,
                           ParseModelVersionName("previous_version", decision_.previous_version()));
    input_.head_version = head.version;
    if (Find(decision_.previous_version()) == nullptr) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(input_.champion, Version(decision_.previous_version()));
    return absl::OkStatus();
  }

  absl::Status TakeHolds() {
    const ReadItem* const item = Find(decision_.channel() + "/holds");
    if (item == nullptr) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const std::string value, Value(*item));
    CAIRN_ASSIGN_OR_RETURN(input_.holds, ReadHoldsValue(value));
    return absl::OkStatus();
  }

  // The only version that was read besides the one that is served; that one if there is none.
  // Empty where there are several.
  std::string NamedVersion() const {
    std::vector<std::string> names;
    for (const auto& [key, item] : items_) {
      if (ParseModelVersionName("name", key).ok() && key != decision_.previous_version()) {
        names.push_back(key);
      }
    }
    if (names.empty()) return decision_.previous_version();
    return names.size() == 1 ? names[0] : "";
  }

  // Every version of the list; without a list the one that was named.
  absl::Status TakeCandidates() {
    std::vector<std::string> names;
    if (const ReadItem* const list = Find(ModelName(policy_.model) + "/versions")) {
      CAIRN_ASSIGN_OR_RETURN(const std::string value, Value(*list));
      CAIRN_ASSIGN_OR_RETURN(names, ReadVersionsValue(value));
    } else if (const std::string named = NamedVersion(); !named.empty()) {
      names.push_back(named);
      CAIRN_ASSIGN_OR_RETURN(const VersionName only, ParseModelVersionName("version", names[0]));
      input_.only_version = only.version;
    } else {
      return Broken(decision_, policy_.model, "neither a list of versions nor one version");
    }
    for (const std::string& name : names) {
      CAIRN_ASSIGN_OR_RETURN(VersionRead read, Version(name));
      input_.candidates.push_back(std::move(read));
    }
    return absl::OkStatus();
  }

  void TakeEvidence() {
    if (policy_.evidence_dataset.empty()) return;
    const std::string prefix = DatasetName(policy_.evidence_dataset) + "/versions/";
    const auto found = items_.lower_bound(prefix);
    if (found == items_.end() || !found->first.starts_with(prefix)) return;
    input_.evidence = DatasetRead{found->first, found->second->revision(), found->second->sha256()};
  }

  const Policy& policy_;
  const Decision& decision_;
  const KeptValues& values_;
  std::map<std::string, const ReadItem*> items_;
  DecisionInput input_;
};

}  // namespace

namespace {

std::string LastSegment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

bool IsPromotion(const Decision& decision) {
  return decision.kind() == Decision::KIND_UNSPECIFIED || decision.kind() == Decision::PROMOTION;
}

bool PolicyJudged(const Decision& decision) {
  return IsPromotion(decision) ||
         (decision.kind() == Decision::OVERRIDE && !decision.policy_sha256().empty());
}

std::string IdOf(const Decision& decision) {
  if (!IsPromotion(decision)) return ManualDecisionId(decision);
  const auto& facts = decision.time_facts();
  return DecisionId(LastSegment(decision.policy()), decision.policy_sha256(),
                    decision.policy_revision(), decision.read_set_sha256(),
                    {facts.begin(), facts.end()});
}

// The verdict and the checks behind it are those that the policy comes to.
bool JudgesTheSame(const Decision& again, const Decision& decision) {
  const auto judged = std::find_if(
      again.candidates().begin(), again.candidates().end(),
      [&](const auto& candidate) { return candidate.version() == decision.chosen_version(); });
  if (judged == again.candidates().end()) {
    return decision.candidates().empty() && decision.verdict() == cairn::v1::ERROR;
  }
  return decision.candidates_size() == 1 && decision.verdict() == judged->verdict() &&
         DeterministicBytes(decision.candidates(0)) == DeterministicBytes(*judged);
}

}  // namespace

bool IsReplayable(const Decision& decision) {
  return PolicyJudged(decision) && decision.edition() == kEdition;
}

bool IsOfAnotherEdition(const Decision& decision) {
  return PolicyJudged(decision) && decision.edition() != kEdition;
}

absl::Status CheckIdentity(const Decision& decision) {
  const auto& items = decision.read_set();
  if (ReadSetDigest({items.begin(), items.end()}) != decision.read_set_sha256()) {
    return Broken(decision, "read_set", "it has another digest");
  }
  if (LastSegment(decision.name()) == IdOf(decision)) return absl::OkStatus();
  return Broken(decision, "name", "it does not follow from what was read");
}

absl::StatusOr<DecisionInput> InputOf(const Policy& policy, const Decision& decision,
                                      const KeptValues& values) {
  return Inputs(policy, decision, values).Make();
}

std::string ReplayedBytes(Decision decision) {
  decision.clear_decide_time();
  decision.clear_principal();
  decision.clear_committed();
  decision.clear_store_revision();
  decision.clear_previous_audit_sha256();
  // Decisions from before do not count their candidates, which are compared one by one.
  decision.clear_candidate_count();
  return DeterministicBytes(decision);
}

absl::Status Replay(const Decision& decision, std::string_view source, const KeptValues& values) {
  const auto policy = ParsePolicy(source);
  if (!policy.ok())
    return Broken(decision, decision.policy(), std::string(policy.status().message()));
  if (PolicyDigest(*policy) != decision.policy_sha256()) {
    return Broken(decision, decision.policy(), "the text is of another policy");
  }
  CAIRN_ASSIGN_OR_RETURN(const DecisionInput input, InputOf(*policy, decision, values));
  const auto again = Decide(*policy, input);
  if (!again.ok())
    return Broken(decision, decision.policy(), std::string(again.status().message()));
  const bool same = decision.kind() == Decision::OVERRIDE
                        ? JudgesTheSame(*again, decision)
                        : ReplayedBytes(*again) == ReplayedBytes(decision);
  if (same) return absl::OkStatus();
  return Broken(decision, decision.channel(), "what was read gives another decision");
}

}  // namespace cairn::promotion
