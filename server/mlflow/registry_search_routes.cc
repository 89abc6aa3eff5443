#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/registry_calls.h"
#include "server/mlflow/registry_query.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

constexpr int64_t kDefaultModels = 100;
constexpr int64_t kMostModels = 1000;
constexpr int64_t kDefaultVersions = 10'000;
constexpr int64_t kMostVersions = 200'000;
constexpr const char* kAllModels = "models/-";

// What both searches ask for.
struct SearchRequest {
  RegistryQuery query;
  size_t begin = 0;
  size_t most = 0;
};

SearchRequest SearchRequestOf(const Fields& fields, RegistryQuery::Kind kind, int64_t otherwise,
                              int64_t limit) {
  SearchRequest request;
  const int64_t most = fields.Int("max_results").value_or(otherwise);
  if (most < 1 || most > limit) {
    fields.Refuse(InvalidValue(std::to_string(most), "max_results",
                               fmt::format("must be from 1 to {}", limit)));
  }
  request.most = static_cast<size_t>(std::clamp<int64_t>(most, 1, limit));
  auto query = RegistryQuery::Parse(kind, fields.Text("filter"), fields.Texts("order_by"));
  if (!query.ok()) {
    fields.Refuse(query.status());
    return request;
  }
  request.query = *std::move(query);
  const auto begin = request.query.OffsetOf(fields.Text("page_token"));
  if (!begin.ok()) fields.Refuse(begin.status());
  request.begin = begin.value_or(0);
  return request;
}

Task<absl::StatusOr<std::vector<v1::Model>>> AllModels(Session& session) {
  std::vector<v1::Model> all;
  v1::ListModelsRequest list;
  list.set_page_size(1000);
  do {
    auto page = co_await session.Call(session.rows().list_models, list);
    if (!page.ok()) co_return page.status();
    for (v1::Model& model : *page->mutable_models()) all.push_back(std::move(model));
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  co_return std::move(all);
}

// Deleted while the search went on, or a name in a filter that no model has.
bool IsGone(const absl::Status& status) {
  return !status.ok() && ErrorCodeOf(status) == kNotExists;
}

// Models are few, so they are filtered and sorted here; their versions are read for a page only.
Task<Reply> SearchModels(Session& session, const Fields& fields) {
  const SearchRequest request =
      SearchRequestOf(fields, RegistryQuery::Kind::kModels, kDefaultModels, kMostModels);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  auto models = co_await AllModels(session);
  if (!models.ok()) co_return models.status();
  request.query.Apply(*models);
  const std::string parent = kAllModels;
  const auto channels = co_await GovernedChannels(session, parent);
  if (!channels.ok()) co_return channels.status();
  auto served = ServedBy(*channels);
  const size_t end = std::min(models->size(), request.begin + request.most);
  JsonText found;
  for (size_t i = request.begin; i < end; ++i) {
    const std::string& name = (*models)[i].display_name();
    const auto versions = co_await ListVersions(session, name);
    if (IsGone(versions.status())) continue;
    if (!versions.ok()) co_return versions.status();
    const auto aliases = co_await ListAliases(session, name);
    if (IsGone(aliases.status())) continue;
    if (!aliases.ok()) co_return aliases.status();
    WriteModel((*models)[i], *versions, served[name], *aliases, found);
  }
  co_return PageReply("registered_models", found.Take(),
                      end < models->size() ? request.query.PageToken(end) : "");
}

// The models whose versions may match; those that a filter names need not exist.
Task<absl::StatusOr<std::vector<std::string>>> ModelsFor(Session& session,
                                                         const RegistryQuery& query) {
  std::vector<std::string> names;
  if (const auto named = query.Names(); named.has_value()) {
    names.assign(named->begin(), named->end());
    std::erase(names, "");
    co_return std::move(names);
  }
  const auto models = co_await AllModels(session);
  if (!models.ok()) co_return models.status();
  for (const v1::Model& model : *models) names.push_back(model.display_name());
  co_return std::move(names);
}

Task<Reply> SearchVersions(Session& session, const Fields& fields) {
  const SearchRequest request =
      SearchRequestOf(fields, RegistryQuery::Kind::kVersions, kDefaultVersions, kMostVersions);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto names = co_await ModelsFor(session, request.query);
  if (!names.ok()) co_return names.status();
  std::vector<v1::ModelVersion> all;
  for (const std::string& name : *names) {
    auto versions = co_await ListVersions(session, name);
    if (IsGone(versions.status())) continue;
    if (!versions.ok()) co_return versions.status();
    for (v1::ModelVersion& version : *versions) {
      if (request.query.Matches(version)) all.push_back(std::move(version));
    }
  }
  request.query.Apply(all);
  const std::string parent = kAllModels;
  const auto channels = co_await GovernedChannels(session, parent);
  if (!channels.ok()) co_return channels.status();
  auto served = ServedBy(*channels);
  const size_t end = std::min(all.size(), request.begin + request.most);
  JsonText found;
  for (size_t i = request.begin; i < end; ++i) {
    WriteVersion(all[i], served[ModelOf(all[i])], /*with_aliases=*/false, found);
  }
  co_return PageReply("model_versions", found.Take(),
                      end < all.size() ? request.query.PageToken(end) : "");
}

}  // namespace

std::vector<RouteRow> RegistrySearchRoutes() {
  return {
      {"GET", "/registered-models/search", SearchModels},
      {"GET", "/model-versions/search", SearchVersions},
  };
}

}  // namespace cairn::mlflow
