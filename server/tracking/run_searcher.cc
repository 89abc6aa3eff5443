#include "server/tracking/run_searcher.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/base/wire_fields.h"
#include "server/observability/log.h"
#include "server/tracking/run_page.h"
#include "server/tracking/run_search.h"

namespace cairn::tracking {
namespace {

using cairn::v1::CountRunsRequest;
using cairn::v1::CountRunsResponse;
using cairn::v1::Run;
using cairn::v1::SearchRunsRequest;
using cairn::v1::SearchRunsResponse;
using observability::Log;
using observability::LogLevel;
using storage::Snapshot;

// Rows are read in lots of this many: a page that is cut short by its size reads
// at most one lot for nothing.
constexpr size_t kRowsPerRead = 512;

// Reads runs by `read`. Where one of them is damaged, the lot is halved until it stands
// alone and is noted and left out.
template <typename Run, typename Read>
absl::StatusOr<std::vector<Run>> ReadIntact(const std::vector<RunAddress>& addresses,
                                            index::DamageLog& damage, const Read& read) {
  absl::StatusOr<std::vector<Run>> runs = read(addresses);
  if (runs.ok() || !index::IsDamage(runs.status())) return runs;
  if (addresses.size() == 1) {
    damage.Add(addresses[0].run_id, runs.status());
    return std::vector<Run>(1);
  }
  const auto middle = addresses.begin() + static_cast<std::ptrdiff_t>(addresses.size() / 2);
  CAIRN_ASSIGN_OR_RETURN(auto first, ReadIntact<Run>({addresses.begin(), middle}, damage, read));
  CAIRN_ASSIGN_OR_RETURN(auto second, ReadIntact<Run>({middle, addresses.end()}, damage, read));
  first.insert(first.end(), std::make_move_iterator(second.begin()),
               std::make_move_iterator(second.end()));
  return first;
}

// Reads the runs of a page in order. One that no longer matches, because another
// commit came between, is left out; the token goes on behind it all the same.
class PageFetch {
 public:
  PageFetch(const Snapshot& snapshot, const SearchRunsRequest& request,
            const RunSearchArguments& arguments, const index::RunPage& page,
            index::RunFollower& follower)
      : snapshot_(snapshot),
        request_(request),
        arguments_(arguments),
        page_(page),
        damage_(follower.damage()),
        exact_(follower.Unchanged(page.hits, page.revision, snapshot.revision())) {}

  // The page as a message.
  absl::StatusOr<SearchRunsResponse> Messages() {
    if (exact_ && arguments_.projection.only_name()) return Names();
    SearchRunsResponse response;
    RunParts parts = arguments_.projection.parts();
    if (!exact_) parts.AddFilter(arguments_.filter);
    CAIRN_RETURN_IF_ERROR(ForEachLot([&](size_t first, const auto& addresses) -> absl::Status {
      CAIRN_ASSIGN_OR_RETURN(
          auto runs, ReadIntact<std::optional<Run>>(addresses, damage_, [&](const auto& some) {
            return ReadRuns(snapshot_, some, parts);
          }));
      for (size_t i = 0; i < runs.size(); ++i) {
        if (!runs[i] || (!exact_ && !StillMatches(*runs[i]))) continue;
        arguments_.projection.Trim(*runs[i]);
        if (!HasRoom(runs[i]->ByteSizeLong(), first + i)) break;
        *response.add_runs() = *std::move(runs[i]);
      }
      return absl::OkStatus();
    }));
    AddFacts(response);
    return response;
  }

  // The page of whole runs as the bytes of the message.
  absl::StatusOr<std::string> Bytes(RunReader& reader) {
    std::string response;
    CAIRN_RETURN_IF_ERROR(ForEachLot([&](size_t first, const auto& addresses) -> absl::Status {
      CAIRN_ASSIGN_OR_RETURN(const auto runs,
                             ReadIntact<EncodedRunPtr>(addresses, damage_, [&](const auto& some) {
                               return reader.Read(snapshot_, some);
                             }));
      response.reserve(response.size() + BytesOf(runs));
      for (size_t i = 0; i < runs.size(); ++i) {
        if (runs[i] == nullptr || (!exact_ && !StillMatches(*runs[i]))) continue;
        if (!HasRoom(runs[i]->bytes.size(), first + i)) break;
        AppendField(SearchRunsResponse::kRunsFieldNumber, runs[i]->bytes, response);
      }
      return absl::OkStatus();
    }));
    SearchRunsResponse rest;
    AddFacts(rest);
    response += rest.SerializeAsString();
    return response;
  }

 private:
  // The index knows the names; the store need not be asked.
  SearchRunsResponse Names() {
    SearchRunsResponse response;
    for (const index::RunHit& hit : page_.hits) {
      response.add_runs()->set_name(FormatRunName(hit.experiment_id, hit.run_id));
    }
    if (page_.more) next_token_ = NextSearchToken(request_, page_.hits.back().sort_key);
    AddFacts(response);
    return response;
  }

  // What is said of the page beside its runs.
  void AddFacts(SearchRunsResponse& response) {
    response.set_next_page_token(std::move(next_token_));
    if (request_.count_all()) response.set_total_size(page_.total);
    response.set_revision(page_.revision);
  }

  // Calls `read(first, addresses)` lot by lot until the page is full, and makes the
  // token of the next one.
  template <typename Read>
  absl::Status ForEachLot(Read&& read) {
    for (size_t first = 0; first < page_.hits.size() && !full_; first += kRowsPerRead) {
      std::vector<RunAddress> addresses;
      const size_t end = std::min(first + kRowsPerRead, page_.hits.size());
      for (size_t i = first; i < end; ++i) {
        addresses.push_back({page_.hits[i].experiment_id, page_.hits[i].run_id});
      }
      CAIRN_RETURN_IF_ERROR(read(first, addresses));
    }
    if (page_.more && !full_) {
      next_token_ = NextSearchToken(request_, page_.hits.back().sort_key);
    }
    return absl::OkStatus();
  }

  // About what the runs take in a page, but not more than a page.
  static size_t BytesOf(const std::vector<EncodedRunPtr>& runs) {
    size_t bytes = 0;
    for (const EncodedRunPtr& run : runs) bytes += run == nullptr ? 0 : run->bytes.size() + 8;
    return std::min(bytes, kMaxSearchPageBytes);
  }

  // The index showed the store at the page's revision. A snapshot in which none of
  // the hits changed since holds the same; of another one they are decided again by
  // what was read.
  bool StillMatches(const cairn::v1::Run& run) const {
    return (request_.show_deleted() || !run.has_delete_time()) && arguments_.filter.Matches(run);
  }
  bool StillMatches(const EncodedRun& run) const {
    cairn::v1::Run parsed;
    return parsed.ParseFromString(run.bytes) && StillMatches(parsed);
  }

  // Whether the run of `hit` still fits into the page; if not, it is the first of
  // the next one. The first run always fits.
  bool HasRoom(size_t bytes, size_t hit) {
    bytes_ += bytes;
    if (rows_++ == 0 || bytes_ <= kMaxSearchPageBytes) return true;
    full_ = true;
    next_token_ = NextSearchToken(request_, page_.hits[hit - 1].sort_key);
    return false;
  }

  const Snapshot& snapshot_;
  const SearchRunsRequest& request_;
  const RunSearchArguments& arguments_;
  const index::RunPage& page_;
  index::DamageLog& damage_;
  const bool exact_;
  std::string next_token_;
  size_t bytes_ = 0;
  size_t rows_ = 0;
  bool full_ = false;
};

void LogDamage(std::string_view what, const absl::Status& why) {
  Log(LogLevel::kError, "a damaged record is left out of searches",
      {{"of", std::string(what)}, {"error", std::string(why.message())}});
}

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
      follower_(store, index_, options_.index.max_column_bytes, LogDamage),
      keeper_(store, index_, follower_, *options_.clock,
              {options_.checkpoint_directory, options_.policy, options_.index.max_column_bytes}),
      reader_(store, options_.max_cached_run_bytes) {}

RunSearcher::~RunSearcher() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    stop_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  if (loaded_) LogReport(keeper_.Close());
  store_.RemoveCommitListener(listener_);
}

absl::Status RunSearcher::Load() {
  listener_ = store_.AddCommitListener(
      [this](storage::Revision revision, const std::vector<storage::Event>& events) {
        follower_.OnCommit(revision, events);
        reader_.OnCommit(revision, events);
      });
  reader_.StartKeeping();
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

// A page of run ids from the index, or none when only the store can tell.
struct RunSearcher::Found {
  RunSearchArguments arguments;
  std::optional<index::RunPage> page;
};

absl::StatusOr<RunSearcher::Found> RunSearcher::Find(const SearchRunsRequest& request,
                                                     const index::StopCheck& stop,
                                                     const std::vector<int64_t>* within) {
  Found found;
  CAIRN_ASSIGN_OR_RETURN(found.arguments, ParseSearch(*store_.GetSnapshot(), request));
  const RunSearchArguments& arguments = found.arguments;
  if (!follower_.CatchUp().ok()) return found;
  index::RunQuery query = QueryOf(request, arguments, stop, within);
  query.order = &arguments.order;
  query.limit = arguments.page_size;
  query.after = arguments.after;
  query.skip = arguments.skip;
  query.count_all = request.count_all();
  CAIRN_ASSIGN_OR_RETURN(index::RunPage page, index_.Search(query));
  if (page.plan != index::SearchPlan::kNotIndexed) found.page = std::move(page);
  return found;
}

absl::StatusOr<SearchRunsResponse> RunSearcher::Search(const SearchRunsRequest& request,
                                                       const index::StopCheck& stop) {
  CAIRN_ASSIGN_OR_RETURN(const Found found, Find(request, stop, nullptr));
  const auto snapshot = store_.GetSnapshot();
  if (!found.page) return SearchRuns(*snapshot, request, {&damage(), stop, nullptr});
  return PageFetch(*snapshot, request, found.arguments, *found.page, follower_).Messages();
}

absl::StatusOr<std::string> RunSearcher::SearchEncoded(const SearchRunsRequest& request,
                                                       const index::StopCheck& stop,
                                                       const std::vector<int64_t>* within) {
  CAIRN_ASSIGN_OR_RETURN(const Found found, Find(request, stop, within));
  const auto snapshot = store_.GetSnapshot();
  if (!found.page) {
    CAIRN_ASSIGN_OR_RETURN(const auto response,
                           SearchRuns(*snapshot, request, {&damage(), stop, within}));
    return response.SerializeAsString();
  }
  PageFetch fetch(*snapshot, request, found.arguments, *found.page, follower_);
  if (found.arguments.projection.everything()) return fetch.Bytes(reader_);
  CAIRN_ASSIGN_OR_RETURN(const auto response, fetch.Messages());
  return response.SerializeAsString();
}

absl::StatusOr<CountRunsResponse> RunSearcher::Count(const CountRunsRequest& request,
                                                     const index::StopCheck& stop,
                                                     const std::vector<int64_t>* within) {
  CAIRN_ASSIGN_OR_RETURN(const RunCountArguments arguments,
                         ParseCount(*store_.GetSnapshot(), request));
  const absl::Status current = follower_.CatchUp();
  if (!current.ok()) return CountRuns(*store_.GetSnapshot(), request, {&damage(), stop, within});
  const index::RunCount count = index_.Count(QueryOf(request, arguments, stop, within));
  CAIRN_RETURN_IF_ERROR(count.stopped);
  if (count.plan == index::SearchPlan::kNotIndexed) {
    return CountRuns(*store_.GetSnapshot(), request, {&damage(), stop, within});
  }
  CountRunsResponse response;
  response.set_run_count(count.count);
  return response;
}

}  // namespace cairn::tracking
