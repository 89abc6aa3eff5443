#ifndef CAIRN_SERVER_EVENTS_EVENT_TRIMMER_H_
#define CAIRN_SERVER_EVENTS_EVENT_TRIMMER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "server/storage/kv_store.h"

namespace cairn::events {

// How much of the event log is kept.
struct EventRetention {
  int64_t age_nanos = int64_t{7} * 24 * 3600 * kNanosPerSecond;
  int64_t max_bytes = int64_t{1} << 30;
};

// Keeps the event log short: what is older than the retention goes, and of a log that
// has grown beyond its bytes the oldest part.
//
// The time in an event is that of the machine's clock, and events of old stores have
// none. So a mark is stored now and then, which says that the events up to a revision
// were there at a time; the log is cut at marks only. It may be kept longer than asked
// for by kMarkEveryNanos, and larger by a sixteenth and what comes between two rounds.
// Without new events nothing is written.
//
// Has no thread of its own. Rounds are not to be run at the same time. Store and clock
// must outlive it.
class EventTrimmer {
 public:
  static constexpr int64_t kMarkEveryNanos = int64_t{3600} * kNanosPerSecond;
  static constexpr int64_t kMarksPerLog = 16;
  // The newest revisions always keep their events: checkpoints of the run index are known
  // by the last of them (index/checkpoint.h).
  static constexpr storage::Revision kKeptRevisions = 1024;

  EventTrimmer(storage::KvStore& store, const Clock& clock, EventRetention retention)
      : store_(store), clock_(clock), retention_(retention) {}

  // Stores a mark if one is due, and cuts the log if it is too long. Errors of the store;
  // the next round tries again.
  absl::Status Run();

 private:
  struct Mark {
    storage::Revision revision = 0;  // the events up to here, these included, ...
    int64_t unix_nanos = 0;          // ... were there at this time
    storage::Revision stored_at = 0;
  };

  // In the order of revisions.
  absl::StatusOr<std::vector<Mark>> ReadMarks(const storage::Snapshot& snapshot) const;
  // True after an hour or a sixteenth of a full log, if there are events behind the
  // newest mark.
  absl::StatusOr<bool> MarkIsDue(const std::vector<Mark>& marks) const;
  // How many of the marks, from the oldest, the log is to be cut behind.
  absl::StatusOr<size_t> CountSurplus(const std::vector<Mark>& marks,
                                      storage::Revision newest) const;
  // Cuts behind the first `count` marks and removes these, in one commit.
  absl::Status Cut(const std::vector<Mark>& marks, size_t count);

  storage::KvStore& store_;
  const Clock& clock_;
  const EventRetention retention_;
};

}  // namespace cairn::events

#endif  // CAIRN_SERVER_EVENTS_EVENT_TRIMMER_H_
