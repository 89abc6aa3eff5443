#include "server/tracking/run_page.h"

#include <string_view>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "server/metrics/summaries.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::tracking {
namespace {

using cairn::internal::MetricRecord;
using cairn::internal::RunRecord;
using cairn::internal::ValueRecord;
using cairn::v1::Run;
using storage::Key;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;

// With more single keys than this, a scan of the run's whole map is faster.
constexpr size_t kMostSingleKeys = 16;

using Runs = std::vector<std::optional<Run>>;
using Map = google::protobuf::Map<std::string, std::string>;

bool ByScan(const KeyChoice& choice) { return choice.all || choice.keys.size() > kMostSingleKeys; }

absl::StatusOr<Runs> ReadOwnRecords(const Snapshot& snapshot,
                                    const std::vector<RunAddress>& addresses) {
  std::vector<Key> keys;
  keys.reserve(addresses.size());
  for (const RunAddress& address : addresses) keys.push_back(storage::RunKey(address.run_id));
  CAIRN_ASSIGN_OR_RETURN(auto records, snapshot.MultiGet(keys));
  Runs runs(addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (!records[i]) continue;
    CAIRN_ASSIGN_OR_RETURN(auto record,
                           storage::ParseRecord<RunRecord>(keys[i].bytes, records[i]->payload));
    if (record.experiment_id() != addresses[i].experiment_id) continue;
    runs[i] = std::move(*record.mutable_run());
    runs[i]->set_etag(EtagOf(records[i]->mod_revision));
  }
  return runs;
}

absl::Status ScanTexts(const Snapshot& snapshot, const Key& prefix, Map& map) {
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ValueRecord>(
      snapshot, KeyRange::Prefix(prefix), ScanOrder::kAscending,
      [&](std::string_view key, auto stored) {
        auto name = storage::LastStringOf(prefix, key);
        failure = name.status();
        if (name.ok()) map[*std::move(name)] = std::move(*stored.value.mutable_value());
        return failure.ok();
      }));
  return failure;
}

absl::Status ScanWholeMaps(const Snapshot& snapshot, const RunParts& parts,
                           metrics::BundleReader& bundles, Run& run) {
  if (ByScan(parts.params)) {
    CAIRN_RETURN_IF_ERROR(
        ScanTexts(snapshot, storage::RunParamPrefix(run.uid()), *run.mutable_params()));
  }
  if (ByScan(parts.tags)) {
    CAIRN_RETURN_IF_ERROR(
        ScanTexts(snapshot, storage::RunTagPrefix(run.uid()), *run.mutable_tags()));
  }
  if (!ByScan(parts.metrics)) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(*run.mutable_metrics(),
                         metrics::ReadSummaries(snapshot, bundles, run.uid()));
  return absl::OkStatus();
}

// Reads single keys of one map of every run: calls `key_of(run_id, name)` for each
// and `add(run, name, record)` for those that are there.
template <typename Record, typename KeyOf, typename Add>
absl::Status ReadSingleKeys(const Snapshot& snapshot, const KeyChoice& choice, Runs& runs,
                            KeyOf&& key_of, Add&& add) {
  if (choice.nothing() || ByScan(choice)) return absl::OkStatus();
  std::vector<Key> keys;
  std::vector<std::pair<Run*, const std::string*>> owners;
  for (auto& run : runs) {
    if (!run) continue;
    for (const std::string& name : choice.keys) {
      keys.push_back(key_of(run->uid(), name));
      owners.emplace_back(&*run, &name);
    }
  }
  CAIRN_ASSIGN_OR_RETURN(auto records, snapshot.MultiGet(keys));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!records[i]) continue;
    CAIRN_ASSIGN_OR_RETURN(auto record,
                           storage::ParseRecord<Record>(keys[i].bytes, records[i]->payload));
    add(*owners[i].first, *owners[i].second, std::move(record));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Runs> ReadRuns(const Snapshot& snapshot, const std::vector<RunAddress>& addresses,
                              const RunParts& parts) {
  CAIRN_ASSIGN_OR_RETURN(Runs runs, ReadOwnRecords(snapshot, addresses));
  metrics::BundleReader bundles(snapshot);
  if (ByScan(parts.params) || ByScan(parts.tags) || ByScan(parts.metrics)) {
    for (auto& run : runs) {
      if (run) CAIRN_RETURN_IF_ERROR(ScanWholeMaps(snapshot, parts, bundles, *run));
    }
  }
  CAIRN_RETURN_IF_ERROR(ReadSingleKeys<ValueRecord>(
      snapshot, parts.params, runs, storage::RunParamKey,
      [](Run& run, const std::string& name, ValueRecord record) {
        (*run.mutable_params())[name] = std::move(*record.mutable_value());
      }));
  CAIRN_RETURN_IF_ERROR(ReadSingleKeys<ValueRecord>(
      snapshot, parts.tags, runs, storage::RunTagKey,
      [](Run& run, const std::string& name, ValueRecord record) {
        (*run.mutable_tags())[name] = std::move(*record.mutable_value());
      }));
  // The keys of a choice ascend, as the metrics of a run do.
  CAIRN_RETURN_IF_ERROR(
      ReadSingleKeys<MetricRecord>(snapshot, parts.metrics, runs, storage::RunMetricKey,
                                   [](Run& run, const std::string&, MetricRecord record) {
                                     *run.add_metrics() = std::move(*record.mutable_summary());
                                   }));
  if (parts.metrics.nothing() || ByScan(parts.metrics)) return runs;
  const auto wanted = [&](std::string_view name) { return parts.metrics.Has(name); };
  for (auto& run : runs) {
    if (!run) continue;
    CAIRN_RETURN_IF_ERROR(
        metrics::AddBundled(bundles, run->uid(), wanted, *run->mutable_metrics()));
  }
  return runs;
}

}  // namespace cairn::tracking
