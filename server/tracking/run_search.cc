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
#include "server/core/order_by.h"
#include "server/core/run_filter.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {
namespace {

using cairn::internal::ExperimentRecord;
using cairn::internal::RunRecord;
using cairn::v1::Run;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;

constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 10'000;

// A run with the bytes that sort it.
struct Row {
  std::string sort_key;
  Run run;
  friend bool operator<(const Row& a, const Row& b) { return a.sort_key < b.sort_key; }
};

using Names = google::protobuf::RepeatedPtrField<std::string>;

absl::StatusOr<std::vector<int64_t>> NamedExperiments(const Snapshot& snapshot,
                                                      const Names& parents) {
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

absl::StatusOr<std::set<int64_t>> LiveExperiments(const Snapshot& snapshot) {
  std::set<int64_t> ids;
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ExperimentRecord>(
      snapshot, KeyRange::Prefix(storage::ExperimentPrefix()), ScanOrder::kAscending,
      [&](std::string_view, const auto& stored) {
        const auto& experiment = stored.value.experiment();
        if (experiment.has_delete_time()) return true;
        auto id = ParseExperimentName("name", experiment.name());
        if (id.ok()) ids.insert(*id);
        failure = id.status();
        return id.ok();
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return ids;
}

// Those that are searched when `named` are asked for.
absl::StatusOr<std::set<int64_t>> SearchedExperiments(const Snapshot& snapshot,
                                                      const std::vector<int64_t>& named) {
  if (named.empty()) return LiveExperiments(snapshot);
  return std::set<int64_t>(named.begin(), named.end());
}

// Visits every run of `experiments`, assembled; stops at the first error.
absl::Status ForEachRun(const Snapshot& snapshot, const std::set<int64_t>& experiments,
                        bool show_deleted, const std::function<void(Run)>& visit) {
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(
      storage::ScanRecords<RunRecord>(snapshot, KeyRange::Prefix(storage::RunPrefix()),
                                      ScanOrder::kAscending, [&](std::string_view, auto stored) {
                                        if (experiments.count(stored.value.experiment_id()) == 0)
                                          return true;
                                        if (stored.value.run().has_delete_time() && !show_deleted)
                                          return true;
                                        auto run = AssembleRun(snapshot, std::move(stored));
                                        failure = run.status();
                                        if (run.ok()) visit(*std::move(run));
                                        return failure.ok();
                                      }));
  return failure;
}

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

}  // namespace

absl::StatusOr<RunSearchArguments> ParseSearch(const Snapshot& snapshot,
                                               const cairn::v1::SearchRunsRequest& request) {
  RunSearchArguments arguments;
  CAIRN_ASSIGN_OR_RETURN(arguments.filter, core::RunFilter::Compile(request.filter()));
  CAIRN_ASSIGN_OR_RETURN(arguments.order, core::RunOrder::Parse(request.order_by()));
  CAIRN_ASSIGN_OR_RETURN(const int32_t size,
                         EffectivePageSize(request.page_size(), kDefaultPageSize, kMaxPageSize));
  arguments.page_size = static_cast<size_t>(size);
  CAIRN_ASSIGN_OR_RETURN(const auto token, DecodePageToken(request, request.page_token()));
  arguments.after = token.last_key();
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
  return EncodePageToken(request, std::move(next));
}

absl::StatusOr<cairn::v1::SearchRunsResponse> SearchRuns(
    const Snapshot& snapshot, const cairn::v1::SearchRunsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const RunSearchArguments arguments, ParseSearch(snapshot, request));
  CAIRN_ASSIGN_OR_RETURN(const auto experiments,
                         SearchedExperiments(snapshot, arguments.experiments));

  SmallestRows smallest(arguments.page_size + 1);
  CAIRN_RETURN_IF_ERROR(ForEachRun(snapshot, experiments, request.show_deleted(), [&](Run run) {
    if (!arguments.filter.Matches(run)) return;
    Row row{arguments.order.SortKey(run), {}};
    if (!arguments.after.empty() && row.sort_key <= arguments.after) return;
    arguments.projection.Trim(run);
    row.run = std::move(run);
    smallest.Add(std::move(row));
  }));

  cairn::v1::SearchRunsResponse response;
  std::vector<Row> rows = smallest.TakeSorted();
  size_t bytes = 0;
  size_t taken = 0;
  for (; taken < rows.size() && taken < arguments.page_size; ++taken) {
    bytes += rows[taken].run.ByteSizeLong();
    if (taken > 0 && bytes > kMaxSearchPageBytes) break;
    *response.add_runs() = std::move(rows[taken].run);
  }
  if (taken < rows.size()) {
    response.set_next_page_token(NextSearchToken(request, rows[taken - 1].sort_key));
  }
  return response;
}

absl::StatusOr<cairn::v1::CountRunsResponse> CountRuns(const Snapshot& snapshot,
                                                       const cairn::v1::CountRunsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const RunCountArguments arguments, ParseCount(snapshot, request));
  CAIRN_ASSIGN_OR_RETURN(const auto experiments,
                         SearchedExperiments(snapshot, arguments.experiments));
  int64_t count = 0;
  CAIRN_RETURN_IF_ERROR(
      ForEachRun(snapshot, experiments, request.show_deleted(),
                 [&](const Run& run) { count += arguments.filter.Matches(run) ? 1 : 0; }));
  cairn::v1::CountRunsResponse response;
  response.set_run_count(count);
  return response;
}

}  // namespace cairn::tracking
