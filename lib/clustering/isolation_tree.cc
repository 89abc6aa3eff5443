#include "lib/clustering/isolation_tree.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace cairn::clustering {
namespace {

// A column varies when its values differ by more than this, computed in float32.
constexpr float kConstantRange = 1e-7F;

// Different rows in the order drawn. Few of many are drawn by rejection: a mark per row is less to
// prepare than a number per row to shuffle.
std::vector<std::size_t> DrawRows(std::size_t count, std::size_t sample_size, Mt19937& random) {
  std::vector<std::size_t> drawn;
  drawn.reserve(sample_size);
  if (sample_size <= count / 2) {
    std::vector<bool> taken(count);
    while (drawn.size() < sample_size) {
      const auto row = static_cast<std::size_t>(random.NextBounded(count));
      if (taken[row]) continue;
      taken[row] = true;
      drawn.push_back(row);
    }
    return drawn;
  }
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t i = 0; i < sample_size; ++i) {
    std::swap(all[i], all[i + static_cast<std::size_t>(random.NextBounded(count - i))]);
    drawn.push_back(all[i]);
  }
  return drawn;
}

class TreeGrower {
 public:
  TreeGrower(const FloatRows& rows, const std::vector<std::size_t>& sample, Mt19937& random)
      : columns_(rows.columns),
        size_(sample.size()),
        random_(random),
        values_(columns_ * size_),
        order_(size_),
        untried_(columns_) {
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < columns_; ++j) {
        values_[j * size_ + i] = rows.values[sample[i] * columns_ + j];
      }
    }
    std::iota(order_.begin(), order_.end(), std::int32_t{0});
    std::iota(untried_.begin(), untried_.end(), std::int32_t{0});
    while ((std::size_t{1} << max_depth_) < std::max<std::size_t>(size_, 2)) ++max_depth_;
  }

  IsolationTree Grow() {
    tree_.reserve(2 * size_);
    GrowNode(0, size_, 0);
    return std::move(tree_);
  }

 private:
  struct Cut {
    std::int32_t feature = -1;  // -1: no column varies
    float low = 0;
    float high = 0;
  };

  // Adds the node of order_[first … last) and all below it. Depth is at most 32: safe to recurse.
  std::int32_t GrowNode(std::size_t first, std::size_t last, std::size_t depth) {
    const auto index = static_cast<std::int32_t>(tree_.size());
    tree_.push_back({.row_count = static_cast<std::int32_t>(last - first)});
    if (depth >= max_depth_ || last - first < 2) return index;
    const Cut cut = DrawCut(first, last);
    if (cut.feature < 0) return index;
    double threshold = random_.NextUniform(cut.low, cut.high);
    if (threshold >= cut.high) threshold = cut.low;
    const float* column = Column(cut.feature);
    const auto begin = order_.begin();
    const auto middle = std::partition(begin + static_cast<std::ptrdiff_t>(first),
                                       begin + static_cast<std::ptrdiff_t>(last),
                                       [&](std::int32_t row) { return column[row] <= threshold; });
    const auto cut_at = static_cast<std::size_t>(middle - begin);
    const std::int32_t left = GrowNode(first, cut_at, depth + 1);
    const std::int32_t right = GrowNode(cut_at, last, depth + 1);
    IsolationNode& node = tree_[static_cast<std::size_t>(index)];
    node.left = left;
    node.right = right;
    node.feature = cut.feature;
    node.threshold = threshold;
    return index;
  }

  // Draws columns without replacement until one varies: an even choice among those that do.
  Cut DrawCut(std::size_t first, std::size_t last) {
    for (std::size_t left = columns_; left > 0; --left) {
      std::swap(untried_[static_cast<std::size_t>(random_.NextBounded(left))], untried_[left - 1]);
      const std::int32_t feature = untried_[left - 1];
      const float* column = Column(feature);
      float low = column[order_[first]];
      float high = low;
      for (std::size_t i = first + 1; i < last; ++i) {
        const float value = column[order_[i]];
        low = std::min(low, value);
        high = std::max(high, value);
      }
      if (high > low + kConstantRange) return {feature, low, high};
    }
    return {};
  }

  const float* Column(std::int32_t feature) const {
    return values_.data() + static_cast<std::size_t>(feature) * size_;
  }

  const std::size_t columns_;
  const std::size_t size_;
  std::size_t max_depth_ = 0;
  Mt19937& random_;
  std::vector<float> values_;  // of the sample, column after column
  std::vector<std::int32_t> order_;
  std::vector<std::int32_t> untried_;
  IsolationTree tree_;
};

}  // namespace

IsolationTree GrowIsolationTree(const FloatRows& rows, std::size_t sample_size, Mt19937& random) {
  return TreeGrower(rows, DrawRows(rows.count, sample_size, random), random).Grow();
}

}  // namespace cairn::clustering
