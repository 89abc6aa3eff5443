#include "lib/clustering/scikit_tree.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "lib/clustering/random.h"

namespace cairn::clustering {
namespace {

// Bound of the seeds that are handed down, and greatest number of the splitter's generator.
constexpr std::uint32_t kLargestInt = 0x7fffffffU;

// A column varies when its values differ by more than this, computed in float32.
constexpr float kFeatureThreshold = 1e-7F;

// `sample_without_replacement(count, sample_size)`: the way depends on the share that is drawn.
std::vector<std::size_t> DrawScikitRows(std::size_t count, std::size_t sample_size,
                                        Mt19937& random) {
  const double share = static_cast<double>(sample_size) / static_cast<double>(count);
  std::vector<std::size_t> rows;
  rows.reserve(sample_size);
  if (share > 0.01 && share < 0.99) {
    const std::vector<std::int64_t> order = random.Permutation(count);
    for (std::size_t i = 0; i < sample_size; ++i) {
      rows.push_back(static_cast<std::size_t>(order[i]));
    }
    return rows;
  }
  if (share < 0.2) {
    std::unordered_set<std::size_t> taken;
    while (rows.size() < sample_size) {
      const auto row = static_cast<std::size_t>(random.NextBounded(count));
      if (taken.insert(row).second) rows.push_back(row);
    }
    return rows;
  }
  rows.resize(sample_size);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  for (std::size_t i = sample_size; i < count; ++i) {
    const auto place = static_cast<std::size_t>(random.NextBounded(i + 1));
    if (place < sample_size) rows[place] = i;
  }
  return rows;
}

// The splitter's generator.
class Xorshift {
 public:
  explicit Xorshift(std::uint32_t seed) : state_(seed) {}

  std::uint32_t Next() {
    if (state_ == 0) state_ = 1;
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ & kLargestInt;
  }

  // In [low, high); the low end is a little likelier, as there.
  std::size_t Between(std::size_t low, std::size_t high) { return low + Next() % (high - low); }

  double Uniform(double low, double high) { return (high - low) * Next() / kLargestInt + low; }

 private:
  std::uint32_t state_;
};

class ScikitGrower {
 public:
  ScikitGrower(const FloatRows& rows, std::vector<std::size_t> sample, std::uint32_t seed)
      : rows_(rows),
        order_(std::move(sample)),
        columns_(rows.columns),
        constant_(rows.columns),
        random_(seed) {
    std::iota(columns_.begin(), columns_.end(), std::int32_t{0});
    while ((std::size_t{1} << max_depth_) < std::max<std::size_t>(order_.size(), 2)) ++max_depth_;
  }

  IsolationTree Grow() {
    tree_.reserve(2 * order_.size());
    GrowNode(0, order_.size(), 0, 0);
    return std::move(tree_);
  }

 private:
  struct Range {
    float low;
    float high;
  };

  // Adds the node of order_[first … last) and all below it, where the first `known` of columns_ are
  // known not to vary. Depth is at most 32: safe to recurse.
  std::int32_t GrowNode(std::size_t first, std::size_t last, std::size_t depth, std::size_t known) {
    const auto index = static_cast<std::int32_t>(tree_.size());
    tree_.push_back({.row_count = static_cast<std::int32_t>(last - first)});
    if (depth >= max_depth_ || last - first < 2) return index;
    const std::int32_t column = DrawColumn(first, last, &known);
    if (column < 0) return index;
    const Range range = RangeOf(column, first, last);
    double threshold = random_.Uniform(range.low, range.high);
    if (threshold == range.high) threshold = range.low;
    const auto begin = order_.begin();
    const auto middle = std::partition(
        begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last),
        [&](std::size_t row) { return Value(row, column) <= threshold; });
    const auto cut_at = static_cast<std::size_t>(middle - begin);
    const std::int32_t left = GrowNode(first, cut_at, depth + 1, known);
    const std::int32_t right = GrowNode(cut_at, last, depth + 1, known);
    IsolationNode& node = tree_[static_cast<std::size_t>(index)];
    node.left = left;
    node.right = right;
    node.feature = column;
    node.threshold = threshold;
    return index;
  }

  // A column that varies, -1 when none does. columns_ is kept as scikit-learn keeps it, for what is
  // drawn next depends on its order: first those known not to vary (drawn ones in front), then
  // those found not to, then the rest. Adds what it finds to `known`.
  std::int32_t DrawColumn(std::size_t first, std::size_t last, std::size_t* known) {
    const std::size_t known_before = *known;
    std::size_t found = 0;
    std::size_t drawn = 0;
    std::int32_t chosen = -1;
    while (columns_.size() > *known) {
      std::size_t at = random_.Between(drawn, columns_.size() - found);
      if (at < known_before) {
        std::swap(columns_[at], columns_[drawn++]);
        continue;
      }
      at += found;
      const std::int32_t column = columns_[at];
      const Range range = RangeOf(column, first, last);
      if (range.high > range.low + kFeatureThreshold) {
        std::swap(columns_[at], columns_.back());
        chosen = column;
        break;
      }
      std::swap(columns_[at], columns_[(*known)++]);
      ++found;
    }
    KeepOrder(known_before, *known);
    return chosen;
  }

  // Siblings and children must find the columns known before in the order in which they were.
  void KeepOrder(std::size_t known_before, std::size_t known) {
    std::copy_n(constant_.begin(), known_before, columns_.begin());
    for (std::size_t i = known_before; i < known; ++i) constant_[i] = columns_[i];
  }

  Range RangeOf(std::int32_t column, std::size_t first, std::size_t last) const {
    Range range{Value(order_[first], column), Value(order_[first], column)};
    for (std::size_t i = first + 1; i < last; ++i) {
      const float value = Value(order_[i], column);
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
    return range;
  }

  float Value(std::size_t row, std::int32_t column) const {
    return rows_.values[row * rows_.columns + static_cast<std::size_t>(column)];
  }

  const FloatRows& rows_;
  std::vector<std::size_t> order_;
  std::vector<std::int32_t> columns_;
  std::vector<std::int32_t> constant_;  // the columns known not to vary, in the order found
  Xorshift random_;
  std::size_t max_depth_ = 0;
  IsolationTree tree_;
};

}  // namespace

std::vector<std::uint32_t> ScikitTreeSeeds(std::uint32_t random_state, std::size_t trees) {
  Mt19937 random(random_state);
  std::vector<std::uint32_t> seeds(trees);
  for (std::uint32_t& seed : seeds) {
    seed = static_cast<std::uint32_t>(random.NextBounded(kLargestInt));
  }
  return seeds;
}

IsolationTree GrowScikitTree(const FloatRows& rows, std::size_t sample_size, std::uint32_t seed) {
  // Both streams begin with the same seed: the one gives the tree's, the other its rows.
  const auto tree_seed = static_cast<std::uint32_t>(Mt19937(seed).NextBounded(kLargestInt));
  Mt19937 for_rows(seed);
  std::vector<std::size_t> sample = DrawScikitRows(rows.count, sample_size, for_rows);
  const auto split_seed = static_cast<std::uint32_t>(Mt19937(tree_seed).NextBounded(kLargestInt));
  return ScikitGrower(rows, std::move(sample), split_seed).Grow();
}

}  // namespace cairn::clustering
