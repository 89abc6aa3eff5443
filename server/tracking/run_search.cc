#include "server/tracking/run_search.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "lib/base/errors.h"
#include "lib/base/page_token.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/limits.h"
#include "server/core/order_by.h"
#include "server/core/run_filter.h"
#include "server/index/run_loader.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {
namespace {

using cairn::internal::RunRecord;
using cairn::v1::Run;
using storage::KeyRange;
using storage::Snapshot;

constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = limits::kSearchPageRows;

// What sorts a run, and which it is.
struct Row {
  std::string sort_key;
  std::string run_id;
  friend bool operator<(const Row& a, const Row& b) { return a.sort_key < b.sort_key; }
};

// The runs of one search in the store.
class RunScan {
 public:
  RunScan(const Snapshot& snapshot, const ScanContext& context)
      : snapshot_(snapshot),
        damage_(context.damage == nullptr ? unheard_ : *context.damage),
        stop_(context.stop) {}

  // Those that are searched when `named` are asked for.
  absl::Status SetExperiments(const std::vector<int64_t>& named) {
    experiments_ = {named.begin(), named.end()};
    if (!named.empty()) return absl::OkStatus();
    return index::ScanExperiments(snapshot_, damage_, [this](int64_t id, bool live) {
      if (live) experiments_.insert(id);
    });
  }

  // Visits every run of the experiments, assembled, until it is to stop.
  absl::Status ForEach(bool show_deleted, const std::function<void(Run)>& visit) {
    absl::Status failure;
    CAIRN_RETURN_IF_ERROR(index::ScanIntact<RunRecord>(
        snapshot_, KeyRange::Prefix(storage::RunPrefix()),
        [&](std::string_view, auto stored) {
          if (stop_) failure = stop_();
          const bool wanted = experiments_.count(stored.value.experiment_id()) != 0 &&
                              (show_deleted || !stored.value.run().has_delete_time());
          if (!failure.ok() || !wanted) return failure.ok();
          const std::string run_id = stored.value.run().uid();
          auto run = AssembleRun(snapshot_, std::move(stored));
          if (run.ok()) {
            visit(*std::move(run));
          } else if (!damage_.Add(run_id, run.status())) {
            failure = run.status();
          }
          return failure.ok();
        },
        [&](std::string_view key, const absl::Status& status) {
          damage_.Add(storage::LastStringOf(storage::RunPrefix(), key).value_or(""), status);
        }));
    return failure;
  }

 private:
  const Snapshot& snapshot_;
  index::DamageLog unheard_;
  index::DamageLog& damage_;
  const index::StopCheck& stop_;
  std::set<int64_t> experiments_;
};

// Keeps the `capacity` smallest rows seen, as a max-heap.
class SmallestRows {
 public:
  explicit SmallestRows(size_t capacity) : capacity_(capacity) {}

  void Add(Row row) {
    if (rows_.size() == capacity_) {
      if (!(row < rows_.front())) return;
      std::pop_heap(rows_.begin(), rows_.end());
      rows_.pop_back();
    }
    rows_.push_back(std::move(row));
    std::push_heap(rows_.begin(), rows_.end());
  }

  std::vector<Row> TakeSorted() {
    std::sort_heap(rows_.begin(), rows_.end());
    return std::move(rows_);
  }

 private:
  const size_t capacity_;
  std::vector<Row> rows_;
};

// A request without what may differ between pages of one search.
cairn::v1::SearchRunsRequest WithoutPlace(cairn::v1::SearchRunsRequest request) {
  request.clear_skip();
  request.clear_count_all();
  return request;
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> NamedExperiments(
    const Snapshot& snapshot, const google::protobuf::RepeatedPtrField<std::string>& parents) {
  std::set<int64_t> ids;
  for (const std::string& parent : parents) {
    CAIRN_ASSIGN_OR_RETURN(const int64_t id, ParseExperimentName("parents", parent));
    CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(storage::ExperimentKey(id)));
    if (!record.has_value()) {
      return NotFound(ErrorReason::EXPERIMENT_NOT_FOUND, "Experiment", parent).ToStatus();
    }
    ids.insert(id);
  }
  return std::vector<int64_t>(ids.begin(), ids.end());
}

absl::StatusOr<RunSearchArguments> ParseSearch(const Snapshot& snapshot,
                                               const cairn::v1::SearchRunsRequest& request) {
  RunSearchArguments arguments;
  CAIRN_ASSIGN_OR_RETURN(arguments.filter, core::RunFilter::Compile(request.filter()));
  CAIRN_ASSIGN_OR_RETURN(arguments.order, core::RunOrder::Parse(request.order_by()));
  CAIRN_ASSIGN_OR_RETURN(const int32_t size,
                         EffectivePageSize(request.page_size(), kDefaultPageSize, kMaxPageSize));
  arguments.page_size = static_cast<size_t>(size);
  CAIRN_ASSIGN_OR_RETURN(const auto token,
                         DecodePageToken(WithoutPlace(request), request.page_token()));
  arguments.after = token.last_key();
  if (request.skip() < 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "skip", std::to_string(request.skip()),
                        "must be 0 or more")
        .ToStatus();
  }
  arguments.skip = static_cast<size_t>(request.skip());
  CAIRN_ASSIGN_OR_RETURN(arguments.experiments, NamedExperiments(snapshot, request.parents()));
  CAIRN_ASSIGN_OR_RETURN(arguments.projection,
                         RunProjection::Parse("read_mask", request.read_mask()));
  return arguments;
}

absl::StatusOr<RunCountArguments> ParseCount(const Snapshot& snapshot,
                                             const cairn::v1::CountRunsRequest& request) {
  RunCountArguments arguments;
  CAIRN_ASSIGN_OR_RETURN(arguments.filter, core::RunFilter::Compile(request.filter()));
  CAIRN_ASSIGN_OR_RETURN(arguments.experiments, NamedExperiments(snapshot, request.parents()));
  return arguments;
}

std::string NextSearchToken(const cairn::v1::SearchRunsRequest& request, std::string sort_key) {
  cairn::internal::PageToken next;
  next.set_last_key(std::move(sort_key));
  return EncodePageToken(WithoutPlace(request), std::move(next));
}

absl::Status ForEachMatch(const Snapshot& snapshot, const core::RunFilter& filter,
                          const std::vector<int64_t>& experiments, bool show_deleted,
                          const ScanContext& context,
                          const std::function<void(const Run&)>& visit) {
  RunScan scan(snapshot, context);
  CAIRN_RETURN_IF_ERROR(scan.SetExperiments(ExperimentsToSearch(experiments, context.within)));
  return scan.ForEach(show_deleted, [&](const Run& run) {
    if (filter.Matches(run)) visit(run);
  });
}

absl::StatusOr<cairn::v1::SearchRunsResponse> SearchRuns(
    const Snapshot& snapshot, const cairn::v1::SearchRunsRequest& request,
    const ScanContext& context) {
  CAIRN_ASSIGN_OR_RETURN(const RunSearchArguments arguments, ParseSearch(snapshot, request));
  SmallestRows smallest(arguments.skip + arguments.page_size + 1);
  int64_t total = 0;
  CAIRN_RETURN_IF_ERROR(ForEachMatch(snapshot, arguments.filter, arguments.experiments,
                                     request.show_deleted(), context, [&](const Run& run) {
                                       ++total;
                                       Row row{arguments.order.SortKey(run), run.uid()};
                                       if (arguments.after.empty() ||
                                           row.sort_key > arguments.after) {
                                         smallest.Add(std::move(row));
                                       }
                                     }));

  cairn::v1::SearchRunsResponse response;
  const std::vector<Row> rows = smallest.TakeSorted();
  size_t bytes = 0;
  const size_t first = std::min(arguments.skip, rows.size());
  size_t taken = first;
  for (; taken < rows.size() && taken - first < arguments.page_size; ++taken) {
    CAIRN_ASSIGN_OR_RETURN(
        auto stored, storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(rows[taken].run_id)));
    // It was read at this snapshot before; a record under another key than its id is none.
    if (!stored) continue;
    CAIRN_ASSIGN_OR_RETURN(Run run, AssembleRun(snapshot, *std::move(stored)));
    arguments.projection.Trim(run);
    bytes += run.ByteSizeLong();
    if (taken > first && bytes > kMaxSearchPageBytes) break;
    *response.add_runs() = std::move(run);
  }
  if (taken < rows.size()) {
    response.set_next_page_token(NextSearchToken(request, rows[taken - 1].sort_key));
  }
  if (request.count_all()) response.set_total_size(total);
  response.set_revision(snapshot.revision());
  return response;
}

absl::StatusOr<cairn::v1::CountRunsResponse> CountRuns(const Snapshot& snapshot,
                                                       const cairn::v1::CountRunsRequest& request,
                                                       const ScanContext& context) {
  CAIRN_ASSIGN_OR_RETURN(const RunCountArguments arguments, ParseCount(snapshot, request));
  int64_t count = 0;
  CAIRN_RETURN_IF_ERROR(ForEachMatch(snapshot, arguments.filter, arguments.experiments,
                                     request.show_deleted(), context,
                                     [&](const Run&) { ++count; }));
  cairn::v1::CountRunsResponse response;
  response.set_run_count(count);
  return response;
}

}  // namespace cairn::tracking
