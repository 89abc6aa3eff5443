#include "pipeline/stages/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/model/digests.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/preparation.h"

namespace cairn::pipeline {
namespace {

constexpr double kNoEnd = std::numeric_limits<double>::infinity();

// Values that a feature can have, whatever the data. Sums of money and quantity have no bounds.
struct Possible {
  Feature feature;
  double least;
  double greatest;
};

constexpr Possible kPossible[] = {
    {kDaysSinceLastPurchase, 0, kNoEnd},
    {kTotalTransactions, 1, kNoEnd},
    {kUniqueProductsPurchased, 1, kNoEnd},
    {kDayOfWeek, 0, 6},
    {kHour, 0, 23},
    {kIsUk, 0, 1},
    {kCancellationFrequency, 0, kNoEnd},
    {kCancellationRate, 0, kNoEnd},
    {kMonthlySpendingStd, 0, kNoEnd},
};

std::vector<std::string> ModelColumns(const cairn::v1::SegmentationModel& model) {
  std::vector<std::string> out;
  for (const auto& feature : model.features()) out.push_back(feature.name());
  return out;
}

absl::Status CheckRanges(const FeatureMatrix& features) {
  for (const Possible& possible : kPossible) {
    const auto column = std::find(features.columns.begin(), features.columns.end(),
                                  kFeatureNames[static_cast<size_t>(possible.feature)]);
    if (column == features.columns.end()) continue;
    for (Eigen::Index i = 0; i < features.values.rows(); ++i) {
      const double value = features.values(i, column - features.columns.begin());
      if (value >= possible.least && value <= possible.greatest) continue;
      return InvalidField(
                 ErrorReason::VALUE_INVALID, *column, ShortestDouble(value),
                 fmt::format(
                     "of customer {} is outside {}..{}; give features.csv, not a table that "
                     "was scaled",
                     CustomerText(features.customer_ids[static_cast<size_t>(i)],
                                  features.customer_names),
                     ShortestDouble(possible.least), ShortestDouble(possible.greatest)))
          .ToStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status NotFinite(const model::Predictor& predictor, const FeatureMatrix& features,
                       size_t customer, std::span<const double> row) {
  constexpr std::string_view kRule = "lies at no finite distance from the segments";
  const std::string name = CustomerText(features.customer_ids[customer], features.customer_names);
  const int j = predictor.FeatureTooLarge(row);
  if (j < 0) return InvalidField(ErrorReason::VALUE_INVALID, "CustomerID", name, kRule);
  return InvalidField(ErrorReason::VALUE_INVALID, predictor.model().features(j).name(),
                      ShortestDouble(row[static_cast<size_t>(j)]),
                      fmt::format("of customer {} {}", name, kRule));
}

}  // namespace

absl::StatusOr<FeaturePreset> PresetOfModel(const model::Predictor& predictor) {
  const auto& params = predictor.model().params();
  const auto found = params.find("features");
  return ParseFeaturePreset(found == params.end() ? "" : found->second);
}

absl::Status CheckFeatures(const model::Predictor& predictor, const FeatureMatrix& features) {
  CAIRN_ASSIGN_OR_RETURN(const FeaturePreset preset, PresetOfModel(predictor));
  const auto& model = predictor.model();
  const std::string schema =
      model::FeatureSchemaDigest(ModelColumns(model), FeatureDefinition(preset));
  if (!model.feature_schema().empty() && schema != model.feature_schema()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "feature_schema", model.feature_schema(),
                        fmt::format("must be {}, the digest of {}: the model was trained on "
                                    "features of another definition",
                                    schema, FeatureDefinition(preset)))
        .ToStatus();
  }
  std::vector<int32_t> ids = features.customer_ids;
  std::sort(ids.begin(), ids.end());
  if (const auto twice = std::adjacent_find(ids.begin(), ids.end()); twice != ids.end()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "CustomerID",
                        CustomerText(*twice, features.customer_names),
                        "the customer is there twice")
        .ToStatus();
  }
  return CheckRanges(features);
}

std::vector<std::string> FeatureWarnings(const model::Predictor& predictor,
                                         const FeatureMatrix& features) {
  std::vector<std::string> out;
  const auto& model = predictor.model();
  if (ModelColumns(model) != features.columns) {
    out.emplace_back(
        "the columns are not those of the model in its order; they are matched by name, and others "
        "are not used");
  }
  for (const auto& feature : model.features()) {
    const auto column = std::find(features.columns.begin(), features.columns.end(), feature.name());
    if (column == features.columns.end()) continue;
    const Eigen::VectorXd values = features.values.col(column - features.columns.begin());
    const Eigen::VectorXd beyond =
        (feature.min() - values.array()).max(values.array() - feature.max()).max(0);
    const auto count = (beyond.array() > 0).count();
    if (count == 0) continue;
    Eigen::Index farthest = 0;
    beyond.maxCoeff(&farthest);
    out.push_back(fmt::format(
        "{} of {} customers have a {} beyond that of the training, {}..{}; customer {} has {}",
        count, values.size(), feature.name(), ShortestDouble(feature.min()),
        ShortestDouble(feature.max()),
        CustomerText(features.customer_ids[static_cast<size_t>(farthest)], features.customer_names),
        ShortestDouble(values[farthest])));
  }
  return out;
}

absl::StatusOr<CustomerSegments> AssignSegments(const model::Predictor& predictor,
                                                const FeatureMatrix& features) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<int> places, predictor.MapColumns(features.columns));
  RowMajorMatrix raw(features.values.rows(), static_cast<Eigen::Index>(places.size()));
  for (size_t j = 0; j < places.size(); ++j) {
    raw.col(static_cast<Eigen::Index>(j)) = features.values.col(places[j]);
  }
  CAIRN_ASSIGN_OR_RETURN(const model::Assignment assigned, predictor.Predict(raw));
  CustomerSegments out;
  out.customer_ids = features.customer_ids;
  out.customer_names = features.customer_names;
  out.segments = assigned.segments;
  for (size_t i = 0; i < out.segments.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    const double distance = assigned.distances(row, assigned.segments[i]);
    if (!std::isfinite(distance)) {
      return NotFinite(predictor, features, i, std::span(&raw(row, 0), places.size()));
    }
    out.distances.push_back(distance);
  }
  return out;
}

std::string PredictionsCsv(const CustomerSegments& assigned) {
  std::string out = "CustomerID,Segment,Distance\n";
  for (size_t i = 0; i < assigned.customer_ids.size(); ++i) {
    AppendCustomer(assigned.customer_ids[i], assigned.customer_names, &out);
    out += fmt::format(",{},", assigned.segments[i]);
    AppendCsvNumber(assigned.distances[i], &out);
    out.push_back('\n');
  }
  return out;
}

std::string SegmentSummary(const model::Predictor& predictor, const CustomerSegments& assigned) {
  const auto& model = predictor.model();
  std::string out =
      fmt::format("{:>7}  {:>9}  {:>7}  {:>12}\n", "segment", "customers", "share", "in training");
  for (int segment = 0; segment < predictor.cluster_count(); ++segment) {
    const auto count = std::count(assigned.segments.begin(), assigned.segments.end(), segment);
    const double share =
        assigned.segments.empty()
            ? 0
            : static_cast<double>(count) / static_cast<double>(assigned.segments.size());
    std::string training = "-";
    if (model.cluster_sizes_size() > 0 && model.training_row_count() > 0) {
      training = fmt::format("{:.1f} %", 100.0 * static_cast<double>(model.cluster_sizes(segment)) /
                                             static_cast<double>(model.training_row_count()));
    }
    out += fmt::format("{:>7}  {:>9}  {:>5.1f} %  {:>12}\n", segment, count, 100 * share, training);
  }
  return out;
}

}  // namespace cairn::pipeline
