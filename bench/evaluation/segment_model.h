#ifndef CAIRN_BENCH_EVALUATION_SEGMENT_MODEL_H_
#define CAIRN_BENCH_EVALUATION_SEGMENT_MODEL_H_

#include <cmath>
#include <string>

#include "cairn/v1/segmentation_model.pb.h"
#include "lib/base/encoding.h"
#include "lib/clustering/random.h"

namespace cairn::bench {

inline constexpr int kSegments = 4;
inline constexpr int kFeatures = 6;

// Features through the logarithm and scaled, as the pipeline prepares them. Each `shift` of the
// centres is another model.
inline v1::SegmentationModel SegmentModel(double shift = 0) {
  v1::SegmentationModel model;
  model.set_algorithm("kmeans");
  model.set_cluster_count(kSegments);
  for (int j = 0; j < kFeatures; ++j) {
    auto* feature = model.add_features();
    feature->set_name("feature_" + std::to_string(j));
    feature->set_transform(v1::SegmentationModel::Feature::SIGNED_LOG);
    feature->set_center(3);
    feature->set_scale(1.5);
    feature->set_max(2000);
    for (int edge = 1; edge <= 9; ++edge) feature->add_decile_edges(edge * edge * edge);
  }
  for (int c = 0; c < kSegments; ++c) {
    for (int j = 0; j < kFeatures; ++j) model.add_centers(c - 1.5 + shift);
  }
  return model;
}

// A table for such models, as CSV.
inline std::string SegmentTable(int rows) {
  clustering::Mt19937 random(1);
  std::string csv = "CustomerID";
  for (int j = 0; j < kFeatures; ++j) csv += ",feature_" + std::to_string(j);
  for (int i = 0; i < rows; ++i) {
    csv += "\n" + std::to_string(10'000 + i);
    const double size = std::exp(random.NextUniform(0, 6));
    for (int j = 0; j < kFeatures; ++j) {
      csv += "," + ShortestDouble(std::round(100 * size * random.NextUniform(0.2, 2)) / 100);
    }
  }
  return csv + "\n";
}

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_EVALUATION_SEGMENT_MODEL_H_
