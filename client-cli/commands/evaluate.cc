#include <string>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/operations.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/tables.h"
#include "lib/base/status_macros.h"
#include "lib/client/operation_waiter.h"

namespace cairn::cli {
namespace {

absl::StatusOr<v1::EvaluateModelVersionRequest> RequestOf(Session& session,
                                                          const Invocation& call) {
  const auto& flags = session.flags();
  v1::EvaluateModelVersionRequest request;
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version,
                         ResolveVersion(session, call.arguments[0]));
  request.set_name(version.name());
  if (flags.IsGiven("dataset")) {
    CAIRN_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                           ResolveDatasetVersion(session, flags.Text("dataset")));
  }
  if (flags.IsGiven("against")) {
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion reference,
                           ResolveVersion(session, flags.Text("against")));
    request.set_reference_version(reference.name());
  }
  request.set_validate_only(flags.Switch("dry-run"));
  return request;
}

absl::StatusOr<int> Evaluate(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto request, RequestOf(session, call));
  CAIRN_ASSIGN_OR_RETURN(auto operation, client->evaluations().EvaluateModelVersion(request));
  if (!operation.done()) {
    if (session.flags().Switch("background")) return AwaitOperation(session, std::move(operation));
    CAIRN_ASSIGN_OR_RETURN(operation, WaitUntilDone(session, operation));
  }
  CAIRN_RETURN_IF_ERROR(client::OperationError(operation));
  v1::EvaluateModelVersionResponse response;
  operation.response().UnpackTo(&response);
  return session.Emit(response, ToTable(response));
}

}  // namespace

std::vector<Command> EvaluateCommands() {
  return {
      {.path = "evaluate",
       .family = "Registry",
       .summary = "Have the server measure a version on a data set",
       .arguments = {{"MODEL@VERSION", 1, 1, "model"}},
       .flags = {{.name = "dataset",
                  .value = "dataset:NAME@V",
                  .help = "what to measure on; by default what it was trained on"},
                 {.name = "against",
                  .value = "MODEL@VERSION",
                  .help = "measure against this version too, in its space"},
                 kDryRun,
                 kBackground,
                 kPatience},
       .examples = {{"mlctl evaluate customer-segments@3 --dataset dataset:retail-features@2",
                     "prints what was found"},
                    {"mlctl evaluate customer-segments@3 --against customer-segments#production",
                     "who would move, and which is better in one space"},
                    {"mlctl evaluate customer-segments@3 --dry-run", "measure and record nothing"}},
       .details =
           "The server reads the version's model.cairnseg and the one CSV file of the data set. "
           "What it finds is recorded (`mlctl list evaluations MODEL@VERSION`) and not measured "
           "twice.",
       .handler = Evaluate},
  };
}

}  // namespace cairn::cli
