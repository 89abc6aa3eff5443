#include "client-cli/commands/nouns.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/as_of.h"
#include "client-cli/commands/collect.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/tables.h"
#include "fmt/format.h"
#include "lib/base/nearest.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

using google::protobuf::Message;

template <typename T>
absl::StatusOr<AnyMessage> Boxed(absl::StatusOr<T> message) {
  if (!message.ok()) return std::move(message).status();
  return AnyMessage(std::make_unique<T>(*std::move(message)));
}

template <typename Response>
Table TableOf(const Session& session, const Message& list) {
  return ToTable(session, static_cast<const Response&>(list));
}

template <typename Response>
const Message& Prototype() {
  return Response::default_instance();
}

bool Never(const std::string&) { return false; }

bool IsPlain(const std::string& text) {
  const auto reference = ParseReference(text);
  return reference.ok() && (reference->kind == Reference::Kind::kPlain ||
                            reference->kind == Reference::Kind::kDataset);
}

bool IsChannel(const std::string& text) {
  const auto reference = ParseReference(text);
  return reference.ok() &&
         (reference->kind == Reference::Kind::kChannel || ParseChannelName("channel", text).ok());
}

absl::Status NeedsParent(std::string_view noun, std::string_view form) {
  return UsageError(fmt::format("which {}? Write {}", noun, form));
}

absl::StatusOr<AnyMessage> GetExperiment(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetExperimentRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveExperiment(session, text));
  return Boxed(client->tracking().GetExperiment(request));
}

absl::StatusOr<AnyMessage> ListExperiments(Session& session, const std::string&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListExperimentsRequest request;
  request.set_show_deleted(session.flags().Switch("show-deleted"));
  return Collect<v1::ListExperimentsResponse>(
      session, request, [&](const auto& r) { return client->tracking().ListExperiments(r); });
}

absl::StatusOr<AnyMessage> GetRun(Session& session, const std::string& text) {
  return Boxed(ResolveRun(session, text));
}

absl::StatusOr<AnyMessage> GetDataset(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const auto reference = ParseReference(text);
  if (reference.ok() && (reference->kind == Reference::Kind::kDatasetVersion ||
                         reference->kind == Reference::Kind::kVersion ||
                         text.find("/versions/") != std::string::npos)) {
    v1::GetDatasetVersionRequest request;
    CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveDatasetVersion(session, text));
    return Boxed(client->datasets().GetDatasetVersion(request));
  }
  v1::GetDatasetRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveDataset(text));
  return Boxed(client->datasets().GetDataset(request));
}

absl::StatusOr<AnyMessage> ListDatasets(Session& session, const std::string&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  return Collect<v1::ListDatasetsResponse>(session, v1::ListDatasetsRequest(), [&](const auto& r) {
    return client->datasets().ListDatasets(r);
  });
}

absl::StatusOr<AnyMessage> GetModel(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetModelRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveModel(text));
  return Boxed(client->registry().GetModel(request));
}

absl::StatusOr<AnyMessage> ListModels(Session& session, const std::string&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  return Collect<v1::ListModelsResponse>(session, v1::ListModelsRequest(), [&](const auto& r) {
    return client->registry().ListModels(r);
  });
}

bool IsDatasetReference(const std::string& text) {
  return text.rfind("dataset:", 0) == 0 || text.rfind("datasets/", 0) == 0;
}

absl::StatusOr<AnyMessage> GetVersion(Session& session, const std::string& text) {
  if (IsDatasetReference(text)) {
    if (session.flags().Text("as-of").empty()) return GetDataset(session, text);
    return UsageError("--as-of is for versions of models: those of data sets never change");
  }
  return Boxed(ResolveVersion(session, text));
}

absl::StatusOr<AnyMessage> ListVersions(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("model", "MODEL or dataset:NAME");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  if (IsDatasetReference(parent)) {
    v1::ListDatasetVersionsRequest request;
    CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveDataset(parent));
    return Collect<v1::ListDatasetVersionsResponse>(
        session, request, [&](const auto& r) { return client->datasets().ListDatasetVersions(r); });
  }
  v1::ListModelVersionsRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveModel(parent));
  return Collect<v1::ListModelVersionsResponse>(
      session, request, [&](const auto& r) { return client->registry().ListModelVersions(r); });
}

absl::StatusOr<AnyMessage> GetEvaluation(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetEvaluationRequest request;
  request.set_name(text);
  return Boxed(client->evaluations().GetEvaluation(request));
}

// Of a version, MODEL@VERSION, or of all versions of a model.
absl::StatusOr<AnyMessage> ListEvaluations(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("version", "MODEL or MODEL@VERSION");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListEvaluationsRequest request;
  if (IsPlain(parent)) {
    CAIRN_ASSIGN_OR_RETURN(const std::string model, ResolveModel(parent));
    request.set_parent(model + "/versions/-");
  } else {
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, parent));
    request.set_parent(version.name());
  }
  return Collect<v1::ListEvaluationsResponse>(
      session, request, [&](const auto& r) { return client->evaluations().ListEvaluations(r); });
}

bool IsNoEvaluation(const std::string& text) {
  return text.find("/evaluations/") == std::string::npos;
}

Table VersionTable(const Session& session, const Message& list) {
  if (const auto* data = dynamic_cast<const v1::ListDatasetVersionsResponse*>(&list)) {
    return ToTable(session, *data);
  }
  return TableOf<v1::ListModelVersionsResponse>(session, list);
}

absl::StatusOr<AnyMessage> GetChannel(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetChannelRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveChannel(session, text));
  CAIRN_RETURN_IF_ERROR(SetAsOf(session, request));
  return Boxed(client->registry().GetChannel(request));
}

absl::StatusOr<AnyMessage> ListChannels(Session& session, const std::string& parent) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListChannelsRequest request;
  request.set_parent("models/-");
  if (!parent.empty()) {
    CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveModel(parent));
  }
  return Collect<v1::ListChannelsResponse>(
      session, request, [&](const auto& r) { return client->registry().ListChannels(r); });
}

// The aliases of a data set, which are part of it, in the form of a model's.
absl::StatusOr<AnyMessage> ListDatasetAliases(Session& session, const std::string& parent) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetDatasetRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveDataset(parent));
  CAIRN_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->datasets().GetDataset(request));
  const std::map<std::string, int64_t> sorted(dataset.aliases().begin(), dataset.aliases().end());
  auto list = std::make_unique<v1::ListAliasesResponse>();
  for (const auto& [alias, number] : sorted) {
    v1::Alias& listed = *list->add_aliases();
    listed.set_name(fmt::format("{}/versions/{}", dataset.name(), alias));
    listed.set_version(number);
  }
  return AnyMessage(std::move(list));
}

absl::StatusOr<AnyMessage> ListAliases(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("model", "MODEL or dataset:NAME");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  if (IsDatasetReference(parent)) return ListDatasetAliases(session, parent);
  v1::ListAliasesRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveModel(parent));
  return Collect<v1::ListAliasesResponse>(
      session, request, [&](const auto& r) { return client->registry().ListAliases(r); });
}

absl::StatusOr<AnyMessage> GetPolicy(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetPolicyRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolvePolicy(text));
  CAIRN_RETURN_IF_ERROR(SetAsOf(session, request));
  return Boxed(client->promotion().GetPolicy(request));
}

absl::StatusOr<AnyMessage> ListPolicies(Session& session, const std::string&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  return Collect<v1::ListPoliciesResponse>(session, v1::ListPoliciesRequest(), [&](const auto& r) {
    return client->promotion().ListPolicies(r);
  });
}

absl::StatusOr<AnyMessage> ListPolicyRevisions(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("policy", "POLICY");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListPolicyRevisionsRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolvePolicy(parent));
  return Collect<v1::ListPolicyRevisionsResponse>(
      session, request, [&](const auto& r) { return client->promotion().ListPolicyRevisions(r); });
}

absl::StatusOr<AnyMessage> GetDecision(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetDecisionRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveDecision(session, text));
  return Boxed(client->promotion().GetDecision(request));
}

absl::StatusOr<AnyMessage> ListDecisions(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("channel", "MODEL#CHANNEL");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListDecisionsRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveChannel(session, parent));
  CAIRN_RETURN_IF_ERROR(SetAsOf(session, request));
  return Collect<v1::ListDecisionsResponse>(
      session, request, [&](const auto& r) { return client->promotion().ListDecisions(r); });
}

absl::StatusOr<AnyMessage> ListCandidates(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("decision", "mlctl list candidates DECISION");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListDecisionCandidatesRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveDecision(session, parent));
  return Collect<v1::ListDecisionCandidatesResponse>(session, request, [&](const auto& r) {
    return client->promotion().ListDecisionCandidates(r);
  });
}

absl::StatusOr<AnyMessage> ListRunsOf(Session& session, const std::string& parent) {
  if (parent.empty()) return SearchRuns(session);
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListRunsRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveExperimentToSearch(session, parent));
  request.set_show_deleted(session.flags().Switch("show-deleted"));
  return Collect<v1::ListRunsResponse>(
      session, request, [&](const auto& r) { return client->tracking().ListRuns(r); });
}

Table RunTable(const Session& session, const Message& list) {
  if (const auto* found = dynamic_cast<const v1::SearchRunsResponse*>(&list)) {
    return ToTable(session, *found);
  }
  return TableOf<v1::ListRunsResponse>(session, list);
}

Table DatasetTable(const Session& session, const Message& list) {
  if (const auto* versions = dynamic_cast<const v1::ListDatasetVersionsResponse*>(&list)) {
    return ToTable(session, *versions);
  }
  return TableOf<v1::ListDatasetsResponse>(session, list);
}

absl::StatusOr<AnyMessage> ListArtifacts(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("run or version", "RUN, MODEL@VERSION or dataset:NAME@V");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListArtifactsRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveAny(session, parent));
  if (ParseChannelName("name", request.parent()).ok()) {
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, parent));
    request.set_parent(version.name());
  }
  return Collect<v1::ListArtifactsResponse>(
      session, request, [&](const auto& r) { return client->artifacts().ListArtifacts(r); });
}

absl::StatusOr<AnyMessage> ListRollouts(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("channel", "mlctl list rollouts MODEL#CHANNEL");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListRolloutsRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveChannel(session, parent));
  return Collect<v1::ListRolloutsResponse>(
      session, request, [&](const auto& r) { return client->registry().ListRollouts(r); });
}

absl::StatusOr<AnyMessage> GetView(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetViewRequest request;
  request.set_name(text);
  return Boxed(client->views().GetView(request));
}

absl::StatusOr<AnyMessage> ListViews(Session& session, const std::string& parent) {
  if (parent.empty()) return NeedsParent("experiment", "mlctl list views EXPERIMENT");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListViewsRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveExperimentToSearch(session, parent));
  return Collect<v1::ListViewsResponse>(
      session, request, [&](const auto& r) { return client->views().ListViews(r); });
}

bool IsNoView(const std::string& text) { return text.find("/views/") == std::string::npos; }

bool Always(const std::string&) { return true; }

bool HasMetric(const v1::SearchRunsResponse& found, std::string_view key) {
  for (const v1::Run& run : found.runs()) {
    for (const auto& metric : run.metrics()) {
      if (metric.key() == key) return true;
    }
  }
  return false;
}

// Says when an order goes by a metric that none of the runs has: it then orders nothing. As
// runs without it come last, the first page tells for all.
void NoteUnknownMetrics(Session& session, std::string_view order_by,
                        const v1::SearchRunsResponse& found) {
  if (found.runs().empty()) return;
  while (!order_by.empty()) {
    const size_t comma = std::min(order_by.find(','), order_by.size());
    std::string_view key = order_by.substr(0, comma);
    order_by.remove_prefix(std::min(comma + 1, order_by.size()));
    key.remove_prefix(std::min(key.find_first_not_of(' '), key.size()));
    key = key.substr(0, key.find(' '));
    if (!key.starts_with("metrics")) continue;
    key.remove_prefix(std::min(key.find('.') + 1, key.size()));
    if (key.size() >= 2 && key.front() == '"' && key.back() == '"') {
      key = key.substr(1, key.size() - 2);
    }
    if (key.empty() || HasMetric(found, key)) continue;
    session.Note(fmt::format("no run here has the metric {}, so it orders nothing", key));
  }
}

}  // namespace

absl::StatusOr<AnyMessage> SearchRuns(Session& session) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::SearchRunsRequest request;
  CAIRN_RETURN_IF_ERROR(ChooseRuns(session, session.flags().List("experiment"), request));
  request.set_order_by(session.flags().Text("order-by"));
  request.set_skip(session.flags().Integer("skip"));
  request.set_count_all(session.flags().Switch("count"));
  CAIRN_ASSIGN_OR_RETURN(AnyMessage found,
                         Collect<v1::SearchRunsResponse>(session, request, [&](const auto& r) {
                           return client->tracking().SearchRuns(r);
                         }));
  NoteUnknownMetrics(session, request.order_by(),
                     static_cast<const v1::SearchRunsResponse&>(*found));
  return found;
}

const std::vector<Noun>& Nouns() {
  static const std::vector<Noun> nouns = {
      {{"experiment", "experiments", "exp", "e"},
       GetExperiment,
       ListExperiments,
       Never,
       TableOf<v1::ListExperimentsResponse>,
       Prototype<v1::ListExperimentsResponse>,
       "no experiments: `mlctl create experiment NAME` makes one"},
      {{"run", "runs", "r"},
       GetRun,
       ListRunsOf,
       Never,
       RunTable,
       Prototype<v1::ListRunsResponse>,
       "no runs: `mlctl run start` begins one, `cairn-pipeline` registers a whole sweep"},
      {{"dataset", "datasets", "ds", "d"},
       GetDataset,
       ListDatasets,
       Never,
       DatasetTable,
       Prototype<v1::ListDatasetsResponse>,
       "no data sets: `mlctl put dataset NAME FILE` stores one"},
      {{"model", "models", "m"},
       GetModel,
       ListModels,
       Never,
       TableOf<v1::ListModelsResponse>,
       Prototype<v1::ListModelsResponse>,
       "no models: `mlctl register model NAME --run RUN --artifact PATH` makes the first version"},
      {{"version", "versions", "v"},
       GetVersion,
       ListVersions,
       IsPlain,
       VersionTable,
       Prototype<v1::ListModelVersionsResponse>,
       "no versions: `mlctl register model NAME --run RUN --artifact PATH` makes one"},
      {{"evaluation", "evaluations", "eval"},
       GetEvaluation,
       ListEvaluations,
       IsNoEvaluation,
       TableOf<v1::ListEvaluationsResponse>,
       Prototype<v1::ListEvaluationsResponse>,
       "no evaluations: `mlctl register model` records what the run measured"},
      {{"channel", "channels", "ch", "c"},
       GetChannel,
       ListChannels,
       IsPlain,
       TableOf<v1::ListChannelsResponse>,
       Prototype<v1::ListChannelsResponse>,
       "no channels: `mlctl apply -f policy.yaml` lets a policy govern one"},
      {{"alias", "aliases", "a"},
       nullptr,
       ListAliases,
       Always,
       TableOf<v1::ListAliasesResponse>,
       Prototype<v1::ListAliasesResponse>,
       "no aliases: `mlctl alias set MODEL@VERSION ALIAS` makes one"},
      {{"policy", "policies", "p"},
       GetPolicy,
       ListPolicies,
       Never,
       TableOf<v1::ListPoliciesResponse>,
       Prototype<v1::ListPoliciesResponse>,
       "no policies: `mlctl apply -f policy.yaml` adds one"},
      {{"revision", "revisions", "rev"},
       nullptr,
       ListPolicyRevisions,
       Always,
       TableOf<v1::ListPolicyRevisionsResponse>,
       Prototype<v1::ListPolicyRevisionsResponse>,
       "no revisions that can be listed: the next one that is applied will be"},
      {{"decision", "decisions", "dec"},
       GetDecision,
       ListDecisions,
       IsChannel,
       TableOf<v1::ListDecisionsResponse>,
       Prototype<v1::ListDecisionsResponse>,
       "no decisions: `mlctl promote MODEL --channel production` makes one"},
      {{"candidate", "candidates", "cand"},
       nullptr,
       ListCandidates,
       Always,
       TableOf<v1::ListDecisionCandidatesResponse>,
       Prototype<v1::ListDecisionCandidatesResponse>,
       "no candidates: what a person decides has none, nor a promotion without versions"},
      {{"rollout", "rollouts"},
       nullptr,
       ListRollouts,
       Always,
       TableOf<v1::ListRolloutsResponse>,
       Prototype<v1::ListRolloutsResponse>,
       "no rollouts: `mlctl promote MODEL --channel production` begins one"},
      {{"artifact", "artifacts", "files"},
       nullptr,
       ListArtifacts,
       Always,
       TableOf<v1::ListArtifactsResponse>,
       Prototype<v1::ListArtifactsResponse>,
       "no files: `mlctl log artifact RUN FILE` adds some to a run"},
      {{"view", "views"},
       GetView,
       ListViews,
       IsNoView,
       TableOf<v1::ListViewsResponse>,
       Prototype<v1::ListViewsResponse>,
       "no views with a title: `mlctl create view EXPERIMENT ADDRESS --title TEXT` keeps one"},
  };
  return nouns;
}

absl::StatusOr<const Noun*> FindNoun(std::string_view word) {
  std::vector<std::string_view> candidates;
  for (const Noun& noun : Nouns()) {
    for (const std::string_view name : noun.names) {
      if (name == word) return &noun;
      if (name.size() > 3) candidates.push_back(name);
    }
  }
  const std::string nearest(Nearest(word, candidates));
  return UsageError(fmt::format("\"{}\" is no kind of thing{}", word,
                                nearest.empty() ? "; `mlctl help nouns` lists them"
                                                : fmt::format("; did you mean \"{}\"?", nearest)));
}

}  // namespace cairn::cli
