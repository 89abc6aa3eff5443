#include "pipeline/commands/flag_table.h"

#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "lib/command_line/caller_flags.h"
#include "pipeline/commands/flag_rows.h"
#include "pipeline/commands/insight_commands.h"
#include "pipeline/commands/lifecycle_commands.h"
#include "pipeline/commands/serve_flags.h"

namespace cairn::pipeline {
namespace {

using command_line::Command;
using command_line::CommandTable;
using command_line::Example;
using command_line::Flag;
using command_line::FlagKind;

// What the configuration is made of, for `config` as well.
Flag ConfigFlag() {
  return PathFlag("config", "FILE", "YAML file with settings over the preset", kInputSection);
}

Flag PresetFlag() {
  return TextFlag("preset", "NAME", "settings to begin with: default or classic", kComputedSection);
}

Flag GridFlag() {
  return PathFlag("grid", "GRID",
                  "points to train: default (55 runs), classic (144 runs) or a YAML file",
                  kComputedSection);
}

Flag LabelFlag() {
  return TextFlag("label", "TEXT", "another label registers the same sweep anew", kResultsSection);
}

std::vector<Flag> OverridingFlags() {
  return {
      SwitchFlag("no-sharing",
                 "train every run by itself, also where the work is provably the same",
                 kComputedSection),
      TextFlag("outliers", "METHOD", "isolation_forest or none", kComputedSection),
      TextFlag("scaling", "METHOD",
               "all columns: default, classic, none, standard, robust, quantile, row_norm, log, "
               "log_standard, log_robust or log_row_norm",
               kComputedSection),
      {.name = "always-k",
       .kind = FlagKind::kInteger,
       .repeatable = true,
       .value = "K",
       .help = "this k becomes a model version whatever its segments look like",
       .least = 2,
       .most = 1000,
       .section = kComputedSection},
      {.name = "seed",
       .kind = FlagKind::kInteger,
       .value = "N",
       .help = "seed of the forest and of the first sweep point",
       .least = 0,
       .most = std::numeric_limits<uint32_t>::max(),
       .section = kComputedSection},
      ThreadsFlag("threads, 0 = one per processor; never changes a result")};
}

std::vector<Flag> ConfigFlagRows() {
  return JoinedFlags({{ConfigFlag(), SettingsFlag(), PresetFlag(), GridFlag()},
                      OverridingFlags(),
                      {LabelFlag(), SwitchFlag("markdown", "print the table of all keys instead",
                                               kResultsSection)}});
}

std::vector<Flag> RunFlagRows() {
  const std::vector<Flag> computed = {
      DataFlag(),
      ConfigFlag(),
      SettingsFlag(),
      PresetFlag(),
      GridFlag(),
      TextFlag("from", "STAGE", "compute this stage and all after it again; not with --only",
               kComputedSection),
      TextFlag("only", "STAGE", "compute this stage again and stop after it; not with --from",
               kComputedSection),
      SwitchFlag("force", "compute every stage again", kComputedSection),
  };
  const std::vector<Flag> results = {
      PathFlag("out", "DIR", "folder for results; also keeps the stage cache", kResultsSection),
      LabelFlag(),
      TextFlag("code-revision", "TEXT", "revision of the code, kept with model versions",
               kResultsSection),
      TextFlag("server", "HOST:PORT",
               "a Cairn server to register everything on; https://HOST:PORT speaks TLS",
               kServerSection),
      PrincipalFlag(),
  };
  return JoinedFlags(
      {computed, OverridingFlags(), results, command_line::CallerFlags(kServerSection)});
}

Flag ModelFlag() {
  Flag model = PathFlag("model", "MODEL",
                        "a model file, or a model on the server: NAME (channel production), "
                        "NAME#CHANNEL, NAME@VERSION, NAME@ALIAS",
                        kInputSection);
  model.fallback = "customer-segments";
  return model;
}

std::vector<Flag> ExportFlagRows() {
  Flag format = TextFlag("format", "FORMAT",
                         "onnx: one file for any ONNX runtime; mlflow: a directory that "
                         "mlflow.pyfunc.load_model takes",
                         kResultsSection);
  format.choices = "onnx|mlflow";
  format.required = true;
  Flag out =
      PathFlag("out", "PATH", "the file to write, or for mlflow a directory that is new or empty",
               kResultsSection);
  out.required = true;
  const std::vector<Flag> own = {
      ModelFlag(),
      format,
      out,
      TextFlag("server", "HOST:PORT", "the Cairn server that has the model", kServerSection),
  };
  return JoinedFlags({own, command_line::CallerFlags(kServerSection)});
}

std::vector<Flag> PredictFlagRows() {
  const std::vector<Flag> own = {
      ModelFlag(),
      PathFlag("data", "FILE", "transactions, as for `run`; not with --features", kInputSection),
      PathFlag("config", "FILE",
               "the configuration file of the run: how the input is written and cleaned",
               kInputSection),
      SettingsFlag(),
      PathFlag("features", "FILE", "a features.csv instead of transactions", kInputSection),
      ThreadsFlag("threads, 0 = one per processor"),
      PathFlag("out", "DIR", "folder for predictions.csv; without it stdout gets them",
               kResultsSection),
      TextFlag("server", "HOST:PORT", "the Cairn server that has the model", kServerSection),
  };
  return JoinedFlags({own, command_line::CallerFlags(kServerSection)});
}

std::vector<Flag> GenerateFlagRows() {
  Flag out = PathFlag("out", "FILE", "the CSV file to write; `-` is stdout", "");
  out.required = true;
  return {
      out,
      PathFlag("truth", "FILE", "a CSV file for the planted segment of each customer", ""),
      {.name = "customers",
       .kind = FlagKind::kInteger,
       .value = "N",
       .help = "how many customers",
       .fallback = "1000",
       .least = 1,
       .most = 10'000'000},
      {.name = "seed",
       .kind = FlagKind::kUnsigned,
       .value = "N",
       .help = "equal seeds give equal bytes",
       .fallback = "1"},
      {.name = "scale",
       .kind = FlagKind::kNumber,
       .value = "X",
       .help = "multiplies the number of customers",
       .fallback = "1"},
      {.name = "drift",
       .kind = FlagKind::kNumber,
       .value = "X",
       .help = "0..1: how far behaviour moves by the end of the year",
       .fallback = "0"},
  };
}

std::vector<Command> Commands() {
  return {
      CommandRow(
          "run", "Run the whole pipeline", RunFlagRows(),
          {{"cairn-pipeline run --data online-retail.csv.zst --out results", "into a folder"}}),
      CommandRow(
          "sweep", "Run it, named for what --grid makes it do", RunFlagRows(),
          {{"cairn-pipeline sweep --data online-retail.zip --grid classic --server 127.0.0.1:50051",
            "144 runs, registered"}}),
      CommandRow("plan", "Print the stages and what `run` would do", RunFlagRows(),
                 {{"cairn-pipeline plan --data online-retail.csv.zst --out results",
                   "what is in the cache"}}),
      CommandRow("config", "Print the configuration that flags and files come to", ConfigFlagRows(),
                 {{"cairn-pipeline config --preset classic --set pca.variance=0.9",
                   "a file for --config, every key with its meaning"}}),
      CommandRow("predict", "Assign customers to segments", PredictFlagRows(),
                 {{"cairn-pipeline predict --data new.csv --model customer-segments --server "
                   "127.0.0.1:50051",
                   "by the model in production"}}),
      CommandRow(
          "serve", "Answer requests for predictions over HTTP", ServeFlagRows(),
          {{"cairn-pipeline serve --model customer-segments#production --server 127.0.0.1:50051 "
            "--address 127.0.0.1:8080",
            "by the head of a channel, also after it moves"},
           {"cairn-pipeline serve --model model.cairnseg --address 127.0.0.1:8080",
            "by a model file"}}),
      CommandRow(
          "export", "Write a model in a format of others", ExportFlagRows(),
          {{"cairn-pipeline export --model results/model.cairnseg --format onnx --out model.onnx",
            "raw features in, segments out"}}),
      CommandRow("generate", "Write synthetic transactions", GenerateFlagRows(),
                 {{"cairn-pipeline generate --customers 500 --out transactions.csv",
                   "the same ones every time"}}),
      ReportRow(),
      RecommendRow(),
      DriftRow(),
      RetrainRow(),
      ScheduleRow(),
      BackfillRow(),
      IngestRow(),
      {.path = "completion",
       .family = "Commands",
       .summary = "Print a script that completes the words of cairn-pipeline in a shell",
       .arguments = {{"SHELL"}},
       .examples = {{"source <(cairn-pipeline completion bash)", "or zsh, or fish"}}},
  };
}

}  // namespace

const CommandTable& PipelineTable() {
  static const CommandTable table = {
      .program = "cairn-pipeline",
      .prefix = "CAIRN_PIPELINE_",
      .about = "Turns retail transactions into customer segments and registers every training run.",
      .footer =
          "cairn-pipeline COMMAND --help says its flags; --version prints the version. Every "
          "flag --foo-bar has an environment twin CAIRN_PIPELINE_FOO_BAR, but for --set.\n\n"
          "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 not allowed, 5 conflict, 8 "
          "server unavailable, 9 integrity.",
      .lists_variables = true,
      .version = CAIRN_VERSION,
      .examples = {{"cairn-pipeline run --data online-retail.csv.zst --out results", ""},
                   {"cairn-pipeline sweep --data online-retail.zip --grid classic --server "
                    "127.0.0.1:50051",
                    ""},
                   {"cairn-pipeline predict --data new.csv --model customer-segments --server "
                    "127.0.0.1:50051",
                    ""}},
      .commands = Commands()};
  return table;
}

}  // namespace cairn::pipeline
