#include "server/storage/paging.h"

namespace cairn::storage {

KeyRange RangeAfter(KeyRange range, std::string_view last_key, ScanOrder order) {
  if (order == ScanOrder::kAscending) {
    // The smallest key greater than last_key.
    range.begin = std::string(last_key) + '\0';
  } else {
    range.end = std::string(last_key);
  }
  return range;
}

}  // namespace cairn::storage
