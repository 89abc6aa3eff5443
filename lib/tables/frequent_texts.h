#ifndef CAIRN_LIB_TABLES_FREQUENT_TEXTS_H_
#define CAIRN_LIB_TABLES_FREQUENT_TEXTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::tables {

// Finds the most frequent texts of a stream in at most 90 KiB: Misra and Gries ("Finding
// repeated elements", 1982) with the batched decrement of Anderson et al. ("A
// high-performance algorithm for identifying frequent items in data streams", 2017).
//
// Up to kCounters different texts have a counter each and are exact. When there are more,
// the median of the counters is taken from all of them and those at 0 are dropped. A count
// is therefore never too large, and too small by at most n / (kCounters / 2) of n texts:
// every text that is more frequent than that is found.
//
// Texts are told apart by their 64-bit hashes and kept up to kTextBytes. The same texts in
// the same order give the same result. Not thread-safe. Copyable.
class FrequentTexts {
 public:
  static constexpr size_t kCounters = 512;
  static constexpr size_t kTextBytes = 64;

  struct Found {
    std::string text;  // the beginning of it, as it was added
    int64_t count = 0;
  };

  FrequentTexts();

  // `hash` is HashBytes of the whole text.
  void Add(uint64_t hash, std::string_view text);

  // The `limit` most frequent texts, the most frequent first, equal ones by text.
  std::vector<Found> Top(size_t limit) const;

 private:
  struct Counter {
    uint64_t hash = 0;
    int64_t count = 0;  // 0 in a free slot
    size_t text = 0;    // where it is in texts_
  };

  size_t SlotOf(uint64_t hash) const;
  void Rebuild(size_t slots);
  void Decrement();

  std::vector<Counter> slots_;  // open addressing; a power of two
  size_t used_ = 0;
  // The texts, apart from the counters so that these stay close together.
  std::vector<std::string> texts_;
  std::vector<size_t> free_texts_;
};

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_FREQUENT_TEXTS_H_
