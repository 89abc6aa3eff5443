#include "pipeline/commands/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "lib/base/standard_streams.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/completion.h"
#include "lib/command_line/help.h"
#include "lib/command_line/parser.h"
#include "lib/command_line/settings.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/flag_table.h"
#include "pipeline/commands/insight_commands.h"
#include "pipeline/commands/lifecycle_commands.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/serve_flags.h"

namespace cairn::pipeline {
namespace {

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

// Calls the command with its flags, or says how the program was called wrongly.
absl::StatusOr<int> Call(const command_line::Invocation& invocation, const std::string& resume) {
  CAIRN_ASSIGN_OR_RETURN(const auto settings,
                         command_line::Settings::Resolve(PipelineTable(), invocation,
                                                         command_line::ProcessEnvironment(), {}));
  const std::string_view path = invocation.command->path;
  if (path == "completion") {
    CAIRN_ASSIGN_OR_RETURN(const std::string script, command_line::CompletionScript(
                                                         PipelineTable(), invocation.arguments[0]));
    fmt::print("{}", script);
    return kExitOk;
  }
  if (path == "generate") return GenerateCommand(GenerateFlagsOf(settings));
  if (path == "serve") return ServeCommand(ServeFlagsOf(settings));
  if (path == "export") return ExportCommand(ExportFlagsOf(settings));
  if (path == "config") return ConfigCommand(ConfigFlagsOf(settings));
  if (path == "predict") {
    CAIRN_ASSIGN_OR_RETURN(const PredictFlags flags, PredictFlagsOf(settings));
    return PredictCommand(flags);
  }
  if (path == "report") return ReportCommand(settings, invocation.arguments[0]);
  if (path == "recommend") return RecommendCommand(settings, invocation.arguments);
  if (path == "drift") return DriftCommand(settings);
  if (path == "retrain") return RetrainCommand(settings);
  if (path == "schedule") return ScheduleCommand(settings);
  if (path == "ingest") return IngestCommand(settings, invocation.arguments[0]);
  if (path == "backfill") return BackfillCommand(settings);
  CAIRN_ASSIGN_OR_RETURN(const RunFlags flags, RunFlagsOf(settings));
  return path == "plan" ? PlanCommand(flags) : RunCommand(flags, resume);
}

absl::StatusOr<int> Dispatch(const std::vector<std::string>& words, const std::string& resume) {
  if (const auto lines = command_line::CompletionLines(PipelineTable(), words)) {
    fmt::print("{}", *lines);
    return kExitOk;
  }
  CAIRN_ASSIGN_OR_RETURN(const auto invocation, command_line::Parse(PipelineTable(), words));
  if (invocation.version) {
    fmt::print("cairn-pipeline {}\n", PipelineTable().version);
    return kExitOk;
  }
  if (!invocation.help) return Call(invocation, resume);
  std::string text = command_line::Overview(PipelineTable());
  if (invocation.command != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(text, command_line::HelpFor(PipelineTable(), invocation.command->path));
  }
  fmt::print("{}", text);
  return kExitOk;
}

}  // namespace

int PipelineMain(int argc, char** argv) {
  int code = kExitFailure;
  bool written = true;
  try {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    const absl::StatusOr<int> result = Dispatch(words, Quoted(argc, argv));
    code = result.ok() ? *result : kExitUsage;
    if (!result.ok()) {
      Note("cairn-pipeline: {}\n{}\n", std::string(result.status().message()),
           command_line::SeeHelp(PipelineTable(), words));
    }
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
