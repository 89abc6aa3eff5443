#include "lib/clustering/indices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "lib/clustering/clusters.h"

namespace cairn::clustering {
namespace {

// What scikit-learn takes for "all zero" in the Davies-Bouldin index (numpy.allclose).
constexpr double kNothing = 1e-8;

double SquaredDistance(const double* a, const double* b, Eigen::Index d) {
  double sum = 0;
  for (Eigen::Index j = 0; j < d; ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
  return sum;
}

// Mean distance of every cluster's rows to its centroid.
std::vector<double> Spreads(const Matrix& rows, const Clusters& clusters, const Matrix& centroids) {
  std::vector<double> spreads(clusters.count());
  for (std::size_t i = 0; i < clusters.numbers.size(); ++i) {
    const std::size_t c = clusters.numbers[i];
    spreads[c] +=
        std::sqrt(SquaredDistance(rows.row(static_cast<Eigen::Index>(i)).data(),
                                  centroids.row(static_cast<Eigen::Index>(c)).data(), rows.cols()));
  }
  for (std::size_t c = 0; c < clusters.count(); ++c) {
    spreads[c] /= static_cast<double>(clusters.sizes[c]);
  }
  return spreads;
}

Matrix CentroidDistances(const Matrix& centroids) {
  Matrix distances(centroids.rows(), centroids.rows());
  for (Eigen::Index a = 0; a < centroids.rows(); ++a) {
    for (Eigen::Index b = 0; b < centroids.rows(); ++b) {
      distances(a, b) = std::sqrt(
          SquaredDistance(centroids.row(a).data(), centroids.row(b).data(), centroids.cols()));
    }
  }
  return distances;
}

double DaviesBouldinOf(const Matrix& rows, const Clusters& clusters, const Matrix& centroids) {
  const std::vector<double> spreads = Spreads(rows, clusters, centroids);
  const Matrix distances = CentroidDistances(centroids);
  if (*std::max_element(spreads.begin(), spreads.end()) <= kNothing ||
      *std::max_element(distances.data(), distances.data() + distances.size()) <= kNothing) {
    return 0.0;
  }
  double total = 0;
  for (Eigen::Index a = 0; a < centroids.rows(); ++a) {
    double worst = 0;
    for (Eigen::Index b = 0; b < centroids.rows(); ++b) {
      if (distances(a, b) == 0) continue;  // infinitely far, as scikit-learn has it
      const double spread =
          spreads[static_cast<std::size_t>(a)] + spreads[static_cast<std::size_t>(b)];
      worst = std::max(worst, spread / distances(a, b));
    }
    total += worst;
  }
  return total / static_cast<double>(centroids.rows());
}

double CalinskiHarabaszOf(const Matrix& rows, const Clusters& clusters, const Matrix& centroids) {
  Clusters everything;
  everything.names = {0};
  everything.numbers.assign(clusters.numbers.size(), 0);
  everything.sizes = {clusters.numbers.size()};
  const Matrix mean = Centroids(rows, everything);
  double between = 0;
  for (std::size_t c = 0; c < clusters.count(); ++c) {
    between += static_cast<double>(clusters.sizes[c]) *
               SquaredDistance(centroids.row(static_cast<Eigen::Index>(c)).data(), mean.data(),
                               rows.cols());
  }
  double within = 0;
  for (std::size_t i = 0; i < clusters.numbers.size(); ++i) {
    const auto c = static_cast<Eigen::Index>(clusters.numbers[i]);
    within += SquaredDistance(rows.row(static_cast<Eigen::Index>(i)).data(),
                              centroids.row(c).data(), rows.cols());
  }
  if (within == 0) return 1.0;
  const auto k = static_cast<double>(clusters.count());
  return between * (static_cast<double>(clusters.numbers.size()) - k) / (within * (k - 1));
}

// n choose 2, doubled: pairs as scikit-learn counts them, both ways round.
double OrderedPairs(std::int64_t n) { return static_cast<double>(n) * static_cast<double>(n - 1); }

absl::Status CheckPair(const Labels& a, const Labels& b) {
  if (a.empty()) return absl::InvalidArgumentError("labels: has 0 entries; must have at least 1");
  if (a.size() != b.size()) {
    return absl::InvalidArgumentError(
        fmt::format("labels: have {} and {} entries; must be equally many", a.size(), b.size()));
  }
  const auto rows = static_cast<Eigen::Index>(a.size());
  constexpr std::int64_t kAnyLabel = std::int64_t{1} << 31;
  if (absl::Status status = CheckLabels(a, "labels", rows, kAnyLabel); !status.ok()) return status;
  return CheckLabels(b, "labels", rows, kAnyLabel);
}

// The ordered pairs of entries with equal values, all values being 0 … bound - 1.
double PairsTogether(std::vector<std::int64_t> values, std::int64_t bound) {
  double pairs = 0;
  if (bound <= 4 * static_cast<std::int64_t>(values.size()) + 1024) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(bound));
    for (const std::int64_t value : values) ++counts[static_cast<std::size_t>(value)];
    for (const std::int64_t count : counts) pairs += OrderedPairs(count);
    return pairs;
  }
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size();) {
    const std::size_t first = i;
    while (i < values.size() && values[i] == values[first]) ++i;
    pairs += OrderedPairs(static_cast<std::int64_t>(i - first));
  }
  return pairs;
}

std::int64_t BoundOf(const Labels& labels) {
  return std::int64_t{*std::max_element(labels.begin(), labels.end())} + 1;
}

}  // namespace

absl::StatusOr<double> DaviesBouldin(const Matrix& rows, const Labels& labels) {
  absl::StatusOr<Clusters> clusters = GroupRows(rows, labels);
  if (!clusters.ok()) return clusters.status();
  return DaviesBouldinOf(rows, *clusters, Centroids(rows, *clusters));
}

absl::StatusOr<double> CalinskiHarabasz(const Matrix& rows, const Labels& labels) {
  absl::StatusOr<Clusters> clusters = GroupRows(rows, labels);
  if (!clusters.ok()) return clusters.status();
  return CalinskiHarabaszOf(rows, *clusters, Centroids(rows, *clusters));
}

absl::StatusOr<CentroidIndices> ComputeCentroidIndices(const Matrix& rows, const Labels& labels) {
  absl::StatusOr<Clusters> clusters = GroupRows(rows, labels);
  if (!clusters.ok()) return clusters.status();
  const Matrix centroids = Centroids(rows, *clusters);
  return CentroidIndices{DaviesBouldinOf(rows, *clusters, centroids),
                         CalinskiHarabaszOf(rows, *clusters, centroids)};
}

absl::StatusOr<double> Inertia(const Matrix& rows, const Labels& labels, const Matrix& centers) {
  if (absl::Status status = CheckMatrix(rows, "rows"); !status.ok()) return status;
  if (absl::Status status = CheckMatrix(centers, "centers"); !status.ok()) return status;
  if (centers.cols() != rows.cols()) {
    return absl::InvalidArgumentError(fmt::format(
        "centers: has {} columns; must have as many as the rows, {}", centers.cols(), rows.cols()));
  }
  if (absl::Status status = CheckLabels(labels, "labels", rows.rows(), centers.rows());
      !status.ok()) {
    return status;
  }
  double inertia = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    inertia += SquaredDistance(rows.row(static_cast<Eigen::Index>(i)).data(),
                               centers.row(labels[i]).data(), rows.cols());
  }
  return inertia;
}

absl::StatusOr<ClusterShares> ComputeShares(const Labels& labels, int k) {
  if (k < 1) return absl::InvalidArgumentError(fmt::format("k: value {}; must be >= 1", k));
  if (labels.empty()) {
    return absl::InvalidArgumentError("labels: has 0 entries; must have at least 1");
  }
  ClusterShares result;
  result.sizes.resize(static_cast<std::size_t>(k));
  for (const std::int32_t label : labels) {
    if (label < 0 || label >= k) {
      return absl::InvalidArgumentError(
          fmt::format("labels: value {}; must be 0 to {}", label, k - 1));
    }
    ++result.sizes[static_cast<std::size_t>(label)];
  }
  for (const std::int64_t size : result.sizes) {
    result.shares.push_back(static_cast<double>(size) / static_cast<double>(labels.size()));
  }
  const auto [smallest, largest] = std::minmax_element(result.shares.begin(), result.shares.end());
  result.smallest = *smallest;
  result.largest = *largest;
  return result;
}

absl::StatusOr<double> AdjustedRandIndex(const Labels& a, const Labels& b) {
  if (absl::Status status = CheckPair(a, b); !status.ok()) return status;
  const std::int64_t bound_a = BoundOf(a);
  const std::int64_t bound_b = BoundOf(b);
  std::vector<std::int64_t> joint;
  joint.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) joint.push_back(a[i] * bound_b + b[i]);
  // Ordered pairs of rows that are together in both, in a only, in b only, in neither.
  const double both = PairsTogether(std::move(joint), bound_a * bound_b);
  const double only_a = PairsTogether({a.begin(), a.end()}, bound_a) - both;
  const double only_b = PairsTogether({b.begin(), b.end()}, bound_b) - both;
  const double neither = OrderedPairs(static_cast<std::int64_t>(a.size())) - both - only_a - only_b;
  if (only_a == 0 && only_b == 0) return 1.0;
  return 2.0 * (both * neither - only_a * only_b) /
         ((both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither));
}

absl::StatusOr<double> Stability(std::span<const Labels> clusterings) {
  double total = 0;
  std::int64_t pairs = 0;
  for (std::size_t i = 0; i < clusterings.size(); ++i) {
    for (std::size_t j = i + 1; j < clusterings.size(); ++j) {
      absl::StatusOr<double> index = AdjustedRandIndex(clusterings[i], clusterings[j]);
      if (!index.ok()) return index.status();
      total += *index;
      ++pairs;
    }
  }
  return pairs == 0 ? 1.0 : total / static_cast<double>(pairs);
}

}  // namespace cairn::clustering
