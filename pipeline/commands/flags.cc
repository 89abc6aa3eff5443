#include "pipeline/commands/flags.h"

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/flag_values.h"

namespace cairn::pipeline {
namespace {

using command_line::Settings;

// What `run` and `config` have in common.
RunFlags ConfiguringFlags(const Settings& settings) {
  RunFlags flags;
  flags.config = settings.Text("config");
  flags.preset = settings.Text("preset");
  flags.grid = settings.Text("grid");
  flags.outliers = settings.Text("outliers");
  flags.scaling = settings.Text("scaling");
  flags.label = settings.Text("label");
  for (const std::string& k : settings.List("always-k")) flags.always_k.push_back(std::stoi(k));
  flags.settings = settings.List("set");
  flags.no_sharing = settings.Switch("no-sharing");
  if (settings.IsGiven("seed")) flags.seed = static_cast<uint32_t>(settings.Integer("seed"));
  if (settings.IsGiven("threads")) flags.threads = static_cast<int>(settings.Integer("threads"));
  return flags;
}

absl::Status RefuseBoth(const Settings& settings, std::string_view one, std::string_view other) {
  if (!settings.IsGiven(one) || !settings.IsGiven(other)) return absl::OkStatus();
  return command_line::UsageError(fmt::format("--{} and --{} exclude each other", one, other));
}

}  // namespace

absl::StatusOr<RunFlags> RunFlagsOf(const Settings& settings) {
  CAIRN_RETURN_IF_ERROR(RefuseBoth(settings, "from", "only"));
  RunFlags flags = ConfiguringFlags(settings);
  flags.data = settings.Text("data");
  flags.server = ServerFlagsOf(settings);
  flags.out = settings.Text("out");
  flags.from = settings.Text("from");
  flags.only = settings.Text("only");
  flags.code_revision = settings.Text("code-revision");
  flags.force = settings.Switch("force");
  return flags;
}

ConfigFlags ConfigFlagsOf(const Settings& settings) {
  return {ConfiguringFlags(settings), settings.Switch("markdown")};
}

absl::StatusOr<PredictFlags> PredictFlagsOf(const Settings& settings) {
  CAIRN_RETURN_IF_ERROR(RefuseBoth(settings, "data", "features"));
  PredictFlags flags;
  flags.model = settings.Text("model");
  flags.data = settings.Text("data");
  flags.features = settings.Text("features");
  flags.config = settings.Text("config");
  flags.server = ServerFlagsOf(settings);
  flags.out = settings.Text("out");
  flags.settings = settings.List("set");
  flags.threads = static_cast<int>(settings.Integer("threads"));
  return flags;
}

ExportFlags ExportFlagsOf(const Settings& settings) {
  ExportFlags flags;
  flags.model = settings.Text("model");
  flags.format = settings.Text("format");
  flags.out = settings.Text("out");
  flags.server = ServerFlagsOf(settings);
  return flags;
}

GenerateFlags GenerateFlagsOf(const Settings& settings) {
  GenerateFlags flags;
  flags.out = settings.Text("out");
  flags.truth = settings.Text("truth");
  flags.customers = static_cast<int32_t>(settings.Integer("customers"));
  flags.seed = settings.Unsigned("seed");
  flags.scale = settings.Number("scale");
  flags.drift = settings.Number("drift");
  return flags;
}

absl::StatusOr<PipelineConfig> ConfigFromFlags(const RunFlags& flags) {
  if (flags.only == "register" && flags.server.address.empty()) {
    return InvalidField(ErrorReason::CONFIG_INVALID, "only", flags.only,
                        "needs --server, where it registers")
        .ToStatus();
  }
  PipelineConfig config;
  std::string preset = flags.preset;
  if (preset.empty() && flags.config.empty() && flags.grid == "classic") preset = "classic";
  if (!flags.config.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(flags.config, 1 << 20));
    CAIRN_ASSIGN_OR_RETURN(config, ParseConfig(text, flags.config, preset));
  } else {
    CAIRN_ASSIGN_OR_RETURN(config, PresetConfig(preset.empty() ? "default" : preset));
  }
  if (flags.seed) {
    config.seed = *flags.seed;
    config.outliers.seed = *flags.seed;
    if (config.sweep.grid.name == "default") config.sweep.grid = DefaultGrid(config.seed);
  }
  if (flags.grid == "default") {
    config.sweep.grid = DefaultGrid(config.seed);
  } else if (flags.grid == "classic") {
    config.sweep.grid = ClassicGrid();
  } else if (!flags.grid.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(flags.grid, 1 << 20));
    CAIRN_ASSIGN_OR_RETURN(config.sweep.grid, ParseGrid(text, flags.grid));
  }
  if (flags.threads) config.threads = *flags.threads;
  if (flags.no_sharing) config.sweep.sharing = false;
  if (!flags.label.empty()) config.registration.label = flags.label;
  if (!flags.always_k.empty()) config.registration.always_k = flags.always_k;
  if (!flags.outliers.empty()) {
    CAIRN_RETURN_IF_ERROR(SetOutlierMethod(flags.outliers, &config));
  }
  if (!flags.scaling.empty()) CAIRN_RETURN_IF_ERROR(SetScaling(flags.scaling, &config));
  CAIRN_RETURN_IF_ERROR(ApplySettings(flags.settings, &config));
  CAIRN_RETURN_IF_ERROR(CheckConfig(config));
  return config;
}

}  // namespace cairn::pipeline
