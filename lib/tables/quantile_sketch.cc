#include "lib/tables/quantile_sketch.h"

#include <algorithm>
#include <cmath>

namespace cairn::tables {
namespace {

constexpr double kTopCapacity = 1024;
constexpr double kShrink = 2.0 / 3;
constexpr double kLeastCapacity = 8;

}  // namespace

QuantileSketch::QuantileSketch() { AddLevel(); }

size_t QuantileSketch::Capacity(size_t level) const {
  const auto below_top = static_cast<double>(levels_.size() - 1 - level);
  const double capacity = std::ceil(kTopCapacity * std::pow(kShrink, below_top));
  return static_cast<size_t>(std::max(kLeastCapacity, capacity));
}

void QuantileSketch::AddLevel() {
  levels_.emplace_back();
  limit_ = 0;
  for (size_t level = 0; level < levels_.size(); ++level) limit_ += Capacity(level);
}

void QuantileSketch::Add(double value) {
  levels_[0].push_back(value);
  ++count_;
  if (++retained_ > limit_) Compress();
}

void QuantileSketch::Compress() {
  for (size_t level = 0; level < levels_.size() && retained_ > limit_; ++level) {
    if (levels_[level].size() >= Capacity(level)) Promote(level);
  }
}

void QuantileSketch::Promote(size_t level) {
  if (level + 1 == levels_.size()) AddLevel();
  std::vector<double>& from = levels_[level];
  std::vector<double>& to = levels_[level + 1];
  std::sort(from.begin(), from.end());
  const size_t pairs = from.size() / 2;
  const bool odd = from.size() % 2 == 1;
  const double left_over = from.back();
  for (size_t i = Coin() ? 1 : 0; i < 2 * pairs; i += 2) to.push_back(from[i]);
  from.clear();
  if (odd) from.push_back(left_over);
  retained_ -= pairs;
}

bool QuantileSketch::Coin() {
  coins_ ^= coins_ << 13;
  coins_ ^= coins_ >> 7;
  coins_ ^= coins_ << 17;
  return (coins_ >> 63) != 0;
}

std::vector<QuantileSketch::Weighted> QuantileSketch::Sorted() const {
  std::vector<Weighted> all;
  all.reserve(retained_);
  for (size_t level = 0; level < levels_.size(); ++level) {
    for (const double value : levels_[level]) all.push_back({value, int64_t{1} << level});
  }
  std::sort(all.begin(), all.end(),
            [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  return all;
}

std::vector<double> QuantileSketch::Quantiles(const std::vector<double>& shares) const {
  const std::vector<Weighted> all = Sorted();
  std::vector<double> quantiles;
  if (all.empty()) return quantiles;
  for (const double share : shares) {
    const auto rank = static_cast<int64_t>(std::ceil(share * static_cast<double>(count_)));
    int64_t passed = 0;
    size_t at = 0;
    while (at + 1 < all.size() && passed + all[at].weight < rank) passed += all[at++].weight;
    quantiles.push_back(all[at].value);
  }
  return quantiles;
}

std::vector<int64_t> QuantileSketch::Histogram(double min, double max, int bins) const {
  // Halved, so that the span of the largest doubles does not overflow.
  const double span = (max / 2) - (min / 2);
  std::vector<int64_t> counts(span > 0 ? static_cast<size_t>(bins) : 1);
  for (const Weighted& kept : Sorted()) {
    const double share = span > 0 ? ((kept.value / 2) - (min / 2)) / span : 0;
    const auto bin = static_cast<size_t>(share * static_cast<double>(counts.size()));
    counts[std::min(bin, counts.size() - 1)] += kept.weight;
  }
  return counts;
}

}  // namespace cairn::tables
