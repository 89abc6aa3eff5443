#ifndef CAIRN_PIPELINE_INSIGHT_PURCHASES_H_
#define CAIRN_PIPELINE_INSIGHT_PURCHASES_H_

// Which products every customer has bought.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/data/features.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// Distinct products (codes of the dictionary of stock codes) by row of features, each in the order
// of its first line. Lines of cancelled invoices and of no quantity are no purchase.
struct Purchases {
  std::vector<uint32_t> products;
  std::vector<size_t> starts;  // One more than there are customers.

  size_t customers() const { return starts.size() - 1; }
  std::span<const uint32_t> of(size_t customer) const {
    return {products.data() + starts[customer], starts[customer + 1] - starts[customer]};
  }
};

// Rows of customers that `features` does not have are passed over. REQUIRES: ids ascend.
// O(rows + customers + products).
Purchases FindPurchases(const TransactionTable& table, const FeatureMatrix& features);

// A set of codes that is emptied in no time. Not thread-safe.
class CodeSet {
 public:
  explicit CodeSet(size_t codes) : stamps_(codes, 0) {}

  void Clear() { ++stamp_; }
  // True when `code` was not there.
  bool Insert(uint32_t code) {
    const bool is_new = stamps_[code] != stamp_;
    stamps_[code] = stamp_;
    return is_new;
  }
  bool Contains(uint32_t code) const { return stamps_[code] == stamp_; }

 private:
  std::vector<uint32_t> stamps_;
  uint32_t stamp_ = 1;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_PURCHASES_H_
