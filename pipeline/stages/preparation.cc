#include "pipeline/stages/preparation.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/correlation.h"
#include "lib/clustering/isolation_forest.h"
#include "lib/clustering/pca.h"
#include "lib/clustering/scaler.h"
#include "lib/clustering/value_order.h"
#include "lib/model/digests.h"
#include "lib/model/transform.h"
#include "pipeline/data/parallel.h"
#include "pipeline/stages/degenerate.h"

namespace cairn::pipeline {
namespace {

using cairn::v1::SegmentationModel;

SegmentationModel::Feature::Transform TransformOf(ColumnScaling scaling) {
  switch (scaling) {
    case ColumnScaling::kLog:
    case ColumnScaling::kLogStandard:
    case ColumnScaling::kLogRobust:
    case ColumnScaling::kLogRowNorm:
      return SegmentationModel::Feature::SIGNED_LOG;
    case ColumnScaling::kQuantile:
      return SegmentationModel::Feature::QUANTILE;
    case ColumnScaling::kNone:
    case ColumnScaling::kStandard:
    case ColumnScaling::kRobust:
    case ColumnScaling::kRowNorm:
      break;
  }
  return SegmentationModel::Feature::IDENTITY;
}

bool IsRowNorm(ColumnScaling scaling) {
  return scaling == ColumnScaling::kRowNorm || scaling == ColumnScaling::kLogRowNorm;
}

RowMajorMatrix SelectRows(const RowMajorMatrix& all, const std::vector<int32_t>& rows) {
  RowMajorMatrix out(static_cast<Eigen::Index>(rows.size()), all.cols());
  for (size_t i = 0; i < rows.size(); ++i) {
    out.row(static_cast<Eigen::Index>(i)) = all.row(rows[i]);
  }
  return out;
}

std::vector<double> ColumnOf(const RowMajorMatrix& matrix, Eigen::Index column) {
  std::vector<double> out(static_cast<size_t>(matrix.rows()));
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) out[static_cast<size_t>(i)] = matrix(i, column);
  return out;
}

// What drift is measured against later: the raw values of the training rows.
void FillStatistics(const std::vector<double>& values, SegmentationModel::Feature* feature) {
  double sum = 0;
  for (const double value : values) sum += value;
  feature->set_mean(sum / static_cast<double>(values.size()));
  const std::vector<double> sorted = clustering::InOrder(values);
  feature->set_min(sorted.front());
  feature->set_max(sorted.back());
  for (int edge = 1; edge <= 9; ++edge) {
    const double value = clustering::PercentileOfSorted(sorted, 10.0 * edge);
    const auto above = std::upper_bound(sorted.begin(), sorted.end(), value);
    feature->add_decile_edges(value);
    feature->add_edge_shares(static_cast<double>(above - sorted.begin()) /
                             static_cast<double>(sorted.size()));
  }
}

// Centre and scale of one transformed column.
clustering::ColumnScale FitColumn(ColumnScaling scaling, const std::vector<double>& values) {
  switch (scaling) {
    case ColumnScaling::kStandard:
    case ColumnScaling::kLogStandard:
      return clustering::FitStandard(values);
    case ColumnScaling::kRobust:
    case ColumnScaling::kLogRobust:
      return clustering::FitRobust(values);
    case ColumnScaling::kNone:
    case ColumnScaling::kRowNorm:
    case ColumnScaling::kQuantile:
    case ColumnScaling::kLog:
    case ColumnScaling::kLogRowNorm:
      break;
  }
  return {};
}

// One column's transform and statistics.
void DescribeColumn(ColumnScaling scaling, const std::vector<double>& values,
                    SegmentationModel::Feature* feature) {
  feature->set_transform(TransformOf(scaling));
  feature->set_row_norm_group(IsRowNorm(scaling) ? 1 : 0);
  feature->set_scale(1);
  if (scaling == ColumnScaling::kQuantile) {
    const std::vector<double> quantiles = clustering::FitQuantile(values).quantiles;
    feature->mutable_quantiles()->Add(quantiles.begin(), quantiles.end());
  }
  FillStatistics(values, feature);
}

}  // namespace

absl::StatusOr<OutlierResult> FindOutliers(const FeatureMatrix& features,
                                           const PipelineConfig& config) {
  OutlierResult out;
  const Eigen::Index rows = features.values.rows();
  if (config.outliers.method == OutlierMethod::kIsolationForest) {
    CAIRN_RETURN_IF_ERROR(CheckWithinSinglePrecision(features));
    clustering::IsolationForestOptions options;
    options.trees = config.outliers.trees;
    options.sample_size = config.outliers.sample_size;
    options.seed = config.outliers.seed;
    options.draws = config.outliers.draws;
    options.threads = ThreadCount(config.threads);
    CAIRN_ASSIGN_OR_RETURN(const auto forest,
                           clustering::IsolationForest::Fit(features.values, options));
    CAIRN_ASSIGN_OR_RETURN(out.scores, forest.ScoreSamples(features.values, options.threads));
    CAIRN_ASSIGN_OR_RETURN(out.offset,
                           clustering::OutlierOffset(out.scores, config.outliers.contamination));
  }
  for (Eigen::Index i = 0; i < rows; ++i) {
    const bool odd = !out.scores.empty() && out.scores[static_cast<size_t>(i)] - out.offset < 0;
    (odd ? out.removed : out.kept).push_back(static_cast<int32_t>(i));
  }
  if (static_cast<int64_t>(out.kept.size()) < kFewestCustomers) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::VALUE_INVALID,
                 fmt::format("{} customers are left to train on without {} outliers, at least {} "
                             "are needed; outliers.method=none keeps all",
                             out.kept.size(), out.removed.size(), kFewestCustomers))
        .With("customers", std::to_string(out.kept.size()))
        .ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(CheckCustomersDiffer(features, out.kept));
  return out;
}

absl::StatusOr<Correlations> CorrelateColumns(const RowMajorMatrix& rows) {
  Correlations out;
  // A single customer correlates with nothing.
  if (rows.rows() < 2) {
    out.pearson = RowMajorMatrix::Constant(rows.cols(), rows.cols(), kNotMeasured);
    out.spearman = out.pearson;
    return out;
  }
  CAIRN_ASSIGN_OR_RETURN(out.pearson, clustering::PearsonCorrelation(rows));
  CAIRN_ASSIGN_OR_RETURN(out.spearman, clustering::SpearmanCorrelation(rows));
  return out;
}

absl::StatusOr<Preparation> FitScaling(const FeatureMatrix& features, const OutlierResult& outliers,
                                       const PipelineConfig& config) {
  Preparation out;
  out.base.set_algorithm("kmeans");
  const RowMajorMatrix raw = SelectRows(features.values, outliers.kept);
  for (Eigen::Index j = 0; j < raw.cols(); ++j) {
    SegmentationModel::Feature* feature = out.base.add_features();
    feature->set_name(features.columns[static_cast<size_t>(j)]);
    DescribeColumn(config.scaling[static_cast<size_t>(j)], ColumnOf(raw, j), feature);
  }
  const RowMajorMatrix transformed = model::TransformColumns(out.base, raw);
  for (Eigen::Index j = 0; j < raw.cols(); ++j) {
    const clustering::ColumnScale fitted =
        FitColumn(config.scaling[static_cast<size_t>(j)], ColumnOf(transformed, j));
    SegmentationModel::Feature* feature = out.base.mutable_features(static_cast<int>(j));
    feature->set_center(fitted.center);
    feature->set_scale(fitted.scale);
  }
  out.prepared = model::PrepareRows(out.base, raw);
  return out;
}

absl::Status FitProjection(const FeatureMatrix& features, const OutlierResult& outliers,
                           const PipelineConfig& config, Preparation* preparation) {
  CAIRN_ASSIGN_OR_RETURN(const clustering::Pca pca,
                         clustering::FitPca(preparation->prepared, ThreadCount(config.threads)));
  CAIRN_ASSIGN_OR_RETURN(
      const int enough,
      clustering::ChooseComponents(pca.variance_ratio, config.pca.variance,
                                   config.pca.min_components, config.pca.max_components));
  const int most = std::min(config.pca.max_components, static_cast<int>(pca.variance_ratio.size()));
  const int count = std::max(enough, std::min(enough + config.pca.extra_components, most));
  auto* projection = preparation->base.mutable_projection();
  projection->mutable_mean()->Add(pca.mean.begin(), pca.mean.end());
  for (Eigen::Index i = 0; i < count; ++i) {
    for (Eigen::Index j = 0; j < pca.components.cols(); ++j) {
      projection->add_components(pca.components(i, j));
    }
    projection->add_explained_variance_ratio(pca.variance_ratio[static_cast<size_t>(i)]);
  }
  preparation->variance_ratios = pca.variance_ratio;
  preparation->all_components =
      model::ProjectRows(preparation->base, model::PrepareRows(preparation->base, features.values));
  preparation->components = SelectRows(preparation->all_components, outliers.kept);
  preparation->base.set_evaluation_space(
      model::EvaluationSpaceDigest(preparation->base, OutlierTreatment(config)));
  preparation->base.set_feature_schema(
      model::FeatureSchemaDigest(features.columns, FeatureDefinition(config.features)));
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
