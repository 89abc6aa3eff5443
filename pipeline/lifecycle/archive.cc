#include "pipeline/lifecycle/archive.h"

#include <fmt/format.h>

#include "lib/base/status_macros.h"

namespace cairn::pipeline {

absl::Status ArchiveUnchosen(client::Client& client, const RetrainResult& turn, const Say& say) {
  if (!turn.decision || !turn.decision->committed() || turn.outcome == RetrainOutcome::kOther) {
    return absl::OkStatus();
  }
  int archived = 0;
  for (const v1::CandidateResult& candidate : turn.decision->candidates()) {
    const bool judged = candidate.verdict() == v1::PASS || candidate.verdict() == v1::FAIL;
    const bool own = std::find(turn.versions.begin(), turn.versions.end(), candidate.version()) !=
                     turn.versions.end();
    if (!own || !judged || candidate.version() == turn.champion_after) continue;
    v1::ArchiveModelVersionRequest request;
    request.set_name(candidate.version());
    CAIRN_RETURN_IF_ERROR(client.registry().ArchiveModelVersion(std::move(request)).status());
    ++archived;
  }
  if (archived > 0) {
    say(fmt::format("archived {} versions that were judged and not chosen", archived));
  }
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
