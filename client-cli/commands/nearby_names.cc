#include "client-cli/commands/nearby_names.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "client-cli/cli/reference.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/client/client.h"

namespace cairn::cli {
namespace {

using Names = std::vector<std::string>;

constexpr int32_t kMostNames = 1000;

// `models/a%20b/aliases/best` in its parts, decoded.
Names PartsOf(std::string_view resource) {
  Names parts;
  while (!resource.empty()) {
    const size_t slash = resource.find('/');
    const std::string part(resource.substr(0, slash));
    parts.push_back(PercentDecode(part).value_or(part));
    resource = slash == std::string_view::npos ? "" : resource.substr(slash + 1);
  }
  return parts;
}

// The text between the quotes of `experiment "NAME"`; empty if there are none.
std::string_view InQuotes(std::string_view resource) {
  const size_t begin = resource.find('"');
  const size_t end = resource.rfind('"');
  if (begin == std::string_view::npos || end <= begin) return "";
  return resource.substr(begin + 1, end - begin - 1);
}

// What a person calls a resource.
template <typename Resource>
std::string NameOf(const Resource& resource) {
  if constexpr (requires { resource.display_name(); }) {
    return resource.display_name();
  } else {
    return ShortName(resource.name());
  }
}

// The names of the first thousand that a list has; none where the server does not answer.
template <typename Request, typename Call, typename ItemsOf>
Names NamesIn(Request request, const Call& call, const ItemsOf& items_of) {
  Names names;
  request.set_page_size(kMostNames);
  const auto list = call(request);
  if (!list.ok()) return names;
  for (const auto& item : items_of(*list)) {
    if (std::string name = NameOf(item); !name.empty()) names.push_back(std::move(name));
  }
  return names;
}

Names AllExperiments(client::Client& client) {
  return NamesIn(
      v1::ListExperimentsRequest(),
      [&](const auto& request) { return client.tracking().ListExperiments(request); },
      [](const auto& list) -> const auto& { return list.experiments(); });
}

Names AllRuns(client::Client& client) {
  return NamesIn(
      v1::SearchRunsRequest(),
      [&](const auto& request) { return client.tracking().SearchRuns(request); },
      [](const auto& list) -> const auto& { return list.runs(); });
}

Names AllDatasets(client::Client& client) {
  return NamesIn(
      v1::ListDatasetsRequest(),
      [&](const auto& request) { return client.datasets().ListDatasets(request); },
      [](const auto& list) -> const auto& { return list.datasets(); });
}

Names AllModels(client::Client& client) {
  return NamesIn(
      v1::ListModelsRequest(),
      [&](const auto& request) { return client.registry().ListModels(request); },
      [](const auto& list) -> const auto& { return list.models(); });
}

Names AllPolicies(client::Client& client) {
  return NamesIn(
      v1::ListPoliciesRequest(),
      [&](const auto& request) { return client.promotion().ListPolicies(request); },
      [](const auto& list) -> const auto& { return list.policies(); });
}

// "segments#production": the channels of a model.
Names ChannelsOf(client::Client& client, const std::string& model) {
  v1::ListChannelsRequest of_model;
  of_model.set_parent(model);
  return NamesIn(
      of_model, [&](const auto& request) { return client.registry().ListChannels(request); },
      [](const auto& list) -> const auto& { return list.channels(); });
}

// "segments@best": the aliases of a model.
Names AliasesOf(client::Client& client, const std::string& model) {
  v1::ListAliasesRequest of_model;
  of_model.set_parent(model);
  return NamesIn(
      of_model, [&](const auto& request) { return client.registry().ListAliases(request); },
      [](const auto& list) -> const auto& { return list.aliases(); });
}

bool Has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string NearestModel(client::Client& client, const Names& parts) {
  const Names models = AllModels(client);
  if (!Has(models, parts[1])) return NearestOf(parts[1], models);
  if (parts.size() != 4) return "";
  const std::string model = "models/" + parts[1];
  if (parts[2] == "channels")
    return NearestOf(parts[1] + "#" + parts[3], ChannelsOf(client, model));
  if (parts[2] == "aliases") return NearestOf(parts[1] + "@" + parts[3], AliasesOf(client, model));
  return "";
}

// A run's name, or the newest version of a model or data set that is called so or nearly so.
std::string NearestOfAnyKind(client::Client& client, const std::string& word) {
  const Names models = AllModels(client);
  if (Has(models, word)) return word + "@latest";
  const Names datasets = AllDatasets(client);
  if (Has(datasets, word)) return fmt::format("dataset:{}@latest", word);
  Names all = AllRuns(client);
  const size_t runs = all.size();
  all.insert(all.end(), models.begin(), models.end());
  all.insert(all.end(), datasets.begin(), datasets.end());
  std::string nearest = NearestOf(word, all);
  const auto at = static_cast<size_t>(std::find(all.begin(), all.end(), nearest) - all.begin());
  if (nearest.empty() || at < runs) return nearest;
  return fmt::format("{}{}@latest", at < runs + models.size() ? "" : "dataset:", nearest);
}

std::string NearestTo(client::Client& client, const absl::Status& error) {
  const bool ungoverned = HasReason(error, ErrorReason::CHANNEL_UNGOVERNED);
  const std::string resource = MetadataOf(error, ungoverned ? "channel" : "resource");
  if (resource.empty()) return "";
  if (HasReason(error, ErrorReason::EXPERIMENT_NOT_FOUND)) {
    return InQuotes(resource).empty() ? "" : NearestOf(InQuotes(resource), AllExperiments(client));
  }
  const Names parts = PartsOf(resource);
  if (HasReason(error, ErrorReason::RUN_NOT_FOUND)) {
    if (parts.size() != 1) return "";
    return MetadataOf(error, "kinds").empty() ? NearestOf(resource, AllRuns(client))
                                              : NearestOfAnyKind(client, resource);
  }
  if (parts.size() < 2) return "";
  if (parts[0] == "models") return NearestModel(client, parts);
  if (parts[0] == "datasets") return NearestOf(parts[1], AllDatasets(client));
  if (parts[0] == "policies") return NearestOf(parts[1], AllPolicies(client));
  return "";
}

}  // namespace

std::string NearbyName(Session& session, const absl::Status& error) {
  if (!absl::IsNotFound(error) && !HasReason(error, ErrorReason::CHANNEL_UNGOVERNED)) return "";
  const auto client = session.Client();
  if (!client.ok()) return "";
  const std::string nearest = NearestTo(**client, error);
  return nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest);
}

}  // namespace cairn::cli
