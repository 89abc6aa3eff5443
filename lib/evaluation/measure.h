#ifndef CAIRN_LIB_EVALUATION_MEASURE_H_
#define CAIRN_LIB_EVALUATION_MEASURE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/evaluation/feature_table.h"
#include "lib/model/predictor.h"

namespace cairn::evaluation {

// Measuring a segmentation model on a table of features: what evaluations by the server hold.
//
// All functions are pure, and a value never depends on the number of threads, on the machine or on
// what was measured before. What cannot be measured is left out, never guessed: the indices of a
// table whose rows fall into one segment, drift of a model without deciles. Every row of the table
// counts, whatever the model's training left out as an outlier.
//
// Definitions (the mathematics is lib/clustering's):
//
//   silhouette.exact.v1, silhouette.sampled.v1   of all rows, up to kExactRows of them; beyond, of
//                                kSampleRows rows that are drawn by the seed, with standard error
//   davies_bouldin.v1, calinski_harabasz.v1
//   inertia.partition.v1         squared distances of the rows to the means of their segments'
//   rows,
//                                so that it means the same in any space
//   cluster_count.v1             segments of the model, with rows or without
//   min_cluster_share.v1, max_cluster_share.v1   over all segments; 0 for one without rows
//   psi_max.v2                   the largest index of drift.h; .v1 of a model without shares
//   label_churn.v1               share of rows that change segment, when segments are paired so
//                                that the fewest do
//   ari.v1                       adjusted Rand index of both labellings
//   centroid_shift.v1            mean distance between the means of paired segments
//
// Which silhouette it is depends on the number of rows alone, so two models measured on one table
// have the same, of the same rows.
inline constexpr int64_t kExactRows = 20'000;
inline constexpr int64_t kSampleRows = 10'000;

struct MeasureOptions {
  int threads = 1;           // 0: as many as the hardware has
  uint32_t sample_seed = 0;  // see SampleSeed
  // Other than the defaults in tests only.
  int64_t exact_rows = kExactRows;
  int64_t sample_rows = kSampleRows;
};

// The seed that belongs to a table: from the SHA-256 of its bytes as 64 hexadecimal characters.
uint32_t SampleSeed(std::string_view table_sha256);

struct MeasuredValue {
  std::string metric;
  std::string definition;  // with its version
  double value = 0;
  std::optional<double> standard_error;  // of what was estimated
};

struct Measurement {
  std::vector<MeasuredValue> values;  // by metric
  // Digests of the space in which distances were measured, and of how it is prepared (lib/model).
  // No row is treated as an outlier, so their treatment is `none`.
  std::string space;
  std::string preparation;
  // What the values depend on besides: `silhouette.sample_rows`, `silhouette.sample_seed`.
  std::map<std::string, std::string> settings;
};

// Nothing measured yet, in the model's own space.
Measurement InSpaceOf(const model::Predictor& model);

// Measures a model in its own space. Errors of FeatureTable::RowsFor.
absl::StatusOr<Measurement> Measure(const model::Predictor& model, const FeatureTable& table,
                                    const MeasureOptions& options);

// Measures `model` against `reference`: churn, agreement and shift, and the indices of the model's
// segments in the space of the reference, where they compare with those of the reference itself.
// Errors of FeatureTable::RowsFor for either.
absl::StatusOr<Measurement> MeasureAgainst(const model::Predictor& model,
                                           const model::Predictor& reference,
                                           const FeatureTable& table,
                                           const MeasureOptions& options);

}  // namespace cairn::evaluation

#endif  // CAIRN_LIB_EVALUATION_MEASURE_H_
