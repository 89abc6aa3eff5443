#include <cstdlib>
#include <string>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

absl::Status FillPairs(const std::vector<std::string>& texts,
                       google::protobuf::Map<std::string, std::string>* pairs) {
  CAIRN_ASSIGN_OR_RETURN(const auto parsed, ParsePairs(texts));
  for (const auto& [key, value] : parsed) (*pairs)[key] = value;
  return absl::OkStatus();
}

absl::StatusOr<int> CreateExperiment(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::CreateExperimentRequest request;
  request.mutable_experiment()->set_display_name(call.arguments[0]);
  CAIRN_RETURN_IF_ERROR(
      FillPairs(session.flags().List("tag"), request.mutable_experiment()->mutable_tags()));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const auto created, client->tracking().CreateExperiment(request));
  const std::string id = created.name().substr(created.name().rfind('/') + 1);
  session.Hint(fmt::format("`mlctl run start --experiment {}` begins a run in it", id));
  return session.EmitChange(created, created.name() + "\n", created.name(), id);
}

absl::StatusOr<std::string> ExperimentToStartIn(Session& session) {
  const Settings& flags = session.flags();
  const std::string& text = flags.Text("experiment");
  if (flags.Switch("no-create")) return ResolveExperiment(session, text);
  return ResolveOrCreateExperiment(session, text, flags.Switch("dry-run"));
}

absl::StatusOr<int> StartRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const Settings& flags = session.flags();
  v1::CreateRunRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ExperimentToStartIn(session));
  v1::Run& run = *request.mutable_run();
  if (!call.arguments.empty()) run.set_display_name(call.arguments[0]);
  const auto user = session.environment()("USER");
  run.set_user(flags.IsGiven("user") ? flags.Text("user") : user.value_or(""));
  CAIRN_RETURN_IF_ERROR(FillPairs(flags.List("param"), run.mutable_params()));
  CAIRN_RETURN_IF_ERROR(FillPairs(flags.List("tag"), run.mutable_tags()));
  for (const std::string& input : flags.List("input")) {
    CAIRN_ASSIGN_OR_RETURN(*run.add_inputs()->mutable_dataset_version(),
                           ResolveAny(session, input));
  }
  if (flags.IsGiven("lease")) {
    CAIRN_ASSIGN_OR_RETURN(const int64_t millis, ParseDurationMillis(flags.Text("lease")));
    run.mutable_lease_duration()->set_seconds(millis / 1000);
    run.mutable_lease_duration()->set_nanos(static_cast<int32_t>(millis % 1000 * 1'000'000));
  }
  if (flags.IsGiven("parent-run")) {
    CAIRN_ASSIGN_OR_RETURN(const v1::Run parent, ResolveRun(session, flags.Text("parent-run")));
    run.set_parent_run(parent.name());
  }
  request.set_run_id(flags.Text("run-id"));
  request.set_validate_only(flags.Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Run started, client->tracking().CreateRun(request));
  session.Hint(
      "`mlctl log metric RUN loss=0.5 --step 1` logs to it, `mlctl run finish RUN` ends it");
  return session.EmitChange(started, started.uid() + "\n", started.name(), started.uid());
}

absl::StatusOr<int> FinishRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  std::string reference = session.flags().Text("run");
  if (!call.arguments.empty()) reference = call.arguments[0];
  if (reference.empty()) return UsageError("run finish needs RUN");
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, reference));
  v1::FinishRunRequest request;
  request.set_name(run.name());
  const std::string state = session.flags().Text("state");
  request.set_state(state == "failed"   ? v1::Run::FAILED
                    : state == "killed" ? v1::Run::KILLED
                                        : v1::Run::SUCCEEDED);
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Run finished, client->tracking().FinishRun(request));
  return session.EmitChange(finished, fmt::format("{} {}\n", finished.uid(), state),
                            finished.name(), finished.uid());
}

// The run that an argument, --run or MLCTL_RUN names.
absl::StatusOr<v1::Run> GivenRun(Session& session, const Invocation& call) {
  std::string reference = session.flags().Text("run");
  if (!call.arguments.empty()) reference = call.arguments[0];
  if (reference.empty()) return UsageError(fmt::format("{} needs RUN", call.command->path));
  return ResolveRun(session, reference);
}

absl::StatusOr<int> ResumeRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, GivenRun(session, call));
  v1::ResumeRunRequest request;
  request.set_name(run.name());
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Run resumed, client->tracking().ResumeRun(request));
  return session.EmitChange(resumed, fmt::format("{} running\n", resumed.uid()), resumed.name(),
                            resumed.uid());
}

absl::StatusOr<int> HeartbeatRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, GivenRun(session, call));
  v1::HeartbeatRunRequest request;
  request.set_name(run.name());
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const auto answer, client->tracking().HeartbeatRun(request));
  const std::string text =
      answer.has_lease_duration()
          ? fmt::format("{} may be silent for {} s\n", run.uid(), answer.lease_duration().seconds())
          : fmt::format("{} has no lease\n", run.uid());
  return session.EmitChange(answer, text, run.name(), run.uid());
}

}  // namespace

std::vector<Command> RunCommands() {
  return {
      {.path = "create experiment",
       .family = "Log",
       .summary = "Create an experiment",
       .arguments = {{"NAME"}},
       .flags = {kTags, kDryRun},
       .examples = {{"mlctl create experiment segments", "prints experiments/7"},
                    {"mlctl create experiment crm/churn --tag team=crm", "with a tag"},
                    {"mlctl create experiment segments -o json", "the whole resource"}},
       .handler = CreateExperiment},
      {.path = "run start",
       .family = "Log",
       .summary = "Start a run and print its id",
       .arguments = {{"NAME", 0, 1}},
       .flags = {{.name = "experiment",
                  .letter = 'e',
                  .value = "EXPERIMENT",
                  .help = "the experiment, by number or name; a new name is created",
                  .fallback = "0"},
                 {.name = "no-create",
                  .kind = FlagKind::kSwitch,
                  .help = "refuse an experiment that does not exist"},
                 {.name = "param",
                  .letter = 'p',
                  .repeatable = true,
                  .value = "KEY=VALUE",
                  .help = "a parameter"},
                 kTags,
                 {.name = "input",
                  .repeatable = true,
                  .value = "dataset:NAME@V",
                  .help = "a data set version the run reads"},
                 {.name = "parent-run", .value = "RUN", .help = "the run this one is nested in"},
                 {.name = "lease",
                  .kind = FlagKind::kDuration,
                  .value = "DURATION",
                  .help = "how long it may be silent before it counts as killed, such as 10m"},
                 {.name = "user", .value = "NAME", .help = "who runs it; by default $USER"},
                 {.name = "run-id",
                  .value = "ID",
                  .help = "the run's id, 32 hexadecimal characters; by default a new one",
                  .blank_rule = "; it must be 32 hexadecimal characters"},
                 kDryRun},
       .examples = {{"RUN=$(mlctl run start nightly --experiment segments)", "keep the id"},
                    {"mlctl run start --param k=4 --param seed=7", "with parameters"},
                    {"mlctl run start --input dataset:retail@3", "with the data it reads"}},
       .handler = StartRun},
      {.path = "run finish",
       .family = "Log",
       .summary = "End a run",
       .arguments = {{"RUN", 0, 1, "run"}},
       .flags = {{.name = "state",
                  .value = "STATE",
                  .help = "how it ended",
                  .choices = "succeeded|failed|killed",
                  .fallback = "succeeded"},
                 {.name = "run", .value = "RUN", .help = "the run, instead of the argument"},
                 kDryRun},
       .examples = {{"mlctl run finish $RUN", "it went well"},
                    {"mlctl run finish $RUN --state failed", "it did not"},
                    {"MLCTL_RUN=$RUN mlctl run finish", "the run from the environment"}},
       .handler = FinishRun},
      {.path = "run resume",
       .family = "Log",
       .summary = "Take an ended run back to running",
       .arguments = {{"RUN", 0, 1, "run"}},
       .flags = {{.name = "run", .value = "RUN", .help = "the run, instead of the argument"},
                 kDryRun},
       .examples = {{"mlctl run resume $RUN", "training goes on"},
                    {"MLCTL_RUN=$RUN mlctl run resume", "the run from the environment"},
                    {"mlctl run resume 9f3c -o json", "by the beginning of its id"}},
       .handler = ResumeRun},
      {.path = "run heartbeat",
       .family = "Log",
       .summary = "Say that a run is alive, and print its lease",
       .arguments = {{"RUN", 0, 1, "run"}},
       .flags = {{.name = "run", .value = "RUN", .help = "the run, instead of the argument"},
                 kDryRun},
       .examples = {{"mlctl run heartbeat $RUN", "renews its lease"},
                    {"while sleep 60; do mlctl run heartbeat -q $RUN; done &",
                     "while nothing is logged"},
                    {"MLCTL_RUN=$RUN mlctl run heartbeat", "the run from the environment"}},
       .details = "Whatever is logged into a run renews its lease too.",
       .handler = HeartbeatRun},
  };
}

}  // namespace cairn::cli
