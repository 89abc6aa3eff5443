#include "lib/promotion/evidence.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "fmt/format.h"
#include "lib/base/numbers.h"

namespace cairn::promotion {
namespace {

using cairn::v1::Evaluation;
using cairn::v1::EvaluationValue;

std::string DefinitionOf(const EvaluationValue& value) {
  return value.definition().empty() ? value.metric() + ".v1" : value.definition();
}

Observation Found(const VersionRead& read, const Evaluation& evaluation,
                  const EvaluationValue& value) {
  Observation found;
  found.kind = Observation::Kind::kFound;
  found.value = CanonicalDouble(value.value());
  found.definition = DefinitionOf(value);
  found.dataset_version = evaluation.dataset_version();
  found.dataset_sha256 = evaluation.dataset_sha256();
  const bool own = evaluation.reference_version().empty();
  found.space =
      evaluation.space().empty() && own ? read.version.evaluation_space() : evaluation.space();
  found.preparation = evaluation.preparation().empty() && own ? read.version.preparation()
                                                              : evaluation.preparation();
  found.evaluation = evaluation.name();
  return found;
}

bool SameValue(const Observation& a, const Observation& b) {
  return OrderedBits(a.value) == OrderedBits(b.value) && a.definition == b.definition &&
         a.dataset_sha256 == b.dataset_sha256 && a.space == b.space &&
         a.preparation == b.preparation;
}

// Equal and known.
bool Agree(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

bool Agree(ComparableKey key, const cairn::v1::ModelVersion& a, const Observation& a_value,
           const cairn::v1::ModelVersion& b, const Observation& b_value) {
  switch (key) {
    case ComparableKey::kDatasetDigest:
      return Agree(a_value.dataset_sha256, b_value.dataset_sha256);
    case ComparableKey::kFeatureSchema:
      return Agree(a.feature_schema(), b.feature_schema());
    case ComparableKey::kMetricDefinition:
      return Agree(a_value.definition, b_value.definition);
    case ComparableKey::kEvaluationSpace:
      return Agree(a_value.space, b_value.space);
    case ComparableKey::kEvaluationPreparation:
      return Agree(a_value.preparation, b_value.preparation);
  }
  return false;
}

// Where the same value stands several times, what is named must not depend on their order.
void NameFirst(const Observation& other, Observation& result) {
  result.dataset_version = std::min(result.dataset_version, other.dataset_version);
  result.evaluation = std::min(result.evaluation, other.evaluation);
}

bool IsOn(const EvidencePin& pin, const Evaluation& evaluation) {
  return !pin.required || evaluation.dataset_sha256() == pin.sha256;
}

// Which evaluations of one source and reference are looked at for a metric.
class Wanted {
 public:
  Wanted(Evaluation::Source source, const VersionRead& read, std::string_view reference,
         std::string_view metric, const EvidencePin& pin)
      : source_(source), reference_(reference), is_stability_(metric == kStabilityMetric) {
    if (!is_stability_ || source != Evaluation::SERVER) return;
    repeats_ = std::max<int64_t>(pin.repeats, 1);
    for (const EvaluationRead& item : read.evaluations) {
      if (IsOfSource(item.evaluation) && IsOn(pin, item.evaluation)) {
        repeats_ = std::max(repeats_, RepeatsOf(item.evaluation));
      }
    }
  }

  bool Has(const Evaluation& evaluation) const {
    return IsOfSource(evaluation) && (!is_stability_ || RepeatsOf(evaluation) == repeats_);
  }

 private:
  bool IsOfSource(const Evaluation& evaluation) const {
    return evaluation.source() == source_ && evaluation.state() == Evaluation::FINAL &&
           evaluation.reference_version() == reference_;
  }

  const Evaluation::Source source_;
  const std::string_view reference_;
  const bool is_stability_;
  int64_t repeats_ = 0;
};

// What is there of a metric from one source.
Observation ObserveFrom(Evaluation::Source source, const VersionRead& read,
                        std::string_view reference, std::string_view metric,
                        const EvidencePin& pin) {
  Observation result;
  const Wanted wanted(source, read, reference, metric, pin);
  for (const EvaluationRead& item : read.evaluations) {
    const Evaluation& evaluation = item.evaluation;
    if (!wanted.Has(evaluation)) continue;
    for (const EvaluationValue& value : evaluation.values()) {
      if (value.metric() != metric) continue;
      if (!IsOn(pin, evaluation)) {
        if (result.kind == Observation::Kind::kMissing) {
          result.kind = Observation::Kind::kOtherDataset;
        }
        continue;
      }
      const Observation found = Found(read, evaluation, value);
      if (result.kind == Observation::Kind::kMissing ||
          result.kind == Observation::Kind::kOtherDataset) {
        result = found;
      } else if (result.kind == Observation::Kind::kFound && !SameValue(result, found)) {
        result.kind = Observation::Kind::kAmbiguous;
      } else {
        NameFirst(found, result);
      }
    }
  }
  return result;
}

bool Tells(const Observation& seen) {
  return seen.kind == Observation::Kind::kFound || seen.kind == Observation::Kind::kAmbiguous;
}

// Whoever measured it measured something else: no rule counts it, whatever its bounds.
void CheckRange(std::string_view metric, const EvidencePin& pin, Observation& seen) {
  static const MetricMap none;
  const MetricInfo* info = FindMetric(metric, pin.metrics == nullptr ? none : *pin.metrics);
  if (info == nullptr || seen.kind != Observation::Kind::kFound || !std::isfinite(seen.value)) {
    return;
  }
  if (seen.value < info->min || seen.value > info->max) seen.kind = Observation::Kind::kOutOfRange;
}

Observation ObserveUnchecked(const VersionRead& read, std::string_view reference,
                             std::string_view metric, const EvidencePin& pin) {
  Observation none;
  if (pin.required && pin.sha256.empty()) {
    none.kind = Observation::Kind::kNoDataset;
    return none;
  }
  Observation measured = ObserveFrom(Evaluation::SERVER, read, reference, metric, pin);
  if (Tells(measured)) return measured;
  Observation reported = ObserveFrom(Evaluation::REPORTED, read, reference, metric, pin);
  if (pin.trust == Trust::kReported) {
    return reported.kind == Observation::Kind::kMissing ? measured : reported;
  }
  if (Tells(reported)) none.kind = Observation::Kind::kUntrusted;
  return measured.kind == Observation::Kind::kMissing ? none : measured;
}

}  // namespace

int64_t RepeatsOf(const Evaluation& evaluation) {
  const auto found = evaluation.settings().find("stability.repeats");
  if (evaluation.source() != Evaluation::SERVER || found == evaluation.settings().end()) return 0;
  return static_cast<int64_t>(ParseNumber(found->second).value_or(0));
}

Observation Observe(const VersionRead& read, std::string_view metric, const EvidencePin& pin) {
  return ObserveAgainst(read, {}, metric, pin);
}

Observation ObserveAgainst(const VersionRead& read, std::string_view reference,
                           std::string_view metric, const EvidencePin& pin) {
  Observation seen = ObserveUnchecked(read, reference, metric, pin);
  CheckRange(metric, pin, seen);
  return seen;
}

Observation ObserveInReference(const VersionRead& read, std::string_view metric,
                               const EvidencePin& pin) {
  if (pin.reference.empty() || (pin.required && pin.sha256.empty())) return {};
  const bool is_reference = read.version.name() == pin.reference;
  Observation seen =
      ObserveFrom(Evaluation::SERVER, read, is_reference ? "" : pin.reference, metric, pin);
  CheckRange(metric, pin, seen);
  return seen;
}

Observation ObserveForRanking(const VersionRead& read, std::string_view metric,
                              const EvidencePin& pin) {
  const Observation measured = ObserveInReference(read, metric, pin);
  return Tells(measured) ? measured : Observe(read, metric, pin);
}

std::vector<std::string> EvidenceLinks(const cairn::v1::ModelVersion& version,
                                       const Observation& observation) {
  std::vector<std::string> links;
  const auto add = [&](std::string link) {
    if (!link.empty()) links.push_back(std::move(link));
  };
  add(version.run());
  if (observation.kind != Observation::Kind::kFound) return links;
  add(observation.evaluation);
  add(observation.dataset_version);
  if (!observation.dataset_sha256.empty()) add("sha256:" + observation.dataset_sha256);
  add(observation.definition);
  return links;
}

std::optional<ComparableKey> FirstDifference(const std::vector<ComparableKey>& keys,
                                             const cairn::v1::ModelVersion& a,
                                             const Observation& a_value,
                                             const cairn::v1::ModelVersion& b,
                                             const Observation& b_value) {
  for (const ComparableKey key : keys) {
    if (!Agree(key, a, a_value, b, b_value)) return key;
  }
  return std::nullopt;
}

bool HasLineage(const cairn::v1::ModelVersion& version, Lineage key) {
  switch (key) {
    case Lineage::kTrainingDataset:
      return !version.training_dataset().empty();
    case Lineage::kCodeRevision:
      return !version.code_revision().empty();
    case Lineage::kArtifactDigest:
      return !version.sha256().empty();
    case Lineage::kRun:
      return !version.run().empty();
    case Lineage::kSignature:
      return !version.signature().inputs().empty();
  }
  return false;
}

}  // namespace cairn::promotion
