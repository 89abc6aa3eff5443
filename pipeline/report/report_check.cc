#include "pipeline/report/report_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {
namespace {

absl::Status WrongLength(const std::string& place, size_t length, size_t expected) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
               fmt::format("the report's {} has {} elements where there are {} beside it", place,
                           length, expected))
      .With("field", place);
}

absl::Status CheckLength(const std::string& place, size_t length, size_t expected) {
  return length == expected ? absl::OkStatus() : WrongLength(place, length, expected);
}

absl::Status CheckSegment(const std::string& place, int segment, size_t segments) {
  if (segment >= 0 && static_cast<size_t>(segment) < segments) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
               fmt::format("the report's {} is {} where there are {} segments", place, segment,
                           segments))
      .With("field", place);
}

absl::Status CheckMatrix(const std::string& place, const std::vector<std::vector<double>>& matrix,
                         size_t features) {
  if (matrix.empty()) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(CheckLength(place, matrix.size(), features));
  for (size_t i = 0; i < matrix.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(CheckLength(fmt::format("{}[{}]", place, i), matrix[i].size(), features));
  }
  return absl::OkStatus();
}

absl::Status CheckProfiles(const SegmentProfiles& profiles) {
  const size_t features = profiles.feature_names.size();
  CAIRN_RETURN_IF_ERROR(CheckLength("profiles.features", profiles.features.size(), features));
  for (size_t i = 0; i < profiles.segments.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(CheckLength(fmt::format("profiles.segments[{}].features", i),
                                      profiles.segments[i].features.size(), features));
  }
  return absl::OkStatus();
}

absl::Status CheckHistograms(const ReportData& data) {
  for (size_t i = 0; i < data.histograms.size(); ++i) {
    const FeatureHistogram& histogram = data.histograms[i];
    const std::string place = fmt::format("histograms[{}].counts", i);
    const size_t bins = histogram.edges.empty() ? 0 : histogram.edges.size() - 1;
    CAIRN_RETURN_IF_ERROR(
        CheckLength(place, histogram.counts.size(), data.profiles.segments.size()));
    for (const auto& counts : histogram.counts) {
      CAIRN_RETURN_IF_ERROR(CheckLength(place, counts.size(), bins));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSilhouettes(const ReportData& data) {
  for (size_t i = 0; i < data.silhouettes.size(); ++i) {
    const SilhouettePlot& plot = data.silhouettes[i];
    const std::string place = fmt::format("silhouettes[{}]", i);
    CAIRN_RETURN_IF_ERROR(CheckLength(place + ".means", plot.means.size(), plot.sizes.size()));
    CAIRN_RETURN_IF_ERROR(CheckLength(place + ".samples", plot.samples.size(), plot.sizes.size()));
  }
  return absl::OkStatus();
}

absl::Status CheckPoints(const ReportData& data) {
  const PointCloud& cloud = data.points;
  const size_t points = cloud.points.size();
  CAIRN_RETURN_IF_ERROR(CheckLength("points.customers", cloud.customers.size(), points));
  CAIRN_RETURN_IF_ERROR(CheckLength("points.segments", cloud.segments.size(), points));
  CAIRN_RETURN_IF_ERROR(CheckLength("points.outliers", cloud.outliers.size(), points));
  const size_t segments = data.profiles.segments.size();
  for (size_t i = 0; i < points; ++i) {
    CAIRN_RETURN_IF_ERROR(
        CheckSegment(fmt::format("points.segments[{}]", i), cloud.segments[i], segments));
  }
  for (size_t i = 0; i < data.outliers.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(
        CheckSegment(fmt::format("outliers[{}].segment", i), data.outliers[i].segment, segments));
  }
  return absl::OkStatus();
}

absl::Status CheckMigration(const Migration& migration) {
  const size_t rows = migration.before.size() + 1;
  const size_t columns = migration.after.size() + 1;
  CAIRN_RETURN_IF_ERROR(CheckLength("migration.customers", migration.customers.size(), rows));
  CAIRN_RETURN_IF_ERROR(CheckLength("migration.spend", migration.spend.size(), rows));
  for (size_t i = 0; i < rows; ++i) {
    CAIRN_RETURN_IF_ERROR(CheckLength(fmt::format("migration.customers[{}]", i),
                                      migration.customers[i].size(), columns));
    CAIRN_RETURN_IF_ERROR(
        CheckLength(fmt::format("migration.spend[{}]", i), migration.spend[i].size(), columns));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckReport(const ReportData& data) {
  const size_t features = data.profiles.feature_names.size();
  CAIRN_RETURN_IF_ERROR(CheckProfiles(data.profiles));
  CAIRN_RETURN_IF_ERROR(CheckHistograms(data));
  CAIRN_RETURN_IF_ERROR(CheckMatrix("pearson", data.pearson, features));
  CAIRN_RETURN_IF_ERROR(CheckMatrix("spearman", data.spearman, features));
  CAIRN_RETURN_IF_ERROR(CheckMatrix("prepared_pearson", data.prepared_pearson, features));
  CAIRN_RETURN_IF_ERROR(CheckSilhouettes(data));
  CAIRN_RETURN_IF_ERROR(CheckPoints(data));
  return data.migration ? CheckMigration(*data.migration) : absl::OkStatus();
}

}  // namespace cairn::pipeline
