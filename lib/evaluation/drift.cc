#include "lib/evaluation/drift.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace cairn::evaluation {
namespace {

constexpr int kDeciles = 10;

// Upper edges of all bins but the last, ascending and different, and the share of training of each
// bin.
struct Bins {
  std::vector<double> edges;
  std::vector<double> shares;
};

bool KeepsShares(const cairn::v1::SegmentationModel::Feature& feature) {
  return feature.edge_shares_size() == kDeciles - 1;
}

Bins TrainingBins(const cairn::v1::SegmentationModel::Feature& feature) {
  if (feature.min() == feature.max()) {
    // What is below: up to the number before it.
    const double below = std::nextafter(feature.min(), -INFINITY);
    return {{below, feature.min()}, {0, 1, 0}};
  }
  Bins bins;
  const bool has_shares = KeepsShares(feature);
  double before = 0;  // the share below the bin
  for (int i = 1; i < kDeciles; ++i) {
    const double edge = feature.decile_edges(i - 1);
    const double next = i + 1 < kDeciles ? feature.decile_edges(i) : feature.max();
    // Nothing lay above the greatest value, so what lies up to it is the last bin.
    if (edge == next || edge >= feature.max()) continue;
    bins.edges.push_back(edge);
    const double up_to =
        has_shares ? feature.edge_shares(i - 1) : static_cast<double>(i) / kDeciles;
    bins.shares.push_back(up_to - before);
    before = up_to;
  }
  bins.shares.push_back(1 - before);
  return bins;
}

}  // namespace

std::optional<double> StabilityIndex(const cairn::v1::SegmentationModel::Feature& feature,
                                     std::span<const double> values) {
  if (feature.decile_edges_size() != kDeciles - 1 || values.empty()) return std::nullopt;
  const Bins bins = TrainingBins(feature);
  std::vector<int64_t> counts(bins.shares.size());
  for (const double value : values) {
    const auto bin = std::lower_bound(bins.edges.begin(), bins.edges.end(), value);
    ++counts[static_cast<size_t>(bin - bins.edges.begin())];
  }
  double index = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double now =
        std::max(static_cast<double>(counts[i]) / static_cast<double>(values.size()), kLeastShare);
    const double then = std::max(bins.shares[i], kLeastShare);
    index += (now - then) * std::log(now / then);
  }
  return index;
}

bool HasEdgeShares(const cairn::v1::SegmentationModel& model) {
  return std::all_of(model.features().begin(), model.features().end(), KeepsShares);
}

std::optional<double> LargestStabilityIndex(const cairn::v1::SegmentationModel& model,
                                            const model::Matrix& raw) {
  double largest = 0;
  for (int j = 0; j < model.features_size(); ++j) {
    const Eigen::VectorXd column = raw.col(j);
    const std::span<const double> values(column.data(), static_cast<size_t>(column.size()));
    const std::optional<double> index = StabilityIndex(model.features(j), values);
    if (!index.has_value()) return std::nullopt;
    largest = std::max(largest, *index);
  }
  return largest;
}

}  // namespace cairn::evaluation
