#include "lib/model/transform.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace cairn::model {
namespace {

double SquaredDistance(const double* a, const double* b, Eigen::Index dimensions) {
  double sum = 0;
  for (Eigen::Index j = 0; j < dimensions; ++j) {
    const double difference = a[j] - b[j];
    sum += difference * difference;
  }
  return sum;
}

void NormalizeGroup(const std::vector<Eigen::Index>& columns, Matrix* values) {
  for (Eigen::Index i = 0; i < values->rows(); ++i) {
    double squares = 0;
    for (const Eigen::Index j : columns) squares += (*values)(i, j) * (*values)(i, j);
    const double norm = squares == 0 ? 1.0 : std::sqrt(squares);
    for (const Eigen::Index j : columns) (*values)(i, j) /= norm;
  }
}

}  // namespace

double SignedLog(double x) { return std::copysign(std::log1p(std::fabs(x)), x); }

double QuantileShare(const google::protobuf::RepeatedField<double>& quantiles, double x) {
  if (x <= quantiles[0]) return 0;
  if (x >= quantiles[quantiles.size() - 1]) return 1;
  const double steps = quantiles.size() - 1;
  const auto above = std::upper_bound(quantiles.begin(), quantiles.end(), x);
  const auto from = std::lower_bound(quantiles.begin(), above, x);
  if (from != above) {  // x is a quantile, once or several times
    return (static_cast<double>(from - quantiles.begin()) +
            static_cast<double>(above - 1 - quantiles.begin())) /
           2 / steps;
  }
  const double below = *(above - 1);
  return (static_cast<double>(above - 1 - quantiles.begin()) + (x - below) / (*above - below)) /
         steps;
}

Matrix TransformColumns(const SegmentationModel& model, const MatrixRef& raw) {
  Matrix out = raw;
  for (Eigen::Index j = 0; j < out.cols(); ++j) {
    const auto& feature = model.features(static_cast<int>(j));
    if (feature.transform() == SegmentationModel::Feature::SIGNED_LOG) {
      for (Eigen::Index i = 0; i < out.rows(); ++i) out(i, j) = SignedLog(out(i, j));
    } else if (feature.transform() == SegmentationModel::Feature::QUANTILE) {
      for (Eigen::Index i = 0; i < out.rows(); ++i) {
        out(i, j) = QuantileShare(feature.quantiles(), out(i, j));
      }
    }
  }
  return out;
}

Matrix PrepareRows(const SegmentationModel& model, const MatrixRef& raw) {
  Matrix out = TransformColumns(model, raw);
  std::map<int, std::vector<Eigen::Index>> groups;
  for (Eigen::Index j = 0; j < out.cols(); ++j) {
    const auto& feature = model.features(static_cast<int>(j));
    if (feature.row_norm_group() != 0) {
      groups[feature.row_norm_group()].push_back(j);
      continue;
    }
    const double center = feature.center();
    const double scale = feature.scale();
    for (Eigen::Index i = 0; i < out.rows(); ++i) out(i, j) = (out(i, j) - center) / scale;
  }
  for (const auto& [group, columns] : groups) NormalizeGroup(columns, &out);
  return out;
}

Matrix ProjectRows(const SegmentationModel& model, const MatrixRef& prepared) {
  if (!model.has_projection()) return prepared;
  const Eigen::Index features = prepared.cols();
  const Eigen::Index components = model.projection().components_size() / features;
  const double* mean = model.projection().mean().data();
  const double* axes = model.projection().components().data();
  Matrix out(prepared.rows(), components);
  std::vector<double> centered(static_cast<size_t>(features));
  for (Eigen::Index i = 0; i < prepared.rows(); ++i) {
    const double* row = prepared.data() + i * prepared.outerStride();
    for (Eigen::Index j = 0; j < features; ++j) {
      centered[static_cast<size_t>(j)] = row[j] - mean[j];
    }
    for (Eigen::Index c = 0; c < components; ++c) {
      double sum = 0;
      for (Eigen::Index j = 0; j < features; ++j) {
        sum += centered[static_cast<size_t>(j)] * axes[c * features + j];
      }
      out(i, c) = sum;
    }
  }
  return out;
}

Assignment AssignToCenters(const MatrixRef& points, const MatrixRef& centers) {
  Assignment out;
  out.segments.resize(static_cast<size_t>(points.rows()));
  out.distances.resize(points.rows(), centers.rows());
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const double* point = points.data() + i * points.outerStride();
    Eigen::Index best = 0;
    double least = 0;
    for (Eigen::Index c = 0; c < centers.rows(); ++c) {
      const double squared =
          SquaredDistance(point, centers.data() + c * centers.outerStride(), points.cols());
      if (c == 0 || squared < least) {
        least = squared;
        best = c;
      }
      out.distances(i, c) = std::sqrt(squared);
    }
    out.segments[static_cast<size_t>(i)] = static_cast<int32_t>(best);
  }
  return out;
}

std::vector<int32_t> NearestCenters(const MatrixRef& points, const MatrixRef& centers) {
  std::vector<int32_t> out(static_cast<size_t>(points.rows()));
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const double* point = points.data() + i * points.outerStride();
    double least = SquaredDistance(point, centers.data(), points.cols());
    int32_t best = 0;
    for (Eigen::Index c = 1; c < centers.rows(); ++c) {
      const double squared =
          SquaredDistance(point, centers.data() + c * centers.outerStride(), points.cols());
      if (squared < least) {
        least = squared;
        best = static_cast<int32_t>(c);
      }
    }
    out[static_cast<size_t>(i)] = best;
  }
  return out;
}

}  // namespace cairn::model
