#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/caller_flags.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/flag_rows.h"
#include "pipeline/commands/lifecycle_commands.h"
#include "pipeline/commands/lifecycle_flags.h"
#include "pipeline/commands/progress.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/lifecycle/backfill.h"

namespace cairn::pipeline {
namespace {

using command_line::Settings;

void PrintMonth(const BackfillMonth& month, size_t done, size_t total) {
  fmt::print("{}  {:>7} customers  drift {:<8}  {}", month.month, Grouped(month.customers),
             DriftVerdictName(VerdictOf(month.turn.drift)), month.turn.outcome_word);
  if (!month.served_version.empty()) {
    fmt::print(", version {} serves", VersionNumber(month.served_version));
  }
  if (month.same_name_share) {
    fmt::print(", {:.1f} % keep their segment", 100 * *month.same_name_share);
  }
  fmt::print("  ({} of {})\n", done, total);
  // What was decided; backfill.json tells it of each candidate.
  const size_t shown = month.turn.decision ? 1 : month.turn.reasons.size();
  for (size_t i = 0; i < std::min(shown, month.turn.reasons.size()); ++i) {
    fmt::print("    {}\n", month.turn.reasons[i]);
  }
  std::fflush(stdout);
}

absl::StatusOr<std::vector<BackfillMonth>> Replay(const Settings& settings) {
  if (settings.Text("by") != "month") {
    return InvalidField(ErrorReason::CONFIG_INVALID, "by", settings.Text("by"), "must be month")
        .ToStatus();
  }
  const ServerFlags server = ServerFlagsOf(settings);
  CAIRN_ASSIGN_OR_RETURN(const auto client, ConnectClient(server));
  BackfillRequest request;
  CAIRN_ASSIGN_OR_RETURN(request.config, LifecycleConfig(settings));
  request.data = settings.Text("data");
  request.out = settings.Text("out");
  request.when = settings.Switch("if-drifted") ? RetrainWhen::kIfDrifted : RetrainWhen::kAlways;
  request.warm_up = static_cast<int>(settings.Integer("warm-up"));
  request.keep_versions = settings.Switch("keep-versions");
  Progress progress;
  request.progress = [&progress](const StageProgress& now) { progress.Show(now); };
  const MonthDone print = [&progress](const BackfillMonth& month, size_t done, size_t total) {
    progress.Hide();
    PrintMonth(month, done, total);
  };
  return Backfill(
      *client, request, [&] { return ConnectPublisher(server, request.config, ""); }, print,
      [&progress](const std::string& line) { progress.Say(line); });
}

}  // namespace

command_line::Command BackfillRow() {
  command_line::Flag by = TextFlag("by", "PERIOD", "how the file is cut: month", kComputedSection);
  by.fallback = "month";
  command_line::Flag out =
      PathFlag("out", "DIR", "folder for backfill.json and a folder a month", kResultsSection);
  out.required = true;
  const command_line::Flag warm_up = {.name = "warm-up",
                                      .kind = command_line::FlagKind::kInteger,
                                      .value = "N",
                                      .help = "months of history before a first model is trained",
                                      .fallback = "3",
                                      .least = 0,
                                      .most = 120,
                                      .section = kComputedSection};
  const std::vector<command_line::Flag> own = {
      DataFlag(),
      by,
      warm_up,
      PathFlag("config", "FILE", "YAML file with settings over the preset", kInputSection),
      SettingsFlag(),
      SwitchFlag("if-drifted", "train only in months whose data has drifted", kComputedSection),
      SwitchFlag("keep-versions",
                 "leave versions that were judged and not chosen as candidates of later months",
                 kComputedSection),
      ThreadsFlag("threads, 0 = one per processor; never changes a result"),
      out,
      ServerFlag("the Cairn server that registers and decides"),
      PrincipalFlag(),
  };
  return CommandRow(
      "backfill", "Replay a file month by month: drift, training and decision",
      JoinedFlags({own, command_line::CallerFlags(kServerSection)}),
      {{"cairn-pipeline backfill --by month --data online-retail.csv.zst --server 127.0.0.1:50051 "
        "--out year",
        "what automation would have done"}});
}

int BackfillCommand(const Settings& settings) {
  const auto months = Replay(settings);
  if (!months.ok()) return ReportError(months.status());
  fmt::print("written to {}/backfill.json\n", settings.Text("out"));
  return kExitOk;
}

}  // namespace cairn::pipeline
