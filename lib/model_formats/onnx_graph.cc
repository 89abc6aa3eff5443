#include "lib/model_formats/onnx_graph.h"

#include <bit>

#include "fmt/format.h"
#include "lib/base/wire_fields.h"

namespace cairn::model_formats {
namespace {

constexpr int64_t kIrVersion = 7;
constexpr int64_t kOperatorSet = 13;
constexpr std::string_view kRows = "customers";  // the name of the dimension that varies

// AttributeProto.AttributeType.
constexpr int64_t kAttributeInt = 2;
constexpr int64_t kAttributeInts = 7;

void AppendInt(int field, int64_t value, std::string& out) {
  AppendVarint(static_cast<size_t>(field) << 3, out);
  AppendVarint(static_cast<size_t>(value), out);
}

void AppendLittleEndian(uint64_t bits, std::string& out) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(bits >> shift));
}

std::string DimensionBytes(int64_t columns) {
  std::string dimension;
  if (columns == 0) {
    AppendField(2, kRows, dimension);
  } else {
    AppendInt(1, columns, dimension);
  }
  return dimension;
}

std::string ValueInfo(std::string_view name, OnnxType type, int64_t columns) {
  std::string shape;
  AppendField(1, DimensionBytes(0), shape);
  if (columns != 0) AppendField(1, DimensionBytes(columns), shape);
  std::string tensor;
  AppendInt(1, static_cast<int64_t>(type), tensor);
  AppendField(2, shape, tensor);
  std::string type_bytes;
  AppendField(1, tensor, type_bytes);
  std::string info;
  AppendField(1, name, info);
  AppendField(2, type_bytes, info);
  return info;
}

std::string AttributeBytes(const OnnxAttribute& attribute) {
  std::string out;
  AppendField(1, attribute.name, out);
  for (const int64_t value : attribute.values) AppendInt(attribute.is_list ? 8 : 3, value, out);
  AppendInt(20, attribute.is_list ? kAttributeInts : kAttributeInt, out);
  return out;
}

std::string TensorHead(OnnxType type, std::span<const int64_t> dims) {
  std::string tensor;
  for (const int64_t dim : dims) AppendInt(1, dim, tensor);
  AppendInt(2, static_cast<int64_t>(type), tensor);
  return tensor;
}

std::span<const int64_t> SpanOf(std::initializer_list<int64_t> dims) {
  return {dims.begin(), dims.size()};
}

}  // namespace

OnnxValue OnnxGraph::NextName() { return fmt::format("{}{}", kInnerPrefix, ++names_); }

OnnxValue OnnxGraph::Input(std::string_view name, OnnxType type, int64_t columns) {
  AppendField(11, ValueInfo(name, type, columns), inputs_);
  return OnnxValue(name);
}

OnnxValue OnnxGraph::Constant(OnnxType type, std::initializer_list<int64_t> dims,
                              std::string_view raw) {
  OnnxValue name = NextName();
  std::string tensor = TensorHead(type, SpanOf(dims));
  AppendField(8, name, tensor);
  AppendField(9, raw, tensor);
  AppendField(5, tensor, constants_);
  return name;
}

OnnxValue OnnxGraph::Doubles(std::span<const double> values, std::initializer_list<int64_t> dims) {
  std::string raw;
  for (const double value : values) AppendLittleEndian(std::bit_cast<uint64_t>(value), raw);
  return Constant(OnnxType::kDouble, dims, raw);
}

OnnxValue OnnxGraph::Int64s(std::span<const int64_t> values, std::initializer_list<int64_t> dims) {
  std::string raw;
  for (const int64_t value : values) AppendLittleEndian(static_cast<uint64_t>(value), raw);
  return Constant(OnnxType::kInt64, dims, raw);
}

OnnxValue OnnxGraph::Bools(const std::vector<bool>& values, std::initializer_list<int64_t> dims) {
  std::string raw;
  for (const bool value : values) raw.push_back(value ? 1 : 0);
  return Constant(OnnxType::kBool, dims, raw);
}

OnnxValue OnnxGraph::Strings(std::span<const std::string> values) {
  OnnxValue name = NextName();
  const auto size = static_cast<int64_t>(values.size());
  std::string tensor = TensorHead(OnnxType::kString, {&size, 1});
  for (const std::string& value : values) AppendField(6, value, tensor);
  AppendField(8, name, tensor);
  AppendField(5, tensor, constants_);
  return name;
}

OnnxValue OnnxGraph::Node(std::string_view op, const std::vector<OnnxValue>& inputs,
                          const std::vector<OnnxAttribute>& attributes) {
  OnnxValue output = NextName();
  AppendNode(op, inputs, output, attributes);
  return output;
}

void OnnxGraph::AppendNode(std::string_view op, const std::vector<OnnxValue>& inputs,
                           const OnnxValue& output, const std::vector<OnnxAttribute>& attributes) {
  std::string node;
  for (const OnnxValue& input : inputs) AppendField(1, input, node);
  AppendField(2, output, node);
  AppendField(3, fmt::format("{} -> {}", op, output), node);
  AppendField(4, op, node);
  for (const OnnxAttribute& attribute : attributes) {
    AppendField(5, AttributeBytes(attribute), node);
  }
  AppendField(1, node, nodes_);
}

void OnnxGraph::Output(const OnnxValue& value, std::string_view name, OnnxType type,
                       int64_t columns) {
  AppendNode("Identity", {value}, OnnxValue(name), {});
  AppendField(12, ValueInfo(name, type, columns), outputs_);
}

std::string OnnxGraph::Finish(std::string_view name, std::string_view doc,
                              std::string_view producer_version,
                              std::span<const std::pair<std::string, std::string>> metadata) const {
  std::string graph = nodes_;
  AppendField(2, name, graph);
  graph += constants_;
  AppendField(10, doc, graph);
  graph += inputs_;
  graph += outputs_;
  std::string operators;
  AppendField(1, "", operators);  // the standard ones
  AppendInt(2, kOperatorSet, operators);
  std::string model;
  AppendInt(1, kIrVersion, model);
  AppendField(2, "cairn", model);
  AppendField(3, producer_version, model);
  AppendField(7, graph, model);
  AppendField(8, operators, model);
  for (const auto& [key, value] : metadata) {
    std::string entry;
    AppendField(1, key, entry);
    AppendField(2, value, entry);
    AppendField(14, entry, model);
  }
  return model;
}

}  // namespace cairn::model_formats
