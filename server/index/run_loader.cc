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
constexpr size_t kRecordsPerCheck = 1024;

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

// The id in a key of a run or of something that a run has; nullopt for another key.
std::optional<std::string> RunIdIn(std::string_view key) {
  storage::KeyReader reader(key);
  reader.ReadByte();
  return reader.ReadString();
}

// What stands for a damaged record in the log: its run, or else the key itself.
std::string OwnerOf(std::string_view key) { return RunIdIn(key).value_or(HexEncode(key)); }

// Finds the rows of keys that come run by run.
class RowCursor {
 public:
  explicit RowCursor(const RunColumns& columns) : columns_(columns) {}

  // The row of the run in `key`, nullopt if there is none or `key` has no run.
  std::optional<Row> Find(std::string_view key) {
    if (prefix_.empty() || key.substr(0, prefix_.size()) != prefix_) {
      const auto run_id = RunIdIn(key);
      const auto id = run_id ? RunId::Parse(*run_id) : std::nullopt;
      if (!id) return std::nullopt;
      // A run id has no byte that is escaped, so its end is two bytes behind it.
      prefix_ = std::string(key.substr(0, 1 + run_id->size() + 2));
      row_ = columns_.Find(*id);
    }
    return row_;
  }

  // What follows the run's id in the key that was found last.
  std::optional<std::string> RestOf(std::string_view key) const {
    return storage::KeyReader(key.substr(prefix_.size())).ReadString();
  }

  // The row that was found last is no more.
  void Forget() { row_.reset(); }

 private:
  const RunColumns& columns_;
  std::string prefix_;
  std::optional<Row> row_;
};

absl::Status LoadRuns(const Snapshot& snapshot, RunColumns& columns, DamageLog& damage) {
  return ScanIntact<RunRecord>(
      snapshot, KeyRange::Prefix(storage::RunPrefix()),
      [&](std::string_view key, const auto& stored) {
        const auto id = RunId::Parse(stored.value.run().uid());
        if (id) {
          columns.SetRecord(columns.RowFor(*id), stored.value.experiment_id(), stored.value.run());
        } else {
          damage.Add(OwnerOf(key), CorruptKey(key));
        }
        return true;
      },
      [&](std::string_view key, const absl::Status& status) { damage.Add(OwnerOf(key), status); });
}

// Scans records that belong to runs and calls `set(row, name, record)` for each. A run
// with one that cannot be read is taken out again.
template <typename Record, typename Set>
absl::Status LoadKeyed(const Snapshot& snapshot, const KeyRange& range, size_t max_bytes,
                       RunColumns& columns, DamageLog& damage, Set&& set) {
  RowCursor cursor(columns);
  size_t records = 0;
  const auto leave_out = [&](std::string_view key, const absl::Status& status) {
    const auto row = cursor.Find(key);
    // What is left of a run that is no more concerns nobody.
    if (!row) return;
    damage.Add(OwnerOf(key), status);
    columns.Remove(*row);
    cursor.Forget();
  };
  return ScanIntact<Record>(
      snapshot, range,
      [&](std::string_view key, const auto& stored) {
        if (const auto row = cursor.Find(key)) {
          const auto name = cursor.RestOf(key);
          name ? set(*row, *name, stored.value) : leave_out(key, CorruptKey(key));
        }
        if (++records % kRecordsPerCheck == 0) columns.DropUntil(max_bytes);
        return true;
      },
      leave_out);
}

absl::Status ReadMetrics(const Snapshot& snapshot, RunChange& change) {
  metrics::BundleReader bundles(snapshot);
  CAIRN_ASSIGN_OR_RETURN(*change.run.mutable_metrics(),
                         metrics::ReadSummaries(snapshot, bundles, change.run_id));
  return absl::OkStatus();
}

// Corrects the metrics of runs that have bundles, of which the records do not know.
absl::Status LoadBundled(const Snapshot& snapshot, RunColumns& columns, DamageLog& damage) {
  std::vector<std::string> runs;
  CAIRN_RETURN_IF_ERROR(metrics::ScanBundledRuns(
      snapshot, [&](std::string run_id, int64_t) { runs.push_back(std::move(run_id)); }));
  metrics::BundleReader bundles(snapshot);
  for (const std::string& run_id : runs) {
    const auto id = RunId::Parse(run_id);
    const auto row = id ? columns.Find(*id) : std::nullopt;
    if (!row) continue;
    const auto summaries = metrics::ReadSummaries(snapshot, bundles, run_id);
    if (damage.Add(run_id, summaries.status())) {
      columns.Remove(*row);
      continue;
    }
    CAIRN_RETURN_IF_ERROR(summaries.status());
    for (const auto& summary : *summaries) columns.SetMetric(*row, summary);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadColumns(const Snapshot& snapshot, size_t max_bytes, RunColumns& columns,
                         DamageLog& damage) {
  CAIRN_RETURN_IF_ERROR(ScanExperiments(
      snapshot, damage, [&](int64_t id, bool live) { columns.SetExperimentLive(id, live); }));
  CAIRN_RETURN_IF_ERROR(LoadRuns(snapshot, columns, damage));
  CAIRN_RETURN_IF_ERROR(LoadKeyed<ValueRecord>(
      snapshot, AllOfKind(storage::RunParamPrefix("")), max_bytes, columns, damage,
      [&](Row row, const std::string& name, const ValueRecord& record) {
        columns.SetText(row, RunField::kParam, name, record.value());
      }));
  CAIRN_RETURN_IF_ERROR(LoadKeyed<ValueRecord>(
      snapshot, AllOfKind(storage::RunTagPrefix("")), max_bytes, columns, damage,
      [&](Row row, const std::string& name, const ValueRecord& record) {
        columns.SetText(row, RunField::kTag, name, record.value());
      }));
  CAIRN_RETURN_IF_ERROR(
      LoadKeyed<MetricRecord>(snapshot, AllOfKind(storage::RunMetricPrefix("")), max_bytes, columns,
                              damage, [&](Row row, const std::string&, const MetricRecord& record) {
                                columns.SetMetric(row, record.summary());
                              }));
  return LoadBundled(snapshot, columns, damage);
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

absl::Status ScanExperiments(const Snapshot& snapshot, DamageLog& damage,
                             const std::function<void(int64_t id, bool live)>& visit) {
  const storage::Key prefix = storage::ExperimentPrefix();
  const auto visit_damaged = [&](std::string_view key, const absl::Status& status) {
    const auto id = storage::KeyReader(key.substr(prefix.bytes.size())).ReadInt64();
    damage.Add(id ? ExperimentName(*id) : HexEncode(key), status);
    if (id) visit(*id, true);
  };
  return ScanIntact<ExperimentRecord>(
      snapshot, KeyRange::Prefix(prefix),
      [&](std::string_view key, const auto& stored) {
        const auto& experiment = stored.value.experiment();
        const auto id = ParseExperimentName("name", experiment.name());
        id.ok() ? visit(*id, !experiment.has_delete_time()) : visit_damaged(key, CorruptKey(key));
        return true;
      },
      visit_damaged);
}

absl::StatusOr<ExperimentChange> ReadExperimentChange(const Snapshot& snapshot,
                                                      int64_t experiment_id) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<ExperimentRecord>(
                                                snapshot, storage::ExperimentKey(experiment_id)));
  return ExperimentChange{experiment_id, stored && !stored->value.experiment().has_delete_time()};
}

}  // namespace cairn::index
