#include "pipeline/lifecycle/promote.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "pipeline/lifecycle/shipped_policy.h"
#include "pipeline/register/champion.h"

namespace cairn::pipeline {
namespace {

// What the shipped policy is for.
constexpr std::string_view kShippedModel = "customer-segments";

bool DidNotPass(const v1::CheckResult& check) {
  return !check.shadow() && (check.verdict() == v1::FAIL || check.verdict() == v1::ERROR ||
                             check.verdict() == v1::INCONCLUSIVE);
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

absl::StatusOr<v1::Decision> Promote(client::Client& client, const std::string& model,
                                     const Say& say) {
  v1::PromoteRequest request;
  request.set_name(ChannelName(model, kProductionChannel));
  auto decision = client.promotion().Promote(request);
  if (!HasReason(decision.status(), ErrorReason::CHANNEL_UNGOVERNED) || model != kShippedModel) {
    return decision;
  }
  v1::ApplyPolicyRequest apply;
  apply.set_source(std::string(ShippedPolicy()));
  CAIRN_RETURN_IF_ERROR(client.promotion().ApplyPolicy(apply).status());
  say(
      fmt::format("policy: {} had none, so the shipped policy customer-segments was applied; "
                  "`mlctl apply -f FILE` sets another",
                  request.name()));
  return client.promotion().Promote(request);
}

std::string VerdictWord(const v1::Decision& decision) {
  return v1::Verdict_Name(decision.verdict());
}

std::string OutcomeWord(const v1::Decision& decision) {
  return Lower(v1::Decision::Outcome_Name(decision.outcome()));
}

std::vector<std::string> RefusalsOf(const v1::Decision& decision,
                                    const std::vector<std::string>& versions) {
  std::vector<std::string> out;
  for (const v1::CandidateResult& candidate : decision.candidates()) {
    if (std::find(versions.begin(), versions.end(), candidate.version()) == versions.end()) {
      continue;
    }
    for (const v1::CheckResult& check : candidate.checks()) {
      if (!DidNotPass(check)) continue;
      out.push_back(fmt::format("version {}: {}: {}", VersionNumber(candidate.version()),
                                check.id(), check.message()));
    }
  }
  return out;
}

std::string VersionNumber(std::string_view resource_name) {
  return std::string(resource_name.substr(resource_name.rfind('/') + 1));
}

}  // namespace cairn::pipeline
