#include "pipeline/serving/scorer.h"

#include <cmath>
#include <map>

#include "lib/model/transform.h"
#include "pipeline/serving/wide.h"

namespace cairn::pipeline::serving {
namespace {

// Rows that are computed side by side: four registers of four doubles for each value, so that sums
// of as many rows are under way at a time.
constexpr int kBlock = 16;
constexpr size_t kWholeLogs = 1024;

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
  for (size_t i = 0; i < kWholeLogs; ++i) {
    whole_logs_.push_back(model::SignedLog(static_cast<double>(i)));
  }
  for (auto& [group, columns] : groups) norm_groups_.push_back(std::move(columns));
  if (!predictor.model().has_projection()) return;
  means_ = predictor.model().projection().mean().data();
  axes_ = predictor.model().projection().components().data();
}

CAIRN_INLINE double Scorer::SignedLog(double x) const {
  // The sign of zero counts too.
  if (x >= 1 && x < static_cast<double>(kWholeLogs)) {
    const auto whole = static_cast<int32_t>(x);
    if (static_cast<double>(whole) == x) return whole_logs_[static_cast<size_t>(whole)];
  }
  return model::SignedLog(x);
}

// Values lie feature by feature, the rows of the block side by side.
template <int kLanes>
CAIRN_INLINE void Scorer::Prepare(const double* rows, double* prepared) const {
  const size_t width = columns_.size();
  for (size_t j = 0; j < width; ++j) {
    const Column& column = columns_[j];
    double* const values = prepared + j * kLanes;
    for (int i = 0; i < kLanes; ++i) values[i] = rows[static_cast<size_t>(i) * width + j];
    if (column.transform == Feature::SIGNED_LOG) {
      for (int i = 0; i < kLanes; ++i) values[i] = SignedLog(values[i]);
    } else if (column.transform == Feature::QUANTILE) {
      const auto& quantiles = column.feature->quantiles();
      for (int i = 0; i < kLanes; ++i) values[i] = model::QuantileShare(quantiles, values[i]);
    }
    if (!column.centred) continue;
    // Copies, because what is written could be what is read otherwise, for all the compiler knows.
    const double center = column.center;
    const double scale = column.scale;
    for (int i = 0; i < kLanes; ++i) values[i] = (values[i] - center) / scale;
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
CAIRN_INLINE void Scorer::Project(double* prepared, double* components) const {
  const size_t width = columns_.size();
  for (size_t j = 0; j < width; ++j) {
    double* const values = prepared + j * kLanes;
    const double mean = means_[j];
    for (int i = 0; i < kLanes; ++i) values[i] -= mean;
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
CAIRN_INLINE void Scorer::Assign(const double* points, int32_t* segments, double* distances) const {
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
CAIRN_INLINE size_t Scorer::ScoreBlocks(std::span<const double> rows, size_t row,
                                        std::span<int32_t> segments, std::span<double> distances,
                                        double* scratch) const {
  const size_t width = columns_.size();
  double* const components = means_ == nullptr ? scratch : scratch + width * kLanes;
  for (; row + kLanes <= segments.size(); row += kLanes) {
    Prepare<kLanes>(&rows[row * width], scratch);
    if (means_ != nullptr) Project<kLanes>(scratch, components);
    Assign<kLanes>(components, &segments[row], &distances[row]);
  }
  return row;
}

CAIRN_WIDE size_t Scorer::ScoreWideBlocks(std::span<const double> rows, size_t row,
                                          std::span<int32_t> segments, std::span<double> distances,
                                          double* scratch) const {
  return ScoreBlocks<kBlock>(rows, row, segments, distances, scratch);
}

void Scorer::Score(std::span<const double> rows, std::span<int32_t> segments,
                   std::span<double> distances) const {
  const size_t width = columns_.size();
  const size_t lanes = segments.size() >= kBlock ? kBlock : 1;
  std::vector<double> scratch((width + static_cast<size_t>(components_)) * lanes);
  const size_t row = HasWide() ? ScoreWideBlocks(rows, 0, segments, distances, scratch.data())
                               : ScoreBlocks<kBlock>(rows, 0, segments, distances, scratch.data());
  (void)ScoreBlocks<1>(rows, row, segments, distances, scratch.data());
}

}  // namespace cairn::pipeline::serving
