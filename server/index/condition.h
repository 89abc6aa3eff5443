#ifndef CAIRN_SERVER_INDEX_CONDITION_H_
#define CAIRN_SERVER_INDEX_CONDITION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "server/core/run_filter.h"
#include "server/index/bitmap.h"
#include "server/index/run_columns.h"
#include "server/index/stop_meter.h"
#include "server/index/value_match.h"
#include "server/index/value_set.h"

namespace cairn::index {

// Words of one column, whichever kind of column it is. Null columns stand for a metric
// that no run has: every word is 0 then. A small value to copy; the column must outlive
// it and not change.
class WordSource {
 public:
  WordSource() = default;
  explicit WordSource(const WordColumn* column) : column_(column) {}
  WordSource(const MetricColumn* metric, MetricColumn::Part part) : metric_(metric), part_(part) {}

  // The word of one row; 0 if it has no value. For a walk; scans go by Chunk.
  uint64_t Get(Row row) const {
    if (metric_ != nullptr) return metric_->Get(part_, row);
    return column_ != nullptr ? column_->Get(row) : 0;
  }
  ChunkWords Chunk(size_t chunk) const {
    if (metric_ != nullptr) return metric_->Chunk(part_, chunk);
    return {column_ != nullptr ? column_->Chunk(chunk) : nullptr, nullptr, nullptr};
  }

 private:
  const WordColumn* column_ = nullptr;
  const MetricColumn* metric_ = nullptr;
  MetricColumn::Part part_ = MetricColumn::kLatest;
};

// The words behind a metric or time field. REQUIRES: `ref` is one of these fields.
WordSource WordsOf(const RunColumns& columns, const core::RunFieldRef& ref);

// A filter's condition bound to columns: decides for one row or for a chunk.
//
// A tree as the predicate's. Texts are judged once for each distinct one and then by
// code. Valid while the columns do not change, so whatever keeps them still, as
// RunIndex's lock, is held as long. Not thread-safe (it remembers judgements): each
// search makes its own.
class Condition {
 public:
  // The bits of a condition on texts, if somebody has or wants to keep them: called
  // with a leaf and the predicate it came from. Null from it means that there are none:
  // the leaf is then evaluated itself.
  using BitsOf =
      std::function<std::shared_ptr<const Bitmap>(Condition& leaf, const core::RunPredicate&)>;

  // Every row.
  Condition() = default;

  // nullopt if the predicate needs a dropped column. `p` and `meter` must outlive the
  // result; once the meter says stop, every answer is worthless. A condition on a
  // param, tag or metric that no run has matches no run, and needs no column.
  static std::optional<Condition> Bind(const RunColumns& columns, const core::RunPredicate& p,
                                       const BitsOf& bits_of, StopMeter& meter);
  // Rows of runs, of these experiments; deleted ones only if asked for. Without
  // experiments: those of every live one.
  static Condition Visible(const RunColumns& columns, const std::vector<int64_t>& experiments,
                           bool show_deleted, bool show_logged_models);
  // Rows whose bit is set.
  static Condition Bits(std::shared_ptr<const Bitmap> bits);
  // Rows that match all of them; every row if there are none.
  static Condition And(std::vector<Condition> children);

  // A row that is no run's may match too; Visible is what sorts those out.
  bool Matches(Row row) const;

  // Clears the bits of rows of `chunk` that do not match. Children of a conjunction see
  // what those before them left, so it is worth putting the strict ones first: Arrange.
  void Narrow(size_t chunk, Mask& mask) const;

  // The bits of every row below `row_limit`; worthless if `meter` says stop. Charges
  // the meter for each chunk, and stops between two of them.
  std::shared_ptr<const Bitmap> Evaluate(size_t row_limit, StopMeter& meter) const;

  // Whether deciding a row may mean to compare a text: one of a column of so many that
  // they are not all compared before.
  bool ComparesTexts() const;

  // Puts the parts of conjunctions that reject the most of `sample` first, and returns
  // how many of it match everything. Reorders nested conjunctions too, but no
  // alternatives: all of them may have to be tried. What is answered from bits stays in
  // front, as it costs the least.
  size_t Arrange(const std::vector<Row>& sample);

 private:
  // kWords and kText look at a column of words or texts, kId at the run's own id as
  // text, kRow at one row that an id was looked up to.
  enum class Kind {
    kAll,
    kNone,
    kAnd,
    kOr,
    kNot,
    kRange,
    kWords,
    kText,
    kId,
    kRow,
    kBits,
    kVisible
  };

  // Judges a code once and remembers it in verdicts_. False, remembering nothing, if
  // the meter says stop meanwhile.
  bool MatchesCode(uint32_t code) const;
  // Charges the meter for comparing one text, then does so.
  bool TextHolds(std::string_view text) const;
  // REQUIRES: judged_.
  void NarrowText(size_t chunk, Mask& mask) const;
  // Each child looks only at rows that none before it matched.
  void NarrowOr(size_t chunk, Mask& mask) const;
  // Judges every code in use, so that a chunk is decided by table look-ups.
  void JudgeAll();
  // One comparison or bare word. nullopt as in Bind.
  static std::optional<Condition> BindLeaf(const RunColumns& columns, const core::RunPredicate& p,
                                           const BitsOf& bits_of, StopMeter& meter);
  // An id without wildcards is looked up, not compared with a million others.
  static Condition BindKind(const RunColumns& columns, const core::RunPredicate& p);
  static Condition BindId(const RunColumns& columns, const core::RunPredicate& p, StopMeter& meter);
  static Condition BindIds(Condition leaf, const RunColumns& columns);

  Kind kind_ = Kind::kAll;
  std::vector<Condition> children_;
  const RunColumns* columns_ = nullptr;
  StopMeter* meter_ = nullptr;  // of leaves that compare texts
  const core::RunPredicate* predicate_ = nullptr;
  std::shared_ptr<const ValueSet> values_;  // of a list of values
  WordSource words_;                        // kRange, kWords
  WordRange range_;
  const TextColumn* text_ = nullptr;  // kText
  TextKind text_kind_ = TextKind::kValue;
  mutable std::vector<uint8_t> verdicts_;  // by code: 0, 1, or kUnknown
  bool judged_ = false;                    // no verdict is unknown
  uint32_t matching_codes_ = 0;            // if judged
  uint32_t matching_code_ = 0;             // the last of them
  Row row_ = 0;                            // kRow
  std::shared_ptr<const Bitmap> bits_;     // kBits
  bool show_deleted_ = false;              // kVisible
  bool show_logged_models_ = false;        // kVisible
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CONDITION_H_
