#include "pipeline/stages/stage_graph.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"

namespace cairn::pipeline {
namespace {

nlohmann::ordered_json SetAsideJson(const std::vector<SetAside>& reasons) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const SetAside& one : reasons) {
    out.push_back({{"reason", one.reason}, {"rows", one.rows}, {"spend", one.spend}});
  }
  return out;
}

}  // namespace

const std::vector<StageInfo>& StageGraph() {
  static const auto* const graph = new std::vector<StageInfo>{
      {"load", 3, {}, "read the transactions, set bad rows aside"},
      {"missing_values", 1, {"load"}, "drop rows without customer or description"},
      {"duplicates", 1, {"missing_values"}, "keep the first of equal rows"},
      {"transaction_status", 1, {"duplicates"}, "mark cancelled invoices"},
      {"stock_codes", 1, {"transaction_status"}, "drop codes that are no goods"},
      {"descriptions", 1, {"stock_codes"}, "drop service lines, normalise the text"},
      {"zero_price", 1, {"descriptions"}, "drop rows without a price"},
      {"features", 1, {"zero_price"}, "one row of fifteen features per customer"},
      {"correlation", 1, {"features"}, "Pearson and Spearman between the features"},
      {"outliers", 1, {"features"}, "isolation forest"},
      {"scale", 1, {"features", "outliers"}, "fit and apply the scaling of each column"},
      {"pca", 1, {"scale"}, "project on the components that explain enough"},
      {"sweep", 1, {"pca"}, "train every point of the grid"},
      {"evaluate", 1, {"sweep"}, "indices on the training rows and on all customers"},
      {"select", 1, {"evaluate"}, "table of k, and the k that is chosen"},
      {"register", 1, {"select"}, "data sets, runs and model versions on the server"},
  };
  return *graph;
}

absl::StatusOr<int> StageIndex(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (size_t i = 0; i < StageGraph().size(); ++i) {
    const std::string_view stage = StageGraph()[i].name;
    if (stage == name) return static_cast<int>(i);
    known.emplace_back(stage);
    list += (list.empty() ? "" : ", ") + std::string(stage);
  }
  const std::string near = Nearest(name, known);
  return InvalidField(ErrorReason::CONFIG_INVALID, "stage", name,
                      near.empty() ? fmt::format("must be one of {}", list)
                                   : fmt::format("no such stage; did you mean `{}`?", near))
      .ToStatus();
}

std::string StageKey(std::string_view stage, const PipelineConfig& config,
                     std::string_view input_sha256) {
  std::map<std::string_view, std::string> keys;
  for (const StageInfo& info : StageGraph()) {
    std::string text = fmt::format("cairn.stage.v1\n{}\n{}\n{}\n", info.name, info.version,
                                   StageConfigText(config, info.name));
    if (info.inputs.empty()) text += input_sha256;
    for (const std::string_view input : info.inputs) text += keys[input] + "\n";
    keys[info.name] = Sha256Hex(text);
    if (info.name == stage) break;
  }
  return keys[stage];
}

SetAsideReport SetAsideOf(const std::vector<StageRecord>& records) {
  SetAsideReport report;
  for (const StageRecord& record : records) {
    if (record.name == kRejectRule) {
      report.rows_read = static_cast<uint64_t>(record.rows_in);
      report.spend = record.spend;
    }
    report.reasons.insert(report.reasons.end(), record.set_aside.begin(), record.set_aside.end());
  }
  return report;
}

std::string StagesJson(const std::vector<StageRecord>& records) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const StageRecord& record : records) {
    nlohmann::ordered_json one = {
        {"name", record.name},       {"rows_in", record.rows_in}, {"rows_out", record.rows_out},
        {"seconds", record.seconds}, {"cached", record.cached},   {"digest", record.digest},
        {"key", record.key}};
    nlohmann::ordered_json counts = nlohmann::ordered_json::object();
    for (const auto& [name, count] : record.counts) counts[name] = count;
    one["counts"] = std::move(counts);
    if (!record.notes.empty()) one["notes"] = record.notes;
    if (!record.set_aside.empty()) one["set_aside"] = SetAsideJson(record.set_aside);
    out.push_back(std::move(one));
  }
  return out.dump(2) + "\n";
}

}  // namespace cairn::pipeline
