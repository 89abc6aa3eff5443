#ifndef CAIRN_LIB_MODEL_FORMATS_ONNX_MODEL_H_
#define CAIRN_LIB_MODEL_FORMATS_ONNX_MODEL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/segmentation_model.pb.h"

namespace cairn::model_formats {

using cairn::v1::SegmentationModel;

// A segmentation model as ONNX: raw features in, segment out, for whoever has an ONNX runtime and
// nothing of this project. Operator set 13 and IR version 7, everything in double.
//
// Segments are those of model::Predictor except for a customer that is equally far from two centres
// to the last bits, and distances agree to 1e-9. Where Predictor refuses a row, for a value that is
// not finite, a graph cannot: the row's segment is then -1 and its distances are NaN.
//
// What the columns and the numbers mean stands in the file's metadata_props:
//
//   cairn.features      names of the features in their order, a JSON list
//   cairn.segments      names of the segments by their numbers, a JSON list; absent in older models
//   cairn.model_sha256  of the native file (model_file.h), of which this is a translation
//   cairn.evaluation_space, cairn.feature_schema, cairn.training_data_sha256  as in the model
//
// Equal models give equal bytes on one build. Pure; any thread. INVALID_ARGUMENT (MODEL_MALFORMED)
// when ValidateModel objects.

// Where the pipeline puts the file beside the native one.
inline constexpr std::string_view kOnnxFileName = "model.onnx";

// One input for all features:
//
//   in   features   double [customers, features], columns in the model's order
//   out  segment    int64  [customers]
//   out  distances  double [customers, segments], Euclidean, in the space of the components
absl::StatusOr<std::string> OnnxModel(const SegmentationModel& model);

// One input for each feature, for tables whose columns have names:
//
//   in   NAME          double [customers], one for each feature; [customers, 1] of an only one
//   out  segment       int64  [customers]
//   out  segment_name  string [customers]; only of a model that names its segments; "" with -1
//   out  distance      double [customers], to the centre of that segment
//
// Also INVALID_ARGUMENT (VALUE_INVALID) for a feature that is called like an output, or that begins
// with OnnxGraph::kInnerPrefix: names are one space in ONNX.
absl::StatusOr<std::string> OnnxColumnModel(const SegmentationModel& model);

}  // namespace cairn::model_formats

#endif  // CAIRN_LIB_MODEL_FORMATS_ONNX_MODEL_H_
