#ifndef CAIRN_PIPELINE_INSIGHT_SEGMENT_ROWS_H_
#define CAIRN_PIPELINE_INSIGHT_SEGMENT_ROWS_H_

// The rows of a table by customer and segment: what every figure about segments starts from.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// More segments than anybody can tell apart, and a bound for what is kept by segment.
inline constexpr int kMaxSegments = 1024;

// The place of customers in a list of ascending ids. Immutable; refers to the list, which must
// outlive it.
class CustomerIndex {
 public:
  explicit CustomerIndex(const std::vector<int32_t>& ids);

  // -1 for a customer that is not in the list.
  int32_t of(int32_t id) const {
    if (table_.empty()) return Search(id);
    const int64_t place = int64_t{id} - first_;
    return place < 0 || place >= static_cast<int64_t>(table_.size())
               ? -1
               : table_[static_cast<size_t>(place)];
  }

 private:
  int32_t Search(int32_t id) const;

  const std::vector<int32_t>& ids_;
  int64_t first_ = 0;
  std::vector<int32_t> table_;  // By id, when ids are close together.
};

// OK when `segments` has one entry 0..k-1 for each of `customers`, and k is 1..kMaxSegments. Else
// INVALID_ARGUMENT (VALUE_INVALID) naming `field` and the entry.
absl::Status CheckSegments(std::span<const int32_t> segments, size_t customers, int k,
                           const char* field);

// Storage rows of `table` by segment, in the order of the table. Customers without features (the
// classic preset leaves some out) are in no segment.
struct SegmentRows {
  int k = 0;
  std::vector<int32_t> customers;  // By selected row: the customer's row of features, or -1.
  std::vector<uint32_t> rows;      // Storage rows: those of segment 0, of 1, …, of none.
  std::vector<size_t> starts;      // k + 2 offsets into rows.

  // Of segment k: those in no segment.
  std::span<const uint32_t> of(int segment) const {
    const size_t begin = starts[static_cast<size_t>(segment)];
    return {rows.data() + begin, starts[static_cast<size_t>(segment) + 1] - begin};
  }
};

// Errors are those of CheckSegments; also for features whose customers do not ascend.
absl::StatusOr<SegmentRows> GroupBySegment(const TransactionTable& table,
                                           const FeatureMatrix& features,
                                           std::span<const int32_t> segment_of_customer, int k);

// By invoice code: 1 for those that cancel, whether or not the table is marked.
std::vector<uint8_t> CancelledInvoices(const TransactionTable& table);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_SEGMENT_ROWS_H_
