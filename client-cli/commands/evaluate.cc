#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/evaluator_process.h"
#include "client-cli/commands/operations.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/tables.h"
#include "client-cli/commands/transfer_meter.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/scratch_directory.h"
#include "lib/base/status_macros.h"
#include "lib/client/downloader.h"
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
  if (flags.IsGiven("repeats")) {
    request.set_repeats(
        static_cast<int32_t>(std::clamp<int64_t>(flags.Integer("repeats"), INT32_MIN, INT32_MAX)));
  }
  request.set_validate_only(flags.Switch("dry-run"));
  return request;
}

absl::StatusOr<int> HaveTheServerMeasure(Session& session, const Invocation& call) {
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

// What the command is to measure, and what is recorded of it; without values yet.
struct OwnEvaluation {
  EvaluatorInputs inputs;
  v1::Evaluation evaluation;
};

absl::StatusOr<std::string> DatasetOf(Session& session, const v1::ModelVersion& version) {
  if (session.flags().IsGiven("dataset")) {
    return ResolveDatasetVersion(session, session.flags().Text("dataset"));
  }
  if (!version.training_dataset().empty()) return version.training_dataset();
  return UsageError(
      fmt::format("{} does not say what it was trained on: name a --dataset", version.name()));
}

absl::StatusOr<OwnEvaluation> FetchInputs(Session& session, const std::string& reference,
                                          const std::string& folder) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, reference));
  CAIRN_ASSIGN_OR_RETURN(const std::string dataset, DatasetOf(session, version));
  v1::GetDatasetVersionRequest get;
  get.set_name(dataset);
  CAIRN_ASSIGN_OR_RETURN(const v1::DatasetVersion data, client->datasets().GetDatasetVersion(get));
  OwnEvaluation own{{folder + "/model", folder + "/data", version.name(), data.name()}, {}};
  TransferMeter meter(session, "received");
  client::Downloader downloader(*client, meter.callback());
  CAIRN_RETURN_IF_ERROR(downloader.Fetch(version.name(), own.inputs.model_folder).status());
  CAIRN_RETURN_IF_ERROR(downloader.Fetch(data.name(), own.inputs.data_folder).status());
  meter.Finish();
  own.evaluation.set_dataset_version(data.name());
  auto& settings = *own.evaluation.mutable_settings();
  settings["model.sha256"] = version.sha256();
  settings["data.sha256"] = data.sha256();
  return own;
}

absl::StatusOr<int> MeasureWithOwn(Session& session, const Invocation& call) {
  for (const char* flag : {"against", "repeats", "background"}) {
    if (session.flags().IsGiven(flag)) {
      return UsageError(
          fmt::format("--{} is for what the server measures; leave out --with", flag));
    }
  }
  const std::string command = session.flags().Text("with");
  CAIRN_ASSIGN_OR_RETURN(const auto folder, ScratchDirectory::Make());
  CAIRN_ASSIGN_OR_RETURN(OwnEvaluation own,
                         FetchInputs(session, call.arguments[0], folder->path()));
  CAIRN_ASSIGN_OR_RETURN(const std::string metrics,
                         RunEvaluator(command, own.inputs, folder->path()));
  v1::CreateEvaluationRequest request;
  request.set_parent(own.inputs.version);
  CAIRN_RETURN_IF_ERROR(AddMeasuredValues(metrics, own.evaluation));
  own.evaluation.set_evaluator(EvaluatorName(command));
  (*own.evaluation.mutable_settings())["command.sha256"] = Sha256Hex(command);
  (*own.evaluation.mutable_settings())["metrics.sha256"] = Sha256Hex(metrics);
  *request.mutable_evaluation() = std::move(own.evaluation);
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::EvaluateModelVersionResponse response;
  CAIRN_ASSIGN_OR_RETURN(*response.add_evaluations(),
                         client->evaluations().CreateEvaluation(request));
  return session.Emit(response, ToTable(response));
}

absl::StatusOr<int> Evaluate(Session& session, const Invocation& call) {
  return session.flags().IsGiven("with") ? MeasureWithOwn(session, call)
                                         : HaveTheServerMeasure(session, call);
}

}  // namespace

std::vector<Command> EvaluateCommands() {
  return {
      {.path = "evaluate",
       .family = "Registry",
       .summary = "Measure a version on a data set, by the server or a program of yours",
       .arguments = {{"MODEL@VERSION", 1, 1, "model"}},
       .flags = {{.name = "dataset",
                  .value = "dataset:NAME@V",
                  .help = "what to measure on; by default what it was trained on"},
                 {.name = "against",
                  .value = "MODEL@VERSION",
                  .help = "measure against this version too, in its space"},
                 {.name = "with",
                  .value = "COMMAND",
                  .help = "measure with this command, here, instead of by the server"},
                 {.name = "repeats",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "fit it again with N seeds, 2 to 100, and compare: stability_ari"},
                 kDryRun,
                 kBackground,
                 kPatience},
       .examples = {{"mlctl evaluate customer-segments@3 --dataset dataset:retail-features@2",
                     "prints what was found"},
                    {"mlctl evaluate customer-segments@3 --against customer-segments#production",
                     "who would move, and which is better in one space"},
                    {"mlctl evaluate customer-segments@3 --with './score.py' --dry-run",
                     "run a program of yours, and record nothing"}},
       .details =
           "The server reads the version's model.cairnseg and the one CSV file of the data set. "
           "What it finds is recorded (`mlctl list evaluations MODEL@VERSION`) and not measured "
           "twice.\n"
           "With --with the files of both are fetched and the command is run on them, for models "
           "that the server cannot measure. It finds them in CAIRN_MODEL_DIR and CAIRN_DATA_DIR, "
           "and writes lines like {\"metric\": \"accuracy\", \"value\": 0.93} to the file "
           "CAIRN_METRICS; CAIRN_VERSION and CAIRN_DATASET_VERSION name both. What it prints goes "
           "to the standard error. Its values count as reported by you.",
       .handler = Evaluate},
  };
}

}  // namespace cairn::cli
