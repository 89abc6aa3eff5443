#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/each_target.h"
#include "client-cli/commands/operations.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

using Change = v1::BulkChangeRunsRequest::Change;

// The words for what is done: "delete", and "deleted".
struct Verb {
  Change change;
  std::string_view infinitive;
  std::string_view participle;
};

constexpr Verb kDelete = {v1::BulkChangeRunsRequest::DELETE, "delete", "deleted"};
constexpr Verb kRestore = {v1::BulkChangeRunsRequest::UNDELETE, "restore", "restored"};
constexpr Verb kPurge = {v1::BulkChangeRunsRequest::PURGE, "purge", "purged"};

// The resource names of the runs, or experiments, that a command names.
absl::StatusOr<std::vector<std::string>> NamedRuns(Session& session, const Invocation& call,
                                                   const Verb& verb) {
  std::vector<std::string> targets;
  for (const std::string& text : call.arguments) {
    const bool deleted_too = verb.change != kDelete.change;
    CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, text, deleted_too));
    targets.push_back(run.name());
  }
  return targets;
}

absl::StatusOr<std::vector<std::string>> NamedExperiments(Session& session,
                                                          const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  std::vector<std::string> targets;
  for (const std::string& text : call.arguments) {
    v1::GetExperimentRequest get;
    CAIRN_ASSIGN_OR_RETURN(*get.mutable_name(), ResolveExperiment(session, text));
    CAIRN_ASSIGN_OR_RETURN(const v1::Experiment found, client->tracking().GetExperiment(get));
    targets.push_back(found.name());
  }
  return targets;
}

absl::Status ConfirmAll(Session& session, const Verb& verb,
                        const std::vector<std::string>& targets) {
  if (verb.change == kRestore.change) return absl::OkStatus();
  const std::string what = FirstAndMore(targets.front(), targets.size());
  return session.Confirm(verb.change == kPurge.change
                             ? fmt::format("Remove {} for good, with all that belongs to it?", what)
                             : fmt::format("Delete {}?", what));
}

// Asks, and then does `act` to each target.
template <typename Act>
absl::StatusOr<int> ChangeEach(Session& session, const Verb& verb,
                               const std::vector<std::string>& targets, const Act& act) {
  if (!session.flags().Switch("dry-run")) {
    CAIRN_RETURN_IF_ERROR(ConfirmAll(session, verb, targets));
  }
  return ForEachTarget(session, targets, act);
}

// Prints what became of a run or experiment.
template <typename Resource>
absl::StatusOr<int> Report(Session& session, const absl::StatusOr<Resource>& result,
                           const std::string& target, const Verb& verb) {
  if (!result.ok()) return result.status();
  return session.EmitChange(*result, fmt::format("{} {}\n", target, verb.participle), target,
                            target);
}

absl::StatusOr<int> DeleteExperiment(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto targets, NamedExperiments(session, call));
  return ChangeEach(session, kDelete, targets, [&](const std::string& target) {
    v1::DeleteExperimentRequest request;
    request.set_name(target);
    request.set_validate_only(session.flags().Switch("dry-run"));
    return Report(session, client->tracking().DeleteExperiment(request), target, kDelete);
  });
}

absl::StatusOr<int> RestoreExperiment(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto targets, NamedExperiments(session, call));
  return ChangeEach(session, kRestore, targets, [&](const std::string& target) {
    v1::UndeleteExperimentRequest request;
    request.set_name(target);
    request.set_validate_only(session.flags().Switch("dry-run"));
    return Report(session, client->tracking().UndeleteExperiment(request), target, kRestore);
  });
}

absl::StatusOr<int> PurgeExperiment(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto targets, NamedExperiments(session, call));
  return ChangeEach(
      session, kPurge, targets, [&](const std::string& target) -> absl::StatusOr<int> {
        v1::PurgeExperimentRequest request;
        request.set_name(target);
        request.set_validate_only(session.flags().Switch("dry-run"));
        CAIRN_ASSIGN_OR_RETURN(auto operation, client->tracking().PurgeExperiment(request));
        if (request.validate_only()) {
          return session.EmitChange(operation, fmt::format("{} purged\n", target), target, target);
        }
        return FollowOperation(session, std::move(operation));
      });
}

absl::StatusOr<int> DeleteRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto targets, NamedRuns(session, call, kDelete));
  return ChangeEach(session, kDelete, targets, [&](const std::string& target) {
    v1::DeleteRunRequest request;
    request.set_name(target);
    request.set_validate_only(session.flags().Switch("dry-run"));
    return Report(session, client->tracking().DeleteRun(request), target, kDelete);
  });
}

absl::StatusOr<int> RestoreRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto targets, NamedRuns(session, call, kRestore));
  return ChangeEach(session, kRestore, targets, [&](const std::string& target) {
    v1::UndeleteRunRequest request;
    request.set_name(target);
    request.set_validate_only(session.flags().Switch("dry-run"));
    return Report(session, client->tracking().UndeleteRun(request), target, kRestore);
  });
}

absl::StatusOr<int> PurgeRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto targets, NamedRuns(session, call, kPurge));
  return ChangeEach(session, kPurge, targets, [&](const std::string& target) {
    v1::PurgeRunRequest request;
    request.set_name(target);
    request.set_validate_only(session.flags().Switch("dry-run"));
    return Report(session, client->tracking().PurgeRun(request), target, kPurge);
  });
}

absl::StatusOr<int> DeleteModel(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::DeleteModelRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveModel(call.arguments[0]));
  request.set_validate_only(session.flags().Switch("dry-run"));
  return ChangeEach(
      session, kDelete, std::vector<std::string>{request.name()}, [&](const std::string& target) {
        return Report(session, client->registry().DeleteModel(request), target, kDelete);
      });
}

// What a change would be: the operation that the server answers without a name, done and with the
// number of runs it would find.
struct Checked {
  google::longrunning::Operation operation;
  v1::BulkChangeRunsResponse found;
};

absl::StatusOr<Checked> CheckChange(client::Client& client, v1::BulkChangeRunsRequest request) {
  request.set_validate_only(true);
  Checked checked;
  CAIRN_ASSIGN_OR_RETURN(checked.operation, client.tracking().BulkChangeRuns(request));
  checked.operation.response().UnpackTo(&checked.found);
  return checked;
}

// The deleted runs that a request finds, by the instant of their deletion: what one command
// deleted has one.
using Deletions = std::map<std::string, std::vector<std::string>>;

absl::StatusOr<Deletions> FindDeletions(client::Client& client,
                                        const v1::BulkChangeRunsRequest& request) {
  v1::SearchRunsRequest search;
  *search.mutable_parents() = request.parents();
  search.set_filter(request.filter());
  search.set_show_deleted(true);
  search.set_page_size(1000);
  for (const char* field : {"name", "uid", "delete_time"}) {
    search.mutable_read_mask()->add_paths(field);
  }
  Deletions found;
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      search, [&](const auto& r) { return client.tracking().SearchRuns(r); },
      [&](const v1::SearchRunsResponse& page) {
        for (const v1::Run& run : page.runs()) {
          if (!run.has_delete_time()) continue;
          found[FormatRfc3339(ToUnixNanos(run.delete_time()))].push_back(run.name());
        }
        return true;
      }));
  return found;
}

// Asks before more comes back than one command took.
absl::Status ConfirmDeletions(Session& session, const Deletions& found) {
  if (found.size() < 2) return absl::OkStatus();
  constexpr size_t kMostNamed = 5;
  size_t runs = 0;
  std::string times;
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    runs += it->second.size();
    if (static_cast<size_t>(std::distance(found.rbegin(), it)) >= kMostNamed) continue;
    times += fmt::format("{}{} at {}", times.empty() ? "" : ", ", it->second.size(), it->first);
  }
  if (found.size() > kMostNamed) times += ", and earlier ones";
  const std::string what =
      fmt::format("{} runs, which {} deletions took: {}", runs, found.size(), times);
  if (session.flags().Switch("dry-run")) {
    session.Note(what);
    return absl::OkStatus();
  }
  return session.Confirm(fmt::format("Restore {}? --deleted-at TIME restores those of one.", what));
}

// Restores the runs of one deletion, one by one.
absl::StatusOr<int> RestoreDeletion(Session& session, client::Client& client,
                                    const Deletions& found, const std::string& time) {
  const auto deletion = found.find(time);
  if (deletion == found.end()) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run",
                    fmt::format("a run that matches and was deleted at {}", time))
        .ToStatus();
  }
  return ChangeEach(session, kRestore, deletion->second, [&](const std::string& target) {
    v1::UndeleteRunRequest request;
    request.set_name(target);
    request.set_validate_only(session.flags().Switch("dry-run"));
    return Report(session, client.tracking().UndeleteRun(request), target, kRestore);
  });
}

// Changes every run that --filter and --experiment find.
absl::StatusOr<int> ChangeRuns(Session& session, const Verb& verb) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::BulkChangeRunsRequest request;
  request.set_change(verb.change);
  request.set_filter(session.flags().Text("filter"));
  for (const std::string& experiment : session.flags().List("experiment")) {
    CAIRN_ASSIGN_OR_RETURN(*request.add_parents(), ResolveExperiment(session, experiment));
  }
  if (request.filter().empty() && request.parents().empty()) {
    return UsageError(fmt::format("{} runs needs --filter or --experiment", verb.infinitive));
  }
  if (verb.change == kRestore.change) {
    CAIRN_ASSIGN_OR_RETURN(const Deletions found, FindDeletions(*client, request));
    const std::string time = session.flags().Text("deleted-at");
    if (!time.empty()) return RestoreDeletion(session, *client, found, time);
    CAIRN_RETURN_IF_ERROR(ConfirmDeletions(session, found));
  }
  if (session.flags().Switch("dry-run")) {
    CAIRN_ASSIGN_OR_RETURN(const Checked checked, CheckChange(*client, request));
    const std::string count = std::to_string(checked.found.run_count());
    return session.EmitText(
        checked.operation, fmt::format("would {} {} runs\n", verb.infinitive, count), count, count);
  }
  if (verb.change != kRestore.change) {
    std::string what = "the runs that are found";
    // Where nobody can be asked the number is of no use.
    if (session.terminal().stdin_is_tty && !session.flags().Switch("yes")) {
      CAIRN_ASSIGN_OR_RETURN(const Checked checked, CheckChange(*client, request));
      what = fmt::format("{} runs", checked.found.run_count());
    }
    CAIRN_RETURN_IF_ERROR(session.Confirm(verb.change == kPurge.change
                                              ? fmt::format("Remove {} for good?", what)
                                              : fmt::format("Delete {}?", what)));
  }
  CAIRN_ASSIGN_OR_RETURN(auto operation, client->tracking().BulkChangeRuns(request));
  return FollowOperation(session, std::move(operation));
}

absl::StatusOr<int> DeleteRuns(Session& session, const Invocation&) {
  return ChangeRuns(session, kDelete);
}
absl::StatusOr<int> RestoreRuns(Session& session, const Invocation&) {
  return ChangeRuns(session, kRestore);
}
absl::StatusOr<int> PurgeRuns(Session& session, const Invocation&) {
  return ChangeRuns(session, kPurge);
}

std::vector<Command> BulkCommands() {
  return {
      {.path = "delete runs",
       .family = "Delete",
       .summary = "Delete every run that a filter finds; they can be restored",
       .arguments = {},
       .flags = {kFilter, kExperiments, kYes, kDryRun, kWait, kPatience},
       .examples = {{"mlctl delete runs --filter 'state = FAILED' --dry-run", "only count them"},
                    {"mlctl delete runs --filter 'metrics.silhouette < 0.1' --yes --wait",
                     "without asking, until it is done"},
                    {"mlctl delete runs --experiment scratch --yes", "all runs of an experiment"}},
       .details = "Works in the background, as an operation whose name is printed.",
       .handler = DeleteRuns},
      {.path = "restore runs",
       .family = "Delete",
       .summary = "Take back the deletion of every run that a filter finds",
       .arguments = {},
       .flags = {kFilter,
                 kExperiments,
                 {.name = "deleted-at",
                  .value = "TIME",
                  .help = "only runs that were deleted at this instant, which is one for all that "
                          "a command deleted"},
                 kYes,
                 kDryRun,
                 kWait,
                 kPatience},
       .examples = {{"mlctl restore runs --experiment scratch --wait", "all of an experiment"},
                    {"mlctl restore runs --filter 'state = FAILED' --dry-run", "only count them"},
                    {"mlctl restore runs --filter 'user = \"ada\"'", "by filter"}},
       .details = "Only deleted runs are looked at. Where more than one command deleted them, the\n"
                  "times are told and --yes is needed, or --deleted-at for the runs of one.",
       .handler = RestoreRuns},
      {.path = "purge runs",
       .family = "Delete",
       .summary = "Remove every deleted run that a filter finds, for good",
       .arguments = {},
       .flags = {kFilter, kExperiments, kYes, kDryRun, kWait, kPatience},
       .examples = {{"mlctl purge runs --experiment scratch --dry-run", "only count them"},
                    {"mlctl purge runs --filter 'state = FAILED' --yes --wait",
                     "without asking, until it is done"},
                    {"mlctl purge runs --experiment scratch --yes", "prints the operation"}},
       .details = "Only deleted runs are looked at. Runs that a model version came from are left,\n"
                  "and the end is 10.",
       .handler = PurgeRuns},
  };
}

}  // namespace

std::vector<Command> DeletionCommands() {
  std::vector<Command> commands = {
      {.path = "delete experiment",
       .family = "Delete",
       .summary = "Delete experiments; their runs are kept and they can be restored",
       .arguments = {{"EXPERIMENT", 1, -1, "experiment"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete experiment 7", "asks first"},
                    {"mlctl delete experiment scratch trial --yes", "by name, without asking"},
                    {"mlctl delete experiment scratch --dry-run", "only say what would happen"}},
       .handler = DeleteExperiment},
      {.path = "delete run",
       .family = "Delete",
       .summary = "Delete runs; they can be restored",
       .arguments = {{"RUN", 1, -1, "run"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete run 9f3c", "asks first"},
                    {"mlctl delete run 9f3c 0a1b --yes", "two, without asking"},
                    {"mlctl list runs --show-deleted", "see what was deleted"}},
       .handler = DeleteRun},
      {.path = "delete model",
       .family = "Delete",
       .summary = "Delete a model that has no versions",
       .arguments = {{"MODEL", 1, 1, "model"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete model scratch", "asks first"},
                    {"mlctl delete model scratch --yes", "without asking"},
                    {"mlctl delete model scratch --dry-run", "only say what would happen"}},
       .handler = DeleteModel},
      {.path = "restore experiment",
       .family = "Delete",
       .summary = "Take back the deletion of experiments",
       .arguments = {{"EXPERIMENT", 1, -1, "experiment"}},
       .flags = {kDryRun},
       .examples = {{"mlctl restore experiment 7", "by number"},
                    {"mlctl restore experiment scratch", "by name"},
                    {"mlctl list experiments --show-deleted", "see what was deleted"}},
       .handler = RestoreExperiment},
      {.path = "restore run",
       .family = "Delete",
       .summary = "Take back the deletion of runs",
       .arguments = {{"RUN", 1, -1, "run"}},
       .flags = {kDryRun},
       .examples = {{"mlctl restore run 9f3c", "by the beginning of its id"},
                    {"mlctl restore run experiments/7/runs/0123456789abcdef0123456789abcdef",
                     "by resource name"},
                    {"mlctl list runs --show-deleted", "see what was deleted"}},
       .handler = RestoreRun},
      {.path = "purge experiment",
       .family = "Delete",
       .summary = "Remove deleted experiments and their runs for good",
       .arguments = {{"EXPERIMENT", 1, -1, "experiment"}},
       .flags = {kYes, kDryRun, kWait, kPatience},
       .examples = {{"mlctl purge experiment 7", "asks first"},
                    {"mlctl purge experiment 7 --yes --wait", "without asking, until it is done"},
                    {"mlctl purge experiment 7 --dry-run", "only say what would happen"}},
       .details = "Works in the background, as an operation whose name is printed.",
       .handler = PurgeExperiment},
      {.path = "purge run",
       .family = "Delete",
       .summary = "Remove deleted runs for good",
       .arguments = {{"RUN", 1, -1, "run"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl purge run 9f3c", "asks first"},
                    {"mlctl purge run $RUN --yes", "without asking"},
                    {"mlctl list runs --show-deleted", "see what was deleted"}},
       .handler = PurgeRun},
  };
  for (Command& command : BulkCommands()) commands.push_back(std::move(command));
  return commands;
}

}  // namespace cairn::cli
