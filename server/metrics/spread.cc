#include "server/metrics/spread.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "cairn/internal/records.pb.h"
#include "lib/base/status_macros.h"
#include "server/metrics/bundle.h"
#include "server/metrics/raw_batch.h"
#include "server/metrics/series.h"
#include "server/metrics/summaries.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {
namespace {

using PointsByMetric = absl::flat_hash_map<std::string_view, PointColumns>;

PointsByMetric GatherPoints(const std::vector<StoredBundle>& bundles) {
  PointsByMetric gathered;
  for (const StoredBundle& stored : bundles) {
    const Bundle& bundle = stored.bundle;
    for (size_t i = 0; i < bundle.size(); ++i) {
      gathered[bundle.name(i)].AppendRange(bundle.points(), bundle.begin(i), bundle.end(i));
    }
  }
  return gathered;
}

}  // namespace

absl::StatusOr<SpreadPlan> PlanSpread(const storage::Snapshot& snapshot, std::string_view run_id,
                                      int64_t max_bytes) {
  SpreadPlan plan;
  CAIRN_ASSIGN_OR_RETURN(const auto bundles, BundleReader(snapshot).Read(run_id, max_bytes));
  if (bundles.empty()) return plan;
  plan.write_set.RequireExists(storage::RunKey(run_id));
  for (const StoredBundle& stored : bundles) {
    plan.write_set.RequireRevision(stored.key, stored.mod_revision).Delete(stored.key);
    plan.bundle_bytes += stored.bytes;
  }
  plan.bundles = static_cast<int64_t>(bundles.size());
  plan.more = plan.bundle_bytes >= max_bytes;

  // No batch of the run has this id, because that of the bundle is unique in the run.
  CAIRN_ASSIGN_OR_RETURN(
      const std::string batch_id,
      storage::LastStringOf(storage::MetricBundlePrefix(run_id), bundles.front().key.bytes));
  PointsByMetric gathered = GatherPoints(bundles);
  for (auto& summary : SummarizeBundles(bundles)) {
    PointColumns& points = gathered.at(summary.key());
    SortUnique(points);
    const int64_t first_step = points.steps.front();
    std::string payload = EncodeRawBatch(points.steps, points.times, points.values);
    plan.batches.push_back({summary.key(), static_cast<int64_t>(payload.size()), first_step});
    plan.write_set.PutOnce(storage::MetricBatchKey(run_id, summary.key(), first_step, batch_id),
                           std::move(payload));
    storage::Key key = storage::RunMetricKey(run_id, summary.key());
    cairn::internal::MetricRecord record;
    record.mutable_summary()->Swap(&summary);
    plan.write_set.MergeInto(std::move(key), record.SerializeAsString());
  }
  return plan;
}

absl::Status ScanBundledRuns(
    const storage::Snapshot& snapshot,
    const std::function<void(std::string run_id, int64_t bytes)>& visitor) {
  absl::Status failure;
  std::string run_id;
  int64_t bytes = 0;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(storage::KeyRange::Prefix(storage::AllMetricBundlesPrefix()),
                                      storage::ScanOrder::kAscending,
                                      [&](std::string_view key, const storage::Record& record) {
                                        auto owner = storage::RunIdOfMetricBundle(key);
                                        failure = owner.status();
                                        if (!owner.ok()) return false;
                                        if (*owner != run_id) {
                                          if (!run_id.empty()) visitor(std::move(run_id), bytes);
                                          run_id = *std::move(owner);
                                          bytes = 0;
                                        }
                                        bytes += static_cast<int64_t>(record.payload.size());
                                        return true;
                                      }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (!run_id.empty()) visitor(std::move(run_id), bytes);
  return absl::OkStatus();
}

}  // namespace cairn::metrics
