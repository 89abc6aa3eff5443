#include "server/tracking/run_searcher.h"

#include <utility>

#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/tracking/run_search.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {
namespace {

using cairn::v1::SearchRunsRequest;
using cairn::v1::SearchRunsResponse;
using storage::Snapshot;

// Reads the runs of `page` in order. One that no longer matches, because another
// commit came between, is left out; the token goes on behind it all the same.
absl::StatusOr<SearchRunsResponse> FetchRuns(const Snapshot& snapshot,
                                             const SearchRunsRequest& request,
                                             const RunSearchArguments& arguments,
                                             const index::RunPage& page) {
  SearchRunsResponse response;
  size_t bytes = 0;
  for (size_t i = 0; i < page.hits.size(); ++i) {
    const index::RunHit& hit = page.hits[i];
    auto stored = ReadRunRecord(snapshot, "name", FormatRunName(hit.experiment_id, hit.run_id));
    if (absl::IsNotFound(stored.status())) continue;
    CAIRN_RETURN_IF_ERROR(stored.status());
    CAIRN_ASSIGN_OR_RETURN(auto run, AssembleRun(snapshot, *std::move(stored)));
    if (!arguments.filter.Matches(run)) continue;
    bytes += run.ByteSizeLong();
    if (response.runs_size() > 0 && bytes > kMaxSearchPageBytes) {
      response.set_next_page_token(NextSearchToken(request, page.hits[i - 1].sort_key));
      return response;
    }
    *response.add_runs() = std::move(run);
  }
  if (page.more) {
    response.set_next_page_token(NextSearchToken(request, page.hits.back().sort_key));
  }
  return response;
}

}  // namespace

RunSearcher::RunSearcher(storage::KvStore& store, index::RunIndexOptions options)
    : store_(store), index_(options), follower_(store, index_, options.max_column_bytes) {}

RunSearcher::~RunSearcher() { store_.SetCommitListener(nullptr); }

absl::Status RunSearcher::Load() {
  store_.SetCommitListener(
      [this](storage::Revision revision, const std::vector<storage::Event>& events) {
        follower_.OnCommit(revision, events);
      });
  return follower_.Load();
}

absl::StatusOr<SearchRunsResponse> RunSearcher::Search(const SearchRunsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(RunSearchArguments arguments, ParseSearch(*store_.GetSnapshot(), request));
  const absl::Status current = follower_.CatchUp();
  index::RunQuery query;
  query.filter = &arguments.filter;
  query.order = &arguments.order;
  query.experiments = arguments.experiments;
  query.show_deleted = request.show_deleted();
  query.limit = arguments.page_size;
  query.after = arguments.after;
  if (!current.ok()) return SearchRuns(*store_.GetSnapshot(), request);
  CAIRN_ASSIGN_OR_RETURN(const index::RunPage page, index_.Search(query));
  const auto snapshot = store_.GetSnapshot();
  if (page.plan == index::SearchPlan::kNotIndexed) return SearchRuns(*snapshot, request);
  return FetchRuns(*snapshot, request, arguments, page);
}

}  // namespace cairn::tracking
