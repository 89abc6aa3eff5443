#ifndef CAIRN_LIB_PROMOTION_EVIDENCE_H_
#define CAIRN_LIB_PROMOTION_EVIDENCE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/registry.pb.h"

namespace cairn::promotion {

// Finding the value of a metric among the sealed evidence of a version, and
// telling whether two values may be compared. All functions are pure and do not
// depend on the order of the evidence.

// What must be known of where a candidate comes from.
enum class Lineage { kTrainingDataset, kCodeRevision, kArtifactDigest, kRun };

// What must agree before two values are compared. Two of them are of the value (data
// set, definition) and two of the version (schema, space).
enum class ComparableKey { kDatasetDigest, kFeatureSchema, kMetricDefinition, kEvaluationSpace };

// Which data set evidence has to rest on.
struct EvidencePin {
  bool required = false;  // the policy names a data set
  std::string sha256;     // its digest; empty if it does not exist
};

// What was found of a metric. The fields below `kind` count only where it is kFound.
struct Observation {
  enum class Kind {
    kFound,
    kMissing,       // no value of this metric
    kOtherDataset,  // only values measured on other data
    kAmbiguous,     // several different values
    kNoDataset,     // the required data set does not exist
  };
  Kind kind = Kind::kMissing;
  double value = 0;             // canonical: no -0, one NaN
  std::string definition;       // with its version, `silhouette.v1`
  std::string dataset_version;  // resource name; may be empty
  std::string dataset_sha256;
};

// The value of `metric` that counts for `version`. Values that agree in number,
// definition and digest count as one; two that differ are ambiguous, for nothing says
// which counts.
Observation Observe(const cairn::v1::ModelVersion& version, std::string_view metric,
                    const EvidencePin& pin);

// What was looked at, for CheckResult.evidence: run, data set, digest, definition. Only
// the run where no value was found.
std::vector<std::string> EvidenceLinks(const cairn::v1::ModelVersion& version,
                                       const Observation& observation);

// The name of the first key of `keys` in which the two values do not agree, or of which
// nothing is known; nullopt if they are comparable. What is not known never agrees, not
// even with itself.
std::optional<ComparableKey> FirstDifference(const std::vector<ComparableKey>& keys,
                                             const cairn::v1::ModelVersion& a,
                                             const Observation& a_value,
                                             const cairn::v1::ModelVersion& b,
                                             const Observation& b_value);

// True if a version carries what `key` asks for.
bool HasLineage(const cairn::v1::ModelVersion& version, Lineage key);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_EVIDENCE_H_
