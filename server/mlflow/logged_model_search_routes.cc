#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model.h"
#include "server/mlflow/logged_model_query.h"
#include "server/mlflow/route_table.h"
#include "server/mlflow/run_parents.h"

namespace cairn::mlflow {
namespace {

constexpr int64_t kDefaultModels = 100;
constexpr int64_t kMostModels = 1000;

MetricDataset DatasetOf(const Fields& fields) {
  return {fields.Text("dataset_name"), fields.Text("dataset_digest")};
}

std::vector<MetricDataset> DatasetsOf(const Fields& fields) {
  std::vector<MetricDataset> datasets;
  for (const Fields& item : fields.Items("datasets")) {
    item.Required("dataset_name");
    datasets.push_back(DatasetOf(item));
  }
  return datasets;
}

std::vector<LoggedModelOrder> OrderItemsOf(const Fields& fields) {
  std::vector<LoggedModelOrder> items;
  for (const Fields& item : fields.Items("order_by")) {
    const bool ascending = !item.Has("ascending") || item.Bool("ascending");
    items.push_back({item.Required("field_name"), ascending, DatasetOf(item)});
  }
  return items;
}

v1::SearchRunsRequest ModelSearchOf(const Fields& fields) {
  v1::SearchRunsRequest search;
  const int64_t most = fields.Int("max_results").value_or(kDefaultModels);
  if (most < 0) {
    fields.Refuse(InvalidValue(std::to_string(most), "max_results", "must not be negative"));
  }
  search.set_page_size(static_cast<int32_t>(
      most == 0 ? kDefaultModels : std::min(std::max<int64_t>(most, 1), kMostModels)));
  search.set_page_token(fields.Text("page_token"));
  auto filter = LoggedModelFilterOf(fields.Text("filter"), DatasetsOf(fields));
  if (!filter.ok()) fields.Refuse(filter.status());
  if (filter.ok()) search.set_filter(*std::move(filter));
  auto order = LoggedModelOrderOf(OrderItemsOf(fields));
  if (!order.ok()) fields.Refuse(order.status());
  if (order.ok()) search.set_order_by(*std::move(order));
  return search;
}

std::string ModelsReply(const v1::SearchRunsResponse& page) {
  gateway::JsonText json;
  for (const v1::Run& model : page.runs()) WriteLoggedModel(model, json);
  return PageReply("models", json.Take(), page.next_page_token());
}

// Finds nothing in experiments that are not there or deleted.
Task<Reply> SearchModelsOfRuns(Session& session, const Fields& fields) {
  if (fields.Texts("experiment_ids").empty()) fields.Refuse(MissingValue("experiment_ids"));
  v1::SearchRunsRequest search = ModelSearchOf(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const std::vector<std::string> named = ExperimentNamesOf(fields);
  const auto parents = co_await FindRunParents(session, named);
  if (!parents.ok()) co_return parents.status();
  for (const std::string& name : parents->active) search.add_parents(name);
  if (search.parents().empty()) co_return std::string(kEmptyReply);
  const auto page = co_await session.Call(session.rows().search_runs, std::move(search));
  if (!page.ok()) co_return page.status();
  co_return ModelsReply(*page);
}

}  // namespace

std::vector<RouteRow> LoggedModelSearchRoutes() {
  return {{"POST", "/logged-models/search", SearchModelsOfRuns}};
}

}  // namespace cairn::mlflow
