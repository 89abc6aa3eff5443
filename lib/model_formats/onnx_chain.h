#ifndef CAIRN_LIB_MODEL_FORMATS_ONNX_CHAIN_H_
#define CAIRN_LIB_MODEL_FORMATS_ONNX_CHAIN_H_

#include "cairn/v1/segmentation_model.pb.h"
#include "lib/model_formats/onnx_graph.h"

namespace cairn::model_formats {

// The arithmetic of lib/model/transform.h as nodes of an ONNX graph, in double throughout.
//
// Each function has the meaning of its namesake there; sums may run in another order, so values
// differ in the last bits. Distances are sums of squared differences as there: the shorter way over
// one matrix product loses half of the digits where a customer is near a centre. It costs rows ×
// segments × components doubles of memory while it runs.

// What the chain ends in.
struct ChainValues {
  OnnxValue segment;    // int64, one for each row; -1 for a row with a value that is not finite
  OnnxValue distances;  // double, rows × segments; NaN in such a row
};

// Adds the chain to `graph`, from `raw`: doubles, rows × features. REQUIRES: ValidateModel accepts
// the model.
ChainValues AddChain(const cairn::v1::SegmentationModel& model, const OnnxValue& raw,
                     OnnxGraph& graph);

}  // namespace cairn::model_formats

#endif  // CAIRN_LIB_MODEL_FORMATS_ONNX_CHAIN_H_
