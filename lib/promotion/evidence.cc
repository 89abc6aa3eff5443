#include "lib/promotion/evidence.h"

#include <algorithm>
#include <tuple>

#include "fmt/format.h"
#include "lib/base/numbers.h"

namespace cairn::promotion {
namespace {

std::string DefinitionOf(const cairn::v1::EvidenceMetric& metric) {
  return metric.definition().empty() ? metric.metric() + ".v1" : metric.definition();
}

Observation Found(const cairn::v1::EvidenceMetric& metric) {
  Observation found;
  found.kind = Observation::Kind::kFound;
  found.value = CanonicalDouble(metric.value());
  found.definition = DefinitionOf(metric);
  found.dataset_version = metric.dataset_version();
  found.dataset_sha256 = metric.dataset_sha256();
  return found;
}

bool SameValue(const Observation& a, const Observation& b) {
  return OrderedBits(a.value) == OrderedBits(b.value) && a.definition == b.definition &&
         a.dataset_sha256 == b.dataset_sha256;
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
      return Agree(a.evaluation_space(), b.evaluation_space());
  }
  return false;
}

}  // namespace

Observation Observe(const cairn::v1::ModelVersion& version, std::string_view metric,
                    const EvidencePin& pin) {
  Observation result;
  if (pin.required && pin.sha256.empty()) {
    result.kind = Observation::Kind::kNoDataset;
    return result;
  }
  bool elsewhere = false;
  for (const auto& entry : version.evidence()) {
    if (entry.metric() != metric) continue;
    if (pin.required && entry.dataset_sha256() != pin.sha256) {
      elsewhere = true;
      continue;
    }
    const Observation found = Found(entry);
    if (result.kind == Observation::Kind::kMissing) {
      result = found;
    } else if (result.kind == Observation::Kind::kFound && !SameValue(result, found)) {
      result.kind = Observation::Kind::kAmbiguous;
    } else {
      // The same bytes may have been registered as two versions: name the first.
      result.dataset_version = std::min(result.dataset_version, found.dataset_version);
    }
  }
  if (result.kind == Observation::Kind::kMissing && elsewhere) {
    result.kind = Observation::Kind::kOtherDataset;
  }
  return result;
}

std::vector<std::string> EvidenceLinks(const cairn::v1::ModelVersion& version,
                                       const Observation& observation) {
  std::vector<std::string> links;
  const auto add = [&](std::string link) {
    if (!link.empty()) links.push_back(std::move(link));
  };
  add(version.run());
  if (observation.kind != Observation::Kind::kFound) return links;
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
  }
  return false;
}

}  // namespace cairn::promotion
