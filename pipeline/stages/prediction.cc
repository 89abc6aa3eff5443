#include "pipeline/stages/prediction.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {

absl::StatusOr<FeaturePreset> PresetOfModel(const model::Predictor& predictor) {
  const auto& params = predictor.model().params();
  const auto found = params.find("features");
  return ParseFeaturePreset(found == params.end() ? "" : found->second);
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
    out.distances.push_back(assigned.distances(static_cast<Eigen::Index>(i), assigned.segments[i]));
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
