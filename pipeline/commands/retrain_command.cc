#include <fmt/format.h>

#include <memory>
#include <string>

#include "lib/base/scratch_directory.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/caller_flags.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/flag_rows.h"
#include "pipeline/commands/flags.h"
#include "pipeline/commands/lifecycle_commands.h"
#include "pipeline/commands/lifecycle_flags.h"
#include "pipeline/commands/progress.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/lifecycle/retrain.h"

namespace cairn::pipeline {
namespace {

using command_line::Settings;

absl::StatusOr<RetrainResult> RetrainOnce(const Settings& settings) {
  const ServerFlags server = ServerFlagsOf(settings);
  CAIRN_ASSIGN_OR_RETURN(const auto client, ConnectClient(server));
  RetrainRequest request;
  CAIRN_ASSIGN_OR_RETURN(request.run.config, LifecycleConfig(settings));
  request.run.data = settings.Text("data");
  request.name = settings.Text("name");
  request.when = settings.Switch("if-drifted") ? RetrainWhen::kIfDrifted : RetrainWhen::kAlways;
  std::unique_ptr<ScratchDirectory> scratch;
  request.run.out = settings.Text("out");
  if (request.run.out.empty()) {
    CAIRN_ASSIGN_OR_RETURN(scratch, ScratchDirectory::Make());
    request.run.out = scratch->path();
  }
  Progress progress;
  return Retrain(
      *client, request,
      [&] { return ConnectPublisher(server, request.run.config, settings.Text("code-revision")); },
      progress.Observer(), [&progress](const std::string& line) { progress.Say(line); });
}

}  // namespace

command_line::Command RetrainRow() {
  command_line::Flag name = TextFlag(
      "name", "NAME", "what the delivery is called in the record of its drift", kResultsSection);
  name.fallback = "new data";
  const std::vector<command_line::Flag> own = {
      DataFlag(),
      PathFlag("config", "FILE", "YAML file with settings over the preset", kInputSection),
      SettingsFlag(),
      SwitchFlag("if-drifted", "train only when the data has drifted, or without a champion",
                 kComputedSection),
      ThreadsFlag("threads, 0 = one per processor; never changes a result"),
      PathFlag("out", "DIR", "folder for results; also keeps the stage cache", kResultsSection),
      name,
      TextFlag("code-revision", "TEXT", "revision of the code, kept with model versions",
               kResultsSection),
      ServerFlag("the Cairn server that has the champion, and decides"),
      PrincipalFlag(),
  };
  return CommandRow(
      "retrain", "Measure drift, train on new data, register and let the policy decide",
      JoinedFlags({own, command_line::CallerFlags(kServerSection)}),
      {{"cairn-pipeline retrain --data new.csv --server 127.0.0.1:50051", "whatever the drift"},
       {"cairn-pipeline retrain --data new.csv --if-drifted --server 127.0.0.1:50051",
        "only when it is needed"}});
}

int RetrainCommand(const Settings& settings) {
  const auto result = RetrainOnce(settings);
  if (!result.ok()) return ReportError(result.status());
  PrintTurn(*result);
  return kExitOk;
}

}  // namespace cairn::pipeline
