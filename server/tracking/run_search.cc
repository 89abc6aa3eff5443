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
// A page also ends before its rows outgrow what one message may carry.
constexpr size_t kMaxPageBytes = size_t{3} << 20;

// A run with the bytes that sort it.
struct Row {
  std::string sort_key;
  Run run;
  friend bool operator<(const Row& a, const Row& b) { return a.sort_key < b.sort_key; }
};

// The experiments to look in: those named, or all that are not deleted.
absl::StatusOr<std::set<int64_t>> ExperimentsOf(const Snapshot& snapshot,
                                                const cairn::v1::SearchRunsRequest& request) {
  std::set<int64_t> ids;
  for (const std::string& parent : request.parents()) {
    CAIRN_ASSIGN_OR_RETURN(const int64_t id, ParseExperimentName("parents", parent));
    CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(storage::ExperimentKey(id)));
    if (!record.has_value()) {
      return NotFound(ErrorReason::EXPERIMENT_NOT_FOUND, "Experiment", parent).ToStatus();
    }
    ids.insert(id);
  }
  if (!ids.empty()) return ids;
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

absl::StatusOr<cairn::v1::SearchRunsResponse> SearchRuns(
    const Snapshot& snapshot, const cairn::v1::SearchRunsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const auto filter, core::RunFilter::Compile(request.filter()));
  CAIRN_ASSIGN_OR_RETURN(const auto order, core::RunOrder::Parse(request.order_by()));
  CAIRN_ASSIGN_OR_RETURN(const int32_t size,
                         EffectivePageSize(request.page_size(), kDefaultPageSize, kMaxPageSize));
  CAIRN_ASSIGN_OR_RETURN(const auto token, DecodePageToken(request, request.page_token()));
  CAIRN_ASSIGN_OR_RETURN(const auto experiments, ExperimentsOf(snapshot, request));

  SmallestRows smallest(static_cast<size_t>(size) + 1);
  CAIRN_RETURN_IF_ERROR(ForEachRun(snapshot, experiments, request.show_deleted(), [&](Run run) {
    if (!filter.Matches(run)) return;
    Row row{order.SortKey(run), {}};
    if (!token.last_key().empty() && row.sort_key <= token.last_key()) return;
    row.run = std::move(run);
    smallest.Add(std::move(row));
  }));

  cairn::v1::SearchRunsResponse response;
  std::vector<Row> rows = smallest.TakeSorted();
  size_t bytes = 0;
  size_t taken = 0;
  for (; taken < rows.size() && taken < static_cast<size_t>(size); ++taken) {
    bytes += rows[taken].run.ByteSizeLong();
    if (taken > 0 && bytes > kMaxPageBytes) break;
    *response.add_runs() = std::move(rows[taken].run);
  }
  if (taken < rows.size()) {
    cairn::internal::PageToken next;
    next.set_last_key(rows[taken - 1].sort_key);
    response.set_next_page_token(EncodePageToken(request, std::move(next)));
  }
  return response;
}

}  // namespace cairn::tracking
