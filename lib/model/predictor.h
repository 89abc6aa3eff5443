#ifndef CAIRN_LIB_MODEL_PREDICTOR_H_
#define CAIRN_LIB_MODEL_PREDICTOR_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/model/model_file.h"
#include "lib/model/transform.h"

namespace cairn::model {

// Assigns customers to the segments of one model.
//
// Immutable after Create, so it may be shared between threads; owns its model. A training row
// gets the segment it had in training, whatever batch it comes in.
class Predictor {
 public:
  // Takes a model as ParseModel returns it. INVALID_ARGUMENT (MODEL_MALFORMED) when
  // ValidateModel objects.
  static absl::StatusOr<Predictor> Create(SegmentationModel model);

  // Reads a model file. Errors are those of ParseModel.
  static absl::StatusOr<Predictor> FromFile(std::string_view bytes);

  const SegmentationModel& model() const { return model_; }
  int feature_count() const { return model_.features_size(); }
  int component_count() const { return static_cast<int>(centers_.cols()); }
  int cluster_count() const { return model_.cluster_count(); }

  // One row for each segment, one column for each component.
  const Matrix& centers() const { return centers_; }

  // For each feature of the model in order, its place in `columns`; other columns are ignored.
  // INVALID_ARGUMENT (COLUMN_MISSING) names the first feature that is absent; a column that is
  // there twice is VALUE_INVALID.
  absl::StatusOr<std::vector<int>> MapColumns(std::span<const std::string> columns) const;

  // Segment and distances of raw feature rows: one column for each feature, in the model's
  // order. INVALID_ARGUMENT (VALUE_INVALID) when the number of columns differs, or naming row
  // (from 0), feature and value of a number that is not finite. Distances may be infinite or no
  // numbers (see FeatureTooLarge).
  absl::StatusOr<Assignment> Predict(const MatrixRef& raw) const;

  // The first feature of a finite raw row whose value, with zeros for all others, lies at no finite
  // distance from its segment; -1: none does. Tells why a distance of Predict is not finite, which
  // happens to features that are taken as they are and are too large to be squared.
  int FeatureTooLarge(std::span<const double> row) const;

  // The components of raw feature rows, as Predict sees them. The same errors.
  absl::StatusOr<Matrix> Components(const MatrixRef& raw) const;

 private:
  explicit Predictor(SegmentationModel model);

  absl::Status CheckRows(const MatrixRef& raw) const;

  SegmentationModel model_;
  Matrix centers_;
};

}  // namespace cairn::model

#endif  // CAIRN_LIB_MODEL_PREDICTOR_H_
