#ifndef CAIRN_SERVER_INDEX_RUN_COLUMNS_H_
#define CAIRN_SERVER_INDEX_RUN_COLUMNS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "cairn/v1/tracking.pb.h"
#include "server/core/run_filter.h"
#include "server/index/bitmap.h"
#include "server/index/column.h"

namespace cairn::index {

// A run id as two numbers; their order is that of the text. Sixteen bytes, where the
// text takes 32.
struct RunId {
  uint64_t high = 0;
  uint64_t low = 0;

  // nullopt unless `text` is 32 lower-case hexadecimal characters.
  static std::optional<RunId> Parse(std::string_view text);
  std::string ToString() const;
  friend auto operator<=>(const RunId&, const RunId&) = default;
};

// The attributes of runs whose columns change together. kRecord: all but metrics.
// Metrics are apart because runs under way change little else, and what was derived
// from the rest stays good then.
enum class ChangeKind { kRecord, kMetrics };

// Everything a filter or an order may name, one typed column each, by row.
//
// It also knows which rows changed since when, so that whatever was derived from
// the columns can be brought up to date by looking at those rows only. Neither
// thread-safe nor copyable: RunIndex guards it.
class RunColumns {
 public:
  // Without runs; at sequence 1.
  RunColumns();
  RunColumns(const RunColumns&) = delete;
  RunColumns& operator=(const RunColumns&) = delete;

  // Starts a change: what is written from now on counts as changed after every earlier
  // `sequence()`. RunIndex does so once for each commit.
  void NextSequence() { ++sequence_; }
  uint64_t sequence() const { return sequence_; }

  // The row of a run, made if there is none; a new row has no values. A row that a
  // removed run left is used first.
  Row RowFor(const RunId& id);
  // nullopt if the run is not in the columns. O(1).
  std::optional<Row> Find(const RunId& id) const;
  // Forgets the run. Clears all values of the row and frees it. Goes over every column,
  // as ClearKeyed does.
  void Remove(Row row);

  // Sets what the run's own record holds; params, tags and metrics stay. A value that
  // is the same already does not count as a change, here and in all below.
  void SetRecord(Row row, int64_t experiment_id, const cairn::v1::Run& run);
  // `field` is kParam or kTag; nullopt clears. Does nothing for a column that was
  // dropped.
  void SetText(Row row, core::RunField field, std::string_view key,
               std::optional<std::string_view> value);
  // Likewise.
  void SetMetric(Row row, const cairn::v1::MetricSummary& summary);
  // Makes the row equal to `run`: sets what it has and clears what it has not. For a
  // row that had no run before it costs what the run has; else it goes over every
  // column for what the run has no more.
  void SetWhole(Row row, int64_t experiment_id, const cairn::v1::Run& run);

  // Whether runs of the experiment are found when no experiment is named.
  void SetExperimentLive(int64_t experiment_id, bool live);
  // An experiment that was never named is not live.
  bool ExperimentLive(int64_t experiment_id) const { return live_.count(experiment_id) != 0; }

  // Rows are below this; `exists` tells those of runs from those of none. It never gets
  // smaller.
  size_t row_limit() const { return row_limit_; }
  const Bitmap& exists() const { return exists_; }
  // Runs that are deleted and not purged. REQUIRES: look at rows of exists() only.
  const Bitmap& deleted() const { return deleted_; }
  // Runs that are logged models. REQUIRES: as for deleted().
  const Bitmap& logged_models() const { return logged_models_; }
  // Zeros for a row that never had a run.
  RunId id(Row row) const { return {id_high_.Get(row), id_low_.Get(row)}; }
  // REQUIRES: the row is a run's.
  int64_t experiment(Row row) const;

  // The columns; null when no run has the value. `field` as the name says.
  const MetricColumn* metric(std::string_view key) const;
  // Never null for times.
  const WordColumn* time(core::RunField field) const;
  const TextColumn* text(core::RunField field, std::string_view key) const;
  // Calls `visit(key, column)` for each column of metrics, or of parameters or tags, in no order.
  // Columns without a value are among them; dropped ones are not.
  template <typename Visit>
  void ForEachMetric(Visit&& visit) const {
    for (const auto& [key, column] : metrics_) visit(key, *column);
  }
  template <typename Visit>
  void ForEachText(core::RunField field, Visit&& visit) const {
    for (const auto& [key, column] : field == core::RunField::kParam ? params_ : tags_) {
      visit(key, *column);
    }
  }
  // The names of dropped columns. An empty one stands for those that are not remembered.
  const std::set<std::pair<core::RunField, std::string>>& dropped() const { return dropped_; }
  // The number of each run's experiment, as a decimal text.
  const TextColumn& experiments() const { return experiments_; }

  // True if the column was dropped to save memory: it cannot be searched.
  bool IsDropped(core::RunField field, std::string_view key) const;
  // If bytes() is over `budget`, drops columns of keys until it is a sixteenth below, so
  // that not every change drops some: first those that take the most for each run that
  // has the key. Long texts (Dictionary::kMostShortText) have a seventh of it only, for
  // every checkpoint writes them and every start reads them; beyond that the columns go
  // that have the most of them for each run. A dropped column stays dropped. When more names are
  // dropped of a kind than are remembered, every name without a column counts as dropped.
  void DropUntil(size_t budget);
  // What the columns take, counted as they change. O(1): DropUntil is called after
  // every change and looks at it.
  size_t bytes() const { return FixedBytes() + keyed_bytes_; }
  // The part of it that is long texts of params and tags.
  size_t long_text_bytes() const { return long_text_bytes_; }

  // Calls `visit(row)` for each row that changed after `sequence` in its record
  // or, with kMetrics, in anything.
  template <typename Visit>
  void ForEachChanged(uint64_t sequence, ChangeKind kind, Visit&& visit) const {
    for (size_t chunk = 0; chunk < changed_.size(); ++chunk) {
      const ChunkChange& change = changed_[chunk];
      const bool metrics = kind == ChangeKind::kMetrics && change.metrics > sequence;
      if (change.record <= sequence && !metrics) continue;
      const auto first = static_cast<Row>(chunk * kChunkRows);
      for (Row row = first; row < first + kChunkRows; ++row) {
        if (record_changed_.Get(row) > sequence ||
            (metrics && metrics_changed_.Get(row) > sequence)) {
          visit(row);
        }
      }
    }
  }

 private:
  friend class CheckpointWriter;  // copies the columns as they are stored
  friend class CheckpointReader;

  // Looks up without making a std::string of the key.
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  template <typename Column>
  using ByKey = absl::flat_hash_map<std::string, std::unique_ptr<Column>, KeyHash, std::equal_to<>>;
  using Texts = ByKey<TextColumn>;
  using Metrics = ByKey<MetricColumn>;
  // The greatest sequence at which a row of the chunk changed.
  struct ChunkChange {
    uint64_t record = 0;
    uint64_t metrics = 0;
  };
  // The set holds rows and compares the ids that the columns hold, which saves a second
  // copy of each id. Ids are random, so mixing the halves is hash enough.
  struct IdHash {
    using is_transparent = void;
    const RunColumns* owner;
    size_t operator()(const RunId& id) const { return id.high ^ id.low * 0x9e3779b97f4a7c15; }
    size_t operator()(Row row) const { return (*this)(owner->id(row)); }
  };
  struct IdEqual {
    using is_transparent = void;
    const RunColumns* owner;
    bool operator()(Row a, Row b) const { return a == b || owner->id(a) == owner->id(b); }
    bool operator()(Row a, const RunId& b) const { return owner->id(a) == b; }
    bool operator()(const RunId& a, Row b) const { return owner->id(b) == a; }
  };

  Texts& TextsOf(core::RunField field) { return field == core::RunField::kParam ? params_ : tags_; }
  // Notes that the row changed in the present sequence.
  void Touch(Row row, ChangeKind kind);
  // Clears params, tags and metrics that `keep` does not have; null keeps none.
  // O(number of columns), whatever the run has.
  void ClearKeyed(Row row, const cairn::v1::Run* keep);
  // Makes the column of a key. REQUIRES: there is none.
  template <typename Column>
  Column& ColumnOf(ByKey<Column>& columns, std::string_view key);
  template <typename Column, typename Value>
  bool SetIn(Column& column, Row row, const Value& value);
  bool HasColumn(core::RunField field, std::string_view key) const;
  // Frees a column and remembers its name. REQUIRES: it exists.
  void Drop(core::RunField field, const std::string& key);
  // Drops columns of texts until the long ones fit.
  void DropLongTextsUntil(size_t budget);
  void ForgetDroppedNames();
  // What all takes but params, tags and metrics.
  size_t FixedBytes() const;
  // Ends writing columns past the methods above, from a checkpoint: clears the rows that are
  // free, which have values if runs took them while it was written, and counts again.
  void EndRestore();

  uint64_t sequence_ = 1;
  size_t row_limit_ = 0;
  std::vector<Row> free_rows_;  // below row_limit_, without a run
  WordColumn id_high_, id_low_;
  // The rows in exists_, found by their run ids.
  absl::flat_hash_set<Row, IdHash, IdEqual> rows_;
  Bitmap exists_;
  Bitmap deleted_, logged_models_;  // within exists_ but for free rows
  WordColumn start_time_, end_time_, create_time_, duration_;
  TextColumn state_, display_name_, user_, dataset_, parent_run_, output_, experiments_;
  Texts params_, tags_;
  Metrics metrics_;
  std::set<int64_t> live_;  // experiments that are not deleted
  // With an empty key: every one of the field that has no column.
  std::set<std::pair<core::RunField, std::string>> dropped_;
  size_t keyed_bytes_ = 0;                       // of params_, tags_ and metrics_
  size_t long_text_bytes_ = 0;                   // of params_ and tags_
  WordColumn record_changed_, metrics_changed_;  // sequences, by row; 0: never
  std::vector<ChunkChange> changed_;             // the same by chunk, to skip those that rest
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_COLUMNS_H_
