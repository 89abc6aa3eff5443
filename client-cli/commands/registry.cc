#include <string>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

absl::StatusOr<int> CreateModel(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::CreateModelRequest request;
  request.mutable_model()->set_display_name(call.arguments[0]);
  request.mutable_model()->set_description(session.flags().Text("description"));
  CAIRN_ASSIGN_OR_RETURN(const auto tags, ParsePairs(session.flags().List("tag")));
  for (const auto& [key, value] : tags) (*request.mutable_model()->mutable_tags())[key] = value;
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Model created, client->registry().CreateModel(request));
  return session.EmitChange(created, created.name() + "\n", created.name(), created.display_name());
}

// One value of the evaluation from --metric: NAME takes the run's latest value,
// NAME=VALUE gives one.
absl::Status AddValue(const v1::Run& run, const std::string& text, v1::Evaluation& evaluation) {
  if (text.find('=') != std::string::npos) {
    CAIRN_ASSIGN_OR_RETURN(const auto pair, ParsePair(text));
    char* end = nullptr;
    v1::EvaluationValue& value = *evaluation.add_values();
    value.set_metric(pair.first);
    value.set_value(std::strtod(pair.second.c_str(), &end));
    if (pair.second.empty() || *end != '\0') {
      return UsageError(fmt::format("--metric {}: not a number", text));
    }
    return absl::OkStatus();
  }
  for (const auto& metric : run.metrics()) {
    if (metric.key() != text) continue;
    v1::EvaluationValue& value = *evaluation.add_values();
    value.set_metric(text);
    value.set_value(metric.latest().value());
    return absl::OkStatus();
  }
  return UsageError(fmt::format("--metric {}: the run has no such metric", text));
}

absl::StatusOr<int> RegisterModel(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const Settings& flags = session.flags();
  if (!flags.IsGiven("run")) return UsageError("register model needs --run RUN");
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, flags.Text("run")));
  v1::CreateModelVersionRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveModel(call.arguments[0]));
  request.set_run_artifact_path(flags.Text("artifact"));
  request.set_validate_only(flags.Switch("dry-run"));
  v1::ModelVersion& version = *request.mutable_model_version();
  version.set_run(run.name());
  version.set_description(flags.Text("description"));
  version.set_code_revision(flags.Text("code-revision"));
  version.set_evaluation_space(flags.Text("evaluation-space"));
  version.set_feature_schema(flags.Text("feature-schema"));
  std::string dataset = run.inputs().empty() ? "" : run.inputs(0).dataset_version();
  if (flags.IsGiven("evidence-dataset")) {
    CAIRN_ASSIGN_OR_RETURN(dataset, ResolveDatasetVersion(session, flags.Text("evidence-dataset")));
    CAIRN_ASSIGN_OR_RETURN(dataset, ResolveAny(session, ShortName(dataset)));
  }
  std::vector<std::string> metrics = flags.List("metric");
  if (metrics.empty()) {
    for (const auto& metric : run.metrics()) metrics.push_back(metric.key());
  }
  v1::Evaluation evaluation;
  evaluation.set_dataset_version(dataset);
  for (const std::string& metric : metrics) {
    CAIRN_RETURN_IF_ERROR(AddValue(run, metric, evaluation));
  }
  if (!evaluation.values().empty()) *request.add_evaluations() = std::move(evaluation);
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion stored,
                         client->registry().CreateModelVersion(request));
  const std::string id = ShortName(stored.name());
  session.Hint(fmt::format("`mlctl promote {} --channel production` lets the policy decide",
                           id.substr(0, id.rfind('@'))));
  return session.EmitText(stored, id + "\n", stored.name(), id);
}

bool IsDatasetText(const std::string& text) {
  return text.rfind("dataset:", 0) == 0 || text.rfind("datasets/", 0) == 0;
}

absl::StatusOr<int> SetDatasetAlias(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const std::string target, ResolveAny(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseDatasetVersionName("name", target));
  v1::SetDatasetAliasRequest request;
  request.set_name(DatasetName(name.parent_id));
  request.set_alias(call.arguments[1]);
  request.set_version(name.version);
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->datasets().SetDatasetAlias(request));
  return session.EmitChange(
      dataset, fmt::format("dataset:{}@{} -> {}\n", name.parent_id, request.alias(), name.version),
      dataset.name(), request.alias());
}

absl::StatusOr<int> DeleteDatasetAlias(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  v1::DeleteDatasetAliasRequest request;
  if (reference.kind == Reference::Kind::kDatasetVersion) {
    request.set_name(DatasetName(reference.name));
    request.set_alias(reference.selector);
  } else {
    const auto ids = ParseResourceName("alias", text, "datasets/*/versions/*");
    if (!ids.ok()) return UsageError("alias delete needs dataset:NAME@ALIAS");
    request.set_name(DatasetName((*ids)[0]));
    request.set_alias((*ids)[1]);
  }
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->datasets().DeleteDatasetAlias(request));
  return session.EmitChange(dataset, fmt::format("{} deleted\n", text), dataset.name(),
                            request.alias());
}

absl::StatusOr<int> SetAlias(Session& session, const Invocation& call) {
  if (IsDatasetText(call.arguments[0])) {
    if (session.flags().IsGiven("expect")) return UsageError("--expect is for aliases of models");
    return SetDatasetAlias(session, call);
  }
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion target, ResolveVersion(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseModelVersionName("name", target.name()));
  v1::SetAliasRequest request;
  request.mutable_alias()->set_name(AliasName(name.parent_id, call.arguments[1]));
  request.mutable_alias()->set_version(name.version);
  if (session.flags().IsGiven("expect")) {
    request.set_expected_version(session.flags().Integer("expect"));
  }
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Alias alias, client->registry().SetAlias(request));
  return session.EmitChange(
      alias, fmt::format("{}@{} -> {}\n", name.parent_id, call.arguments[1], alias.version()),
      alias.name(), call.arguments[1]);
}

absl::StatusOr<int> DeleteAlias(Session& session, const Invocation& call) {
  if (IsDatasetText(call.arguments[0])) return DeleteDatasetAlias(session, call.arguments[0]);
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(call.arguments[0]));
  v1::DeleteAliasRequest request;
  if (reference.kind == Reference::Kind::kResource) {
    request.set_name(call.arguments[0]);
  } else if (reference.kind == Reference::Kind::kVersion) {
    request.set_name(AliasName(reference.name, reference.selector));
  } else {
    return UsageError("alias delete needs MODEL@ALIAS");
  }
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const auto nothing, client->registry().DeleteAlias(request));
  return session.EmitChange(nothing, fmt::format("{} deleted\n", request.name()), request.name(),
                            request.name());
}

}  // namespace

std::vector<Command> RegistryCommands() {
  return {
      {.path = "create model",
       .family = "Registry",
       .summary = "Create a model without versions",
       .arguments = {{"NAME"}},
       .flags = {{.name = "description", .value = "TEXT", .help = "what it is for"},
                 kTags,
                 kDryRun},
       .examples = {{"mlctl create model customer-segments", "a model"},
                    {"mlctl create model churn --description 'who leaves'", "described"},
                    {"mlctl create model churn --tag team=crm", "with a tag"}},
       .handler = CreateModel},
      {.path = "register model",
       .family = "Registry",
       .summary = "Make the next version of a model from a run",
       .arguments = {{"NAME", 1, 1, "model"}},
       .flags = {{.name = "run", .value = "RUN", .help = "the run that trained it"},
                 {.name = "artifact",
                  .kind = FlagKind::kPath,
                  .value = "PATH",
                  .help = "a file or directory among the run's artifacts; all when left out"},
                 {.name = "metric",
                  .repeatable = true,
                  .value = "NAME[=VALUE]",
                  .help = "evidence: the run's value, or one given; by default every metric"},
                 {.name = "evidence-dataset",
                  .value = "dataset:NAME@V",
                  .help = "what the metrics were measured on; by default the run's first input"},
                 {.name = "evaluation-space",
                  .value = "DIGEST",
                  .help = "digest of the space the indices live in"},
                 {.name = "feature-schema", .value = "DIGEST", .help = "digest of the features"},
                 {.name = "code-revision", .value = "REVISION", .help = "the code that trained it"},
                 {.name = "description", .value = "TEXT", .help = "what this version is"},
                 kDryRun},
       .examples = {{"mlctl register model customer-segments --run 9f3c --artifact model",
                     "prints customer-segments@1"},
                    {"mlctl register model churn --run $RUN --metric auc --metric f1=0.8",
                     "choose the evidence"},
                    {"mlctl register model churn --run $RUN --dry-run -o json", "check first"}},
       .details =
           "Creates the model when it is new. Its bytes never change afterwards; evaluations may "
           "be added (`mlctl list evaluations MODEL@VERSION`).",
       .handler = RegisterModel},
      {.path = "alias set",
       .family = "Registry",
       .summary = "Point an alias at a version",
       .arguments = {{"MODEL@VERSION", 1, 1, "model"}, {"ALIAS"}},
       .flags = {{.name = "expect",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "only if it points at this version now; 0: only if there is none",
                  .least = 0},
                 kDryRun},
       .examples = {{"mlctl alias set customer-segments#production champion", "what is live"},
                    {"mlctl alias set customer-segments@3 champion --expect 2",
                     "unless somebody moved it meanwhile"},
                    {"mlctl alias set dataset:retail@3 gold",
                     "of a data set: dataset:retail@gold"}},
       .details = "The version is a model's, or dataset:NAME@VERSION.",
       .handler = SetAlias},
      {.path = "alias delete",
       .family = "Registry",
       .summary = "Remove an alias, not the version",
       .arguments = {{"MODEL@ALIAS", 1, 1, "model"}},
       .flags = {kDryRun},
       .examples = {{"mlctl alias delete customer-segments@champion", "by name"},
                    {"mlctl alias delete dataset:retail@gold", "of a data set"},
                    {"mlctl list aliases customer-segments", "see what there is"}},
       .handler = DeleteAlias},
  };
}

}  // namespace cairn::cli
