#ifndef CAIRN_LIB_EVALUATION_DRIFT_H_
#define CAIRN_LIB_EVALUATION_DRIFT_H_

#include <optional>
#include <span>

#include "cairn/v1/segmentation_model.pb.h"
#include "lib/model/transform.h"

namespace cairn::evaluation {

// How far the values of features have moved since training: the population stability index,
//
//   sum over the bins of (share now - share in training) * ln(share now / share in training)
//
// over ten bins between the training deciles, which the model keeps. A bin holds what lies above
// the edge before it, up to and including its own; the first and the last are open to the outside.
// Where several edges are equal, because a value is frequent, their bins are one. The share of a
// bin in training is the one that the model keeps beside the edges; of a model of earlier releases,
// which keeps none, a tenth for each edge: too little where values are frequent, so that even the
// training rows seem to have moved. A share below kLeastShare counts as kLeastShare, so that an
// empty bin is a large number and not an infinite one. Below 0.1 is usually called stable, above
// 0.25 changed. All functions are pure.

inline constexpr double kLeastShare = 1e-4;

// The index of one feature over raw values; at least one, all finite. nullopt for a model that
// keeps no deciles of it. Of a feature that was constant in training three bins are made: below,
// equal and above.
std::optional<double> StabilityIndex(const cairn::v1::SegmentationModel::Feature& feature,
                                     std::span<const double> values);

// Whether the model keeps the shares beside the edges, of every feature.
bool HasEdgeShares(const cairn::v1::SegmentationModel& model);

// The largest index over the features of the model; raw rows, one column for each feature.
// nullopt if there is one whose deciles the model does not keep.
std::optional<double> LargestStabilityIndex(const cairn::v1::SegmentationModel& model,
                                            const model::Matrix& raw);

}  // namespace cairn::evaluation

#endif  // CAIRN_LIB_EVALUATION_DRIFT_H_
