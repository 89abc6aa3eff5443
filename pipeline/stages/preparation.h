#ifndef CAIRN_PIPELINE_STAGES_PREPARATION_H_
#define CAIRN_PIPELINE_STAGES_PREPARATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/segmentation_model.pb.h"
#include "pipeline/data/features.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// From features to the space in which k-means works. Pure functions of values; safe from any
// thread; the number of threads never changes a result.

// Which customers are set aside before training. They are kept as a data set of their own and
// assigned to the nearest segment afterwards.
struct OutlierResult {
  std::vector<double> scores;    // One per customer, the lower the odder; empty for `none`.
  double offset = 0;             // A customer is an outlier when its score is below.
  std::vector<int32_t> kept;     // Rows of customers that stay, ascending.
  std::vector<int32_t> removed;  // The others, ascending.
};

// The stage `outliers`. FAILED_PRECONDITION (VALUE_INVALID) when fewer than three customers are
// left to train on, or when they are all the same. Errors of CheckWithinSinglePrecision.
absl::StatusOr<OutlierResult> FindOutliers(const FeatureMatrix& features,
                                           const PipelineConfig& config);

// Both correlation matrices of the columns of a table, columns × columns; a constant column has NaN
// off the diagonal.
struct Correlations {
  RowMajorMatrix pearson;
  RowMajorMatrix spearman;
};

// The stages `correlation`, of the features of all customers before any is set aside, and
// `correlation_prepared`, of Preparation::prepared.
absl::StatusOr<Correlations> CorrelateColumns(const RowMajorMatrix& rows);

// Everything a model holds before it has centres.
struct Preparation {
  // Features with transform, centre, scale and training statistics; after FitProjection the
  // projection, the evaluation space and the schema's digest as well.
  cairn::v1::SegmentationModel base;
  RowMajorMatrix prepared;              // Training rows × features.
  RowMajorMatrix components;            // Training rows × components.
  RowMajorMatrix all_components;        // All customers × components.
  std::vector<double> variance_ratios;  // Of every component there is, descending.
};

// The stage `scale`: fits the scaling of each column to the rows that stay and applies it.
absl::StatusOr<Preparation> FitScaling(const FeatureMatrix& features, const OutlierResult& outliers,
                                       const PipelineConfig& config);

// The stage `pca`: fits the projection to `preparation->prepared` and applies it to all
// customers. The number of components is the smallest whose explained variance exceeds
// config.pca.variance, within its bounds, and config.pca.extra_components more as far as
// max_components and the features allow.
absl::Status FitProjection(const FeatureMatrix& features, const OutlierResult& outliers,
                           const PipelineConfig& config, Preparation* preparation);

// What the sweep takes.
SweepInput MakeSweepInput(const Preparation& preparation, const OutlierResult& outliers);

// The whole model of a run. `features_sha256` is the digest of features.csv.
cairn::v1::SegmentationModel BuildModel(const Preparation& preparation, const TrainingRun& run,
                                        const PipelineConfig& config,
                                        const std::string& features_sha256);

// The definition that the feature schema's digest covers: `retail-features/default/1`.
std::string FeatureDefinition(FeaturePreset preset);

// The names of the components: `Component_1`, …. Also the header of components.csv.
std::vector<std::string> ComponentNames(const Preparation& preparation);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_PREPARATION_H_
