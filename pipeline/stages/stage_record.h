#ifndef CAIRN_PIPELINE_STAGES_STAGE_RECORD_H_
#define CAIRN_PIPELINE_STAGES_STAGE_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/data/set_aside.h"

namespace cairn::pipeline {

// What one stage did in this run. One row of stages.json and of what is printed while a
// run goes on. A record that comes from the cache tells what the run that computed it
// counted. Rows are those of the stage's own kind: lines of the input, transactions,
// customers or runs. Value type.
struct StageRecord {
  std::string name;
  int64_t rows_in = 0;
  int64_t rows_out = 0;
  double seconds = 0;  // Wall time; that of the run that computed it when cached.
  // What the computation cost: CPU time of the whole process meanwhile, which includes files that
  // are written in the background, and bytes of the input as they are packed. As `seconds` when
  // cached.
  double cpu_seconds = 0;
  int64_t bytes_read = 0;
  int64_t bytes_stored = 0;       // Files of --out that it wrote.
  int64_t bytes_transferred = 0;  // To the server; of `register`, for the whole run.
  bool cached = false;            // Taken from the cache, not computed now.
  std::string key;                // StageKey.
  std::string digest;             // SHA-256 of the output, see docs of stages.json; empty for none.
  // Further counts in a fixed order, for example {"cancelled_rows", 8841}.
  std::vector<std::pair<std::string, int64_t>> counts;
  double spend = 0;  // Gross, of rows_out; of `load` only.
  // Quantity × UnitPrice of rows_out, returns subtracted; of `load` and the cleaning stages.
  std::optional<double> net_spend;
  std::vector<std::string> notes;   // What it decided or warns of, a line each; of `load` and
                                    // `register` only.
  std::vector<SetAside> set_aside;  // Why rows were dropped; of `load` and the cleaning stages.
};

// What `load` and the cleaning stages among `records` set aside. In the order of the
// records. Of records without `load` it knows the rules but not the whole.
SetAsideReport SetAsideOf(const std::vector<StageRecord>& records);

// What a stage did and noted, as lines for people: the log that is kept with a run.
std::string StageLog(const StageRecord& record);

// stages.json: an array with one object for each record. Equal records give equal
// bytes, and numbers are written so that they read back exactly.
std::string StagesJson(const std::vector<StageRecord>& records);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STAGE_RECORD_H_
