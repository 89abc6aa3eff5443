#include "server/index/run_loader.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/metrics/bundle.h"
#include "server/metrics/spread.h"
#include "server/metrics/summaries.h"
#include "server/storage/key_codec.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::index {
namespace {

using cairn::internal::ExperimentRecord;
using cairn::internal::MetricRecord;
using cairn::internal::RunRecord;
using cairn::internal::ValueRecord;
using core::RunField;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;

// How many records pass between two looks at the memory.
constexpr uint64_t kRecordsPerCheck = uint64_t{1} << 20;

absl::Status CorruptKey(std::string_view key) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               "a key of the store holds no run id")
      .With("key", HexEncode(key));
}

// Every key of a kind of record, whichever run it belongs to: the keys of one run
// without that run's id.
KeyRange AllOfKind(const storage::Key& prefix_of_a_run) {
  return KeyRange::Prefix({prefix_of_a_run.family, prefix_of_a_run.bytes.substr(0, 1)});
}

// Finds the rows of keys that come run by run.
class RowCursor {
 public:
  explicit RowCursor(const RunColumns& columns) : columns_(columns) {}

  // The row of the run in `key`, nullopt if there is none, and what follows the
  // run's id in the key.
  absl::StatusOr<std::optional<Row>> Find(std::string_view key, std::string* rest) {
    if (prefix_.empty() || key.substr(0, prefix_.size()) != prefix_) {
      storage::KeyReader reader(key);
      reader.ReadByte();
      const auto run_id = reader.ReadString();
      const auto id = run_id ? RunId::Parse(*run_id) : std::nullopt;
      if (!id) return CorruptKey(key);
      // A run id has no byte that is escaped, so its end is two bytes behind it.
      prefix_ = std::string(key.substr(0, 1 + run_id->size() + 2));
      row_ = columns_.Find(*id);
    }
    storage::KeyReader reader(key.substr(prefix_.size()));
    auto name = reader.ReadString();
    if (!name) return CorruptKey(key);
    *rest = *std::move(name);
    return row_;
  }

 private:
  const RunColumns& columns_;
  std::string prefix_;
  std::optional<Row> row_;
};

absl::Status LoadRuns(const Snapshot& snapshot, RunColumns& columns) {
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<RunRecord>(
      snapshot, KeyRange::Prefix(storage::RunPrefix()), ScanOrder::kAscending,
      [&](std::string_view key, const auto& stored) {
        const auto id = RunId::Parse(stored.value.run().uid());
        if (!id) {
          failure = CorruptKey(key);
          return false;
        }
        columns.SetRecord(columns.RowFor(*id), stored.value.experiment_id(), stored.value.run());
        return true;
      }));
  return failure;
}

// Scans records that belong to runs and calls `set(row, name, record)` for each.
template <typename Record, typename Set>
absl::Status LoadKeyed(const Snapshot& snapshot, const KeyRange& range, size_t max_bytes,
                       RunColumns& columns, Set&& set) {
  absl::Status failure;
  RowCursor cursor(columns);
  std::string name;
  uint64_t records = 0;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<Record>(snapshot, range, ScanOrder::kAscending,
                                                     [&](std::string_view key, const auto& stored) {
                                                       const auto row = cursor.Find(key, &name);
                                                       failure = row.status();
                                                       if (row.ok() && *row)
                                                         set(**row, name, stored.value);
                                                       if (++records % kRecordsPerCheck == 0)
                                                         columns.DropUntil(max_bytes);
                                                       return failure.ok();
                                                     }));
  return failure;
}

absl::Status LoadExperiments(const Snapshot& snapshot, RunColumns& columns) {
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ExperimentRecord>(
      snapshot, KeyRange::Prefix(storage::ExperimentPrefix()), ScanOrder::kAscending,
      [&](std::string_view, const auto& stored) {
        const auto& experiment = stored.value.experiment();
        const auto id = ParseExperimentName("name", experiment.name());
        failure = id.status();
        if (id.ok()) columns.SetExperimentLive(*id, !experiment.has_delete_time());
        return failure.ok();
      }));
  return failure;
}

absl::Status ReadMetrics(const Snapshot& snapshot, RunChange& change) {
  metrics::BundleReader bundles(snapshot);
  CAIRN_ASSIGN_OR_RETURN(*change.run.mutable_metrics(),
                         metrics::ReadSummaries(snapshot, bundles, change.run_id));
  return absl::OkStatus();
}

// Corrects the metrics of runs that have bundles, of which the records do not know.
absl::Status LoadBundled(const Snapshot& snapshot, RunColumns& columns) {
  std::vector<std::string> runs;
  CAIRN_RETURN_IF_ERROR(metrics::ScanBundledRuns(
      snapshot, [&](std::string run_id, int64_t) { runs.push_back(std::move(run_id)); }));
  metrics::BundleReader bundles(snapshot);
  for (const std::string& run_id : runs) {
    const auto id = RunId::Parse(run_id);
    const auto row = id ? columns.Find(*id) : std::nullopt;
    if (!row) continue;
    CAIRN_ASSIGN_OR_RETURN(const auto summaries, metrics::ReadSummaries(snapshot, bundles, run_id));
    for (const auto& summary : summaries) columns.SetMetric(*row, summary);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadColumns(const Snapshot& snapshot, size_t max_bytes, RunColumns& columns) {
  CAIRN_RETURN_IF_ERROR(LoadExperiments(snapshot, columns));
  CAIRN_RETURN_IF_ERROR(LoadRuns(snapshot, columns));
  CAIRN_RETURN_IF_ERROR(
      LoadKeyed<ValueRecord>(snapshot, AllOfKind(storage::RunParamPrefix("")), max_bytes, columns,
                             [&](Row row, const std::string& name, const ValueRecord& record) {
                               columns.SetText(row, RunField::kParam, name, record.value());
                             }));
  CAIRN_RETURN_IF_ERROR(
      LoadKeyed<ValueRecord>(snapshot, AllOfKind(storage::RunTagPrefix("")), max_bytes, columns,
                             [&](Row row, const std::string& name, const ValueRecord& record) {
                               columns.SetText(row, RunField::kTag, name, record.value());
                             }));
  CAIRN_RETURN_IF_ERROR(
      LoadKeyed<MetricRecord>(snapshot, AllOfKind(storage::RunMetricPrefix("")), max_bytes, columns,
                              [&](Row row, const std::string&, const MetricRecord& record) {
                                columns.SetMetric(row, record.summary());
                              }));
  return LoadBundled(snapshot, columns);
}

absl::StatusOr<RunChange> ReadRunChange(const Snapshot& snapshot, std::string_view run_id) {
  RunChange change;
  change.run_id = std::string(run_id);
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(run_id)));
  if (!stored) {
    change.kind = RunChange::Kind::kRemoved;
    return change;
  }
  change.experiment_id = stored->value.experiment_id();
  change.run = std::move(*stored->value.mutable_run());
  absl::Status failure;
  const auto read_texts = [&](const storage::Key& prefix, auto* map) {
    return storage::ScanRecords<ValueRecord>(
        snapshot, KeyRange::Prefix(prefix), ScanOrder::kAscending,
        [&, map](std::string_view key, auto value) {
          auto name = storage::LastStringOf(prefix, key);
          failure = name.status();
          if (name.ok()) (*map)[*name] = std::move(*value.value.mutable_value());
          return failure.ok();
        });
  };
  CAIRN_RETURN_IF_ERROR(read_texts(storage::RunParamPrefix(run_id), change.run.mutable_params()));
  CAIRN_RETURN_IF_ERROR(failure);
  CAIRN_RETURN_IF_ERROR(read_texts(storage::RunTagPrefix(run_id), change.run.mutable_tags()));
  CAIRN_RETURN_IF_ERROR(failure);
  CAIRN_RETURN_IF_ERROR(ReadMetrics(snapshot, change));
  return change;
}

absl::StatusOr<RunChange> ReadMetricChange(const Snapshot& snapshot, std::string_view run_id,
                                           const std::set<std::string>& names) {
  RunChange change;
  change.kind = RunChange::Kind::kMetrics;
  change.run_id = std::string(run_id);
  if (names.empty()) {
    CAIRN_RETURN_IF_ERROR(ReadMetrics(snapshot, change));
    return change;
  }
  for (const std::string& name : names) {
    CAIRN_ASSIGN_OR_RETURN(auto metric, storage::ReadRecord<MetricRecord>(
                                            snapshot, storage::RunMetricKey(run_id, name)));
    if (metric) *change.run.add_metrics() = std::move(*metric->value.mutable_summary());
  }
  metrics::BundleReader bundles(snapshot);
  CAIRN_RETURN_IF_ERROR(metrics::AddBundled(
      bundles, run_id, [&](std::string_view name) { return names.contains(std::string(name)); },
      *change.run.mutable_metrics()));
  return change;
}

absl::StatusOr<ExperimentChange> ReadExperimentChange(const Snapshot& snapshot,
                                                      int64_t experiment_id) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<ExperimentRecord>(
                                                snapshot, storage::ExperimentKey(experiment_id)));
  return ExperimentChange{experiment_id, stored && !stored->value.experiment().has_delete_time()};
}

}  // namespace cairn::index
