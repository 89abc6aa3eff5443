#include "lib/model/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::model {

Predictor::Predictor(SegmentationModel model) : model_(std::move(model)) {
  const Eigen::Index clusters = model_.cluster_count();
  centers_ =
      Eigen::Map<const Matrix>(model_.centers().data(), clusters, model_.centers_size() / clusters);
}

absl::StatusOr<Predictor> Predictor::Create(SegmentationModel model) {
  CAIRN_RETURN_IF_ERROR(ValidateModel(model));
  return Predictor(std::move(model));
}

absl::StatusOr<Predictor> Predictor::FromFile(std::string_view bytes) {
  CAIRN_ASSIGN_OR_RETURN(SegmentationModel model, ParseModel(bytes));
  return Predictor(std::move(model));
}

absl::StatusOr<std::vector<int>> Predictor::MapColumns(std::span<const std::string> columns) const {
  std::vector<int> places;
  for (const auto& feature : model_.features()) {
    const auto found = std::find(columns.begin(), columns.end(), feature.name());
    if (found == columns.end()) {
      return Error(absl::StatusCode::kInvalidArgument, ErrorReason::COLUMN_MISSING,
                   fmt::format("the model needs the column {}, which is missing", feature.name()))
          .With("column", feature.name())
          .ToStatus();
    }
    if (std::find(found + 1, columns.end(), feature.name()) != columns.end()) {
      return InvalidField(ErrorReason::VALUE_INVALID, "columns", feature.name(),
                          "must be there once")
          .ToStatus();
    }
    places.push_back(static_cast<int>(found - columns.begin()));
  }
  return places;
}

absl::Status Predictor::CheckRows(const MatrixRef& raw) const {
  if (raw.cols() != feature_count()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "columns", std::to_string(raw.cols()),
                        fmt::format("the model has {} features", feature_count()));
  }
  for (Eigen::Index i = 0; i < raw.rows(); ++i) {
    for (Eigen::Index j = 0; j < raw.cols(); ++j) {
      if (std::isfinite(raw(i, j))) continue;
      const std::string& feature = model_.features(static_cast<int>(j)).name();
      return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("rows.{}.{}", i, feature),
                          ShortestDouble(raw(i, j)), "must be a finite number");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Matrix> Predictor::Components(const MatrixRef& raw) const {
  CAIRN_RETURN_IF_ERROR(CheckRows(raw));
  return ProjectRows(model_, PrepareRows(model_, raw));
}

int Predictor::FeatureTooLarge(std::span<const double> row) const {
  for (int j = 0; j < feature_count(); ++j) {
    Matrix alone = Matrix::Zero(1, feature_count());
    alone(0, j) = row[static_cast<size_t>(j)];
    const Assignment assigned =
        AssignToCenters(ProjectRows(model_, PrepareRows(model_, alone)), centers_);
    if (!std::isfinite(assigned.distances(0, assigned.segments[0]))) return j;
  }
  return -1;
}

absl::StatusOr<Assignment> Predictor::Predict(const MatrixRef& raw) const {
  CAIRN_ASSIGN_OR_RETURN(const Matrix components, Components(raw));
  return AssignToCenters(components, centers_);
}

}  // namespace cairn::model
