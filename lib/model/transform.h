#ifndef CAIRN_LIB_MODEL_TRANSFORM_H_
#define CAIRN_LIB_MODEL_TRANSFORM_H_

#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include "cairn/v1/segmentation_model.pb.h"

namespace cairn::model {

using cairn::v1::SegmentationModel;

// One row per customer, in row-major order.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixRef = Eigen::Ref<const Matrix>;

// The arithmetic of a model, step by step: raw features → prepared → components → segment.
//
// Training and prediction call these same functions. Every sum runs in index order and each row
// is computed by itself, so a row gives the same bits alone, in any batch, in training and years
// later. All are pure, may be called from any thread and take finite numbers; what they take must
// have the shapes named here (checked by Predictor, not by them).

// sign(x) * log(1 + |x|).
double SignedLog(double x);

// The share of training values below x, between `quantiles`, which ascend and are at least two. A
// value between two equal quantiles, and where values repeat, has the mean of the shares from
// either side, as scikit-learn's QuantileTransformer defines it.
double QuantileShare(const google::protobuf::RepeatedField<double>& quantiles, double x);

// Applies only the transforms: rows × features in and out. The values that centres and scales
// are fitted to.
Matrix TransformColumns(const SegmentationModel& model, const MatrixRef& raw);

// Prepared features: the transform, then (x - center) / scale, or for a column with a row norm
// group x / ‖the row's columns of that group‖₂ (a norm of 0 divides by 1). rows × features in
// and out.
Matrix PrepareRows(const SegmentationModel& model, const MatrixRef& raw);

// Components of prepared rows: rows × features in, rows × components out. A model without
// projection returns its input.
Matrix ProjectRows(const SegmentationModel& model, const MatrixRef& prepared);

// Where rows lie among centres.
struct Assignment {
  // The nearest centre of each row, the lowest number on ties.
  std::vector<int32_t> segments;
  // Euclidean distance to every centre, rows × centres.
  Matrix distances;
};

// Assigns each point to its nearest centre; both have one column for each component, and there
// is at least one centre.
Assignment AssignToCenters(const MatrixRef& points, const MatrixRef& centers);

// The segments of AssignToCenters alone, without the distances.
std::vector<int32_t> NearestCenters(const MatrixRef& points, const MatrixRef& centers);

}  // namespace cairn::model

#endif  // CAIRN_LIB_MODEL_TRANSFORM_H_
