#ifndef CAIRN_SERVER_EVENTS_STORE_TIME_H_
#define CAIRN_SERVER_EVENTS_STORE_TIME_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "server/storage/kv_store.h"

namespace cairn::events {

// The time by which the store keeps things for a time: answers to request ids, events,
// operations that are done, uploads, leases of blobs.
//
// Within a process it is a RunningClock, so that setting the machine's clock ages nothing.
// From one process to the next it goes on at the newest mark of the event log
// (EventTrimmer), which is at most an hour of writing old. A stop counts as long as the
// machine's clock says, but never as negative and as kLongestStopNanos at most: whether the
// server was down for a day or somebody set the clock cannot be told apart, and to keep
// something for longer than promised harms nobody.
//
// Store time therefore falls behind the machine's clock. Nothing that people see is
// stamped with it.
inline constexpr int64_t kLongestStopNanos = int64_t{2} * 3600 * kNanosPerSecond;

// Where store time goes on, when the machine's clock says `unix_nanos`; that itself in a
// store without marks. Errors of Snapshot::Scan.
absl::StatusOr<int64_t> ResumeStoreTime(const storage::Snapshot& snapshot, int64_t unix_nanos);

}  // namespace cairn::events

#endif  // CAIRN_SERVER_EVENTS_STORE_TIME_H_
