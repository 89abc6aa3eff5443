#ifndef CAIRN_SERVER_INDEX_PERMUTATION_H_
#define CAIRN_SERVER_INDEX_PERMUTATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/base/mutex.h"
#include "server/index/condition.h"
#include "server/index/row_order.h"
#include "server/index/run_columns.h"

namespace cairn::index {

// Every row in one order, as it was at one sequence of the columns. Immutable. Rows of
// runs only. A row that was given to another run later counts as changed, so that it is
// never read from here.
struct Permutation {
  std::vector<Row> rows;
  uint64_t sequence = 0;
};

// Sorts all rows; with `old`, a permutation of the same order, by merging what changed
// since into it. The first way takes O(n log n), the second O(n) and the sorting of
// what changed. REQUIRES: the columns do not change meanwhile.
std::shared_ptr<const Permutation> MakePermutation(const RunColumns& columns, const RowOrder& order,
                                                   const Permutation* old);

// A page's rows, and whether it is known that these are all there are. One that gave up
// is thrown away, and the search scans instead.
struct WalkResult {
  std::vector<Row> rows;  // in order, at most the limit
  bool gave_up = false;   // visited `max_visits` rows without filling the page
};

// The first `limit` rows that match, after `after` if given: walks the permutation by
// the order's first key, deciding row by row, to the end of the rows that tie with the
// last one in that key, and puts them into the whole order. Merges in the rows that
// changed since it was made (`tail`), which it skips on its way. Ends early, with a
// worthless result, when `meter` says stop. REQUIRES: `permutation` and `tail` came
// from PermutationCache::Get for `order.ByFirstKey()` on these columns as they are.
WalkResult Walk(const RunColumns& columns, const Permutation& permutation,
                const std::vector<Row>& tail, const Condition& condition, const RowOrder& order,
                const std::optional<SeekPosition>& after, size_t limit, size_t max_visits,
                StopMeter& meter);

// Up to `limit` rows of `bits` in order, behind `skip` others of them and behind `after` if given.
// Passing over a row costs the look at a bit, so that a page anywhere in a million rows is found in
// milliseconds. Ends early, with a worthless result, when `meter` says stop. REQUIRES:
// `permutation` and `tail` came from PermutationCache::Get for `order` itself, not for its first
// key.
std::vector<Row> WalkPast(const RunColumns& columns, const Permutation& permutation,
                          const std::vector<Row>& tail, const Bitmap& bits, const RowOrder& order,
                          const std::optional<SeekPosition>& after, size_t skip, size_t limit,
                          StopMeter& meter);

// The permutations in use, by first key, or by all keys for pages behind skipped rows. Four bytes a
// row each, the least recently used one goes first. Safe to call from any thread while the columns
// do not change. Sorting is done outside the lock: a search that sorts holds up no other, but two
// may sort the same order at once.
class PermutationCache {
 public:
  // The newest permutation stays even if it alone is larger than `max_bytes`.
  explicit PermutationCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  // A permutation and the rows that changed since; null if there is none for this
  // order. An order that is asked for again, or with `build` at once, gets one: sorting
  // a million rows takes about 0.1 s, and scanning once is cheaper. A tail that has
  // grown long is merged in, and the caller gets the new permutation with an empty
  // tail.
  std::shared_ptr<const Permutation> Get(const RunColumns& columns, const RowOrder& order,
                                         bool build, std::vector<Row>& tail) CAIRN_EXCLUDES(mutex_);

  // What the permutations take, in bytes; keys are not counted.
  size_t bytes() const CAIRN_EXCLUDES(mutex_);

 private:
  // Null `permutation`: the order was asked for once and has none yet.
  struct Entry {
    std::shared_ptr<const Permutation> permutation;
    uint64_t last_use = 0;  // the value of uses_ then; 0: never asked for
  };

  // Keeps it and lets the least recently used ones go while all are too large.
  void Put(const std::string& key, std::shared_ptr<const Permutation> permutation)
      CAIRN_EXCLUDES(mutex_);

  const size_t max_bytes_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Entry> entries_ CAIRN_GUARDED_BY(mutex_);
  size_t bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  uint64_t uses_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_PERMUTATION_H_
