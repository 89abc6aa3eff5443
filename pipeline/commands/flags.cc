#include "pipeline/commands/flags.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {
namespace {

// "--no-sharing" → CAIRN_PIPELINE_NO_SHARING.
std::string EnvironmentTwin(const std::string& flag) {
  std::string name = "CAIRN_PIPELINE_" + flag.substr(2);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return name;
}

template <typename Value>
CLI::Option* Add(CLI::App* app, const std::string& flag, Value* value, const std::string& says) {
  return app->add_option(flag, *value, says)->envname(EnvironmentTwin(flag));
}

void AddSwitch(CLI::App* app, const std::string& flag, bool* value, const std::string& says) {
  app->add_flag(flag, *value, says)->envname(EnvironmentTwin(flag));
}

// What is wrong with a text that is not the name of a file; empty: nothing.
std::string IsText(const std::string& value) {
  if (IsValidUtf8(value)) return "";
  return fmt::format("\"{}\" is not UTF-8", HexEncode(value.substr(0, 32)));
}

// gRPC metadata carries nothing else.
std::string IsPrintable(const std::string& value) {
  const bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
  return printable ? "" : fmt::format("\"{}\" must be printable ASCII", value);
}

}  // namespace

CLI::Option* AddName(CLI::App* app, const std::string& flag, std::string* value,
                     const std::string& says) {
  return AddText(app, flag, value, says)->check(IsText, "UTF-8");
}

CLI::Option* AddText(CLI::App* app, const std::string& flag, std::string* value,
                     const std::string& says) {
  return Add(app, flag, value, says);
}

void AddTokenFile(CLI::App* app, std::string* path) {
  AddText(app, "--token-file", path,
          "the file with the token that says who calls; only its owner may read it");
}

void AddTlsFiles(CLI::App* app, client::ClientTlsFiles* files) {
  AddSwitch(app, "--tls", &files->on,
            "speak TLS; so does https:// before the address, and each of the next four");
  AddText(app, "--tls-ca", &files->authority,
          "PEM file with the authorities that vouch for the server; by default the system's");
  AddText(app, "--tls-cert", &files->certificate,
          "PEM file with the certificate to show the server");
  AddText(app, "--tls-key", &files->key,
          "PEM file with its private key; only its owner may read it");
  AddName(app, "--tls-server-name", &files->server_name,
          "what the server's certificate must name, if not the address's host");
}

void AddSettings(CLI::App* app, std::vector<std::string>* settings) {
  app->add_option(
         "--set", *settings,
         "KEY=VALUE, a setting by its place in the configuration file; may be repeated. How "
         "the input is written is decided from the whole file unless set: "
         "input.encoding (utf-8, utf-16, windows-1252, iso-8859-1), input.separator "
         "(comma, semicolon, tab, bar), input.decimal (point, comma), input.date_order "
         "(day_first, month_first, year_first), input.sheet (NAME), input.null_values "
         "([WORD, ...]); also cleaning.home_country (NAME), cleaning.product_codes "
         "(auto, two_digits, all) and cleaning.max_set_aside_share (0..1)")
      ->expected(1)
      ->take_all()
      ->check(IsText, "UTF-8");
}

void AddRunFlags(CLI::App* app, RunFlags* flags) {
  AddText(app, "--data", &flags->data,
          "transactions: CSV, plain or as .gz .zst .zip, or .xlsx; a file, a pipe, or - for "
          "standard input")
      ->required();
  AddText(app, "--config", &flags->config, "YAML file with settings over the preset");
  AddSettings(app, &flags->settings);
  AddName(app, "--preset", &flags->preset, "settings to begin with: default or classic");
  AddText(app, "--grid", &flags->grid,
          "points to train: default (55 runs), classic (144 runs) or a YAML file");
  AddName(app, "--server", &flags->server,
          "HOST:PORT of a Cairn server to register everything on; https://HOST:PORT speaks TLS");
  AddText(app, "--out", &flags->out, "folder for results; also keeps the stage cache");
  CLI::Option* from =
      AddName(app, "--from", &flags->from, "compute this stage and all after it again");
  AddName(app, "--only", &flags->only, "compute this stage again and stop after it")
      ->excludes(from);
  AddSwitch(app, "--force", &flags->force, "compute every stage again");
  AddSwitch(app, "--no-sharing", &flags->no_sharing,
            "train every run by itself, also where the work is provably the same");
  AddName(app, "--outliers", &flags->outliers, "isolation_forest or none");
  AddName(app, "--scaling", &flags->scaling,
          "all columns: default, classic, standard, robust, log_standard or none");
  Add(app, "--always-k", &flags->always_k,
      "these k become model versions whatever their segments look like");
  Add(app, "--seed", &flags->seed, "seed of the forest and of the first sweep point");
  Add(app, "--threads", &flags->threads, "threads, 0 = one per processor; never changes a result");
  AddName(app, "--label", &flags->label, "another label registers the same sweep anew");
  AddName(app, "--code-revision", &flags->code_revision,
          "revision of the code, kept with model versions");
  AddName(app, "--principal", &flags->principal, "who calls, as the server records it")
      ->check(IsPrintable, "ASCII");
  AddTokenFile(app, &flags->token_file);
  AddTlsFiles(app, &flags->tls);
}

void AddPredictFlags(CLI::App* app, PredictFlags* flags) {
  AddText(app, "--model", &flags->model,
          "a model file, or a model on the server: NAME (channel production), NAME#CHANNEL, "
          "NAME@VERSION, NAME@ALIAS")
      ->capture_default_str();
  AddName(app, "--server", &flags->server, "HOST:PORT of the Cairn server that has the model");
  AddTokenFile(app, &flags->token_file);
  AddTlsFiles(app, &flags->tls);
  CLI::Option* data = AddText(app, "--data", &flags->data, "transactions, as for `run`");
  AddText(app, "--config", &flags->config,
          "the configuration file of the run: how the input is written and cleaned");
  AddSettings(app, &flags->settings);
  AddText(app, "--features", &flags->features, "a features.csv instead of transactions")
      ->excludes(data);
  AddText(app, "--out", &flags->out, "folder for predictions.csv; without it stdout gets them");
  Add(app, "--threads", &flags->threads, "threads, 0 = one per processor");
}

void AddGenerateFlags(CLI::App* app, GenerateFlags* flags) {
  AddText(app, "--out", &flags->out, "the CSV file to write; `-` is stdout")->required();
  AddText(app, "--truth", &flags->truth, "a CSV file for the planted segment of each customer");
  Add(app, "--customers", &flags->customers, "how many customers")->capture_default_str();
  Add(app, "--seed", &flags->seed, "equal seeds give equal bytes")->capture_default_str();
  Add(app, "--scale", &flags->scale, "multiplies the number of customers")->capture_default_str();
  Add(app, "--drift", &flags->drift, "0..1: how far behaviour moves by the end of the year")
      ->capture_default_str();
}

absl::StatusOr<PipelineConfig> ConfigFromFlags(const RunFlags& flags) {
  if (flags.only == "register" && flags.server.empty()) {
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
