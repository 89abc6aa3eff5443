#include "server/events/store_time.h"

#include <algorithm>
#include <string_view>

#include "cairn/internal/storage.pb.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"

namespace cairn::events {

absl::StatusOr<int64_t> ResumeStoreTime(const storage::Snapshot& snapshot, int64_t unix_nanos) {
  int64_t marked = 0;
  const auto newest = [&marked](std::string_view, const storage::Record& stored) {
    cairn::internal::EventMarkRecord record;
    if (!record.ParseFromString(stored.payload)) return true;  // the one before says enough
    marked = record.unix_nanos();
    return false;
  };
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(storage::KeyRange::Prefix(storage::EventMarkPrefix()),
                                      storage::ScanOrder::kDescending, newest));
  if (marked <= 0) return unix_nanos;
  return std::clamp(unix_nanos, marked, marked + kLongestStopNanos);
}

}  // namespace cairn::events
