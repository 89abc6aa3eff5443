#ifndef CAIRN_LIB_MODEL_FORMATS_ONNX_GRAPH_H_
#define CAIRN_LIB_MODEL_FORMATS_ONNX_GRAPH_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::model_formats {

// Writes an ONNX model, the part of the format that a chain of arithmetic needs: nodes of the
// standard operators, constants, typed inputs and outputs. No ONNX library is linked.
//
// The format is the protobuf messages of onnx.proto (https://github.com/onnx/onnx, IR version 7,
// operator set 13); the numbers of its fields that are written here:
//
//   ModelProto      ir_version 1, producer_name 2, producer_version 3, graph 7, opset_import 8,
//                   metadata_props 14
//   OperatorSetId   domain 1, version 2                StringStringEntry  key 1, value 2
//   GraphProto      node 1, name 2, initializer 5, doc_string 10, input 11, output 12
//   NodeProto       input 1, output 2, name 3, op_type 4, attribute 5
//   AttributeProto  name 1, i 3, ints 8, type 20
//   TensorProto     dims 1, data_type 2, string_data 6, name 8, raw_data 9
//   ValueInfoProto  name 1, type 2                     TypeProto          tensor_type 1
//   TypeProto.Tensor  elem_type 1, shape 2             TensorShapeProto   dim 1
//   Dimension       dim_value 1, dim_param 2
//
// Version 7 and 13 are the oldest in which all operators used take doubles, so that the most
// runtimes read what is written. Equal calls give equal bytes.

// Types of elements, by their numbers in TensorProto.DataType.
enum class OnnxType { kInt64 = 7, kString = 8, kBool = 9, kDouble = 11 };

// The name of a value in the graph: an input, a constant or what a node computed.
using OnnxValue = std::string;

// A whole-number attribute of a node, or a list of them.
struct OnnxAttribute {
  std::string_view name;
  std::vector<int64_t> values;
  bool is_list = false;
};

// Builds one graph from front to back. Not thread-safe.
class OnnxGraph {
 public:
  // Names of inner values begin so; those of inputs and outputs must not.
  static constexpr std::string_view kInnerPrefix = "cairn/";

  // Declares an input of one row for each customer; `columns` is 0 for a tensor of one dimension.
  OnnxValue Input(std::string_view name, OnnxType type, int64_t columns);

  // Constants. The number of values is the product of `dims`; none for a scalar.
  OnnxValue Doubles(std::span<const double> values, std::initializer_list<int64_t> dims);
  OnnxValue Int64s(std::span<const int64_t> values, std::initializer_list<int64_t> dims);
  OnnxValue Bools(const std::vector<bool>& values, std::initializer_list<int64_t> dims);
  OnnxValue Strings(std::span<const std::string> values);
  OnnxValue Double(double value) { return Doubles({&value, 1}, {}); }
  OnnxValue Int64(int64_t value) { return Int64s({&value, 1}, {}); }

  // A node of the operator `op`; returns its only output.
  OnnxValue Node(std::string_view op, const std::vector<OnnxValue>& inputs,
                 const std::vector<OnnxAttribute>& attributes = {});

  // Makes `value` an output called `name`, of the shape that Input describes.
  void Output(const OnnxValue& value, std::string_view name, OnnxType type, int64_t columns);

  // The bytes of the model. `metadata` are texts for whoever looks into the file.
  std::string Finish(std::string_view name, std::string_view doc, std::string_view producer_version,
                     std::span<const std::pair<std::string, std::string>> metadata) const;

 private:
  OnnxValue NextName();
  OnnxValue Constant(OnnxType type, std::initializer_list<int64_t> dims, std::string_view raw);
  void AppendNode(std::string_view op, const std::vector<OnnxValue>& inputs,
                  const OnnxValue& output, const std::vector<OnnxAttribute>& attributes);

  int64_t names_ = 0;
  // Fields of GraphProto that are complete already, each with its tag.
  std::string nodes_;
  std::string constants_;
  std::string inputs_;
  std::string outputs_;
};

}  // namespace cairn::model_formats

#endif  // CAIRN_LIB_MODEL_FORMATS_ONNX_GRAPH_H_
