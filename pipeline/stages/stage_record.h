#ifndef CAIRN_PIPELINE_STAGES_STAGE_RECORD_H_
#define CAIRN_PIPELINE_STAGES_STAGE_RECORD_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/data/set_aside.h"

namespace cairn::pipeline {

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

#endif  // CAIRN_PIPELINE_STAGES_STAGE_RECORD_H_
