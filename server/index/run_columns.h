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

// A run id as two numbers; their order is that of the text.
struct RunId {
  uint64_t high = 0;
  uint64_t low = 0;

  // nullopt unless `text` is 32 lower-case hexadecimal characters.
  static std::optional<RunId> Parse(std::string_view text);
  std::string ToString() const;
  friend auto operator<=>(const RunId&, const RunId&) = default;
};

// The attributes of runs whose columns change together.
enum class ChangeKind { kRecord, kMetrics };

// Everything a filter or an order may name, one typed column each, by row.
//
// It also knows which rows changed since when, so that whatever was derived from
// the columns can be brought up to date by looking at those rows only. Neither
// thread-safe nor copyable: RunIndex guards it.
class RunColumns {
 public:
  RunColumns();
  RunColumns(const RunColumns&) = delete;
  RunColumns& operator=(const RunColumns&) = delete;

  // Starts a change: what is written from now on counts as changed after every
  // earlier `sequence()`.
  void NextSequence() { ++sequence_; }
  uint64_t sequence() const { return sequence_; }

  // The row of a run, made if there is none; a new row has no values.
  Row RowFor(const RunId& id);
  std::optional<Row> Find(const RunId& id) const;
  // Forgets the run.
  void Remove(Row row);

  // Sets what the run's own record holds; params, tags and metrics stay.
  void SetRecord(Row row, int64_t experiment_id, const cairn::v1::Run& run);
  // `field` is kParam or kTag; nullopt clears.
  void SetText(Row row, core::RunField field, std::string_view key,
               std::optional<std::string_view> value);
  void SetMetric(Row row, const cairn::v1::MetricSummary& summary);
  // Makes the row equal to `run`: sets what it has and clears what it has not.
  void SetWhole(Row row, int64_t experiment_id, const cairn::v1::Run& run);

  // Whether runs of the experiment are found when no experiment is named.
  void SetExperimentLive(int64_t experiment_id, bool live);
  bool ExperimentLive(int64_t experiment_id) const { return live_.count(experiment_id) != 0; }

  // Rows are below this; `exists` tells those of runs from those of none.
  size_t row_limit() const { return row_limit_; }
  const Bitmap& exists() const { return exists_; }
  const Bitmap& deleted() const { return deleted_; }
  RunId id(Row row) const { return {id_high_.Get(row), id_low_.Get(row)}; }
  int64_t experiment(Row row) const;

  // The columns; null when no run has the value. `field` as the name says.
  const MetricColumn* metric(std::string_view key) const;
  const WordColumn* time(core::RunField field) const;
  const TextColumn* text(core::RunField field, std::string_view key) const;
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
  // What the columns take, counted as they change.
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
  struct ChunkChange {
    uint64_t record = 0;
    uint64_t metrics = 0;
  };
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
  void Touch(Row row, ChangeKind kind);
  void ClearKeyed(Row row, const cairn::v1::Run* keep);
  template <typename Column>
  Column& ColumnOf(ByKey<Column>& columns, std::string_view key);
  template <typename Column, typename Value>
  bool SetIn(Column& column, Row row, const Value& value);
  bool HasColumn(core::RunField field, std::string_view key) const;
  void Drop(core::RunField field, const std::string& key);
  void DropLongTextsUntil(size_t budget);
  void ForgetDroppedNames();
  size_t FixedBytes() const;
  // Ends writing columns past the methods above, from a checkpoint: clears the rows that are
  // free, which have values if runs took them while it was written, and counts again.
  void Settle();

  uint64_t sequence_ = 1;
  size_t row_limit_ = 0;
  std::vector<Row> free_rows_;
  WordColumn id_high_, id_low_;
  absl::flat_hash_set<Row, IdHash, IdEqual> rows_;
  Bitmap exists_, deleted_;
  WordColumn start_time_, end_time_, create_time_, duration_;
  TextColumn state_, display_name_, user_, dataset_, parent_run_, output_, experiments_;
  Texts params_, tags_;
  Metrics metrics_;
  std::set<int64_t> live_;
  // With an empty key: every one of the field that has no column.
  std::set<std::pair<core::RunField, std::string>> dropped_;
  size_t keyed_bytes_ = 0;      // of params_, tags_ and metrics_
  size_t long_text_bytes_ = 0;  // of params_ and tags_
  WordColumn record_changed_, metrics_changed_;
  std::vector<ChunkChange> changed_;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_COLUMNS_H_
