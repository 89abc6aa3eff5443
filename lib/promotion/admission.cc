#include "lib/promotion/admission.h"

#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/clock.h"
#include "lib/promotion/check.h"
#include "lib/promotion/verdict.h"

namespace cairn::promotion {
namespace {

constexpr std::string_view kEndedWell = "SUCCEEDED";

Exclusion Excluded(std::string id, std::string needed, std::string message, std::string kind) {
  Exclusion exclusion;
  exclusion.check.set_id(std::move(id));
  exclusion.check.set_stage("candidate");
  exclusion.check.set_needed(std::move(needed));
  Conclude(Verdict::FAIL, std::move(message), exclusion.check);
  exclusion.kind = std::move(kind);
  return exclusion;
}

}  // namespace

std::vector<Exclusion> Exclusions(const Policy& policy, const VersionRead& version, bool is_served,
                                  const cairn::v1::Hold* hold,
                                  const std::map<std::string, std::string>& time_facts) {
  std::vector<Exclusion> exclusions;
  const auto state = version.version.state();
  if (state != cairn::v1::ModelVersion::READY) {
    exclusions.push_back(Excluded("candidate.state", "READY", "the version is not READY",
                                  cairn::v1::ModelVersion::State_Name(state)));
  }
  if (is_served) return exclusions;
  if (hold != nullptr) {
    exclusions.push_back(Excluded(
        "candidate.held", "to be released",
        fmt::format("held since {} by {}: {}", FormatRfc3339(ToUnixNanos(hold->create_time())),
                    hold->principal(), hold->reason()),
        "held"));
    exclusions.back().check.add_evidence(hold->decision());
  }
  if (!version.run_state.empty() && version.run_state != kEndedWell) {
    exclusions.push_back(
        Excluded("candidate.run", std::string(kEndedWell),
                 fmt::format("its run {} is {}, and only what ended well may be served",
                             version.version.run(), version.run_state),
                 fmt::format("of a run that is {}", version.run_state)));
    exclusions.back().check.add_evidence(version.version.run());
  }
  const Verdict selected = EvaluateWhere(policy.where, version, time_facts);
  if (selected != Verdict::PASS) {
    exclusions.push_back(Excluded("candidate.where", WhereText(policy.where),
                                  selected == Verdict::FAIL
                                      ? "candidates.where does not select it"
                                      : "candidates.where looks at something that it does not have",
                                  "by candidates.where"));
  }
  return exclusions;
}

std::string LeftOutText(const LeftOut& left_out) {
  if (left_out.empty()) return "";
  int versions = 0;
  std::vector<std::string> parts;
  for (const auto& [kind, count] : left_out) {
    versions += count;
    parts.push_back(fmt::format("{} {}", count, kind));
  }
  return fmt::format("; {} version{} left out: {}", versions, versions == 1 ? " is" : "s are",
                     fmt::join(parts, ", "));
}

}  // namespace cairn::promotion
