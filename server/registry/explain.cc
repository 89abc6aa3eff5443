#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/decision_log.h"
#include "server/registry/models.h"
#include "server/registry/promotion.h"
#include "server/registry/situation.h"

namespace cairn::registry {

using cairn::v1::Channel;
using storage::Snapshot;

namespace {

// What a refused or served version's part of a decision says, in sentences.
void AddSentences(const Channel& channel, const cairn::v1::CandidateResult& candidate,
                  cairn::v1::ExplainResponse& response) {
  response.add_sentences(channel.version().empty()
                             ? fmt::format("{} has never served a version.", channel.name())
                             : fmt::format("{} serves {} since epoch {}.", channel.name(),
                                           channel.version(), channel.epoch()));
  if (!candidate.message().empty()) response.add_sentences(candidate.message());
  for (const auto& check : candidate.checks()) {
    if (check.verdict() == cairn::v1::PASS || check.verdict() == cairn::v1::SKIPPED) continue;
    response.add_sentences(fmt::format("{} is {}: {}", check.id(),
                                       cairn::v1::Verdict_Name(check.verdict()), check.message()));
  }
  if (candidate.verdict() == cairn::v1::PASS) return;
  for (const std::string& change : candidate.would_flip()) {
    response.add_sentences("This alone would turn the verdict: " + change);
  }
}

}  // namespace

absl::StatusOr<cairn::v1::ExplainResponse> Explain(const Snapshot& snapshot,
                                                   const cairn::v1::ExplainRequest& request,
                                                   int64_t now_unix_nanos,
                                                   const UnrecordedEvaluations& unrecorded) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("name", request.name()));
  cairn::v1::GetChannelRequest get;
  get.set_name(request.name());
  cairn::v1::ExplainResponse response;
  CAIRN_ASSIGN_OR_RETURN(*response.mutable_channel(), GetChannel(snapshot, get));
  const Channel& channel = response.channel();
  const bool about_head = request.version().empty() || request.version() == channel.version();
  const std::string version = about_head ? channel.version() : request.version();
  if (about_head && !channel.decision().empty()) {
    CAIRN_ASSIGN_OR_RETURN(auto stored, FindDecision(snapshot, channel.decision()));
    if (stored.has_value()) *response.mutable_decision() = *std::move(stored);
  } else {
    CAIRN_ASSIGN_OR_RETURN(Situation situation, ReadSituation(snapshot, request.name(), version));
    AddUnrecorded(unrecorded, situation);
    CAIRN_ASSIGN_OR_RETURN(*response.mutable_decision(),
                           MakeDecision(snapshot, situation, now_unix_nanos));
  }
  for (const auto& candidate : response.decision().candidates()) {
    if (candidate.version() == version) *response.mutable_candidate() = candidate;
  }
  AddSentences(channel, response.candidate(), response);
  return response;
}

}  // namespace cairn::registry
