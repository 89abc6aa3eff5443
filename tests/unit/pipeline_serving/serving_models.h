#ifndef CAIRN_TESTS_UNIT_PIPELINE_SERVING_SERVING_MODELS_H_
#define CAIRN_TESTS_UNIT_PIPELINE_SERVING_SERVING_MODELS_H_

#include <string>

#include "lib/model/model_file.h"
#include "pipeline/serving/served_model.h"
#include "tests/unit/model/test_model.h"

namespace cairn::pipeline::serving {

inline constexpr int64_t kLoaded = 1'600'000'000'000'000'000;

inline std::string FileOf(const cairn::v1::SegmentationModel& model) {
  return *model::SerializeModel(model);
}

// SmallModel as it is served: columns spend, items, gap and hour; segments without names.
inline ModelPtr ServedSmallModel(const std::string& version = "models/m/versions/1") {
  return *ServedModel::Load(FileOf(model::SmallModel()), version, kLoaded);
}

// The same with its segments in another order and with names.
inline ModelPtr ServedOtherModel(const std::string& version = "models/m/versions/2") {
  cairn::v1::SegmentationModel model = model::SmallModel();
  const double centers[] = {4.0, -0.5, -1.0, 0.0, 1.0, 0.5};
  for (int i = 0; i < 6; ++i) model.set_centers(i, centers[i]);
  for (const char* name : {"Big \"spenders\"", "Regulars", "Guests"}) {
    model.add_segments()->set_name(name);
  }
  return *ServedModel::Load(FileOf(model), version, kLoaded);
}

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_TESTS_UNIT_PIPELINE_SERVING_SERVING_MODELS_H_
