#ifndef CAIRN_TESTS_UNIT_EVALUATION_LINE_MODEL_H_
#define CAIRN_TESTS_UNIT_EVALUATION_LINE_MODEL_H_

#include <initializer_list>
#include <string>

#include "cairn/v1/segmentation_model.pb.h"

namespace cairn::evaluation {

// A model of one feature, `x`, that is taken as it is divided by `scale`, with centres in that
// space.
inline cairn::v1::SegmentationModel LineModel(std::initializer_list<double> centers,
                                              double scale = 1) {
  cairn::v1::SegmentationModel model;
  model.set_algorithm("kmeans");
  auto* feature = model.add_features();
  feature->set_name("x");
  feature->set_transform(cairn::v1::SegmentationModel::Feature::IDENTITY);
  feature->set_scale(scale);
  feature->set_max(100);
  for (int edge = 1; edge <= 9; ++edge) feature->add_decile_edges(10 * edge);
  for (const double center : centers) model.add_centers(center);
  model.set_cluster_count(static_cast<int>(centers.size()));
  return model;
}

// A table with an id, a column of text and `x`.
inline std::string LineTable(std::initializer_list<double> values) {
  std::string csv = "CustomerID,note,x\n";
  int id = 0;
  for (const double value : values) {
    csv += std::to_string(++id) + ",\"a, b\"," + std::to_string(value) + "\n";
  }
  return csv;
}

}  // namespace cairn::evaluation

#endif  // CAIRN_TESTS_UNIT_EVALUATION_LINE_MODEL_H_
