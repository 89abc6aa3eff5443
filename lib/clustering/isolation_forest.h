// Isolation forest: how easily random cuts separate a row from the others, as scikit-learn scores.
//
// Each tree is grown on a sample of rows drawn without replacement; a node cuts a random column
// that still varies at a random place between its least and greatest value. Rows that end in short
// paths are outliers. Data are cast to float32 first, as scikit-learn does, so values that only
// differ beyond 24 bits are equal here.
//
// A forest is immutable and safe to share between threads. Each tree draws from a stream of its
// own, so neither fit nor scores depend on the number of threads, nor on the CPU.

#ifndef CAIRN_LIB_CLUSTERING_ISOLATION_FOREST_H_
#define CAIRN_LIB_CLUSTERING_ISOLATION_FOREST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/clustering/matrix.h"

namespace cairn::clustering {

// Whose random numbers grow the trees. Both are forests of the same kind; they differ in which.
enum class ForestDraws {
  kOwn,         // Tree t draws from a stream derived from (seed, t).
  kScikitLearn  // The trees of scikit-learn 1.2.1 for random_state = seed, see scikit_tree.h.
};

struct IsolationForestOptions {
  int trees = 100;          // 1 … 10,000
  int sample_size = 256;    // >= 1; at most the rows there are is taken
  std::uint64_t seed = 42;  // with kScikitLearn below 2^32
  ForestDraws draws = ForestDraws::kOwn;
  int threads = 1;  // 0: as many as the hardware has; never changes the result
};

// One node in the form in which scikit-learn exports its trees. Children follow their parent.
struct IsolationNode {
  std::int32_t left = -1;      // -1 in a leaf
  std::int32_t right = -1;     // -1 in a leaf
  std::int32_t feature = -1;   // column that is compared; -1 in a leaf
  double threshold = 0;        // float32(x) <= threshold goes left
  std::int32_t row_count = 0;  // training rows that reached the node, >= 1
};

// Nodes of one tree, the root first.
using IsolationTree = std::vector<IsolationNode>;

class IsolationForest {
 public:
  // INVALID_ARGUMENT: no rows or columns, values that are not finite or not within float32, options
  // out of range.
  static absl::StatusOr<IsolationForest> Fit(const Matrix& rows,
                                             const IsolationForestOptions& options);

  // A forest from given trees, grown on samples of `sample_size` rows with `columns` columns.
  // INVALID_ARGUMENT naming tree and node: no trees or nodes, sample_size < 1, a child that is out
  // of range, not after its parent or the child of two nodes, one child without the other, a column
  // out of range.
  static absl::StatusOr<IsolationForest> FromTrees(std::vector<IsolationTree> trees,
                                                   int sample_size, int columns);

  // Per row -2^(-(mean path length) / c(sample_size)), in [-1, 0): the lower, the odder. Path
  // length is the number of cuts above the leaf plus c(rows in the leaf).
  // INVALID_ARGUMENT: another number of columns, values that are not finite or not within float32.
  absl::StatusOr<std::vector<double>> ScoreSamples(const Matrix& rows, int threads = 1) const;

  const std::vector<IsolationTree>& trees() const { return trees_; }
  int sample_size() const { return sample_size_; }
  int columns() const { return columns_; }

 private:
  // What a walk touches of a node, packed; the two children lie side by side, and a leaf leads to
  // itself.
  struct Step {
    float threshold;
    std::int32_t feature;
    std::int32_t left;
  };

  IsolationForest(std::vector<IsolationTree> trees, int sample_size, int columns);

  void Pack(const IsolationTree& tree);
  void ScoreRows(const float* rows, std::size_t count, double* scores) const;

  std::vector<IsolationTree> trees_;
  int sample_size_;
  int columns_;
  std::vector<Step> steps_;           // all trees
  std::vector<double> path_lengths_;  // beside steps_; of leaves
  std::vector<std::int32_t> roots_;   // per tree, into steps_
  std::vector<std::int32_t> depths_;  // per tree, cuts on its longest path
};

// Mean path length of an unsuccessful search among n rows: 0 for n <= 1, 1 for 2, and
// 2 (ln(n - 1) + Euler's constant) - 2 (n - 1) / n beyond.
double AveragePathLength(std::int64_t n);

// The score below which a row is an outlier (strictly): the 100 * contamination percentile of the
// training scores with linear interpolation. scikit-learn's 'auto' is -0.5 instead.
// INVALID_ARGUMENT: no scores, contamination not in (0, 0.5].
absl::StatusOr<double> OutlierOffset(std::span<const double> scores, double contamination);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_ISOLATION_FOREST_H_
