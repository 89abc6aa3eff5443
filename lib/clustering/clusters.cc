#include "lib/clustering/clusters.h"

#include <fmt/format.h>

#include <algorithm>

namespace cairn::clustering {

absl::StatusOr<Clusters> GroupRows(const Matrix& rows, const Labels& labels) {
  if (absl::Status status = CheckMatrix(rows, "rows"); !status.ok()) return status;
  if (absl::Status status = CheckLabels(labels, "labels", rows.rows(), rows.rows()); !status.ok()) {
    return status;
  }
  const std::int32_t top = *std::max_element(labels.begin(), labels.end());
  std::vector<std::size_t> sizes(static_cast<std::size_t>(top) + 1);
  for (const std::int32_t label : labels) ++sizes[static_cast<std::size_t>(label)];

  Clusters clusters;
  std::vector<std::size_t> number_of(sizes.size());
  for (std::size_t label = 0; label < sizes.size(); ++label) {
    if (sizes[label] == 0) continue;
    number_of[label] = clusters.count();
    clusters.names.push_back(static_cast<std::int32_t>(label));
    clusters.sizes.push_back(sizes[label]);
  }
  if (clusters.count() < 2 || clusters.count() >= labels.size()) {
    return absl::InvalidArgumentError(
        fmt::format("labels: {} different values; must be 2 to the number of rows minus 1, {}",
                    clusters.count(), labels.size() - 1));
  }
  clusters.numbers.reserve(labels.size());
  for (const std::int32_t label : labels) {
    clusters.numbers.push_back(number_of[static_cast<std::size_t>(label)]);
  }
  return clusters;
}

Matrix Centroids(const Matrix& rows, const Clusters& clusters) {
  Matrix means = Matrix::Zero(static_cast<Eigen::Index>(clusters.count()), rows.cols());
  const auto d = static_cast<std::size_t>(rows.cols());
  for (std::size_t i = 0; i < clusters.numbers.size(); ++i) {
    double* mean = means.data() + clusters.numbers[i] * d;
    for (std::size_t j = 0; j < d; ++j) mean[j] += rows.data()[i * d + j];
  }
  for (std::size_t c = 0; c < clusters.count(); ++c) {
    double* mean = means.data() + c * d;
    for (std::size_t j = 0; j < d; ++j) mean[j] /= static_cast<double>(clusters.sizes[c]);
  }
  return means;
}

}  // namespace cairn::clustering
