// Puts models together from what the stages computed.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/model/digests.h"
#include "pipeline/stages/preparation.h"
#include "pipeline/stages/run_record.h"

namespace cairn::pipeline {

SweepInput MakeSweepInput(const Preparation& preparation, const OutlierResult& outliers) {
  return {preparation.components, preparation.all_components, outliers.kept};
}

std::string FeatureDefinition(FeaturePreset preset) {
  return fmt::format("retail-features/{}/1", FeaturePresetName(preset));
}

std::vector<std::string> ComponentNames(const Preparation& preparation) {
  std::vector<std::string> names;
  for (Eigen::Index i = 0; i < preparation.components.cols(); ++i) {
    names.push_back(fmt::format("Component_{}", i + 1));
  }
  return names;
}

cairn::v1::SegmentationModel BuildModel(const Preparation& preparation, const TrainingRun& run,
                                        const PipelineConfig& config,
                                        const std::string& features_sha256) {
  cairn::v1::SegmentationModel model = preparation.base;
  const FitOutcome& fit = *run.fit;
  model.set_cluster_count(run.point.k);
  model.mutable_centers()->Reserve(static_cast<int>(fit.centers.size()));
  for (Eigen::Index i = 0; i < fit.centers.size(); ++i) model.add_centers(fit.centers.data()[i]);
  std::vector<int64_t> sizes(static_cast<size_t>(run.point.k));
  for (const int32_t label : fit.training_labels) ++sizes[static_cast<size_t>(label)];
  model.mutable_cluster_sizes()->Add(sizes.begin(), sizes.end());
  const auto params = RunParams(run, config);
  model.mutable_params()->insert(params.begin(), params.end());
  for (const auto& [name, value] : IndexMetrics(run)) {
    // A silhouette of all customers is measured for some runs only.
    if (!name.starts_with("all_silhouette") && std::isfinite(value)) {
      (*model.mutable_metrics())[name] = value;
    }
  }
  model.set_training_data_sha256(features_sha256);
  model.set_training_row_count(static_cast<int64_t>(fit.training_labels.size()));
  model.set_producer_version("cairn-pipeline " CAIRN_VERSION);
  return model;
}

}  // namespace cairn::pipeline
