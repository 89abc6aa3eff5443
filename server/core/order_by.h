#ifndef CAIRN_SERVER_CORE_ORDER_BY_H_
#define CAIRN_SERVER_CORE_ORDER_BY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/core/run_filter.h"

namespace cairn::core {

inline constexpr int kMaxOrderKeys = 16;

// The order of a list of runs, from `metrics.silhouette desc, start_time`.
//
// The order is total. Within one key come, in either direction: numbers, then
// NaN, then text, then runs that do not have it. Parameters and tags that read
// as numbers sort as numbers. -0 equals 0. Text sorts by bytes. The run id,
// ascending, is always the last key. Immutable; safe to use from any thread.
class RunOrder {
 public:
  struct Key {
    RunFieldRef ref;
    bool descending = false;
  };

  // Newest first: by start time, descending. What an empty order_by means.
  RunOrder();

  // Parses keys separated by commas, each with an optional `asc` or `desc`;
  // paths as in filters. The empty text is the default order.
  // INVALID_ARGUMENT (ORDER_BY_INVALID) with metadata `position`: it does not
  // parse, names an unknown field, `dataset`, `output` or `parent_run`, or has
  // more than 16 keys.
  static absl::StatusOr<RunOrder> Parse(std::string_view text);

  // Negative, zero or positive; zero only for the same run.
  int Compare(const cairn::v1::Run& a, const cairn::v1::Run& b) const;

  // Bytes whose memcmp order is this order: for sorting, and as the last key in
  // a page token. Comparable only with keys of an equal order.
  std::string SortKey(const cairn::v1::Run& run) const;

  const std::vector<Key>& keys() const { return keys_; }

 private:
  std::vector<Key> keys_;
};

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_ORDER_BY_H_
