#include "pipeline/commands/lifecycle_flags.h"

#include <fmt/format.h>

#include <string>

#include "pipeline/commands/flags.h"

namespace cairn::pipeline {

absl::StatusOr<PipelineConfig> LifecycleConfig(const command_line::Settings& settings) {
  RunFlags run;
  run.config = settings.Text("config");
  run.settings = settings.List("set");
  run.threads = static_cast<int>(settings.Integer("threads"));
  return ConfigFromFlags(run);
}

void PrintTurn(const RetrainResult& result) {
  fmt::print("drift: {}", DriftVerdictName(VerdictOf(result.drift)));
  if (result.drift.features) {
    fmt::print(", largest PSI {:.3f}, largest KS {:.3f}", result.drift.features->psi_max,
               result.drift.features->ks_max);
  }
  if (result.drift.shift) {
    fmt::print(", {:.1f} % of the customers change segment", 100 * result.drift.shift->label_churn);
  }
  fmt::print("\noutcome: {}\n", result.outcome_word);
  for (const std::string& reason : result.reasons) fmt::print("  {}\n", reason);
  if (!result.champion_after.empty()) fmt::print("in production: {}\n", result.champion_after);
  if (!result.drift_run.empty()) fmt::print("drift recorded as {}\n", result.drift_run);
}

}  // namespace cairn::pipeline
