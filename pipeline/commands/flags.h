#ifndef CAIRN_PIPELINE_COMMANDS_FLAGS_H_
#define CAIRN_PIPELINE_COMMANDS_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/command_line/settings.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/stages/config.h"

namespace cairn::pipeline {

// Flags of `run`, `sweep` and `plan` as given; what is not given keeps the
// configuration's value. Every flag --foo-bar has an environment twin
// CAIRN_PIPELINE_FOO_BAR, which the flag overrides. Empty texts, empty lists and no
// value stand for a flag that was not given. Names of files are any bytes; all other
// texts are UTF-8, which parsing has checked.
struct RunFlags {
  // Input, configuration and the two grids: what is computed. `preset` and `grid` are names of
  // what is built in, `config` is a file.
  std::string data;
  std::string config;
  std::string preset;
  std::string grid;
  // Where results go.
  ServerFlags server;
  std::string out;
  // Stages that are computed again although the cache has them (RunRequest).
  std::string from;
  std::string only;
  // Single settings, over those of the file.
  std::string outliers;
  std::string scaling;
  std::string label;
  // What is kept with model versions.
  std::string code_revision;
  std::vector<int> always_k;
  // Of --set, in the order of the command line.
  std::vector<std::string> settings;
  // What is done again, and what is not shared (PipelineConfig::Sweep).
  bool force = false;
  bool no_sharing = false;
  // Not given is not the same as 0.
  std::optional<uint32_t> seed;
  std::optional<int> threads;
};

// Flags of `config`. Of `run` only those are set that make a configuration.
struct ConfigFlags {
  RunFlags run;
  bool markdown = false;
};

// Flags of `predict`, which trains nothing and so has few of those above. Either `data` or
// `features` is given. A file of the name `model` comes before a model on the server.
struct PredictFlags {
  std::string model = "customer-segments";
  std::string data;
  std::string features;
  std::string config;
  ServerFlags server;
  std::string out;
  std::vector<std::string> settings;
  int threads = 0;
};

// Flags of `export`. `model` as in PredictFlags; `format` is "onnx" or "mlflow". `out` is a file
// for the one and a directory for the other.
struct ExportFlags {
  std::string model = "customer-segments";
  std::string format;
  std::string out;
  ServerFlags server;
};

// The options of data/synthetic.h that people ask for; ranges are checked there. Equal flags give
// equal files, byte by byte, on every machine.
struct GenerateFlags {
  std::string out;
  std::string truth;
  int32_t customers = 1000;
  uint64_t seed = 1;
  double scale = 1;
  double drift = 0;
};

// What the command line and the environment say (flag_table.h). Pure. A usage error (exit code 2)
// where two flags exclude each other. REQUIRES: `settings` are of a command that has these flags.
absl::StatusOr<RunFlags> RunFlagsOf(const command_line::Settings& settings);
ConfigFlags ConfigFlagsOf(const command_line::Settings& settings);
absl::StatusOr<PredictFlags> PredictFlagsOf(const command_line::Settings& settings);
ExportFlags ExportFlagsOf(const command_line::Settings& settings);
GenerateFlags GenerateFlagsOf(const command_line::Settings& settings);

// The configuration that flags and files come to: the file over the preset, flags over
// both. `sweep --grid classic` without preset and file takes the preset classic. Errors
// are those of ParseConfig, ParseGrid, CheckConfig and of reading the files. --only
// register without --server is refused (CONFIG_INVALID). Reads files, and nothing else
// of the machine.
absl::StatusOr<PipelineConfig> ConfigFromFlags(const RunFlags& flags);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_FLAGS_H_
