#ifndef CAIRN_SERVER_TRACKING_RUN_SEARCH_H_
#define CAIRN_SERVER_TRACKING_RUN_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/core/limits.h"
#include "server/core/order_by.h"
#include "server/core/run_filter.h"
#include "server/index/damage_log.h"
#include "server/index/run_index.h"
#include "server/index/stop_meter.h"
#include "server/storage/kv_store.h"
#include "server/tracking/run_projection.h"

namespace cairn::tracking {

// A page also ends before its rows outgrow what one message may carry.
inline constexpr size_t kMaxSearchPageBytes = limits::kSearchPageBytes;

// What a request asks for, checked. For one page: the next one comes with a request and
// a token of its own.
struct RunSearchArguments {
  core::RunFilter filter;
  core::RunOrder order;
  size_t page_size = 0;              // 1 to 10,000
  std::string after;                 // the sort key of the last run of the page before
  size_t skip = 0;                   // runs to pass over behind it
  std::vector<int64_t> experiments;  // those named; none means all that are not deleted
  RunProjection projection;          // what to return of each run
};

// The same for a count.
struct RunCountArguments {
  core::RunFilter filter;
  std::vector<int64_t> experiments;
};

// Parses a request. Errors are those of TrackingService.SearchRuns. The snapshot is
// asked only whether the experiments exist.
absl::StatusOr<RunSearchArguments> ParseSearch(const storage::Snapshot& snapshot,
                                               const cairn::v1::SearchRunsRequest& request);

// Parses a request. Errors are those of TrackingService.CountRuns. A count has no
// order, no page and no mask.
absl::StatusOr<RunCountArguments> ParseCount(const storage::Snapshot& snapshot,
                                             const cairn::v1::CountRunsRequest& request);

// The experiments with these names, each once. INVALID_ARGUMENT or NOT_FOUND if one is no
// name, or none is called so.
absl::StatusOr<std::vector<int64_t>> NamedExperiments(
    const storage::Snapshot& snapshot,
    const google::protobuf::RepeatedPtrField<std::string>& parents);

// The token of the page after the run with `sort_key`. It holds for the same request
// only: with another filter or order it is refused as PAGE_TOKEN_INVALID. How many runs are
// skipped and whether they are counted may differ from page to page.
std::string NextSearchToken(const cairn::v1::SearchRunsRequest& request, std::string sort_key);

// What goes with a search in the store.
struct ScanContext {
  index::DamageLog* damage = nullptr;  // notes runs that are left out; null: nobody does
  index::StopCheck stop;               // asked before each run
  // Looked in where the request names no experiment; null: all that are not deleted. Page tokens do
  // not depend on it: what it holds may change between pages.
  const std::vector<int64_t>* within = nullptr;
};

// Where to look: what the request names, or else what it is bounded by.
inline const std::vector<int64_t>& ExperimentsToSearch(const std::vector<int64_t>& named,
                                                       const std::vector<int64_t>* within) {
  return within != nullptr && named.empty() ? *within : named;
}

// What a checked request asks the index for, but for order and page. `arguments`, whose filter it
// points to, must outlive it.
template <typename Request, typename Arguments>
index::RunQuery QueryOf(const Request& request, const Arguments& arguments,
                        const index::StopCheck& stop, const std::vector<int64_t>* within) {
  index::RunQuery query;
  query.filter = &arguments.filter;
  query.experiments = ExperimentsToSearch(arguments.experiments, within);
  query.show_deleted = request.show_deleted();
  query.stop = stop;
  return query;
}

// Visits every run that a search by the filter finds in these experiments, or without any in what
// `context` is bounded by, in no order. One with a damaged record is left out. Errors are the
// store's, and what `context.stop` answers.
absl::Status ForEachMatch(const storage::Snapshot& snapshot, const core::RunFilter& filter,
                          const std::vector<int64_t>& experiments, bool show_deleted,
                          const ScanContext& context,
                          const std::function<void(const cairn::v1::Run&)>& visit);

// Finds runs by filter and order across experiments, one page at a time.
//
// Reads every run of the experiments asked for and keeps the sort keys and ids of the
// page's in a bounded heap: always right, proportional to the number of runs. A run
// with a damaged record is left out. RunSearcher answers from memory and falls back to
// this. Errors are those of TrackingService.SearchRuns, and what `context.stop`
// answers. Pure but for reading. Memory is that of one page, time that of reading all
// runs, and each page costs it again.
absl::StatusOr<cairn::v1::SearchRunsResponse> SearchRuns(
    const storage::Snapshot& snapshot, const cairn::v1::SearchRunsRequest& request,
    const ScanContext& context = {});

// Counts what SearchRuns would find, in the same way.
absl::StatusOr<cairn::v1::CountRunsResponse> CountRuns(const storage::Snapshot& snapshot,
                                                       const cairn::v1::CountRunsRequest& request,
                                                       const ScanContext& context = {});

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_SEARCH_H_
