#ifndef CAIRN_SERVER_INDEX_TOP_ROWS_H_
#define CAIRN_SERVER_INDEX_TOP_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/index/row_order.h"

namespace cairn::index {

// Keeps the first `limit` rows of those it is given, in an order and after a position,
// as a heap whose top is the last of them. Not thread-safe; the order and the position
// must outlive it. O(log limit) for a row that gets in and one comparison of words for
// most that do not. Memory is limit entries of 16 bytes, whatever the number of rows.
class TopRows {
 public:
  // REQUIRES: `limit` > 0.
  TopRows(const RowOrder& order, const std::optional<SeekPosition>& after, size_t limit)
      : order_(order), after_(after), limit_(limit) {}

  // Rows may come in any order, each once.
  void Add(Row row) {
    const Entry entry{order_.FirstWord(row), row};
    const bool full = heap_.size() == limit_;
    // Most rows of a long scan end here.
    if (full && entry.word > heap_.front().word) return;
    if (after_ && !order_.After(entry.word, row, *after_)) return;
    const auto before = [this](const Entry& a, const Entry& b) { return Before(a, b); };
    if (full) {
      if (!Before(entry, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), before);
      heap_.back() = entry;
    } else {
      heap_.push_back(entry);
    }
    std::push_heap(heap_.begin(), heap_.end(), before);
  }

  // The rows in order; leaves nothing. At most `limit` of them, all behind the
  // position.
  std::vector<Row> TakeSorted() {
    std::sort_heap(heap_.begin(), heap_.end(),
                   [this](const Entry& a, const Entry& b) { return Before(a, b); });
    std::vector<Row> rows;
    rows.reserve(heap_.size());
    for (const Entry& entry : heap_) rows.push_back(entry.row);
    heap_.clear();
    return rows;
  }

 private:
  // The word is kept beside the row, so that the heap compares without looking at
  // columns.
  struct Entry {
    uint64_t word;
    Row row;
  };

  // Makes the std heap functions keep the last of the order on top.
  bool Before(const Entry& a, const Entry& b) const {
    return order_.Before(a.word, a.row, b.word, b.row);
  }

  const RowOrder& order_;
  // Null: from the beginning of the order.
  const std::optional<SeekPosition>& after_;
  const size_t limit_;       // entries that heap_ holds at most
  std::vector<Entry> heap_;  // a heap by Before
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_TOP_ROWS_H_
