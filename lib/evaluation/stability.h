#ifndef CAIRN_LIB_EVALUATION_STABILITY_H_
#define CAIRN_LIB_EVALUATION_STABILITY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "lib/evaluation/feature_table.h"
#include "lib/evaluation/measure.h"
#include "lib/model/predictor.h"

namespace cairn::evaluation {

// How much a model owes to its seed: k-means is fitted again with the model's own configuration,
// and the segments of the fits are compared.
//
//   stability_ari.refitsN.v1           mean adjusted Rand index over all pairs of N fits with the
//                                      seeds 0 … N - 1, of all rows of the table
//   stability_ari.sampled_refitsN.v1   of a table of more than kExactRows: of the rows that its
//                                      silhouette is measured of
//
// The fits are made in the model's own space: prepared as the model prepares its rows, whatever
// seed or table that was fitted to. Their configuration are the model's parameters `n_init`,
// `init`, `max_iter` and `tol`, with scikit-learn's defaults (10, k-means++, 300, 1e-4), and its
// number of segments. Every row counts, outliers too.
//
// Pure; the value never depends on the number of threads.

inline constexpr int kMinRepeats = 2;
inline constexpr int kMaxRepeats = 100;

// A bound on distances that fits may have to compute: rows, segments, components, starts and
// iterations multiplied. Some seconds on one core if no fit ends before its last iteration.
inline constexpr double kMaxRefitWork = 2e11;

// Measures the stability, and nothing else; `settings` hold `stability.repeats`, and what was drawn
// as for a silhouette. REQUIRES: `repeats` within kMinRepeats … kMaxRepeats.
//
// - INVALID_ARGUMENT (VALUE_INVALID): a parameter of the model that is no configuration, fewer rows
//   than segments, or more work than kMaxRefitWork: names it, what it is and what it must be
// - errors of FeatureTable::RowsFor
absl::StatusOr<Measurement> MeasureStability(const model::Predictor& model,
                                             const FeatureTable& table, int repeats,
                                             const MeasureOptions& options);

}  // namespace cairn::evaluation

#endif  // CAIRN_LIB_EVALUATION_STABILITY_H_
