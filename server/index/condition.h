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

// Words of one column, whichever kind of column it is.
class WordSource {
 public:
  WordSource() = default;
  explicit WordSource(const WordColumn* column) : column_(column) {}
  WordSource(const MetricColumn* metric, MetricColumn::Part part) : metric_(metric), part_(part) {}

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

// The words behind a metric or time field.
WordSource WordsOf(const RunColumns& columns, const core::RunFieldRef& ref);

// A filter's condition bound to columns: decides for one row or for a chunk.
//
// A tree as the predicate's. Texts are judged once for each distinct one and then
// by code. Valid while the columns do not change. Not thread-safe (it remembers
// judgements): each search makes its own.
class Condition {
 public:
  // The bits of a condition on texts, if somebody has or wants to keep them:
  // called with a leaf and the predicate it came from.
  using BitsOf =
      std::function<std::shared_ptr<const Bitmap>(Condition& leaf, const core::RunPredicate&)>;

  // Every row.
  Condition() = default;

  // nullopt if the predicate needs a dropped column. `p` and `meter` must outlive the
  // result; once the meter says stop, every answer is worthless.
  static std::optional<Condition> Bind(const RunColumns& columns, const core::RunPredicate& p,
                                       const BitsOf& bits_of, StopMeter& meter);
  // Rows of runs, of these experiments; deleted ones only if asked for. Without
  // experiments: those of every live one.
  static Condition Visible(const RunColumns& columns, const std::vector<int64_t>& experiments,
                           bool show_deleted);
  static Condition Bits(std::shared_ptr<const Bitmap> bits);
  static Condition And(std::vector<Condition> children);

  bool Matches(Row row) const;

  // Clears the bits of rows of `chunk` that do not match.
  void Narrow(size_t chunk, Mask& mask) const;

  // The bits of every row below `row_limit`; worthless if `meter` says stop.
  std::shared_ptr<const Bitmap> Evaluate(size_t row_limit, StopMeter& meter) const;

  // Whether deciding a row may mean to compare a text: one of a column of so many that
  // they are not all compared before.
  bool ComparesTexts() const;

  // Puts the parts of conjunctions that reject the most of `sample` first, and
  // returns how many of it match everything.
  size_t Arrange(const std::vector<Row>& sample);

 private:
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

  bool MatchesCode(uint32_t code) const;
  bool TextHolds(std::string_view text) const;
  void NarrowText(size_t chunk, Mask& mask) const;
  void NarrowOr(size_t chunk, Mask& mask) const;
  void JudgeAll();
  static std::optional<Condition> BindLeaf(const RunColumns& columns, const core::RunPredicate& p,
                                           const BitsOf& bits_of, StopMeter& meter);
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
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CONDITION_H_
