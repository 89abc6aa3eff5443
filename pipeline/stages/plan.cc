#include <utility>

#include "lib/base/status_macros.h"
#include "pipeline/stages/runner.h"
#include "pipeline/stages/stage_run.h"
#include "pipeline/stages/stage_walk.h"
#include "pipeline/stages/training_stages.h"

namespace cairn::pipeline {

absl::StatusOr<PipelinePlan> PlanPipeline(const RunRequest& request, const ChampionFinder& find) {
  const RunObserver nobody;
  StageRun run(request, nobody, nullptr);
  CAIRN_ASSIGN_OR_RETURN(StageWalk walk, StageWalk::Of(request, find != nullptr));
  CAIRN_RETURN_IF_ERROR(CheckConfig(request.config));
  CAIRN_RETURN_IF_ERROR(run.ReadInput());
  CAIRN_RETURN_IF_ERROR(FollowChampion(find, &run));
  PipelinePlan plan;
  if (run.champion()) plan.follows = run.champion()->version;
  for (const StageInfo& stage : StageGraph()) {
    plan.stages.push_back({&stage, run.Key(stage.name), "skip"});
  }
  while (const std::optional<WalkStep> step = walk.Next(&run)) {
    for (size_t place = step->first; place <= step->last; ++place) {
      plan.stages[place].action = step->cached() ? "cached" : "run";
    }
  }
  return plan;
}

}  // namespace cairn::pipeline
