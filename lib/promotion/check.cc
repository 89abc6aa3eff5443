#include "lib/promotion/check.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/numbers.h"
#include "lib/base/utf8_prefix.h"
#include "lib/promotion/check_kinds.h"
#include "lib/promotion/limits.h"

namespace cairn::promotion {

using cairn::v1::CheckResult;

CheckResult Check::Evaluate(const CheckContext& context) const {
  CheckResult result;
  result.set_id(head.id);
  result.set_stage(std::string(kind->section->stage));
  result.set_line(head.position.line);
  result.set_shadow(head.mode == CheckMode::kShadow);
  rule->Evaluate(head, context, result);
  return result;
}

void Conclude(Verdict verdict, std::string message, CheckResult& check) {
  check.set_verdict(verdict);
  check.set_message(std::move(message));
}

Verdict MissingVerdict(OnMissing on_missing) {
  return on_missing == OnMissing::kFail ? Verdict::FAIL : Verdict::INCONCLUSIVE;
}

const double* FoundOrConclude(const Observation& seen, std::string_view metric,
                              std::string_view owner, OnMissing on_missing, CheckResult& check) {
  using Kind = Observation::Kind;
  const Verdict missing = MissingVerdict(on_missing);
  switch (seen.kind) {
    case Kind::kFound:
      return &seen.value;
    case Kind::kNoDataset:
      Conclude(Verdict::ERROR, "the data set that evidence must rest on does not exist", check);
      break;
    case Kind::kAmbiguous:
      Conclude(Verdict::ERROR,
               fmt::format("{} has several values of {} that differ", owner, metric), check);
      break;
    case Kind::kOutOfRange:
      Conclude(Verdict::ERROR,
               fmt::format("{} has {} {}, which the metric cannot be", owner, metric,
                           NumberText(seen.value)),
               check);
      break;
    case Kind::kOtherDataset:
      Conclude(
          missing,
          fmt::format("{} has {} only on other data than the policy's (dataset.digest differs)",
                      owner, metric),
          check);
      break;
    case Kind::kUntrusted:
      Conclude(missing,
               fmt::format("{} has {} only as a client reports it, and the policy trusts the "
                           "server alone",
                           owner, metric),
               check);
      break;
    case Kind::kMissing:
      Conclude(missing, fmt::format("{} has no value of {}", owner, metric), check);
      break;
  }
  return nullptr;
}

void AddEvidence(const cairn::v1::ModelVersion& version, const Observation& seen,
                 CheckResult& check) {
  for (const std::string& link : EvidenceLinks(version, seen)) check.add_evidence(link);
}

std::string ShownText(std::string_view value) {
  if (value.size() <= kMaxValueShown) return std::string(value);
  return std::string(Utf8Prefix(value, kMaxValueShown)) + "...";
}

std::string NumberText(double value) { return ShortestDouble(CanonicalDouble(value)); }

}  // namespace cairn::promotion
