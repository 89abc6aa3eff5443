#include "server/tracking/run_searcher.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "server/observability/log.h"
#include "server/tracking/run_page.h"
#include "server/tracking/run_search.h"

namespace cairn::tracking {
namespace {

using cairn::v1::CountRunsRequest;
using cairn::v1::CountRunsResponse;
using cairn::v1::SearchRunsRequest;
using cairn::v1::SearchRunsResponse;
using observability::Log;
using observability::LogLevel;
using storage::Snapshot;

// Rows are read in lots of this many: a page that is cut short by its size reads
// at most one lot for nothing.
constexpr size_t kRowsPerRead = 256;

// Reads the runs of `page` in order. One that no longer matches, because another
// commit came between, is left out; the token goes on behind it all the same.
class PageFetch {
 public:
  PageFetch(const Snapshot& snapshot, const SearchRunsRequest& request,
            const RunSearchArguments& arguments, const index::RunPage& page)
      : snapshot_(snapshot),
        request_(request),
        arguments_(arguments),
        page_(page),
        exact_(snapshot.revision() == page.revision),
        parts_(arguments.projection.parts()) {
    if (!exact_) parts_.AddFilter(arguments.filter);
  }

  absl::StatusOr<SearchRunsResponse> Run() {
    for (size_t first = 0; first < page_.hits.size() && !full_; first += kRowsPerRead) {
      CAIRN_RETURN_IF_ERROR(AddLot(first, std::min(first + kRowsPerRead, page_.hits.size())));
    }
    if (page_.more && !full_) {
      response_.set_next_page_token(NextSearchToken(request_, page_.hits.back().sort_key));
    }
    return std::move(response_);
  }

 private:
  absl::Status AddLot(size_t first, size_t end) {
    std::vector<RunAddress> addresses;
    for (size_t i = first; i < end; ++i) {
      addresses.push_back({page_.hits[i].experiment_id, page_.hits[i].run_id});
    }
    CAIRN_ASSIGN_OR_RETURN(auto runs, ReadRuns(snapshot_, addresses, parts_));
    for (size_t i = first; i < end && !full_; ++i) {
      auto& run = runs[i - first];
      if (!run || (!exact_ && !StillMatches(*run))) continue;
      arguments_.projection.Trim(*run);
      Add(*std::move(run), i);
    }
    return absl::OkStatus();
  }

  // The index showed the store at the page's revision. A snapshot of that very
  // revision holds the same runs; a later one may hold others, so they are
  // decided again by what was read.
  bool StillMatches(const cairn::v1::Run& run) const {
    return (request_.show_deleted() || !run.has_delete_time()) && arguments_.filter.Matches(run);
  }

  void Add(cairn::v1::Run run, size_t hit) {
    bytes_ += run.ByteSizeLong();
    if (response_.runs_size() > 0 && bytes_ > kMaxSearchPageBytes) {
      full_ = true;
      response_.set_next_page_token(NextSearchToken(request_, page_.hits[hit - 1].sort_key));
      return;
    }
    *response_.add_runs() = std::move(run);
  }

  const Snapshot& snapshot_;
  const SearchRunsRequest& request_;
  const RunSearchArguments& arguments_;
  const index::RunPage& page_;
  const bool exact_;
  RunParts parts_;
  SearchRunsResponse response_;
  size_t bytes_ = 0;
  bool full_ = false;
};

void LogReport(const index::IndexKeeper::Report& report) {
  if (report.written) {
    Log(LogLevel::kInfo, "checkpoint of the run index written",
        {{"revision", std::to_string(report.written->revision)},
         {"bytes", std::to_string(report.written->bytes)}});
  } else if (!report.checkpoint.ok()) {
    Log(LogLevel::kWarning, "checkpoint of the run index not written",
        {{"reason", std::string(report.checkpoint.message())}});
  }
}

}  // namespace

RunSearcher::RunSearcher(storage::KvStore& store, RunSearcherOptions options)
    : store_(store),
      options_(std::move(options)),
      index_(options_.index),
      follower_(store, index_, options_.index.max_column_bytes),
      keeper_(store, index_, follower_, *options_.clock,
              {options_.checkpoint_directory, options_.policy, options_.index.max_column_bytes}) {}

RunSearcher::~RunSearcher() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    stop_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  if (loaded_) LogReport(keeper_.Close());
  store_.SetCommitListener(nullptr);
}

absl::Status RunSearcher::Load() {
  store_.SetCommitListener(
      [this](storage::Revision revision, const std::vector<storage::Event>& events) {
        follower_.OnCommit(revision, events);
      });
  CAIRN_ASSIGN_OR_RETURN(const index::LoadReport report, keeper_.Load());
  if (report.from_checkpoint) {
    Log(LogLevel::kInfo, "run index loaded from a checkpoint",
        {{"revision", std::to_string(report.revision)},
         {"runs_read_again", std::to_string(report.runs_read_again)}});
  } else if (!report.refused.ok()) {
    Log(absl::IsNotFound(report.refused) ? LogLevel::kInfo : LogLevel::kWarning,
        "run index filled from the store", {{"reason", std::string(report.refused.message())}});
  }
  loaded_ = true;
  if (options_.tick_nanos > 0) thread_ = std::thread([this] { Follow(); });
  return absl::OkStatus();
}

void RunSearcher::Follow() {
  while (true) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) stop_.WaitFor(&mutex_, std::chrono::nanoseconds(options_.tick_nanos));
      if (stopping_) return;
    }
    LogReport(keeper_.Tick());
  }
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
  return PageFetch(*snapshot, request, arguments, page).Run();
}

absl::StatusOr<CountRunsResponse> RunSearcher::Count(const CountRunsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const RunCountArguments arguments,
                         ParseCount(*store_.GetSnapshot(), request));
  const absl::Status current = follower_.CatchUp();
  if (!current.ok()) return CountRuns(*store_.GetSnapshot(), request);
  index::RunQuery query;
  query.filter = &arguments.filter;
  query.experiments = arguments.experiments;
  query.show_deleted = request.show_deleted();
  const index::RunCount count = index_.Count(query);
  if (count.plan == index::SearchPlan::kNotIndexed) {
    return CountRuns(*store_.GetSnapshot(), request);
  }
  CountRunsResponse response;
  response.set_run_count(count.count);
  return response;
}

}  // namespace cairn::tracking
