#ifndef CAIRN_PIPELINE_STAGES_TRAINING_H_
#define CAIRN_PIPELINE_STAGES_TRAINING_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/stages/grid.h"

namespace cairn::pipeline {

// The sweep: every point of a grid becomes a training run.
//
// All values are immutable once they are built and may be read from any thread.

// Above this many rows one fit or index occupies all threads; below, each thread takes its own.
inline constexpr Eigen::Index kRowsForInnerThreads = 32'768;

// Up to so many rows a silhouette is exact; beyond it is that of so many rows that are drawn by the
// digest of features.csv, as evaluations by the server have it (lib/evaluation/measure.h).
inline constexpr int64_t kExactSilhouetteRows = 20'000;
inline constexpr int64_t kSilhouetteSample = 10'000;

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

// How good a segmentation of some rows is. NaN where it was not, or cannot be, measured.
struct Indices {
  double inertia = kNotMeasured;            // Sum of squared distances to the own centre.
  double silhouette = kNotMeasured;         // -1..1, higher is better.
  double davies_bouldin = kNotMeasured;     // From 0, lower is better.
  double calinski_harabasz = kNotMeasured;  // Higher is better.
  double min_cluster_share = kNotMeasured;  // Of the rows, 0..1.
  double max_cluster_share = kNotMeasured;
  // Of a silhouette that was estimated from drawn rows: its standard error, and how many rows. An
  // exact one has neither.
  double silhouette_error = kNotMeasured;
  int64_t silhouette_sample = 0;
};

// What k-means came to. One outcome may stand behind several runs.
struct FitOutcome {
  RowMajorMatrix centers;                // k × components, in the space of the components.
  std::vector<int32_t> training_labels;  // One per training row, 0..k-1.
  std::vector<int32_t> all_labels;       // One per customer: the nearest centre.
  double inertia = 0;                    // Over the training rows, from direct differences.
  int iterations = 0;                    // Of the start that won.
  bool converged = false;
};

// One point of the grid, trained and measured.
struct TrainingRun {
  GridPoint point;
  std::shared_ptr<const FitOutcome> fit;
  Indices training;  // On the rows it was trained on.
  Indices everyone;  // On all customers in the model's own space; the silhouette only where
                     // `has_evidence`.
  bool has_evidence = false;
  // CPU time of one core, in seconds, where work shared by n runs counts 1/n for each: the sum
  // over all runs is what the sweep took.
  double fit_seconds = 0;
  double evaluate_seconds = 0;
  // Id of the earlier point whose outcome this is, bit for bit; empty when it did its own work.
  std::string shared_from;
  // The silhouette of each training row, or of the drawn ones, whose places among the training rows
  // `silhouette_rows` then has, ascending. Kept for the runs that stand for their k
  // (RepresentativeRuns) once `evaluate` is done; null for all others.
  std::shared_ptr<const std::vector<double>> silhouettes;
  std::shared_ptr<const std::vector<int32_t>> silhouette_rows;
};

// What the sweep works on: components of the training rows and of all customers, one
// column for each component, and for each training row its place among the customers,
// ascending. Both matrices have the same columns; rows of `all` are the customers in
// the order of the features.
struct SweepInput {
  RowMajorMatrix training;
  RowMajorMatrix all;
  std::vector<int32_t> training_rows;
};

// Told that `done` of `total` are done: 1, 2, ... total, from any thread, one call at a time.
// Starts that turn out to be needed besides are counted anew.
using CountWatch = std::function<void(size_t done, size_t total)>;

// How, not what: of these only `tol`, and for many rows what is said of drawn ones, can change a
// result.
struct SweepOptions {
  double tol = 1e-4;
  bool sharing = true;
  int threads = 0;           // 0 = one per processor, at most 8. Never changes a result.
  uint32_t sample_seed = 0;  // Which rows are drawn.
  // Whether runs are handed on while others are measured. That is for sinks that take time
  // themselves: distances are then computed once for every part of the runs, not once for all.
  bool hand_on_early = true;
  // Runs that stand for their k by this share keep their silhouettes (RepresentativeRuns).
  double min_share = 0;
  // Other than the defaults in tests only.
  int64_t exact_rows = kExactSilhouetteRows;
  int64_t sample_rows = kSilhouetteSample;
  CountWatch started;   // Starts of k-means, of FitGrid; empty for nobody.
  CountWatch measured;  // Runs, of EvaluateRuns; before the sink is told of them.
};

// The stage `sweep`: trains every point, in the order given; nothing is measured yet.
// With sharing, starts that several points have in common are computed once; the result
// has the same bits either way. INVALID_ARGUMENT (VALUE_INVALID) when a k is not below
// the number of training rows, or above that of different ones (degenerate.h). Equal
// inputs and points give equal bits on any number of threads.
absl::StatusOr<std::vector<TrainingRun>> FitGrid(const SweepInput& input,
                                                 const std::vector<GridPoint>& points,
                                                 const SweepOptions& options);

// Told of each run once it is measured, in order and on the calling thread. Returning
// an error stops the evaluation, which returns it. Called while others are still
// measured, so it should be quick.
using RunSink = std::function<absl::Status(const TrainingRun& run, size_t index)>;

// The stage `evaluate`: all indices on the training rows; on all customers everything but the
// silhouette. With sharing, equal clusterings are measured once and runs share their distances, to
// the same bits.
absl::Status EvaluateRuns(const SweepInput& input, const SweepOptions& options, const RunSink& sink,
                          std::vector<TrainingRun>* runs);

// Measures the silhouette of all customers for the runs whose place is in `which`, and
// marks them as having evidence. Equal clusterings are measured once. It is measured
// for a few runs only: an exact silhouette compares every customer with every other.
absl::Status MeasureEvidence(const SweepInput& input, const SweepOptions& options,
                             const std::vector<size_t>& which, std::vector<TrainingRun>* runs);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_TRAINING_H_
