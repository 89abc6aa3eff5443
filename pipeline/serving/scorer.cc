#include "pipeline/serving/scorer.h"

#include <cmath>
#include <map>

#include "lib/model/transform.h"

namespace cairn::pipeline::serving {
namespace {

// Rows that are computed side by side: two registers of four doubles for each value.
constexpr int kBlock = 8;

}  // namespace

Scorer::Scorer(const model::Predictor& predictor)
    : centers_(predictor.centers()), components_(predictor.component_count()) {
  std::map<int, std::vector<int>> groups;
  for (const Feature& feature : predictor.model().features()) {
    const int group = feature.row_norm_group();
    if (group != 0) groups[group].push_back(static_cast<int>(columns_.size()));
    columns_.push_back(
        {feature.transform(), group == 0, feature.center(), feature.scale(), &feature});
  }
  for (auto& [group, columns] : groups) norm_groups_.push_back(std::move(columns));
  if (!predictor.model().has_projection()) return;
  means_ = predictor.model().projection().mean().data();
  axes_ = predictor.model().projection().components().data();
}

// Values lie feature by feature, the rows of the block side by side.
template <int kLanes>
void Scorer::Prepare(const double* rows, double* prepared) const {
  const size_t width = columns_.size();
  for (size_t j = 0; j < width; ++j) {
    const Column& column = columns_[j];
    double* const values = prepared + j * kLanes;
    for (int i = 0; i < kLanes; ++i) values[i] = rows[static_cast<size_t>(i) * width + j];
    if (column.transform == Feature::SIGNED_LOG) {
      for (int i = 0; i < kLanes; ++i) values[i] = model::SignedLog(values[i]);
    } else if (column.transform == Feature::QUANTILE) {
      const auto& quantiles = column.feature->quantiles();
      for (int i = 0; i < kLanes; ++i) values[i] = model::QuantileShare(quantiles, values[i]);
    }
    if (!column.centred) continue;
    for (int i = 0; i < kLanes; ++i) values[i] = (values[i] - column.center) / column.scale;
  }
  for (const std::vector<int>& group : norm_groups_) {
    double norms[kLanes] = {};
    for (const int j : group) {
      const double* const values = prepared + j * kLanes;
      for (int i = 0; i < kLanes; ++i) norms[i] += values[i] * values[i];
    }
    for (int i = 0; i < kLanes; ++i) norms[i] = norms[i] == 0 ? 1.0 : std::sqrt(norms[i]);
    for (const int j : group) {
      double* const values = prepared + j * kLanes;
      for (int i = 0; i < kLanes; ++i) values[i] /= norms[i];
    }
  }
}

template <int kLanes>
void Scorer::Project(double* prepared, double* components) const {
  const size_t width = columns_.size();
  for (size_t j = 0; j < width; ++j) {
    double* const values = prepared + j * kLanes;
    for (int i = 0; i < kLanes; ++i) values[i] -= means_[j];
  }
  for (int c = 0; c < components_; ++c) {
    const double* const axis = axes_ + static_cast<size_t>(c) * width;
    double sums[kLanes] = {};
    for (size_t j = 0; j < width; ++j) {
      const double* const values = prepared + j * kLanes;
      for (int i = 0; i < kLanes; ++i) sums[i] += values[i] * axis[j];
    }
    for (int i = 0; i < kLanes; ++i) components[c * kLanes + i] = sums[i];
  }
}

template <int kLanes>
void Scorer::Assign(const double* points, int32_t* segments, double* distances) const {
  double least[kLanes] = {};
  int64_t nearest[kLanes] = {};
  for (Eigen::Index s = 0; s < centers_.rows(); ++s) {
    const double* const center = centers_.data() + s * components_;
    double squares[kLanes] = {};
    for (int c = 0; c < components_; ++c) {
      for (int i = 0; i < kLanes; ++i) {
        const double difference = points[c * kLanes + i] - center[c];
        squares[i] += difference * difference;
      }
    }
    for (int i = 0; i < kLanes; ++i) {
      const bool nearer = s == 0 || squares[i] < least[i];
      least[i] = nearer ? squares[i] : least[i];
      nearest[i] = nearer ? s : nearest[i];
    }
  }
  for (int i = 0; i < kLanes; ++i) {
    segments[i] = static_cast<int32_t>(nearest[i]);
    distances[i] = std::sqrt(least[i]);
  }
}

template <int kLanes>
void Scorer::ScoreBlock(const double* rows, int32_t* segments, double* distances,
                        double* scratch) const {
  double* const components = scratch + columns_.size() * kLanes;
  Prepare<kLanes>(rows, scratch);
  if (means_ == nullptr) return Assign<kLanes>(scratch, segments, distances);
  Project<kLanes>(scratch, components);
  Assign<kLanes>(components, segments, distances);
}

void Scorer::Score(std::span<const double> rows, std::span<int32_t> segments,
                   std::span<double> distances) const {
  const size_t width = columns_.size();
  const size_t lanes = segments.size() >= kBlock ? kBlock : 1;
  std::vector<double> scratch((width + static_cast<size_t>(components_)) * lanes);
  size_t row = 0;
  for (; row + kBlock <= segments.size(); row += kBlock) {
    ScoreBlock<kBlock>(&rows[row * width], &segments[row], &distances[row], scratch.data());
  }
  for (; row < segments.size(); ++row) {
    ScoreBlock<1>(&rows[row * width], &segments[row], &distances[row], scratch.data());
  }
}

}  // namespace cairn::pipeline::serving
