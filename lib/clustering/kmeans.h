// k-means as scikit-learn defines it, deterministic for a seed and independent of threads and CPU.
//
// A fit is the best of several starts. A start is (k, init, seed, start number) over one data set:
// centres chosen by greedy k-means++ or at random, then Lloyd iterations until no label changes
// (strict convergence), until the sum of squared centre shifts is at most tol times the mean column
// variance, or until max_iter. Because start j draws from a stream of its own, derived from
// (seed, init, k, j), fits that differ only in n_init share their first starts.
//
// All functions are pure; none keeps state between calls. A KMeansContext is immutable after Create
// and may be used by many threads at once.

#ifndef CAIRN_LIB_CLUSTERING_KMEANS_H_
#define CAIRN_LIB_CLUSTERING_KMEANS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/clustering/kmeans_context.h"
#include "lib/clustering/matrix.h"
#include "lib/clustering/parallel.h"

namespace cairn::clustering {

enum class KMeansInit { kKMeansPlusPlus, kRandom };

// Both give the same bits; Hamerly's bounds skip blocks of rows that cannot have changed cluster.
enum class KMeansAlgorithm { kLloyd, kHamerly };

// "k-means++" and "random", the names of configuration files and of scikit-learn.
std::string_view KMeansInitName(KMeansInit init);
absl::StatusOr<KMeansInit> ParseKMeansInit(std::string_view name);

// When a start stops.
struct KMeansLimits {
  int max_iter = 300;  // >= 1
  double tol = 1e-4;   // finite, >= 0; relative to the mean column variance
  KMeansAlgorithm algorithm = KMeansAlgorithm::kLloyd;
};

// One start of a fit. Equal specs over equal data give equal bits.
struct KMeansStart {
  int k = 8;  // 1 … rows
  KMeansInit init = KMeansInit::kKMeansPlusPlus;
  int start = 0;  // 0 … n_init - 1
  std::uint64_t seed = 42;
  KMeansLimits limits;
};

struct KMeansResult {
  Labels labels;           // per row, the nearest of `centers`; ties go to the lowest number
  Matrix centers;          // k x d, in the coordinates of the input
  double inertia = 0;      // sum of squared distances of the rows to their centre
  int n_iter = 0;          // Lloyd iterations run, 1 … max_iter
  bool converged = false;  // stopped before max_iter ran out
};

struct KMeansOptions {
  int k = 8;  // 1 … rows
  KMeansInit init = KMeansInit::kKMeansPlusPlus;
  int n_init = 10;  // >= 1; ignored when initial_centers is set
  std::uint64_t seed = 42;
  KMeansLimits limits;
  int threads = 1;  // 0: as many as the hardware has; never changes the result
  // k x d, in the coordinates of the input; replaces init, seed and n_init by one given start.
  std::optional<Matrix> initial_centers;
};

// The rows that start `spec` chooses as first centres, in order: scikit-learn's greedy k-means++ or
// a choice without replacement, driven by RandomState(StartSeed(spec)).
// INVALID_ARGUMENT: k outside 1 … rows, start negative.
absl::StatusOr<std::vector<std::size_t>> InitialRows(const KMeansContext& context,
                                                     const KMeansStart& spec, Parallel& parallel);
std::uint32_t StartSeed(const KMeansStart& spec);

// Runs one start, its chunks spread over `parallel`.
// INVALID_ARGUMENT: as InitialRows; max_iter < 1; tol negative or not finite.
absl::StatusOr<KMeansResult> FitStart(const KMeansContext& context, const KMeansStart& spec,
                                      Parallel& parallel);

// Runs many starts, possibly of different k and init, and returns their results in the same order.
// Small data sets run one start per thread, large ones one start at a time on all threads; the
// results are the same. Errors as FitStart, before any work is done.
absl::StatusOr<std::vector<KMeansResult>> FitStarts(const KMeansContext& context,
                                                    std::span<const KMeansStart> specs,
                                                    Parallel& parallel);

// Runs from the given centres (k x d, in the coordinates of the input).
// INVALID_ARGUMENT: wrong number of columns, more centres than rows, non-finite values, limits.
absl::StatusOr<KMeansResult> FitFrom(const KMeansContext& context, const Matrix& initial_centers,
                                     const KMeansLimits& limits, Parallel& parallel);

// The position of the best of `starts` (in start order) by scikit-learn's rule: a later one wins
// only with strictly lower inertia and a different partition, so that rounding never decides
// between two spellings of one clustering. REQUIRES: starts not empty, equal label counts.
std::size_t BestOf(std::span<const KMeansResult> starts);
std::size_t BestOf(std::span<const KMeansResult* const> starts);

// The best of options.n_init starts, or the one start from options.initial_centers.
absl::StatusOr<KMeansResult> Fit(const KMeansContext& context, const KMeansOptions& options);
absl::StatusOr<KMeansResult> Fit(const Matrix& rows, const KMeansOptions& options);

// The nearest centre of every row, ties to the lowest number. On the rows of a fit and its centers
// this gives exactly the labels of the fit.
// INVALID_ARGUMENT: no centres, different numbers of columns, non-finite values.
absl::StatusOr<Labels> Predict(const Matrix& rows, const Matrix& centers, int threads = 1);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_KMEANS_H_
