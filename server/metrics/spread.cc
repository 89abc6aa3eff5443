#include "server/metrics/spread.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "cairn/internal/records.pb.h"
#include "lib/base/status_macros.h"
#include "server/metrics/bundle.h"
#include "server/metrics/raw_batch.h"
#include "server/metrics/series.h"
#include "server/metrics/summaries.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {
namespace {

// Each metric of a step costs the write set some 400 bytes beside its points.
constexpr size_t kMostMetrics = 8192;

// Leaves out the bundles behind the one with which `bundles` have too many metrics.
void KeepFewMetrics(std::vector<StoredBundle>& bundles) {
  absl::flat_hash_set<std::string_view> names;
  for (size_t b = 0; b < bundles.size(); ++b) {
    const Bundle& bundle = bundles[b].bundle;
    for (size_t i = 0; i < bundle.size(); ++i) names.insert(bundle.name(i));
    if (names.size() < kMostMetrics) continue;
    bundles.erase(bundles.begin() + static_cast<ptrdiff_t>(b) + 1, bundles.end());
    return;
  }
}

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
  CAIRN_ASSIGN_OR_RETURN(auto bundles,
                         BundleReader(snapshot).Read(run_id, max_bytes, &plan.damage));
  if (bundles.empty()) return plan;
  const size_t read = bundles.size();
  KeepFewMetrics(bundles);
  plan.write_set.RequireExists(storage::RunKey(run_id));
  for (const StoredBundle& stored : bundles) {
    plan.write_set.RequireRevision(stored.key, stored.mod_revision).Delete(stored.key);
    plan.bundle_bytes += stored.bytes;
  }
  plan.bundles = static_cast<int64_t>(bundles.size());
  plan.more = bundles.size() < read || plan.bundle_bytes >= max_bytes;

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
  absl::Status damage;
  std::string run_id;
  int64_t bytes = 0;
  const absl::Status scanned = snapshot.Scan(
      storage::KeyRange::Prefix(storage::AllMetricBundlesPrefix()), storage::ScanOrder::kAscending,
      [&](std::string_view key, const storage::Record& record) {
        auto owner = storage::RunIdOfMetricBundle(key);
        damage.Update(owner.status());
        if (!owner.ok()) return true;
        if (*owner != run_id) {
          if (!run_id.empty()) visitor(std::move(run_id), bytes);
          run_id = *std::move(owner);
          bytes = 0;
        }
        bytes += static_cast<int64_t>(record.payload.size());
        return true;
      });
  if (!run_id.empty()) visitor(std::move(run_id), bytes);
  damage.Update(scanned);
  return damage;
}

}  // namespace cairn::metrics
