#include "lib/model_formats/onnx_chain.h"

#include <algorithm>
#include <map>

namespace cairn::model_formats {
namespace {

using cairn::v1::SegmentationModel;
using Feature = SegmentationModel::Feature;

std::span<const double> ValuesOf(const google::protobuf::RepeatedField<double>& values) {
  return {values.data(), static_cast<size_t>(values.size())};
}

OnnxAttribute One(std::string_view name, int64_t value) { return {name, {value}, false}; }
OnnxAttribute Axes(int64_t axis) { return {"axes", {axis}, true}; }

// sign(x) * log(1 + |x|). With u = 1 + a rounded, log(u) * a / (u - 1) makes good for what the
// rounding took from a, where log(u) alone has no right digit of a small a.
OnnxValue SignedLogOf(const OnnxValue& x, OnnxGraph& graph) {
  const OnnxValue one = graph.Double(1);
  const OnnxValue a = graph.Node("Abs", {x});
  const OnnxValue u = graph.Node("Add", {a, one});
  const OnnxValue rest = graph.Node("Sub", {u, one});
  const OnnxValue nothing = graph.Node("Equal", {rest, graph.Double(0)});
  const OnnxValue divisor = graph.Node("Where", {nothing, one, rest});
  const OnnxValue ratio = graph.Node("Div", {a, divisor});
  const OnnxValue product = graph.Node("Mul", {graph.Node("Log", {u}), ratio});
  const OnnxValue log1p = graph.Node("Where", {nothing, a, product});
  return graph.Node("Mul", {graph.Node("Sign", {x}), log1p});
}

// How many of the quantiles `comparison` (of a quantile with x) holds for: int64, rows × 1.
OnnxValue Count(std::string_view comparison, const OnnxValue& quantiles, const OnnxValue& x,
                OnnxGraph& graph) {
  const OnnxValue holds = graph.Node(comparison, {quantiles, x});
  const OnnxValue numbers =
      graph.Node("Cast", {holds}, {One("to", static_cast<int64_t>(OnnxType::kInt64))});
  const int64_t columns = 1;
  return graph.Node("ReduceSum", {numbers, graph.Int64s({&columns, 1}, {1})}, {One("keepdims", 1)});
}

OnnxValue ToDouble(const OnnxValue& value, OnnxGraph& graph) {
  return graph.Node("Cast", {value}, {One("to", static_cast<int64_t>(OnnxType::kDouble))});
}

// The share of a column, rows × 1, among its quantiles, by two counts: of the quantiles below x,
// and of those up to x. Where they are equal x lies between two quantiles.
OnnxValue QuantileShareOf(const Feature& feature, const OnnxValue& x, OnnxGraph& graph) {
  const int64_t size = feature.quantiles_size();
  const OnnxValue row = graph.Doubles(ValuesOf(feature.quantiles()), {1, size});
  const OnnxValue list = graph.Doubles(ValuesOf(feature.quantiles()), {size});
  const OnnxValue one = graph.Int64(1);
  const OnnxValue steps = graph.Double(static_cast<double>(size - 1));
  const OnnxValue less = Count("Less", row, x, graph);
  const OnnxValue up_to = Count("LessOrEqual", row, x, graph);
  const OnnxValue last_below = graph.Node("Sub", {up_to, one});
  // At both ends the places are brought into the list; what comes of them is replaced below.
  const OnnxValue below =
      graph.Node("Gather", {list, graph.Node("Max", {last_below, graph.Int64(0)})});
  const OnnxValue above =
      graph.Node("Gather", {list, graph.Node("Min", {up_to, graph.Int64(size - 1)})});
  const OnnxValue gap = graph.Node("Sub", {above, below});
  const OnnxValue no_gap = graph.Node("Equal", {gap, graph.Double(0)});
  const OnnxValue part = graph.Node(
      "Div", {graph.Node("Sub", {x, below}), graph.Node("Where", {no_gap, graph.Double(1), gap})});
  const OnnxValue between = graph.Node("Add", {ToDouble(last_below, graph), part});
  const OnnxValue both = ToDouble(graph.Node("Add", {less, last_below}), graph);
  const OnnxValue middle = graph.Node("Div", {both, graph.Double(2)});
  const OnnxValue is_between = graph.Node("Equal", {less, up_to});
  OnnxValue share = graph.Node("Div", {graph.Node("Where", {is_between, between, middle}), steps});
  const OnnxValue most = graph.Double(feature.quantiles(feature.quantiles_size() - 1));
  share = graph.Node("Where", {graph.Node("GreaterOrEqual", {x, most}), graph.Double(1), share});
  const OnnxValue least = graph.Double(feature.quantiles(0));
  return graph.Node("Where", {graph.Node("LessOrEqual", {x, least}), graph.Double(0), share});
}

OnnxValue Columns(const OnnxValue& table, const std::vector<int64_t>& columns, OnnxGraph& graph) {
  const auto size = static_cast<int64_t>(columns.size());
  return graph.Node("Gather", {table, graph.Int64s(columns, {size})}, {One("axis", 1)});
}

// Which features have the property, as a constant of one row.
template <typename Has>
OnnxValue Mask(const SegmentationModel& model, const Has& has, OnnxGraph& graph) {
  std::vector<bool> mask;
  for (const Feature& feature : model.features()) mask.push_back(has(feature));
  return graph.Bools(mask, {1, model.features_size()});
}

bool IsLog(const Feature& feature) { return feature.transform() == Feature::SIGNED_LOG; }
bool IsQuantile(const Feature& feature) { return feature.transform() == Feature::QUANTILE; }

// Replaces the columns that go through quantiles; the others stand together in between.
OnnxValue WithQuantiles(const SegmentationModel& model, const OnnxValue& values, OnnxGraph& graph) {
  std::vector<OnnxValue> pieces;
  std::vector<int64_t> others;
  const auto flush = [&] {
    if (!others.empty()) pieces.push_back(Columns(values, others, graph));
    others.clear();
  };
  for (int j = 0; j < model.features_size(); ++j) {
    if (!IsQuantile(model.features(j))) {
      others.push_back(j);
      continue;
    }
    flush();
    pieces.push_back(QuantileShareOf(model.features(j), Columns(values, {j}, graph), graph));
  }
  flush();
  return graph.Node("Concat", pieces, {One("axis", 1)});
}

OnnxValue TransformedOf(const SegmentationModel& model, const OnnxValue& raw, OnnxGraph& graph) {
  OnnxValue values = raw;
  const auto& features = model.features();
  if (std::any_of(features.begin(), features.end(), IsLog)) {
    values = graph.Node("Where", {Mask(model, IsLog, graph), SignedLogOf(raw, graph), raw});
  }
  if (std::any_of(features.begin(), features.end(), IsQuantile)) {
    values = WithQuantiles(model, values, graph);
  }
  return values;
}

// Columns of one group, divided by their length in the row.
OnnxValue Normalized(const OnnxValue& values, const std::vector<int64_t>& columns,
                     OnnxGraph& graph) {
  const OnnxValue squares = graph.Node("ReduceSumSquare", {Columns(values, columns, graph)},
                                       {Axes(1), One("keepdims", 1)});
  const OnnxValue norm = graph.Node("Sqrt", {squares});
  const OnnxValue zero = graph.Node("Equal", {squares, graph.Double(0)});
  const OnnxValue divisor = graph.Node("Where", {zero, graph.Double(1), norm});
  return graph.Node("Div", {values, divisor});
}

OnnxValue PreparedOf(const SegmentationModel& model, const OnnxValue& values, OnnxGraph& graph) {
  std::vector<double> centers;
  std::vector<double> scales;
  std::map<int, std::vector<int64_t>> groups;
  for (int j = 0; j < model.features_size(); ++j) {
    const Feature& feature = model.features(j);
    if (feature.row_norm_group() != 0) groups[feature.row_norm_group()].push_back(j);
    centers.push_back(feature.center());
    scales.push_back(feature.scale());
  }
  const int64_t size = model.features_size();
  OnnxValue prepared =
      graph.Node("Div", {graph.Node("Sub", {values, graph.Doubles(centers, {1, size})}),
                         graph.Doubles(scales, {1, size})});
  for (const auto& [group, columns] : groups) {
    const int number = group;
    const auto in_group = [&](const Feature& feature) {
      return feature.row_norm_group() == number;
    };
    prepared = graph.Node(
        "Where", {Mask(model, in_group, graph), Normalized(values, columns, graph), prepared});
  }
  return prepared;
}

// Components are rows in the model and columns of the matrix that rows are multiplied with.
OnnxValue ComponentsOf(const SegmentationModel& model, const OnnxValue& prepared,
                       OnnxGraph& graph) {
  if (!model.has_projection()) return prepared;
  const auto& axes = model.projection().components();
  const int features = model.features_size();
  const int components = axes.size() / features;
  std::vector<double> columns;
  for (int j = 0; j < features; ++j) {
    for (int c = 0; c < components; ++c) columns.push_back(axes[c * features + j]);
  }
  const OnnxValue mean = graph.Doubles(ValuesOf(model.projection().mean()), {1, features});
  return graph.Node("MatMul", {graph.Node("Sub", {prepared, mean}),
                               graph.Doubles(columns, {features, components})});
}

OnnxValue SquaredDistancesOf(const SegmentationModel& model, const OnnxValue& points,
                             OnnxGraph& graph) {
  const int64_t segments = model.cluster_count();
  const int64_t components = model.centers_size() / segments;
  const int64_t middle = 1;
  const OnnxValue each = graph.Node("Unsqueeze", {points, graph.Int64s({&middle, 1}, {1})});
  const OnnxValue centers = graph.Doubles(ValuesOf(model.centers()), {1, segments, components});
  return graph.Node("ReduceSumSquare", {graph.Node("Sub", {each, centers})},
                    {Axes(2), One("keepdims", 0)});
}

}  // namespace

ChainValues AddChain(const SegmentationModel& model, const OnnxValue& raw, OnnxGraph& graph) {
  const OnnxValue prepared = PreparedOf(model, TransformedOf(model, raw, graph), graph);
  const OnnxValue squared = SquaredDistancesOf(model, ComponentsOf(model, prepared, graph), graph);
  const OnnxValue nearest = graph.Node(
      "ArgMin", {squared}, {One("axis", 1), One("keepdims", 0), One("select_last_index", 0)});
  // x - x is 0, or NaN for what is not finite; so is a row's sum of them.
  const OnnxValue doubt = graph.Node("Sub", {raw, raw});
  const int64_t columns = 1;
  const OnnxValue axis = graph.Int64s({&columns, 1}, {1});
  const OnnxValue finite = graph.Node(
      "Equal", {graph.Node("ReduceSum", {doubt, axis}, {One("keepdims", 0)}), graph.Double(0)});
  const OnnxValue row_doubt = graph.Node("ReduceSum", {doubt, axis}, {One("keepdims", 1)});
  return {graph.Node("Where", {finite, nearest, graph.Int64(-1)}),
          graph.Node("Add", {graph.Node("Sqrt", {squared}), row_doubt})};
}

}  // namespace cairn::model_formats
