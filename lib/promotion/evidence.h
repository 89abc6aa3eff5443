#ifndef CAIRN_LIB_PROMOTION_EVIDENCE_H_
#define CAIRN_LIB_PROMOTION_EVIDENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/evaluations.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/promotion/metric_registry.h"

namespace cairn::promotion {

// Finding the value of a metric among the evaluations of a version, and
// telling whether two values may be compared. All functions are pure and do not
// depend on the order of the evaluations.

// An evaluation as it was read.
struct EvaluationRead {
  cairn::v1::Evaluation evaluation;
  int64_t mod_revision = 0;  // the store's revision that wrote the record
  std::string sha256;        // of the record's bytes
  std::string value;         // those bytes, for who keeps them; else empty
};

// A model version as it was read, with what was measured of it. Only evaluations that are final
// count; others may be there.
struct VersionRead {
  cairn::v1::ModelVersion version;
  int64_t mod_revision = 0;
  std::string sha256;  // of the bytes that are kept of it, see read_values.h
  // Where its run stands: a word of Run.State, or DELETED, also for one that is gone. Empty: it
  // has no run.
  std::string run_state;
  std::string value;  // those bytes, for who keeps them; else empty
  std::vector<EvaluationRead> evaluations;
};

// What must be known of where a candidate comes from.
enum class Lineage { kTrainingDataset, kCodeRevision, kArtifactDigest, kRun, kSignature };

// What must agree before two values are compared: all but the schema, which is of the version, are
// of the value. The preparation is the space without what was fitted to data.
enum class ComparableKey {
  kDatasetDigest,
  kFeatureSchema,
  kMetricDefinition,
  kEvaluationSpace,
  kEvaluationPreparation,
};

// Whose word counts.
enum class Trust {
  kReported,  // a client's too; where the server measured the same, what it found
  kServer,    // the server's alone
};

// Which evidence counts.
struct EvidencePin {
  bool required = false;  // the policy names a data set
  std::string sha256;     // its digest; empty if it does not exist
  Trust trust = Trust::kReported;
  const MetricMap* metrics = nullptr;  // that the policy declares; null: none. Outlives the pin
  // The champion, as a resource name, in whose space versions compare where their own differ;
  // empty: they do not compare then.
  std::string reference;
  // Of how many fits, at least, a stability must be that the server measured.
  int64_t repeats = 0;
};

// What was found of a metric. The fields below `kind` count only where it is kFound, and `value`
// also where it is kOutOfRange.
struct Observation {
  enum class Kind {
    kFound,
    kMissing,       // no value of this metric
    kOtherDataset,  // only values measured on other data
    kUntrusted,     // only values that clients report, and the policy trusts the server alone
    kAmbiguous,     // several different values
    kNoDataset,     // the required data set does not exist
    kOutOfRange,    // a value that the metric cannot have
  };
  Kind kind = Kind::kMissing;
  double value = 0;             // canonical: no -0, one NaN
  std::string definition;       // with its version, `silhouette.v1`
  std::string dataset_version;  // resource name; may be empty
  std::string dataset_sha256;
  std::string space;        // digest of the space it was measured in; empty if nobody knows
  std::string preparation;  // the same without what was fitted
  std::string evaluation;   // resource name
};

// From how many fits the server measured a stability, and nothing else; 0 for anything else.
int64_t RepeatsOf(const cairn::v1::Evaluation& evaluation);

// The value of `metric` that counts for `read`, in the version's own space. What the server
// measured comes before what was reported. Values that agree in number, definition, digest, space
// and preparation count as one; two that differ are ambiguous, for nothing says which counts. Of
// stabilities that the server measured from different numbers of fits, that of the most counts.
Observation Observe(const VersionRead& read, std::string_view metric, const EvidencePin& pin);

// The same of values that describe the version against `reference`, a resource name: measured in
// the space of that version.
Observation ObserveAgainst(const VersionRead& read, std::string_view reference,
                           std::string_view metric, const EvidencePin& pin);

// The value by which `read` is ranked among others: where the policy measures in the champion's
// space (pin.reference), the value there as the server found it, if it did; else as Observe.
Observation ObserveForRanking(const VersionRead& read, std::string_view metric,
                              const EvidencePin& pin);

// The same, and nothing but what the server measured in the champion's space; kMissing otherwise.
Observation ObserveInReference(const VersionRead& read, std::string_view metric,
                               const EvidencePin& pin);

// What was looked at, for CheckResult.evidence: run, evaluation, data set, digest, definition.
// Only the run where no value was found.
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
