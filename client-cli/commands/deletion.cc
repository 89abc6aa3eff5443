#include <string>

#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

absl::StatusOr<int> Report(Session& session, const google::protobuf::Message& message,
                           std::string_view name, std::string_view verb) {
  return session.EmitText(message, fmt::format("{} {}\n", name, verb), name, name);
}

// True when the command should stop after saying what it would do.
absl::StatusOr<bool> OnlySay(Session& session, std::string_view name) {
  if (session.flags().Switch("dry-run")) {
    session.Note(fmt::format("would delete {} (checked by this program, not by the server)", name));
    return true;
  }
  CAIRN_RETURN_IF_ERROR(session.Confirm(fmt::format("Delete {}?", name)));
  return false;
}

absl::StatusOr<int> DeleteExperiment(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::DeleteExperimentRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveExperiment(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const bool stop, OnlySay(session, request.name()));
  if (stop) return kExitOk;
  CAIRN_ASSIGN_OR_RETURN(const auto deleted, client->tracking().DeleteExperiment(request));
  session.Hint("`mlctl undelete experiment` takes it back");
  return Report(session, deleted, deleted.name(), "deleted");
}

absl::StatusOr<int> DeleteRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const bool stop, OnlySay(session, run.name()));
  if (stop) return kExitOk;
  v1::DeleteRunRequest request;
  request.set_name(run.name());
  CAIRN_ASSIGN_OR_RETURN(const auto deleted, client->tracking().DeleteRun(request));
  session.Hint("`mlctl undelete run` takes it back");
  return Report(session, deleted, deleted.name(), "deleted");
}

absl::StatusOr<int> DeleteModel(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::DeleteModelRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveModel(call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const bool stop, OnlySay(session, request.name()));
  if (stop) return kExitOk;
  CAIRN_ASSIGN_OR_RETURN(const auto nothing, client->registry().DeleteModel(request));
  return Report(session, nothing, request.name(), "deleted");
}

absl::StatusOr<int> UndeleteExperiment(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::UndeleteExperimentRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveExperiment(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const auto restored, client->tracking().UndeleteExperiment(request));
  return Report(session, restored, restored.name(), "restored");
}

absl::StatusOr<int> UndeleteRun(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, call.arguments[0]));
  v1::UndeleteRunRequest request;
  request.set_name(run.name());
  CAIRN_ASSIGN_OR_RETURN(const auto restored, client->tracking().UndeleteRun(request));
  return Report(session, restored, restored.name(), "restored");
}

}  // namespace

std::vector<Command> DeletionCommands() {
  return {
      {.path = "delete experiment",
       .family = "Delete",
       .summary = "Delete an experiment; its runs are kept and it can be restored",
       .arguments = {{"EXPERIMENT", 1, 1, "experiment"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete experiment 7", "asks first"},
                    {"mlctl delete experiment scratch --yes", "by name, without asking"},
                    {"mlctl delete experiment scratch --dry-run", "only say what would happen"}},
       .handler = DeleteExperiment},
      {.path = "delete run",
       .family = "Delete",
       .summary = "Delete a run; it can be restored",
       .arguments = {{"RUN", 1, 1, "run"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete run 9f3c", "asks first"},
                    {"mlctl delete run 9f3c --yes", "without asking"},
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
      {.path = "undelete experiment",
       .family = "Delete",
       .summary = "Take back the deletion of an experiment",
       .arguments = {{"EXPERIMENT", 1, 1, "experiment"}},
       .flags = {},
       .examples = {{"mlctl undelete experiment 7", "by number"},
                    {"mlctl undelete experiment scratch", "by name"},
                    {"mlctl list experiments --show-deleted", "see what was deleted"}},
       .handler = UndeleteExperiment},
      {.path = "undelete run",
       .family = "Delete",
       .summary = "Take back the deletion of a run",
       .arguments = {{"RUN", 1, 1, "run"}},
       .flags = {},
       .examples = {{"mlctl undelete run 0123456789abcdef0123456789abcdef", "by id"},
                    {"mlctl undelete run experiments/7/runs/0123456789abcdef0123456789abcdef",
                     "by resource name"},
                    {"mlctl list runs --show-deleted", "see what was deleted"}},
       .handler = UndeleteRun},
  };
}

}  // namespace cairn::cli
