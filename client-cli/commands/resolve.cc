#include "client-cli/commands/resolve.h"

#include <algorithm>

#include "client-cli/cli/command.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/as_of.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

using Kind = Reference::Kind;

absl::Status NotA(std::string_view what, std::string_view text, std::string_view form) {
  return InvalidField(ErrorReason::NAME_INVALID, what, text, fmt::format("write {}", form));
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsHex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

absl::StatusOr<v1::Run> FetchRun(Session& session, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetRunRequest request;
  request.set_name(name);
  return client->tracking().GetRun(request);
}

absl::StatusOr<v1::Experiment> FetchExperiment(Session& session,
                                               const v1::GetExperimentRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  return client->tracking().GetExperiment(request);
}

// A literal of the filter language that stands for `text` alone.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '*') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

absl::StatusOr<std::vector<v1::Run>> FindRuns(Session& session, const std::string& filter,
                                              bool deleted_too) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::SearchRunsRequest request;
  request.set_filter(filter);
  request.set_show_deleted(deleted_too);
  request.set_page_size(3);
  CAIRN_ASSIGN_OR_RETURN(auto found, client->tracking().SearchRuns(request));
  return std::vector<v1::Run>(found.runs().begin(), found.runs().end());
}

// Runs with this name, or else those whose id begins so.
absl::StatusOr<std::vector<v1::Run>> RunsCalled(Session& session, const std::string& text,
                                                bool deleted_too) {
  CAIRN_ASSIGN_OR_RETURN(
      auto runs, FindRuns(session, fmt::format("display_name = {}", Quoted(text)), deleted_too));
  if (!runs.empty() || !IsHex(text) || text.size() < 3) return runs;
  return FindRuns(session, fmt::format("uid = \"{}*\"", text), deleted_too);
}

absl::Status IsDeleted(std::string_view text, const v1::Run& run) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_DELETED,
               fmt::format("{} is deleted: `mlctl restore run {}` brings it back, `mlctl purge run "
                           "{}` removes it for good",
                           text, run.uid(), run.uid()))
      .With("run", run.name());
}

absl::StatusOr<std::string> FindByDigest(Session& session, const std::string& dataset,
                                         std::string_view prefix) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListDatasetVersionsRequest request;
  request.set_parent(DatasetName(dataset));
  std::string found;
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      request, [&](const auto& r) { return client->datasets().ListDatasetVersions(r); },
      [&](const v1::ListDatasetVersionsResponse& page) {
        for (const auto& version : page.dataset_versions()) {
          if (StartsWith(version.sha256(), prefix)) found = version.name();
        }
        return found.empty();
      }));
  if (found.empty()) {
    return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion",
                    fmt::format("dataset:{}@sha256:{}", dataset, prefix))
        .ToStatus();
  }
  return found;
}

// No run has a plain name that might be that of something else as well.
absl::Status NothingCalled(const std::string& text) {
  return Error(absl::StatusCode::kNotFound, ErrorReason::RUN_NOT_FOUND,
               fmt::format("there is no run \"{}\"; versions are MODEL@VERSION, MODEL#CHANNEL and "
                           "dataset:NAME@VERSION",
                           text))
      .With("resource", text)
      .With("kinds", "run, model, dataset")
      .ToStatus();
}

}  // namespace

void NoteDeleted(Session& session, std::string_view noun, std::string_view resource) {
  session.Note(fmt::format(
      "note: {1} is deleted: `mlctl restore {0} {2}` brings it back, `mlctl purge {0} {2}` removes "
      "it for good",
      noun, resource, resource.substr(resource.rfind('/') + 1)));
}

absl::StatusOr<std::string> ResolveExperiment(Session& session, const std::string& text) {
  if (StartsWith(text, "experiments/")) return text;
  const bool only_name = StartsWith(text, "name:");
  v1::GetExperimentRequest request;
  request.set_display_name(only_name ? text.substr(5) : text);
  const auto named = FetchExperiment(session, request);
  if (only_name || !IsNumber(text)) {
    CAIRN_RETURN_IF_ERROR(named.status());
    return named->name();
  }
  const std::string numbered = "experiments/" + text;
  if (absl::IsNotFound(named.status())) return numbered;
  CAIRN_RETURN_IF_ERROR(named.status());
  if (named->name() == numbered) return numbered;
  request.set_name(numbered);
  const absl::Status other = FetchExperiment(session, request).status();
  if (absl::IsNotFound(other)) return named->name();
  CAIRN_RETURN_IF_ERROR(other);
  return UsageError(
      fmt::format("\"{0}\" is the name of {1} and the number of another experiment; write name:{0} "
                  "for the one and experiments/{0} for the other",
                  text, named->name()));
}

absl::StatusOr<std::string> ResolveExperimentToSearch(Session& session, const std::string& text) {
  v1::GetExperimentRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveExperiment(session, text));
  CAIRN_ASSIGN_OR_RETURN(const v1::Experiment found, FetchExperiment(session, request));
  if (found.has_delete_time()) NoteDeleted(session, "experiment", found.name());
  return found.name();
}

absl::StatusOr<std::string> ResolveOrCreateExperiment(Session& session, const std::string& text,
                                                      bool dry_run) {
  auto found = ResolveExperiment(session, text);
  const bool is_name = !StartsWith(text, "experiments/") && !IsNumber(text);
  if (found.ok() || !is_name || !HasReason(found.status(), ErrorReason::EXPERIMENT_NOT_FOUND)) {
    return found;
  }
  v1::CreateExperimentRequest request;
  const std::string name = StartsWith(text, "name:") ? text.substr(5) : text;
  request.mutable_experiment()->set_display_name(name);
  request.set_validate_only(dry_run);
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto created, client->tracking().CreateExperiment(request));
  session.Note(fmt::format("there is no experiment \"{}\": {} (--no-create refuses instead)", name,
                           dry_run ? "it would be created" : "created " + created.name()));
  // Where nothing is created a run can be checked in any experiment.
  return dry_run ? "experiments/0" : created.name();
}

absl::StatusOr<std::string> ResolveDecision(Session& session, const std::string& text) {
  if (text.find('/') != std::string::npos) return text;
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  std::vector<std::string> channels;
  v1::ListChannelsRequest every;
  every.set_parent("models/-");
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      every, [client](const auto& request) { return client->registry().ListChannels(request); },
      [&channels](const v1::ListChannelsResponse& page) {
        for (const v1::Channel& channel : page.channels()) channels.push_back(channel.name());
        return true;
      }));
  std::vector<std::string> names;
  for (const std::string& channel : channels) {
    v1::ListDecisionsRequest decisions;
    decisions.set_parent(channel);
    CAIRN_RETURN_IF_ERROR(client::ForEachPage(
        decisions,
        [client](const auto& request) { return client->promotion().ListDecisions(request); },
        [&](const v1::ListDecisionsResponse& page) {
          for (const v1::Decision& decision : page.decisions()) {
            const std::string_view name = decision.name();
            if (StartsWith(name.substr(name.rfind('/') + 1), text)) names.emplace_back(name);
          }
          return true;
        }));
  }
  if (names.empty()) return NotFound(ErrorReason::DECISION_NOT_FOUND, "Decision", text).ToStatus();
  if (names.size() > 1) {
    return UsageError(fmt::format("\"{}\" is the beginning of more than one decision: {} and {}",
                                  text, names[0], names[1]));
  }
  return names.front();
}

absl::StatusOr<v1::Run> ResolveRun(Session& session, const std::string& text, bool deleted_too) {
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  if (reference.kind == Kind::kResource) return FetchRun(session, reference.name);
  const std::string& id = reference.kind == Kind::kRun ? reference.name : text;
  if (IsHexId(id)) return FetchRun(session, "experiments/-/runs/" + id);
  CAIRN_ASSIGN_OR_RETURN(const std::vector<v1::Run> runs, RunsCalled(session, id, deleted_too));
  if (runs.empty() && !deleted_too) {
    CAIRN_ASSIGN_OR_RETURN(const auto deleted, RunsCalled(session, id, /*deleted_too=*/true));
    if (deleted.size() == 1) return IsDeleted(id, deleted.front());
  }
  if (runs.empty()) return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", id).ToStatus();
  if (runs.size() > 1) {
    return UsageError(fmt::format("\"{}\" is not the name of one run only: {} and {} have it", id,
                                  runs[0].uid(), runs[1].uid()));
  }
  return runs.front();
}

absl::StatusOr<std::string> ResolveModel(const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  if (reference.kind == Kind::kResource && StartsWith(text, "models/")) return text;
  if (reference.kind != Kind::kPlain) return NotA("model", text, "NAME");
  return ModelName(reference.name);
}

absl::StatusOr<v1::ModelVersion> ResolveVersion(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  std::string name;
  if (reference.kind == Kind::kResource && StartsWith(text, "models/") &&
      !ParseChannelName("name", text).ok()) {
    name = text;
  } else if (reference.kind == Kind::kVersion) {
    const std::string& selector = reference.selector;
    name = IsNumber(selector) || selector == "latest"
               ? ModelName(reference.name) + "/versions/" + selector
               : AliasName(reference.name, selector);
  } else if (reference.kind == Kind::kChannel || reference.kind == Kind::kResource) {
    CAIRN_ASSIGN_OR_RETURN(const std::string channel_name, ResolveChannel(session, text));
    CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
    v1::GetChannelRequest request;
    request.set_name(channel_name);
    CAIRN_RETURN_IF_ERROR(SetAsOf(session, request));
    CAIRN_ASSIGN_OR_RETURN(const v1::Channel channel, client->registry().GetChannel(request));
    if (channel.version().empty()) {
      return Error(absl::StatusCode::kNotFound, ErrorReason::MODEL_VERSION_NOT_FOUND,
                   fmt::format("{} serves nothing", text))
          .With("channel", channel_name)
          .ToStatus();
    }
    name = channel.version();
  } else {
    return NotA("version", text, "MODEL@VERSION, MODEL@ALIAS or MODEL#CHANNEL");
  }
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetModelVersionRequest request;
  request.set_name(name);
  CAIRN_RETURN_IF_ERROR(SetAsOf(session, request));
  return client->registry().GetModelVersion(request);
}

absl::StatusOr<std::string> ResolveChannel(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  if (reference.kind == Kind::kChannel) return ChannelName(reference.name, reference.selector);
  const std::string flag = session.flags().Text("channel");
  if (reference.kind == Kind::kResource) {
    if (ParseChannelName("channel", text).ok()) return text;
    const auto model = ParseResourceName("model", text, "models/*");
    if (model.ok() && !flag.empty()) return ChannelName(model->front(), flag);
  }
  if ((reference.kind == Kind::kPlain || reference.kind == Kind::kVersion) && !flag.empty()) {
    return ChannelName(reference.name, flag);
  }
  return NotA("channel", text, "MODEL#CHANNEL");
}

absl::StatusOr<std::string> ResolveDataset(const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  if (reference.kind == Kind::kResource && StartsWith(text, "datasets/")) return text;
  if (reference.kind != Kind::kPlain && reference.kind != Kind::kDataset) {
    return NotA("data set", text, "NAME or dataset:NAME");
  }
  return DatasetName(reference.name);
}

absl::StatusOr<std::string> ResolveDatasetVersion(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  switch (reference.kind) {
    case Kind::kResource:
      if (!StartsWith(text, "datasets/")) break;
      if (text.find("/versions/") != std::string::npos) return text;
      return text + "/versions/latest";
    case Kind::kPlain:
    case Kind::kDataset:
      return DatasetName(reference.name) + "/versions/latest";
    case Kind::kVersion:
    case Kind::kDatasetVersion:
      if (StartsWith(reference.selector, "sha256:")) {
        return FindByDigest(session, reference.name, reference.selector.substr(7));
      }
      return DatasetName(reference.name) + "/versions/" + reference.selector;
    default:
      break;
  }
  return NotA("data set version", text, "dataset:NAME@VERSION");
}

absl::StatusOr<std::string> ResolvePolicy(const std::string& text) {
  if (StartsWith(text, "policies/")) return text;
  if (text.empty()) return NotA("policy", text, "NAME");
  return PolicyName(text);
}

absl::StatusOr<std::string> ResolveAny(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  const auto ends_with_latest = [](std::string_view name) {
    constexpr std::string_view kLatest = "/versions/latest";
    return name.size() > kLatest.size() && name.substr(name.size() - kLatest.size()) == kLatest;
  };
  const bool dataset_name = reference.kind == Kind::kResource && StartsWith(text, "datasets/");
  if (reference.kind == Kind::kDataset || reference.kind == Kind::kDatasetVersion || dataset_name) {
    CAIRN_ASSIGN_OR_RETURN(std::string name, ResolveDatasetVersion(session, text));
    // An alias or `latest` is for the server to resolve.
    if (IsNumber(std::string_view(name).substr(name.rfind('/') + 1))) return name;
    CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
    v1::GetDatasetVersionRequest request;
    request.set_name(name);
    CAIRN_ASSIGN_OR_RETURN(const auto version, client->datasets().GetDatasetVersion(request));
    return version.name();
  }
  const bool moving_name = reference.kind == Kind::kResource && StartsWith(text, "models/") &&
                           (ends_with_latest(text) || text.find("/aliases/") != text.npos);
  if (moving_name) {
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, text));
    return version.name();
  }
  switch (reference.kind) {
    case Kind::kVersion: {
      CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, text));
      return version.name();
    }
    case Kind::kChannel:
      return ResolveChannel(session, text);
    case Kind::kResource:
      if (!StartsWith(text, "experiments/")) return text;
      [[fallthrough]];
    default: {
      const auto run = ResolveRun(session, text);
      if (run.ok()) return run->name();
      const bool any = reference.kind == Kind::kPlain && !IsHexId(text) &&
                       HasReason(run.status(), ErrorReason::RUN_NOT_FOUND);
      return any ? NothingCalled(text) : run.status();
    }
  }
}

absl::StatusOr<std::string> ResolveFiles(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(const Reference parsed, ParseReference(text));
  if (parsed.kind == Reference::Kind::kChannel || ParseChannelName("name", text).ok()) {
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, text));
    return version.name();
  }
  return ResolveAny(session, text);
}

}  // namespace cairn::cli
