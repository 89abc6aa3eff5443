#include <algorithm>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/decision_log.h"
#include "server/registry/models.h"
#include "server/registry/past.h"
#include "server/registry/promotion.h"
#include "server/registry/situation.h"

namespace cairn::registry {

using cairn::v1::Channel;
using cairn::v1::Decision;
using storage::Snapshot;

namespace {

// So many holds are told one by one.
constexpr int kToldHolds = 10;

std::string HeadSentence(const Channel& channel) {
  if (channel.epoch() == 0) return fmt::format("{} has never served a version.", channel.name());
  return fmt::format("{} serves {} since epoch {}.", channel.name(),
                     channel.version().empty() ? "nothing" : channel.version(), channel.epoch());
}

// Who moved the head and why, where it was no promotion.
void AddMove(const Decision& head, cairn::v1::ExplainResponse& response) {
  const std::string when = FormatRfc3339(ToUnixNanos(head.decide_time()));
  if (head.kind() == Decision::ROLLBACK) {
    response.add_sentences(fmt::format(
        "It was rolled back{} by {} at {}: {}",
        head.previous_version().empty() ? std::string() : " from " + head.previous_version(),
        head.principal(), when, head.reason()));
  } else if (head.kind() == Decision::OVERRIDE) {
    response.add_sentences(fmt::format("It was put there by {}, who overrode the policy at {}: {}",
                                       head.principal(), when, head.reason()));
    response.add_sentences(head.policy().empty()
                               ? "No policy governed the channel."
                               : fmt::format("The policy's verdict on it was {}.",
                                             cairn::v1::Verdict_Name(head.verdict())));
  }
}

void AddHolds(const Channel& channel, cairn::v1::ExplainResponse& response) {
  for (int i = 0; i < std::min(channel.holds_size(), kToldHolds); ++i) {
    const cairn::v1::Hold& hold = channel.holds(i);
    response.add_sentences(fmt::format("{} is held since {} by {}: {}", hold.version(),
                                       FormatRfc3339(ToUnixNanos(hold.create_time())),
                                       hold.principal(), hold.reason()));
  }
  if (channel.holds_size() > kToldHolds) {
    response.add_sentences(
        fmt::format("{} more versions are held.", channel.holds_size() - kToldHolds));
  }
}

// What a refused or served version's part of a decision says, in sentences.
void AddSentences(const cairn::v1::CandidateResult& candidate,
                  cairn::v1::ExplainResponse& response) {
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

// The channel as it is, or as it was when the request asks about.
absl::StatusOr<Channel> ReadAsked(const Snapshot& snapshot,
                                  const cairn::v1::ExplainRequest& request) {
  cairn::v1::GetChannelRequest get;
  get.set_name(request.name());
  get.set_as_of_revision(request.as_of_revision());
  if (request.has_as_of_time()) *get.mutable_as_of_time() = request.as_of_time();
  return GetChannel(snapshot, get);
}

// Among all candidates, so that a rank is a rank; alone where it is none or they are too many.
absl::StatusOr<cairn::v1::Decision> DecideAbout(const Snapshot& snapshot,
                                                const std::string& channel,
                                                const std::string& version, int64_t now_unix_nanos,
                                                const UnrecordedEvaluations& unrecorded) {
  CAIRN_ASSIGN_OR_RETURN(Situation among_all, ReadSituation(snapshot, channel, ""));
  AddUnrecorded(unrecorded, among_all);
  auto decision = MakeDecision(snapshot, among_all, now_unix_nanos);
  if (decision.ok() && SpeaksOf(*decision, version)) return decision;
  CAIRN_ASSIGN_OR_RETURN(Situation alone, ReadSituation(snapshot, channel, version));
  AddUnrecorded(unrecorded, alone);
  return MakeDecision(snapshot, alone, now_unix_nanos);
}

}  // namespace

absl::StatusOr<cairn::v1::ExplainResponse> Explain(const Snapshot& snapshot,
                                                   const cairn::v1::ExplainRequest& request,
                                                   int64_t now_unix_nanos,
                                                   const UnrecordedEvaluations& unrecorded) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(const auto moment, MomentOf(snapshot, request));
  cairn::v1::ExplainResponse response;
  CAIRN_ASSIGN_OR_RETURN(*response.mutable_channel(), ReadAsked(snapshot, request));
  const Channel& channel = response.channel();
  response.add_sentences(
      moment ? fmt::format("As of revision {}: {}", moment->revision, HeadSentence(channel))
             : HeadSentence(channel));
  const bool about_head = request.version().empty() || request.version() == channel.version();
  const std::string version = about_head ? channel.version() : request.version();
  if (about_head && !channel.decision().empty()) {
    CAIRN_ASSIGN_OR_RETURN(auto stored, FindDecision(snapshot, channel.decision()));
    if (stored.has_value()) *response.mutable_decision() = *std::move(stored);
    AddMove(response.decision(), response);
  } else if (moment && !version.empty()) {
    CAIRN_ASSIGN_OR_RETURN(*response.mutable_decision(),
                           LastDecisionAbout(snapshot, ref, version, *moment));
  } else if (!moment) {
    CAIRN_ASSIGN_OR_RETURN(
        *response.mutable_decision(),
        DecideAbout(snapshot, request.name(), version, now_unix_nanos, unrecorded));
  }
  for (const auto& candidate : response.decision().candidates()) {
    if (candidate.version() == version) *response.mutable_candidate() = candidate;
  }
  AddHolds(channel, response);
  AddSentences(response.candidate(), response);
  return response;
}

}  // namespace cairn::registry
