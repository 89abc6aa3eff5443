#include "lib/evaluation/two_samples.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "lib/clustering/scaler.h"
#include "lib/evaluation/drift.h"

namespace cairn::evaluation {
namespace {

constexpr int kBins = 10;

// Upper edges of all bins but the last, ascending and different.
std::vector<double> EdgesOf(std::span<const double> reference) {
  if (reference.front() == reference.back()) {
    return {std::nextafter(reference.front(), -INFINITY), reference.front()};
  }
  std::vector<double> edges;
  for (int i = 1; i < kBins; ++i) {
    const double edge = clustering::Percentile(reference, 100.0 * i / kBins);
    if (edge >= reference.back()) break;
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  }
  return edges;
}

std::vector<double> SharesOf(const std::vector<double>& edges, std::span<const double> values) {
  std::vector<int64_t> counts(edges.size() + 1);
  for (const double value : values) {
    ++counts[static_cast<size_t>(std::lower_bound(edges.begin(), edges.end(), value) -
                                 edges.begin())];
  }
  std::vector<double> shares;
  for (const int64_t count : counts) {
    shares.push_back(
        std::max(static_cast<double>(count) / static_cast<double>(values.size()), kLeastShare));
  }
  return shares;
}

}  // namespace

double KolmogorovTail(double x) {
  // Below this the tail is 1 to the last bit, and the series needs ever more terms.
  if (x < 0.2) return 1;
  double sum = 0;
  for (int j = 1; j <= 100; ++j) {
    const double term = std::exp(-2.0 * j * j * x * x);
    sum += j % 2 == 1 ? term : -term;
    if (term < 1e-17) break;
  }
  return std::clamp(2 * sum, 0.0, 1.0);
}

KsTest KolmogorovSmirnov(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  double largest = 0;
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const double value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    largest = std::max(largest, std::abs(static_cast<double>(i) / n - static_cast<double>(j) / m));
  }
  return {largest, KolmogorovTail(largest * std::sqrt(n * m / (n + m)))};
}

double StabilityIndexOf(std::span<const double> reference, std::span<const double> current) {
  const std::vector<double> edges = EdgesOf(reference);
  const std::vector<double> then = SharesOf(edges, reference);
  const std::vector<double> now = SharesOf(edges, current);
  double index = 0;
  for (size_t i = 0; i < now.size(); ++i) index += (now[i] - then[i]) * std::log(now[i] / then[i]);
  return index;
}

double OutOfRangeShare(std::span<const double> reference, std::span<const double> current) {
  const auto outside = std::count_if(current.begin(), current.end(), [&](double value) {
    return value < reference.front() || value > reference.back();
  });
  return static_cast<double>(outside) / static_cast<double>(current.size());
}

}  // namespace cairn::evaluation
