#ifndef CAIRN_PIPELINE_STAGES_STAGE_GRAPH_H_
#define CAIRN_PIPELINE_STAGES_STAGE_GRAPH_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/stage_record.h"

namespace cairn::pipeline {

// The pipeline as a graph of stages, and what decides whether a stage has to run.
//
//   load → missing_values → duplicates → transaction_status → stock_codes → descriptions →
//   zero_price → features → correlation
//                        ↘ outliers → scale → pca → sweep → evaluate → stability → select → profile
//                        → register
//                                           ↘ correlation_prepared
//
// A stage is one row of StageGraph(). Whoever walks the rows (runner.h) knows none of them by name:
// a new stage is a pair of files with its StageWork, and its row.

class StageRun;

// A way to find what a stage came to in the cache.
struct KeptForm {
  // The name of the entry; empty for that of the stage. It is kept under the stage's key.
  std::string_view entry;
  // Takes the value into the run and the records of its stages out, marked `cached`; false when the
  // bytes do not fit or something they stand on is gone. Depends on nothing that earlier stages of
  // this run computed, writes nothing and says nothing: `plan` asks as well.
  std::function<bool(StageRun*, std::string_view bytes, std::vector<StageRecord>*)> take;
};

// Makes an entry's bytes, on a thread of its own; null for nothing to keep.
using EncodeJob = std::function<std::string()>;

// Gives bytes that are made already, for a value that later stages change. Called once.
EncodeJob Encoded(std::string bytes);

// How a stage runs. Everything but `compute` may be left out. Values pass from stage to stage
// through the StageRun (stage_run.h).
struct StageWork {
  // Computes the value; fills the record but for name, key and seconds.
  std::function<absl::Status(StageRun*, StageRecord*)> compute;
  // Whether computed or taken from the cache: writes the files, completes the record with their
  // digest. The record is made known after it.
  std::function<absl::Status(StageRun*, StageRecord*)> settle;
  // Last, when the value is kept: says what it means, judges it, publishes it.
  std::function<absl::Status(StageRun*, const StageRecord&)> follow;
  // What the cache keeps after `compute`, with the records from `kept_from` to this stage.
  std::function<EncodeJob(StageRun*, const std::vector<StageRecord>&)> encode;
  // Where to look for it, the best first; none for a stage that is always computed.
  std::vector<KeptForm> forms;
  // The first of the stages whose values the entry stands for, this one being the last; empty for
  // this one alone.
  std::string_view kept_from;
  // Whether there is nothing to do without a Publisher.
  bool needs_publisher = false;
};

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
  // Every setting that can change a result of the stage itself, in a canonical text. Threads, names
  // and paths are left out. Null for none.
  std::string (*settings)(const PipelineConfig&);
  StageWork work;
};

// All stages, each after its inputs (stage_table.cc).
const std::vector<StageInfo>& StageGraph();

// The place of a stage in StageGraph(). INVALID_ARGUMENT (CONFIG_INVALID) names the known stages,
// or the one that was probably meant.
absl::StatusOr<int> StageIndex(std::string_view name);

// What identifies the output of a stage: 64 lower-case hexadecimal characters over its name and
// version, its own settings and the keys of its inputs; for `load` over the digest of the file.
// Equal keys mean equal outputs.
std::string StageKey(std::string_view stage, const PipelineConfig& config,
                     std::string_view input_sha256);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STAGE_GRAPH_H_
