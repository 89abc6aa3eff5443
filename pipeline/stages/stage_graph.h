#ifndef CAIRN_PIPELINE_STAGES_STAGE_GRAPH_H_
#define CAIRN_PIPELINE_STAGES_STAGE_GRAPH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/data/set_aside.h"
#include "pipeline/stages/config.h"

namespace cairn::pipeline {

// The pipeline as a graph of stages, and what decides whether a stage has to run.
//
//   load → missing_values → duplicates → transaction_status → stock_codes → descriptions →
//   zero_price → features → correlation
//                        ↘ outliers → scale → pca → sweep → evaluate → select → register
//
// Stages are functions from values to values; only `register` touches the network.

// One stage. Lives as long as the process.
struct StageInfo {
  std::string_view name;
  // Raised whenever the code gives another result for the same input: old cached values then no
  // longer fit.
  int version;
  // The stages whose output it takes. Every input comes before the stage in StageGraph().
  std::vector<std::string_view> inputs;
  // What it does, for `plan`.
  std::string_view says;
};

// All stages, each after its inputs.
const std::vector<StageInfo>& StageGraph();

// The place of a stage in StageGraph(). INVALID_ARGUMENT (VALUE_INVALID) names the known stages,
// or the one that was probably meant.
absl::StatusOr<int> StageIndex(std::string_view name);

// What identifies the output of a stage: 64 lower-case hexadecimal characters over its name and
// version, its own settings and the keys of its inputs; for `load` over the digest of the file.
// Equal keys mean equal outputs.
std::string StageKey(std::string_view stage, const PipelineConfig& config,
                     std::string_view input_sha256);

// What one stage did in this run.
struct StageRecord {
  std::string name;
  int64_t rows_in = 0;
  int64_t rows_out = 0;
  double seconds = 0;   // Wall time; that of the run that computed it when cached.
  bool cached = false;  // Taken from the cache, not computed now.
  std::string key;      // StageKey.
  std::string digest;   // SHA-256 of the output, see docs of stages.json; empty for none.
  // Further counts in a fixed order, for example {"cancelled_rows", 8841}.
  std::vector<std::pair<std::string, int64_t>> counts;
  double spend = 0;                 // Gross, of rows_out; of `load` only.
  std::vector<std::string> notes;   // What it decided or warns of, a line each; of `load` only.
  std::vector<SetAside> set_aside;  // Why rows were dropped; of `load` and the cleaning stages.
};

// What `load` and the cleaning stages among `records` set aside.
SetAsideReport SetAsideOf(const std::vector<StageRecord>& records);

// stages.json: an array with one object for each record.
std::string StagesJson(const std::vector<StageRecord>& records);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STAGE_GRAPH_H_
