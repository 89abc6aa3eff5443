#ifndef CAIRN_TESTS_UNIT_MODEL_TEST_MODEL_H_
#define CAIRN_TESTS_UNIT_MODEL_TEST_MODEL_H_

#include "cairn/v1/segmentation_model.pb.h"

namespace cairn::model {

// A small model that uses everything: four features (one through the logarithm, two normalised
// by row, one standardised), two components, three segments.
inline cairn::v1::SegmentationModel SmallModel() {
  using Feature = cairn::v1::SegmentationModel::Feature;
  cairn::v1::SegmentationModel model;
  model.set_algorithm("kmeans");
  const char* const names[] = {"spend", "items", "gap", "hour"};
  for (int i = 0; i < 4; ++i) {
    Feature* feature = model.add_features();
    feature->set_name(names[i]);
    feature->set_transform(i == 0 ? Feature::SIGNED_LOG : Feature::IDENTITY);
    feature->set_row_norm_group(i == 1 || i == 2 ? 1 : 0);
    feature->set_center(i == 3 ? 12 : 0.5);
    feature->set_scale(i == 3 ? 4 : 2);
    feature->set_min(-10);
    feature->set_max(100);
    feature->set_mean(3);
    for (int edge = 1; edge <= 9; ++edge) feature->add_decile_edges(edge);
  }
  auto* projection = model.mutable_projection();
  for (const double mean : {0.1, 0.2, 0.3, 0.4}) projection->add_mean(mean);
  for (const double c : {0.6, 0.0, 0.0, 0.8, 0.0, 1.0, 0.0, 0.0}) projection->add_components(c);
  projection->add_explained_variance_ratio(0.7);
  projection->add_explained_variance_ratio(0.2);
  model.set_cluster_count(3);
  for (const double c : {-1.0, 0.0, 1.0, 0.5, 4.0, -0.5}) model.add_centers(c);
  for (const int size : {5, 3, 2}) model.add_cluster_sizes(size);
  (*model.mutable_params())["k"] = "3";
  (*model.mutable_params())["init"] = "k-means++";
  (*model.mutable_metrics())["silhouette"] = 0.25;
  model.set_training_row_count(10);
  return model;
}

}  // namespace cairn::model

#endif  // CAIRN_TESTS_UNIT_MODEL_TEST_MODEL_H_
