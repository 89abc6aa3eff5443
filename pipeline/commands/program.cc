#include "pipeline/commands/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "lib/base/flag_values.h"
#include "lib/base/nearest.h"
#include "lib/base/standard_streams.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/note.h"

namespace cairn::pipeline {
namespace {

constexpr const char* kExamples =
    "\nExamples:\n"
    "  cairn-pipeline run --data online-retail.csv.zst --out results\n"
    "  cairn-pipeline sweep --data online-retail.zip --grid classic --server 127.0.0.1:50051\n"
    "  cairn-pipeline predict --data new.csv --model customer-segments --server 127.0.0.1:50051\n"
    "\nEvery flag --foo-bar has an environment twin CAIRN_PIPELINE_FOO_BAR.\n"
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 not allowed, 5 conflict, 8 server "
    "unavailable,\n"
    "9 integrity.\n";

const std::vector<std::string>& CommandNames() {
  static const auto* const names =
      new std::vector<std::string>{"run", "sweep", "plan", "predict", "generate"};
  return *names;
}

// The command line as it can be typed again.
std::string Quoted(int argc, char** argv) {
  std::string out;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const bool plain = !word.empty() && word.find_first_of(" \t'\"$&|;<>()*?#~\\") == word.npos;
    out += (i == 0 ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  return out;
}

// A first word that is no command, with the one that was probably meant.
int UnknownCommand(const std::string& word) {
  const std::string near = Nearest(word, CommandNames());
  Note("cairn-pipeline: no command `{}`{}\n", word,
       near.empty() ? "; see cairn-pipeline --help" : fmt::format("; did you mean `{}`?", near));
  return kExitUsage;
}

// An unknown flag, with the one that was probably meant.
int UsageError(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  Note("cairn-pipeline: {}\n", error.what());
  std::vector<std::string> flags;
  std::string command;
  for (const CLI::App* sub : app.get_subcommands()) {
    command = sub->get_name();
    for (const CLI::Option* option : sub->get_options()) flags.push_back(option->get_name());
  }
  for (int i = 2; i < argc; ++i) {
    const std::string flag = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    if (flag.rfind("--", 0) != 0) continue;
    if (std::find(flags.begin(), flags.end(), flag) != flags.end()) continue;
    const std::string near = Nearest(flag, flags);
    if (!near.empty()) Note("Did you mean {}?\n", near);
  }
  Note("See cairn-pipeline {}{}--help.\n", command, command.empty() ? "" : " ");
  return kExitUsage;
}

// A flag that would be taken for the value of the one before it.
absl::Status CheckValues(const CLI::App& app, int argc, char** argv) {
  if (argc < 2) return absl::OkStatus();
  const auto named =
      app.get_subcommands([argv](const CLI::App* one) { return one->check_name(argv[1]); });
  if (named.empty()) return absl::OkStatus();
  const CLI::App* command = named.front();
  const std::vector<const char*> words(argv + 2, argv + argc);
  return CheckFlagValues(words, [command](std::string_view flag) {
    const CLI::Option* option = command->get_option_no_throw(std::string(flag));
    return option != nullptr && option->get_items_expected_max() > 0;
  });
}

int Dispatch(int argc, char** argv) {
  CLI::App app("Turns retail transactions into customer segments and registers every training run.",
               "cairn-pipeline");
  app.footer(kExamples);
  app.set_version_flag("--version", "cairn-pipeline " CAIRN_VERSION);
  app.require_subcommand(1);
  RunFlags run;
  PredictFlags predict;
  GenerateFlags generate;
  AddRunFlags(app.add_subcommand("run", "run the whole pipeline"), &run);
  AddRunFlags(app.add_subcommand("sweep", "the same, named for what --grid makes it do"), &run);
  AddRunFlags(app.add_subcommand("plan", "print the stages and what `run` would do"), &run);
  AddPredictFlags(app.add_subcommand("predict", "assign customers to segments"), &predict);
  AddGenerateFlags(app.add_subcommand("generate", "write synthetic transactions"), &generate);

  if (argc > 1 && argv[1][0] != '-' &&
      std::find(CommandNames().begin(), CommandNames().end(), argv[1]) == CommandNames().end()) {
    return UnknownCommand(argv[1]);
  }
  if (const absl::Status status = CheckValues(app, argc, argv); !status.ok()) {
    return ReportError(status);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return UsageError(app, error, argc, argv);
  }
  if (app.got_subcommand("plan")) return PlanCommand(run);
  if (app.got_subcommand("predict")) return PredictCommand(predict);
  if (app.got_subcommand("generate")) return GenerateCommand(generate);
  return RunCommand(run, Quoted(argc, argv));
}

}  // namespace

int PipelineMain(int argc, char** argv) {
  int code = kExitFailure;
  bool written = true;
  try {
    code = Dispatch(argc, argv);
  } catch (const std::system_error&) {
    written = false;  // fmt::print
  }
  // What was decided for the user stands on standard error: it is part of the result.
  if (written && FlushStandardOutput()) {
    return code == kExitOk && !StandardErrorIsWhole() ? kExitFailure : code;
  }
  std::fputs("error: the result could not be written\n", stderr);
  return kExitFailure;
}

}  // namespace cairn::pipeline
