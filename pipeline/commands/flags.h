#ifndef CAIRN_PIPELINE_COMMANDS_FLAGS_H_
#define CAIRN_PIPELINE_COMMANDS_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/client/client_tls.h"
#include "pipeline/stages/config.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
class Option;
}  // namespace CLI

namespace cairn::pipeline {

// Flags as given; what is not given keeps the configuration's value. Every flag --foo-bar has an
// environment twin CAIRN_PIPELINE_FOO_BAR, which the flag overrides.
struct RunFlags {
  std::string data;
  std::string config;
  std::string preset;
  std::string grid;
  std::string server;
  std::string out;
  std::string from;
  std::string only;
  std::string outliers;
  std::string scaling;
  std::string label;
  std::string code_revision;
  std::string principal;
  std::string token_file;
  client::ClientTlsFiles tls;
  std::vector<int> always_k;
  std::vector<std::string> settings;
  bool force = false;
  bool no_sharing = false;
  std::optional<uint32_t> seed;
  std::optional<int> threads;
};

struct PredictFlags {
  std::string model = "customer-segments";
  std::string data;
  std::string features;
  std::string config;
  std::string server;
  std::string token_file;
  client::ClientTlsFiles tls;
  std::string out;
  std::vector<std::string> settings;
  int threads = 0;
};

struct GenerateFlags {
  std::string out;
  std::string truth;
  int32_t customers = 1000;
  uint64_t seed = 1;
  double scale = 1;
  double drift = 0;
};

// Adds an option with its environment twin and returns it. `flag` is "--foo-bar".
CLI::Option* AddText(CLI::App* app, const std::string& flag, std::string* value,
                     const std::string& says);

// The same for what is not the name of a file: it must be UTF-8, which is a usage error else.
CLI::Option* AddName(CLI::App* app, const std::string& flag, std::string* value,
                     const std::string& says);

// Declares --set, which may be given often.
void AddSettings(CLI::App* app, std::vector<std::string>* settings);

// Declares the flags of `run` and `sweep`, and of `plan`.
void AddRunFlags(CLI::App* app, RunFlags* flags);
void AddPredictFlags(CLI::App* app, PredictFlags* flags);
void AddGenerateFlags(CLI::App* app, GenerateFlags* flags);

// The configuration that flags and files come to: the file over the preset, flags over both.
// `sweep --grid classic` without preset and file takes the preset classic. Errors are those of
// ParseConfig, ParseGrid, CheckConfig and of reading the files.
absl::StatusOr<PipelineConfig> ConfigFromFlags(const RunFlags& flags);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_FLAGS_H_
