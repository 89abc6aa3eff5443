#include "pipeline/commands/flag_table.h"

#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "lib/command_line/caller_flags.h"

namespace cairn::pipeline {
namespace {

using command_line::Command;
using command_line::CommandTable;
using command_line::Example;
using command_line::Flag;
using command_line::FlagKind;

constexpr std::string_view kInput = "Input";
constexpr std::string_view kServer = "Server";
constexpr std::string_view kAgain = "What is computed";
constexpr std::string_view kResults = "Results";

Flag Path(std::string_view name, std::string_view value, std::string_view help,
          std::string_view section) {
  return {.name = name, .kind = FlagKind::kPath, .value = value, .help = help, .section = section};
}

Flag Text(std::string_view name, std::string_view value, std::string_view help,
          std::string_view section) {
  return {.name = name, .value = value, .help = help, .section = section};
}

Flag Switch(std::string_view name, std::string_view help, std::string_view section) {
  return {.name = name, .kind = FlagKind::kSwitch, .help = help, .section = section};
}

Flag Threads(std::string_view help) {
  return {.name = "threads",
          .kind = FlagKind::kInteger,
          .value = "N",
          .help = help,
          .least = 0,
          .most = 64,
          .section = kAgain};
}

std::vector<Flag> Joined(std::initializer_list<std::vector<Flag>> lists) {
  std::vector<Flag> flags;
  for (const std::vector<Flag>& list : lists) flags.insert(flags.end(), list.begin(), list.end());
  return flags;
}

Flag SettingsFlag() {
  return {.name = "set",
          .repeatable = true,
          .value = "KEY=VALUE",
          .help =
              "a setting by its place in the configuration file. How the input is written is "
              "decided from the whole file unless set: "
              "input.encoding (utf-8, utf-16, windows-1252, iso-8859-1), input.separator "
              "(comma, semicolon, tab, bar), input.decimal (point, comma), input.date_order "
              "(day_first, month_first, year_first), input.sheet (NAME), input.null_values "
              "([WORD, ...]); also cleaning.home_country (NAME), cleaning.product_codes "
              "(auto, two_digits, all) and cleaning.max_set_aside_share (0..1). "
              "`cairn-pipeline config` prints all keys",
          .section = kInput,
          .variable = command_line::kNoVariable};
}

// What the configuration is made of, for `config` as well.
Flag ConfigFlag() {
  return Path("config", "FILE", "YAML file with settings over the preset", kInput);
}

Flag PresetFlag() {
  return Text("preset", "NAME", "settings to begin with: default or classic", kAgain);
}

Flag GridFlag() {
  return Path("grid", "GRID", "points to train: default (55 runs), classic (144 runs) or a YAML file",
              kAgain);
}

Flag LabelFlag() {
  return Text("label", "TEXT", "another label registers the same sweep anew", kResults);
}

std::vector<Flag> OverridingFlags() {
  return {Switch("no-sharing",
                 "train every run by itself, also where the work is provably the same", kAgain),
          Text("outliers", "METHOD", "isolation_forest or none", kAgain),
          Text("scaling", "METHOD",
               "all columns: default, classic, none, standard, robust, quantile, row_norm, log, "
               "log_standard, log_robust or log_row_norm",
               kAgain),
          {.name = "always-k",
           .kind = FlagKind::kInteger,
           .repeatable = true,
           .value = "K",
           .help = "this k becomes a model version whatever its segments look like",
           .least = 2,
           .most = 1000,
           .section = kAgain},
          {.name = "seed",
           .kind = FlagKind::kInteger,
           .value = "N",
           .help = "seed of the forest and of the first sweep point",
           .least = 0,
           .most = std::numeric_limits<uint32_t>::max(),
           .section = kAgain},
          Threads("threads, 0 = one per processor; never changes a result")};
}

std::vector<Flag> ConfigFlagRows() {
  return Joined({{ConfigFlag(), SettingsFlag(), PresetFlag(), GridFlag()},
                 OverridingFlags(),
                 {LabelFlag(), Switch("markdown", "print the table of all keys instead", kResults)}});
}

std::vector<Flag> RunFlagRows() {
  Flag data = Path("data", "FILE",
                   "transactions: CSV, plain or as .gz .zst .zip, or .xlsx; a file, a pipe, or - "
                   "for standard input",
                   kInput);
  data.required = true;
  Flag principal = Text("principal", "NAME", "who calls, as the server records it", kServer);
  principal.printable = true;
  const std::vector<Flag> computed = {
      data,
      ConfigFlag(),
      SettingsFlag(),
      PresetFlag(),
      GridFlag(),
      Text("from", "STAGE", "compute this stage and all after it again; not with --only", kAgain),
      Text("only", "STAGE", "compute this stage again and stop after it; not with --from", kAgain),
      Switch("force", "compute every stage again", kAgain),
  };
  const std::vector<Flag> results = {
      Path("out", "DIR", "folder for results; also keeps the stage cache", kResults),
      LabelFlag(),
      Text("code-revision", "TEXT", "revision of the code, kept with model versions", kResults),
      Text("server", "HOST:PORT",
           "a Cairn server to register everything on; https://HOST:PORT speaks TLS", kServer),
      principal,
  };
  return Joined({computed, OverridingFlags(), results, command_line::CallerFlags(kServer)});
}

std::vector<Flag> PredictFlagRows() {
  Flag model = Path("model", "MODEL",
                    "a model file, or a model on the server: NAME (channel production), "
                    "NAME#CHANNEL, NAME@VERSION, NAME@ALIAS",
                    kInput);
  model.fallback = "customer-segments";
  const std::vector<Flag> own = {
      model,
      Path("data", "FILE", "transactions, as for `run`; not with --features", kInput),
      Path("config", "FILE",
           "the configuration file of the run: how the input is written and cleaned", kInput),
      SettingsFlag(),
      Path("features", "FILE", "a features.csv instead of transactions", kInput),
      Threads("threads, 0 = one per processor"),
      Path("out", "DIR", "folder for predictions.csv; without it stdout gets them", kResults),
      Text("server", "HOST:PORT", "the Cairn server that has the model", kServer),
  };
  return Joined({own, command_line::CallerFlags(kServer)});
}

std::vector<Flag> GenerateFlagRows() {
  Flag out = Path("out", "FILE", "the CSV file to write; `-` is stdout", "");
  out.required = true;
  return {
      out,
      Path("truth", "FILE", "a CSV file for the planted segment of each customer", ""),
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

Command Row(std::string_view path, std::string_view summary, std::vector<Flag> flags,
            std::vector<Example> examples) {
  return {.path = path,
          .family = "Commands",
          .summary = summary,
          .flags = std::move(flags),
          .examples = std::move(examples)};
}

std::vector<Command> Commands() {
  return {
      Row("run", "Run the whole pipeline", RunFlagRows(),
          {{"cairn-pipeline run --data online-retail.csv.zst --out results", "into a folder"}}),
      Row("sweep", "Run it, named for what --grid makes it do", RunFlagRows(),
          {{"cairn-pipeline sweep --data online-retail.zip --grid classic --server 127.0.0.1:50051",
            "144 runs, registered"}}),
      Row("plan", "Print the stages and what `run` would do", RunFlagRows(),
          {{"cairn-pipeline plan --data online-retail.csv.zst --out results",
            "what is in the cache"}}),
      Row("config", "Print the configuration that flags and files come to", ConfigFlagRows(),
          {{"cairn-pipeline config --preset classic --set pca.variance=0.9",
            "a file for --config, every key with its meaning"}}),
      Row("predict", "Assign customers to segments", PredictFlagRows(),
          {{"cairn-pipeline predict --data new.csv --model customer-segments --server "
            "127.0.0.1:50051",
            "by the model in production"}}),
      Row("generate", "Write synthetic transactions", GenerateFlagRows(),
          {{"cairn-pipeline generate --customers 500 --out transactions.csv",
            "the same ones every time"}}),
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
