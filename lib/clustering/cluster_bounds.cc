#include "lib/clustering/cluster_bounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "lib/clustering/kernels.h"

namespace cairn::clustering {
namespace {

// Sums of distances are wrong by less than this share of themselves.
constexpr double kRelativeRounding = 1e-6;

double VarianceOf(const Matrix& rows, std::span<const std::uint32_t> places, Eigen::Index column) {
  double sum = 0;
  double squares = 0;
  for (const std::uint32_t place : places) {
    const double value = rows(place, column);
    sum += value;
    squares += value * value;
  }
  return squares - sum * sum / static_cast<double>(places.size());
}

// Cuts the places into pieces, each of them cut again.
void Cut(const Matrix& rows, std::span<std::uint32_t> places) {
  if (places.size() <= kWideLanes) return;
  Eigen::Index widest = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (Eigen::Index j = 0; j < rows.cols(); ++j) {
    const double variance = VarianceOf(rows, places, j);
    if (variance > most) {
      most = variance;
      widest = j;
    }
  }
  // Whole groups on the left.
  const std::size_t middle = (places.size() / 2 + kWideLanes - 1) / kWideLanes * kWideLanes;
  std::nth_element(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(middle),
                   places.end(), [&](std::uint32_t a, std::uint32_t b) {
                     return std::pair(rows(a, widest), a) < std::pair(rows(b, widest), b);
                   });
  Cut(rows, places.first(middle));
  Cut(rows, places.subspan(middle));
}

}  // namespace

ClusterBounds::ClusterBounds(const Matrix& rows, const Clusters& clusters)
    : clusters_(clusters), centroids_(Centroids(rows, clusters)), variances_(clusters.count()) {
  for (std::size_t i = 0; i < clusters.numbers.size(); ++i) {
    const std::size_t c = clusters.numbers[i];
    variances_[c] +=
        (rows.row(static_cast<Eigen::Index>(i)) - centroids_.row(static_cast<Eigen::Index>(c)))
            .squaredNorm();
  }
  for (std::size_t c = 0; c < clusters.count(); ++c) {
    variances_[c] /= static_cast<double>(clusters.sizes[c]);
  }
  // A centroid is a sum of up to as many values as there are rows.
  constexpr double kTimes = 8;
  rounding_ = kTimes * std::numeric_limits<double>::epsilon() * rows.cwiseAbs().maxCoeff() *
              static_cast<double>(rows.rows()) * static_cast<double>(rows.cols());
}

// Comparisons are such that what is not a number keeps a cluster.
void ClusterBounds::AppendNeeded(std::span<const std::uint32_t> rows, const double* blocks,
                                 std::vector<std::uint32_t>& needed) const {
  const std::size_t count = clusters_.count();
  std::vector<double> distances(count * kWideLanes);
  ActiveKernels().wide_distances(blocks, static_cast<std::size_t>(centroids_.cols()),
                                 centroids_.data(), count, distances.data());
  // What the nearest other cluster of each row is at most away.
  std::array<double, kWideLanes> most;
  std::array<std::size_t, kWideLanes> own;
  for (std::size_t lane = 0; lane < rows.size(); ++lane) {
    own[lane] = clusters_.numbers[rows[lane]];
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < count; ++c) {
      const double distance = distances[c * kWideLanes + lane];
      if (c != own[lane]) least = std::min(least, distance * distance + variances_[c]);
    }
    most[lane] = std::sqrt(least) * (1 + kRelativeRounding) + rounding_;
  }
  for (std::size_t c = 0; c < count; ++c) {
    bool is_needed = false;
    for (std::size_t lane = 0; lane < rows.size(); ++lane) {
      // A centroid that overflowed says nothing of how near its cluster is.
      const double distance = distances[c * kWideLanes + lane];
      is_needed |= own[lane] == c || !(distance > most[lane]) || !std::isfinite(distance);
    }
    if (is_needed) needed.push_back(static_cast<std::uint32_t>(c));
  }
}

std::vector<std::uint32_t> SpatialOrder(const Matrix& rows) {
  std::vector<std::uint32_t> places(static_cast<std::size_t>(rows.rows()));
  std::iota(places.begin(), places.end(), std::uint32_t{0});
  Cut(rows, places);
  return places;
}

}  // namespace cairn::clustering
