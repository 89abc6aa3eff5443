#include "lib/model_formats/onnx_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "lib/model_formats/onnx_chain.h"
#include "lib/model_formats/onnx_graph.h"

namespace cairn::model_formats {
namespace {

constexpr std::string_view kGraphName = "cairn_segmentation";
constexpr std::string_view kSegment = "segment";
constexpr std::string_view kSegmentName = "segment_name";
constexpr std::string_view kDistance = "distance";

template <typename Named>
std::string NamesJson(const Named& items) {
  nlohmann::json names = nlohmann::json::array();
  for (const auto& item : items) names.push_back(item.name());
  return names.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::vector<std::pair<std::string, std::string>> Metadata(const SegmentationModel& model,
                                                          std::string_view native_file) {
  std::vector<std::pair<std::string, std::string>> entries = {
      {"cairn.features", NamesJson(model.features())},
      {"cairn.model_sha256", Sha256Hex(native_file)},
      {"cairn.evaluation_space", model.evaluation_space()},
      {"cairn.feature_schema", model.feature_schema()},
      {"cairn.training_data_sha256", model.training_data_sha256()}};
  if (!model.segments().empty()) {
    entries.insert(entries.begin() + 1, {"cairn.segments", NamesJson(model.segments())});
  }
  return entries;
}

std::string Finished(const SegmentationModel& model, std::string_view native_file,
                     const OnnxGraph& graph) {
  return graph.Finish(kGraphName, "Raw features of customers to their segments (k-means).",
                      model.producer_version(), Metadata(model, native_file));
}

absl::Status CheckNames(const SegmentationModel& model) {
  for (int j = 0; j < model.features_size(); ++j) {
    const std::string& name = model.features(j).name();
    if (name == kSegment || name == kSegmentName || name == kDistance ||
        name.starts_with(OnnxGraph::kInnerPrefix)) {
      return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("features.{}.name", j), name,
                          "is taken by an output or an inner value of the ONNX graph");
    }
  }
  return absl::OkStatus();
}

// The table of all features, from one input for each.
OnnxValue JoinedColumns(const SegmentationModel& model, OnnxGraph& graph) {
  if (model.features_size() == 1) {
    return graph.Input(model.features(0).name(), OnnxType::kDouble, 1);
  }
  const int64_t last = 1;
  const OnnxValue axis = graph.Int64s({&last, 1}, {1});
  std::vector<OnnxValue> columns;
  for (const auto& feature : model.features()) {
    columns.push_back(
        graph.Node("Unsqueeze", {graph.Input(feature.name(), OnnxType::kDouble, 0), axis}));
  }
  return graph.Node("Concat", columns, {{"axis", {1}}});
}

// The place -1 of a list is its last, so that rows without a segment get the empty name.
OnnxValue SegmentNames(const SegmentationModel& model, const OnnxValue& segment, OnnxGraph& graph) {
  std::vector<std::string> names;
  for (const auto& one : model.segments()) names.push_back(one.name());
  names.emplace_back();
  return graph.Node("Gather", {graph.Strings(names), segment});
}

}  // namespace

absl::StatusOr<std::string> OnnxModel(const SegmentationModel& model) {
  CAIRN_ASSIGN_OR_RETURN(const std::string native_file, model::SerializeModel(model));
  OnnxGraph graph;
  const OnnxValue raw = graph.Input("features", OnnxType::kDouble, model.features_size());
  const ChainValues chain = AddChain(model, raw, graph);
  graph.Output(chain.segment, kSegment, OnnxType::kInt64, 0);
  graph.Output(chain.distances, "distances", OnnxType::kDouble, model.cluster_count());
  return Finished(model, native_file, graph);
}

absl::StatusOr<std::string> OnnxColumnModel(const SegmentationModel& model) {
  CAIRN_ASSIGN_OR_RETURN(const std::string native_file, model::SerializeModel(model));
  CAIRN_RETURN_IF_ERROR(CheckNames(model));
  OnnxGraph graph;
  const ChainValues chain = AddChain(model, JoinedColumns(model, graph), graph);
  graph.Output(chain.segment, kSegment, OnnxType::kInt64, 0);
  if (!model.segments().empty()) {
    graph.Output(SegmentNames(model, chain.segment, graph), kSegmentName, OnnxType::kString, 0);
  }
  const int64_t columns = 1;
  const OnnxValue least =
      graph.Node("ReduceMin", {chain.distances}, {{"axes", {columns}, true}, {"keepdims", {0}}});
  graph.Output(least, kDistance, OnnxType::kDouble, 0);
  return Finished(model, native_file, graph);
}

}  // namespace cairn::model_formats
