#ifndef CAIRN_SERVER_INDEX_ROW_ORDER_H_
#define CAIRN_SERVER_INDEX_ROW_ORDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/order_by.h"
#include "server/index/condition.h"
#include "server/index/run_columns.h"
#include "server/index/words.h"

namespace cairn::index {

// A place in an order, taken from the sort key of a run that may have changed or gone
// since. It holds values and not a row, so that a page can go on behind a run that was
// purged.
struct SeekPosition {
  struct Value {
    uint64_t word = 0;  // as RowOrder::Word
    std::string text;   // for words of texts
  };
  std::vector<Value> values;  // one a key
  RunId id;
};

// A core::RunOrder bound to columns: compares rows exactly as it compares runs, by
// words first and by texts only where words tie. Valid while the columns do not change;
// safe to read from any thread while they do not. The order is total: rows that tie in
// every key are ordered by run id, ascending, so pages neither repeat nor skip a run.
class RowOrder {
 public:
  // nullopt if the order needs a dropped column.
  static std::optional<RowOrder> Bind(const RunColumns& columns, const core::RunOrder& order);

  // The order by the first key alone, and by run id where it ties: all orders that
  // begin with that key agree with it on rows of different first words. So one
  // permutation serves every order that begins with the key.
  RowOrder ByFirstKey() const;
  bool has_one_key() const { return keys_.size() == 1; }

  // The first key of a row: a smaller word comes first, whatever the direction. Equal
  // words do not mean equal values where the values are texts: see words.h.
  uint64_t FirstWord(Row row) const { return Word(keys_[0], row); }

  // True if `a` comes before `b`; the words are their first ones.
  bool Before(uint64_t word_a, Row a, uint64_t word_b, Row b) const {
    return word_a != word_b ? word_a < word_b : CompareTied(a, b) < 0;
  }
  bool Before(Row a, Row b) const { return Before(FirstWord(a), a, FirstWord(b), b); }

  // True if the row comes after the position; `word` is its first one. The run of the
  // position itself does not.
  bool After(uint64_t word, Row row, const SeekPosition& position) const;
  bool After(Row row, const SeekPosition& position) const {
    return After(FirstWord(row), row, position);
  }

  // The bytes of core::RunOrder::SortKey for the run. Page tokens hold them, so both
  // write the same bytes, and a search may go on from the index to the store and back.
  std::string SortKey(Row row) const;

  // Reads such bytes back. INVALID_ARGUMENT (PAGE_TOKEN_INVALID) if they are not
  // a sort key of this order.
  absl::StatusOr<SeekPosition> ParseSortKey(std::string_view bytes) const;

  // A text that is equal for equal orders, and whether metrics are in it. They are
  // equal when fields, names and directions are.
  const std::string& key() const { return key_; }
  ChangeKind changes_with() const { return changes_with_; }

 private:
  enum class Kind { kMetric, kTime, kText, kId };
  // One key of the order, and the column that it looks at.
  struct Key {
    Kind kind = Kind::kText;
    bool descending = false;
    WordSource words;
    const TextColumn* text = nullptr;  // null when no run has it
  };

  // The word by which the key sorts, turned around for a descending key.
  uint64_t Word(const Key& key, Row row) const;
  // The text of a row for a key whose word is a text's.
  std::string TextOf(const Key& key, Row row) const;
  // For texts whose words tie; with the key's direction in the sign.
  int CompareTexts(const Key& key, Row a, Row b) const;
  // For rows with equal first words. Negative if `a` comes first, positive if `b` does,
  // 0 for the same run only.
  int CompareTied(Row a, Row b) const;

  const RunColumns* columns_ = nullptr;
  std::vector<Key> keys_;
  std::string key_;
  std::string first_key_;  // the part of key_ that is the first key's
  ChangeKind changes_with_ = ChangeKind::kRecord;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_ROW_ORDER_H_
