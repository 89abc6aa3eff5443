#ifndef CAIRN_LIB_MODEL_DIGESTS_H_
#define CAIRN_LIB_MODEL_DIGESTS_H_

#include <span>
#include <string>
#include <string_view>

#include "cairn/v1/segmentation_model.pb.h"

namespace cairn::model {

// Digests that say when two models may be compared. Each is 64 lower-case hexadecimal
// characters, a pure function of the values named, and the same on every machine and release.

// The space a model's distances live in: name, transform, row norm group, centre and scale of
// every feature, the projection, and the treatment of outliers in words
// (`isolation_forest(trees=100,…)` or `none`). Indices such as silhouette compare only between
// models with equal digests. Centres, counts, statistics and metrics do not enter.
std::string EvaluationSpaceDigest(const cairn::v1::SegmentationModel& model,
                                  std::string_view outlier_treatment);

// How that space is prepared, without what was fitted to data: name, transform and row norm group
// of every feature, whether it is centred and scaled at all, the model's parameter `scaling`, the
// number of components, and the treatment of outliers. A model that is trained again in the same
// way on other data keeps it.
std::string PreparationDigest(const cairn::v1::SegmentationModel& model,
                              std::string_view outlier_treatment);

// What the features mean: their names in order and `definition`, the name of the rules that
// compute them (`retail-features/default/1`).
std::string FeatureSchemaDigest(std::span<const std::string> names, std::string_view definition);

}  // namespace cairn::model

#endif  // CAIRN_LIB_MODEL_DIGESTS_H_
