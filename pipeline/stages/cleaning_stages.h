#ifndef CAIRN_PIPELINE_STAGES_CLEANING_STAGES_H_
#define CAIRN_PIPELINE_STAGES_CLEANING_STAGES_H_

#include <string>

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stages of CleaningStages() (data/cleaning.h), each from table to table under its
// own name. Each keeps the rows it let through (cached_tables.h) and notes what it set
// aside. One StageWork serves all of them: the record says which stage it is.
StageWork CleaningWork();
// The setting of the stage `stock_codes`: which codes are goods.
std::string StockCodesSettings(const PipelineConfig& config);

// The same for the last of them: its table is transactions.csv, and what was set aside is judged.
StageWork LastCleaningWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CLEANING_STAGES_H_
