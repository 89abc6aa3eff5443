#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/stages/settings_table.h"

namespace cairn::pipeline {
namespace {

absl::StatusOr<std::string> ConfigText(const ConfigFlags& flags) {
  if (flags.markdown) return SettingsMarkdown();
  CAIRN_ASSIGN_OR_RETURN(const PipelineConfig config, ConfigFromFlags(flags.run));
  return ConfigYaml(config);
}

}  // namespace

int ConfigCommand(const ConfigFlags& flags) {
  const absl::StatusOr<std::string> text = ConfigText(flags);
  if (!text.ok()) return ReportError(text.status());
  fmt::print("{}", *text);
  return kExitOk;
}

}  // namespace cairn::pipeline
