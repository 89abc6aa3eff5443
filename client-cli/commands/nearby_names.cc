#include "client-cli/commands/nearby_names.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "client-cli/cli/reference.h"
#include "client-cli/cli/suggest.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/client/client.h"

namespace cairn::cli {
namespace {

using Names = std::vector<std::string>;

constexpr int32_t kMostNames = 1000;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower;
}

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

Names AllExperiments(client::Client& client) {
  Names names;
  v1::ListExperimentsRequest request;
  request.set_page_size(kMostNames);
  const auto list = client.tracking().ListExperiments(request);
  if (!list.ok()) return names;
  for (const auto& item : list->experiments()) names.push_back(item.display_name());
  return names;
}

Names AllRuns(client::Client& client) {
  Names names;
  v1::SearchRunsRequest request;
  request.set_page_size(kMostNames);
  const auto list = client.tracking().SearchRuns(request);
  if (!list.ok()) return names;
  for (const auto& item : list->runs()) {
    if (!item.display_name().empty()) names.push_back(item.display_name());
  }
  return names;
}

Names AllDatasets(client::Client& client) {
  Names names;
  v1::ListDatasetsRequest request;
  request.set_page_size(kMostNames);
  const auto list = client.datasets().ListDatasets(request);
  if (!list.ok()) return names;
  for (const auto& item : list->datasets()) names.push_back(item.display_name());
  return names;
}

Names AllModels(client::Client& client) {
  Names names;
  v1::ListModelsRequest request;
  request.set_page_size(kMostNames);
  const auto list = client.registry().ListModels(request);
  if (!list.ok()) return names;
  for (const auto& item : list->models()) names.push_back(item.display_name());
  return names;
}

Names AllPolicies(client::Client& client) {
  Names names;
  v1::ListPoliciesRequest request;
  request.set_page_size(kMostNames);
  const auto list = client.promotion().ListPolicies(request);
  if (!list.ok()) return names;
  for (const auto& item : list->policies()) names.push_back(ShortName(item.name()));
  return names;
}

// "segments@best", "segments#production": what a model has of aliases, or of channels.
Names BelowModel(client::Client& client, const std::string& parent, bool channels) {
  Names names;
  if (channels) {
    v1::ListChannelsRequest request;
    request.set_parent(parent);
    const auto list = client.registry().ListChannels(request);
    if (!list.ok()) return names;
    for (const auto& item : list->channels()) names.push_back(ShortName(item.name()));
    return names;
  }
  v1::ListAliasesRequest request;
  request.set_parent(parent);
  const auto list = client.registry().ListAliases(request);
  if (!list.ok()) return names;
  for (const auto& item : list->aliases()) names.push_back(ShortName(item.name()));
  return names;
}

bool Has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string NearestModel(client::Client& client, const Names& parts) {
  const Names models = AllModels(client);
  if (!Has(models, parts[1])) return NearestOf(parts[1], models);
  if (parts.size() != 4 || (parts[2] != "aliases" && parts[2] != "channels")) return "";
  const bool channels = parts[2] == "channels";
  return NearestOf(parts[1] + (channels ? "#" : "@") + parts[3],
                   BelowModel(client, "models/" + parts[1], channels));
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

std::string NearestOf(std::string_view word, const std::vector<std::string>& names) {
  Names lower;
  for (const std::string& name : names) lower.push_back(Lower(name));
  const std::string nearest = Nearest(Lower(word), {lower.begin(), lower.end()});
  const auto at = std::find(lower.begin(), lower.end(), nearest);
  if (nearest.empty() || at == lower.end()) return "";
  const std::string& name = names[static_cast<size_t>(at - lower.begin())];
  return name == word ? "" : name;
}

std::string NearbyName(Session& session, const absl::Status& error) {
  if (!absl::IsNotFound(error) && !HasReason(error, ErrorReason::CHANNEL_UNGOVERNED)) return "";
  const auto client = session.Client();
  if (!client.ok()) return "";
  const std::string nearest = NearestTo(**client, error);
  return nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest);
}

}  // namespace cairn::cli
