#ifndef CAIRN_PIPELINE_STAGES_PREDICTION_H_
#define CAIRN_PIPELINE_STAGES_PREDICTION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/model/predictor.h"
#include "pipeline/data/features.h"

namespace cairn::pipeline {

// Assigning customers to the segments of a model. Pure functions.

// One entry per customer, ascending id as in the features.
struct CustomerSegments {
  std::vector<int32_t> customer_ids;
  CustomerNames customer_names;
  std::vector<int32_t> segments;
  std::vector<double> distances;  // To the centre of the own segment.
};

// The features a model wants of a customer: the preset it was trained with. INVALID_ARGUMENT
// (VALUE_INVALID) when it names none.
absl::StatusOr<FeaturePreset> PresetOfModel(const model::Predictor& predictor);

// Whether `features`, read from a file, can be what the model was trained on. INVALID_ARGUMENT
// (VALUE_INVALID) names what cannot: a model whose schema digest is not that of its features as
// this release computes them; a customer that is there twice; a value that no customer has (a
// negative count, hour 24), as in a table that was scaled already, with customer and feature.
absl::Status CheckFeatures(const model::Predictor& predictor, const FeatureMatrix& features);

// What is possible but odd, a sentence each: columns that are not the model's, in its order;
// values beyond those of the training, with the customer that is farthest out.
std::vector<std::string> FeatureWarnings(const model::Predictor& predictor,
                                         const FeatureMatrix& features);

// Assigns every customer of `features`, whose columns may stand in any order and may be more
// than the model has. Errors are those of Predictor::MapColumns and Predictor::Predict, and
// VALUE_INVALID, which names customer and feature, for one at no finite distance from its segment.
absl::StatusOr<CustomerSegments> AssignSegments(const model::Predictor& predictor,
                                                const FeatureMatrix& features);

// predictions.csv: CustomerID,Segment,Distance.
std::string PredictionsCsv(const CustomerSegments& assigned);

// A table for people: customers and share of each segment, beside the share in training.
std::string SegmentSummary(const model::Predictor& predictor, const CustomerSegments& assigned);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_PREDICTION_H_
