#include "lib/base/status_macros.h"
#include "pipeline/stages/runner.h"
#include "pipeline/stages/stage_run.h"
#include "pipeline/stages/stage_walk.h"

namespace cairn::pipeline {

absl::StatusOr<std::vector<PlanLine>> PlanPipeline(const RunRequest& request, bool with_server) {
  const RunObserver nobody;
  StageRun run(request, nobody, nullptr);
  CAIRN_ASSIGN_OR_RETURN(StageWalk walk, StageWalk::Of(request, with_server));
  CAIRN_RETURN_IF_ERROR(CheckConfig(request.config));
  CAIRN_RETURN_IF_ERROR(run.ReadInput());
  std::vector<PlanLine> lines;
  for (const StageInfo& stage : StageGraph()) {
    lines.push_back({&stage, run.Key(stage.name), "skip"});
  }
  while (const std::optional<WalkStep> step = walk.Next(&run)) {
    for (size_t place = step->first; place <= step->last; ++place) {
      lines[place].action = step->cached() ? "cached" : "run";
    }
  }
  return lines;
}

}  // namespace cairn::pipeline
