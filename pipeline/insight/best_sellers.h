#ifndef CAIRN_PIPELINE_INSIGHT_BEST_SELLERS_H_
#define CAIRN_PIPELINE_INSIGHT_BEST_SELLERS_H_

// Which products sell best, and the value that occurs most often with a key.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// How many best-selling products a segment is described by, and recommendations come from.
inline constexpr size_t kBestSellers = 10;

// What was bought of one product.
struct ProductTotal {
  uint32_t code = 0;  // Of the dictionary of stock codes.
  int64_t quantity = 0;
  double units = 0;  // Spend, in ten-thousandths (money.h).

  bool operator==(const ProductTotal&) const = default;
};

// The `limit` products of the given storage rows with the largest quantity, the most first; equal
// quantities by spend, then by the text of the code. Lines of invoices that `cancelled` (by invoice
// code) flags are left out, and so are products of which no more was sold than returned without
// such an invoice. O(rows + products).
std::vector<ProductTotal> BestSellers(const TransactionColumns& columns,
                                      std::span<const uint32_t> rows,
                                      std::span<const uint8_t> cancelled, size_t limit);

// The description that most lines of the table have of each product, in the order they are given;
// of equally frequent ones the first in the order of bytes. O(rows).
std::vector<std::string> DescribeProducts(const TransactionTable& table,
                                          std::span<const std::vector<ProductTotal>> products);

// Finds the most frequent value for every key, in a stream where a key mostly repeats its last
// value: such runs are counted in place and only changes take memory. Not thread-safe.
class ModeCounter {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit ModeCounter(size_t keys) : runs_(keys) {}

  void Add(uint32_t key, uint32_t value) {
    Run& run = runs_[key];
    if (run.value != value) {
      if (run.count > 0) ended_.push_back({key, run.value, run.count});
      run = {value, 0};
    }
    ++run.count;
  }

  // By key the value, a code of `texts`, or kNone where nothing was added. Of values that are
  // equally frequent the first in the order of bytes. Ends the counting.
  std::vector<uint32_t> Modes(const StringDictionary& texts);

 private:
  struct Run {
    uint32_t value = kNone;
    uint64_t count = 0;
  };
  struct Ended {
    uint32_t key;
    uint32_t value;
    uint64_t count;
  };
  std::vector<Run> runs_;
  std::vector<Ended> ended_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_BEST_SELLERS_H_
