#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/core/limits.h"
#include "server/mlflow/dataset_inputs.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/experiment_query.h"
#include "server/mlflow/route_table.h"
#include "server/mlflow/run_page.h"
#include "server/mlflow/run_parents.h"
#include "server/mlflow/run_query.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

constexpr int64_t kDefaultRuns = 1000;
constexpr int64_t kMostResults = 50'000;
constexpr size_t kMostExperiments = 20;  // of a search for data sets
constexpr size_t kMostSummaries = 1000;
constexpr int32_t kScannedPage = 1000;    // of pages of which not all runs are wanted
constexpr int64_t kMostScanned = 20'000;  // runs that are looked at for one page

bool Shows(View view, bool deleted) {
  return view == View::kAll || deleted == (view == View::kDeleted);
}

// Names are passed over when they are none, as MLflow does.
View ViewOf(const std::string& name) {
  if (name == "ALL") return View::kAll;
  return name == "DELETED_ONLY" ? View::kDeleted : View::kActive;
}

int64_t MaxResultsOf(const Fields& fields, std::optional<int64_t> otherwise) {
  const int64_t most = fields.Int("max_results").value_or(otherwise.value_or(0));
  if (most < 1 || most > kMostResults) {
    fields.Refuse(InvalidValue(std::to_string(most), "max_results",
                               fmt::format("must be from 1 to {}", kMostResults)));
  }
  return most;
}

v1::SearchRunsRequest SearchOf(const Fields& fields, View view, const RunQuery& query) {
  v1::SearchRunsRequest search;
  const int64_t most = MaxResultsOf(fields, kDefaultRuns);
  search.set_page_size(static_cast<int32_t>(std::min<int64_t>(most, limits::kSearchPageRows)));
  if (view == View::kDeleted || !query.rests.empty()) search.set_page_size(kScannedPage);
  const auto place = PlaceOfToken(fields.Text("page_token"));
  if (!place.ok()) fields.Refuse(place.status());
  if (place.ok()) {
    search.set_page_token(place->token);
    search.set_skip(place->skip);
  }
  search.set_show_deleted(view != View::kActive);
  search.set_filter(query.filter);
  auto order = RunOrderOf(fields.Texts("order_by"));
  if (!order.ok()) fields.Refuse(order.status());
  if (order.ok()) search.set_order_by(*std::move(order));
  return search;
}

// The runs of one page, as they are gathered.
struct GatheredRuns {
  const View view;
  const RunQuery query;
  int64_t left;  // how many runs it still has room for
  JsonText json;

  // Whether it passes over runs of the pages.
  bool Picks() const { return view == View::kDeleted || !query.rests.empty(); }

  // Takes those of a page that are shown. Returns how many runs of the page come before the first
  // one that has no room; all of them if there is none.
  int Take(const RunParents& parents, v1::SearchRunsResponse& page) {
    for (int i = 0; i < page.runs_size(); ++i) {
      v1::Run& run = *page.mutable_runs(i);
      ShowLifecycle(parents, run);
      if (!Shows(view, run.has_delete_time()) || !query.Keeps(run)) continue;
      if (left == 0) return i;
      WriteRun(run, json);
      --left;
    }
    return page.runs_size();
  }
};

// Deleted runs alone, and runs of which the filter does not say all, are what is left of pages with
// more; so many pages may make one. Where so few are left that this would hold much, the page is
// smaller, but never empty before the end.
Task<Reply> GatherRuns(Session& session, v1::SearchRunsRequest search, const RunParents& parents,
                       GatheredRuns runs) {
  for (int64_t looked_at = 0;;) {
    auto page = co_await session.Call(session.rows().search_runs, search);
    if (!page.ok()) co_return page.status();
    const int taken = runs.Take(parents, *page);
    if (taken < page->runs_size()) {
      const RunPlace next{search.page_token(), search.skip() + taken};
      co_return PageReply("runs", runs.json.Take(), TokenOfPlace(next));
    }
    looked_at += taken;
    search.set_page_token(page->next_page_token());
    search.clear_skip();
    const bool some = runs.json.size() > 0;
    const bool enough = !runs.Picks() || runs.left == 0 || looked_at >= kMostScanned;
    if (search.page_token().empty() || (some && enough)) break;
  }
  co_return PageReply("runs", runs.json.Take(), search.page_token());
}

// MLflow finds nothing in experiments that are not there, and in deleted ones only deleted runs.
Task<Reply> SearchRuns(Session& session, const Fields& fields) {
  const View view = ViewOf(fields.Text("run_view_type"));
  auto query = RunQueryOf(fields.Text("filter"));
  if (!query.ok()) fields.Refuse(query.status());
  v1::SearchRunsRequest search = SearchOf(fields, view, query.value_or(RunQuery()));
  const int64_t most = MaxResultsOf(fields, kDefaultRuns);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const std::vector<std::string> named = ExperimentNamesOf(fields);
  const auto parents = co_await FindRunParents(session, named);
  if (!parents.ok()) co_return parents.status();
  for (const std::string& name : parents->active) search.add_parents(name);
  if (view != View::kActive) {
    for (const auto& [name, since] : parents->deleted) search.add_parents(name);
  }
  if (search.parents().empty()) co_return std::string(kEmptyReply);
  GatheredRuns runs{view, *std::move(query), most, {}};
  co_return co_await GatherRuns(session, std::move(search), *parents, std::move(runs));
}

std::string SummariesReply(const std::vector<DatasetSummary>& summaries) {
  JsonText json;
  for (const DatasetSummary& summary : summaries) WriteSummary(summary, json);
  return PageReply("dataset_summaries", json.Take(), "");
}

// Which runs are looked at for data sets: those of the experiments that there are, deleted or not.
Task<absl::StatusOr<v1::SearchRunsRequest>> RunsWithDatasets(Session& session,
                                                             const Fields& fields) {
  const std::vector<std::string> named = ExperimentNamesOf(fields);
  const auto parents = co_await FindRunParents(session, named);
  if (!parents.ok()) co_return parents.status();
  v1::SearchRunsRequest search;
  for (const std::string& name : parents->active) search.add_parents(name);
  for (const auto& [name, since] : parents->deleted) search.add_parents(name);
  search.set_page_size(kScannedPage);
  search.set_show_deleted(true);
  search.mutable_read_mask()->add_paths("tags");
  co_return std::move(search);
}

// The data sets that runs say they read, those of the newest runs first.
Task<Reply> SearchDatasets(Session& session, const Fields& fields) {
  const size_t named = fields.Texts("experiment_ids").size();
  if (named == 0) fields.Refuse(MissingValue("experiment_ids"));
  if (named > kMostExperiments) {
    fields.Refuse(Refuse(kInvalidParameter, fmt::format("At most {} experiment_ids can be asked "
                                                        "for.",
                                                        kMostExperiments)));
  }
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  auto search = co_await RunsWithDatasets(session, fields);
  if (!search.ok()) co_return search.status();
  if (search->parents().empty()) co_return std::string(kEmptyReply);
  std::vector<DatasetSummary> summaries;
  std::set<DatasetSummary> known;
  for (int64_t looked_at = 0; looked_at < kMostScanned;) {
    const auto page = co_await session.Call(session.rows().search_runs, *search);
    if (!page.ok()) co_return page.status();
    for (const v1::Run& run : page->runs()) {
      for (const DatasetSummary& summary : SummariesOf(run)) {
        if (known.insert(summary).second) summaries.push_back(summary);
      }
    }
    looked_at += page->runs_size();
    search->set_page_token(page->next_page_token());
    if (search->page_token().empty() || summaries.size() >= kMostSummaries) break;
  }
  summaries.resize(std::min(summaries.size(), kMostSummaries));
  co_return SummariesReply(summaries);
}

Task<absl::StatusOr<std::vector<v1::Experiment>>> AllExperiments(Session& session, View view) {
  std::vector<v1::Experiment> all;
  v1::ListExperimentsRequest list;
  list.set_page_size(1000);
  list.set_show_deleted(view != View::kActive);
  do {
    auto page = co_await session.Call(session.rows().list_experiments, list);
    if (!page.ok()) co_return page.status();
    for (v1::Experiment& experiment : *page->mutable_experiments()) {
      if (Shows(view, experiment.has_delete_time())) all.push_back(std::move(experiment));
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  co_return std::move(all);
}

std::string ExperimentsReply(const std::vector<v1::Experiment>& found, size_t begin, size_t end) {
  JsonText json;
  json.Begin('{');
  if (begin < end) {
    json.Key("experiments").Begin('[');
    for (size_t i = begin; i < end; ++i) WriteExperiment(found[i], json);
    json.End(']');
  }
  if (end < found.size()) json.Key("next_page_token").Text(ExperimentPageToken(end));
  json.End('}');
  return json.Take();
}

// There are few of them, so they are filtered and sorted here; Cairn lists them by number only.
Task<Reply> SearchExperiments(Session& session, const Fields& fields) {
  const auto most = static_cast<size_t>(MaxResultsOf(fields, std::nullopt));
  const View view = ViewOf(fields.Text("view_type"));
  const auto query = ExperimentQuery::Parse(fields.Text("filter"), fields.Texts("order_by"));
  if (!query.ok()) fields.Refuse(query.status());
  const auto begin = OffsetOfExperimentPage(fields.Text("page_token"));
  if (!begin.ok()) fields.Refuse(begin.status());
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  auto all = co_await AllExperiments(session, view);
  if (!all.ok()) co_return all.status();
  query->Apply(*all);
  co_return ExperimentsReply(*all, *begin, std::min(all->size(), *begin + most));
}

}  // namespace

std::vector<RouteRow> SearchRoutes() {
  return {
      {"POST", "/runs/search", SearchRuns},
      {"POST", "/experiments/search-datasets", SearchDatasets},
      {"POST", "/experiments/search", SearchExperiments},
      {"GET", "/experiments/search", SearchExperiments},
  };
}

}  // namespace cairn::mlflow
