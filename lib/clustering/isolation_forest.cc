#include "lib/clustering/isolation_forest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "lib/clustering/isolation_tree.h"
#include "lib/clustering/parallel.h"
#include "lib/clustering/random.h"
#include "lib/clustering/scaler.h"
#include "lib/clustering/scikit_tree.h"

namespace cairn::clustering {
namespace {

// Rows that walk down a tree side by side: enough to hide the latency of one step.
constexpr std::size_t kWalkers = 8;

constexpr double kEulerGamma = 0.57721566490153286;

absl::Status CheckOptions(const IsolationForestOptions& options) {
  if (options.trees < 1 || options.trees > 10000) {
    return absl::InvalidArgumentError(
        fmt::format("trees: value {}; must be 1 to 10000", options.trees));
  }
  if (options.sample_size < 1) {
    return absl::InvalidArgumentError(
        fmt::format("sample_size: value {}; must be >= 1", options.sample_size));
  }
  constexpr std::uint64_t kLargestState = std::numeric_limits<std::uint32_t>::max();
  if (options.draws == ForestDraws::kScikitLearn && options.seed > kLargestState) {
    return absl::InvalidArgumentError(
        fmt::format("seed: value {}; must be at most {} with the draws of scikit-learn",
                    options.seed, kLargestState));
  }
  return absl::OkStatus();
}

// scikit-learn rounds inputs to float32 and refuses those that become infinite.
absl::StatusOr<std::vector<float>> ToFloats(const Matrix& rows) {
  if (absl::Status status = CheckMatrix(rows, "rows", 0); !status.ok()) return status;
  std::vector<float> floats(static_cast<std::size_t>(rows.size()));
  for (std::size_t i = 0; i < floats.size(); ++i) {
    floats[i] = static_cast<float>(rows.data()[i]);
    if (std::isfinite(floats[i])) continue;
    const auto columns = static_cast<std::size_t>(rows.cols());
    return absl::InvalidArgumentError(
        fmt::format("rows: value {} at row {}, column {}; must be within the range of float32",
                    rows.data()[i], i / columns, i % columns));
  }
  return floats;
}

absl::Status CheckNode(const IsolationTree& tree, std::size_t index, int columns,
                       std::vector<bool>& has_parent) {
  const IsolationNode& node = tree[index];
  if (node.row_count < 1) {
    return absl::InvalidArgumentError(
        fmt::format("row_count: value {}; must be >= 1", node.row_count));
  }
  if (node.left == -1 && node.right == -1) return absl::OkStatus();
  for (const std::int32_t child : {node.left, node.right}) {
    if (child <= static_cast<std::int64_t>(index) ||
        child >= static_cast<std::int64_t>(tree.size())) {
      return absl::InvalidArgumentError(
          fmt::format("child: value {}; must be above {} and below {}", child, index, tree.size()));
    }
    if (has_parent[static_cast<std::size_t>(child)]) {
      return absl::InvalidArgumentError(
          fmt::format("child: value {}; must be the child of one node", child));
    }
    has_parent[static_cast<std::size_t>(child)] = true;
  }
  if (node.feature < 0 || node.feature >= columns) {
    return absl::InvalidArgumentError(
        fmt::format("feature: value {}; must be 0 to {}", node.feature, columns - 1));
  }
  if (!std::isfinite(node.threshold)) {
    return absl::InvalidArgumentError(
        fmt::format("threshold: value {}; must be finite", node.threshold));
  }
  return absl::OkStatus();
}

std::vector<std::uint32_t> OwnTreeSeeds(std::uint64_t seed, std::size_t trees) {
  std::vector<std::uint32_t> seeds(trees);
  for (std::size_t t = 0; t < trees; ++t) seeds[t] = DeriveSeed(seed, {t});
  return seeds;
}

// The greatest float32 that is at most `threshold`: x <= threshold holds for the same float32 x.
float RoundDown(double threshold) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  if (threshold >= kLargest) return kLargest;
  if (threshold < -kLargest) return -std::numeric_limits<float>::infinity();
  const auto nearest = static_cast<float>(threshold);
  if (nearest <= threshold) return nearest;
  return std::nextafterf(nearest, -std::numeric_limits<float>::infinity());
}

}  // namespace

double AveragePathLength(std::int64_t n) {
  if (n <= 1) return 0;
  if (n == 2) return 1;
  const auto rows = static_cast<double>(n);
  return 2 * (std::log(rows - 1) + kEulerGamma) - 2 * (rows - 1) / rows;
}

IsolationForest::IsolationForest(std::vector<IsolationTree> trees, int sample_size, int columns)
    : trees_(std::move(trees)), sample_size_(sample_size), columns_(columns) {
  for (const IsolationTree& tree : trees_) Pack(tree);
}

void IsolationForest::Pack(const IsolationTree& tree) {
  // Breadth first, so that siblings are neighbours and the first steps share cache lines.
  const auto root = static_cast<std::int32_t>(steps_.size());
  std::vector<std::pair<std::int32_t, std::int32_t>> queue{{0, 0}};  // node, cuts above it
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const auto [index, depth] = queue[i];
    const IsolationNode& node = tree[static_cast<std::size_t>(index)];
    if (node.left == -1) {
      // Every finite x goes left, which is here: a walker that has arrived stays.
      steps_.push_back(
          {std::numeric_limits<float>::infinity(), 0, root + static_cast<std::int32_t>(i)});
      // Nodes on the path, plus the rest of the search, minus 1: in the order of scikit-learn.
      path_lengths_.push_back((depth + 1) + AveragePathLength(node.row_count) - 1);
      continue;
    }
    steps_.push_back(
        {RoundDown(node.threshold), node.feature, root + static_cast<std::int32_t>(queue.size())});
    path_lengths_.push_back(0);
    queue.push_back({node.left, depth + 1});
    queue.push_back({node.right, depth + 1});
  }
  roots_.push_back(root);
  depths_.push_back(queue.back().second);
}

absl::StatusOr<IsolationForest> IsolationForest::Fit(const Matrix& rows,
                                                     const IsolationForestOptions& options) {
  if (absl::Status status = CheckMatrix(rows, "rows"); !status.ok()) return status;
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  if (rows.rows() > std::numeric_limits<std::int32_t>::max()) {
    return absl::InvalidArgumentError(
        fmt::format("rows: has {} rows; must have at most 2147483647", rows.rows()));
  }
  const absl::StatusOr<std::vector<float>> floats = ToFloats(rows);
  if (!floats.ok()) return floats.status();
  const auto sample_size = std::min(static_cast<std::size_t>(options.sample_size),
                                    static_cast<std::size_t>(rows.rows()));
  const FloatRows data{*floats, static_cast<std::size_t>(rows.rows()),
                       static_cast<std::size_t>(rows.cols())};
  std::vector<IsolationTree> trees(static_cast<std::size_t>(options.trees));
  const bool own = options.draws == ForestDraws::kOwn;
  const std::vector<std::uint32_t> seeds =
      own ? OwnTreeSeeds(options.seed, trees.size())
          : ScikitTreeSeeds(static_cast<std::uint32_t>(options.seed), trees.size());
  Parallel parallel(options.threads);
  parallel.For(trees.size(), [&](std::size_t t) {
    Mt19937 random(seeds[t]);
    trees[t] = own ? GrowIsolationTree(data, sample_size, random)
                   : GrowScikitTree(data, sample_size, seeds[t]);
  });
  return IsolationForest(std::move(trees), static_cast<int>(sample_size),
                         static_cast<int>(rows.cols()));
}

absl::StatusOr<IsolationForest> IsolationForest::FromTrees(std::vector<IsolationTree> trees,
                                                           int sample_size, int columns) {
  if (trees.empty()) {
    return absl::InvalidArgumentError("trees: has 0 entries; must have at least 1");
  }
  if (sample_size < 1) {
    return absl::InvalidArgumentError(
        fmt::format("sample_size: value {}; must be >= 1", sample_size));
  }
  if (columns < 1) {
    return absl::InvalidArgumentError(fmt::format("columns: value {}; must be >= 1", columns));
  }
  for (std::size_t t = 0; t < trees.size(); ++t) {
    if (trees[t].empty()) {
      return absl::InvalidArgumentError(
          fmt::format("trees[{}]: has 0 nodes; must have at least 1", t));
    }
    std::vector<bool> has_parent(trees[t].size());
    for (std::size_t i = 0; i < trees[t].size(); ++i) {
      if (absl::Status status = CheckNode(trees[t], i, columns, has_parent); !status.ok()) {
        return absl::InvalidArgumentError(
            fmt::format("trees[{}].nodes[{}].{}", t, i, std::string(status.message())));
      }
    }
  }
  return IsolationForest(std::move(trees), sample_size, columns);
}

absl::StatusOr<std::vector<double>> IsolationForest::ScoreSamples(const Matrix& rows,
                                                                  int threads) const {
  if (rows.cols() != columns_) {
    return absl::InvalidArgumentError(fmt::format(
        "rows: has {} columns; must have as many as were fitted, {}", rows.cols(), columns_));
  }
  const absl::StatusOr<std::vector<float>> floats = ToFloats(rows);
  if (!floats.ok()) return floats.status();
  const auto d = static_cast<std::size_t>(columns_);
  std::vector<double> scores(static_cast<std::size_t>(rows.rows()));
  Parallel parallel(threads);
  parallel.ForChunks(scores.size(), [&](std::size_t, std::size_t first, std::size_t last) {
    ScoreRows(floats->data() + first * d, last - first, scores.data() + first);
  });
  return scores;
}

// One tree at a time over at most kChunkRows rows, so that the tree stays in the nearest cache.
void IsolationForest::ScoreRows(const float* rows, std::size_t count, double* scores) const {
  const auto d = static_cast<std::size_t>(columns_);
  const Step* const steps = steps_.data();
  std::fill_n(scores, count, 0.0);
  for (std::size_t t = 0; t < roots_.size(); ++t) {
    for (std::size_t first = 0; first < count; first += kWalkers) {
      std::array<const float*, kWalkers> row;
      std::array<std::int32_t, kWalkers> at;
      for (std::size_t w = 0; w < kWalkers; ++w) {
        row[w] = rows + std::min(first + w, count - 1) * d;
        at[w] = roots_[t];
      }
      for (std::int32_t depth = 0; depth < depths_[t]; ++depth) {
        for (std::size_t w = 0; w < kWalkers; ++w) {
          const Step step = steps[at[w]];
          at[w] = step.left + static_cast<std::int32_t>(row[w][step.feature] > step.threshold);
        }
      }
      for (std::size_t w = 0; w < std::min(kWalkers, count - first); ++w) {
        scores[first + w] += path_lengths_[static_cast<std::size_t>(at[w])];
      }
    }
  }
  const double denominator = static_cast<double>(roots_.size()) * AveragePathLength(sample_size_);
  for (std::size_t i = 0; i < count; ++i) {
    // Samples of one row leave nothing to compare with: every row is as odd as can be told, 1/2.
    scores[i] = -std::exp2(denominator == 0 ? -1.0 : -(scores[i] / denominator));
  }
}

absl::StatusOr<double> OutlierOffset(std::span<const double> scores, double contamination) {
  if (scores.empty()) {
    return absl::InvalidArgumentError("scores: has 0 entries; must have at least 1");
  }
  if (!(contamination > 0 && contamination <= 0.5)) {
    return absl::InvalidArgumentError(
        fmt::format("contamination: value {}; must be above 0 and at most 0.5", contamination));
  }
  for (const double score : scores) {
    if (std::isfinite(score)) continue;
    return absl::InvalidArgumentError(fmt::format("scores: value {}; must be finite", score));
  }
  return Percentile(scores, 100 * contamination);
}

}  // namespace cairn::clustering
