#include <fmt/format.h>

#include <optional>
#include <string>

#include "lib/base/status_macros.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/register/champion.h"
#include "pipeline/stages/runner.h"

namespace cairn::pipeline {
namespace {

std::string InputsOf(const StageInfo& stage) {
  std::string out;
  for (const std::string_view input : stage.inputs) {
    out += (out.empty() ? "" : ", ") + std::string(input);
  }
  return out.empty() ? "the file" : out;
}

// The server's champion. A server that is away is said at once, as `run` does.
ChampionFinder FinderOf(const RunFlags& flags, const PipelineConfig& config) {
  if (flags.server.address.empty()) return nullptr;
  return [server = flags.server, model = config.registration.model](
             const std::string& sweep_key) -> absl::StatusOr<std::optional<Champion>> {
    CAIRN_ASSIGN_OR_RETURN(const auto client, ConnectClient(server));
    CAIRN_RETURN_IF_ERROR(client->Ping());
    return FetchChampion(*client, model, sweep_key);
  };
}

absl::Status Plan(const RunFlags& flags) {
  RunRequest request;
  CAIRN_ASSIGN_OR_RETURN(request.config, ConfigFromFlags(flags));
  request.data = flags.data;
  request.out = flags.out;
  request.from = flags.from;
  request.only = flags.only;
  request.force = flags.force;
  CAIRN_ASSIGN_OR_RETURN(const PipelinePlan plan,
                         PlanPipeline(request, FinderOf(flags, request.config)));
  fmt::print("{:<21}{:<8}{:<14}{:<20}{}\n", "stage", "action", "key", "takes", "does");
  for (const PlanLine& line : plan.stages) {
    fmt::print("{:<21}{:<8}{:<14}{:<20}{}\n", line.stage->name, line.action, line.key.substr(0, 12),
               InputsOf(*line.stage), line.stage->says);
  }
  const auto points = request.config.sweep.grid.Points(request.config.seed);
  if (!plan.follows.empty()) {
    fmt::print("\nsegments: numbers and names follow {}", plan.follows);
  }
  fmt::print("\nsweep: grid {}, {} training runs\n", request.config.sweep.grid.name, points.size());
  return absl::OkStatus();
}

}  // namespace

int PlanCommand(const RunFlags& flags) {
  const absl::Status status = Plan(flags);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline
