#ifndef CAIRN_SERVER_EVENTS_HISTORY_TRIMMER_H_
#define CAIRN_SERVER_EVENTS_HISTORY_TRIMMER_H_

#include <chrono>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/events/answer_trimmer.h"
#include "server/events/event_trimmer.h"
#include "server/storage/kv_store.h"

namespace cairn::events {

// Fixed for the life of the trimmer.
struct HistoryOptions {
  EventRetention events;
  // Hears of what failed, on the trimmer's thread; it is tried again.
  std::function<void(const absl::Status& status)> on_failure;
};

// Removes in the background what the store keeps for a time only: events and the answers
// to request ids.
//
// Store and clock must outlive it. The destructor stops its thread. The event log is
// looked at every ten seconds, and all answers once an hour, by parts with pauses
// between them: it goes on beside everybody's work and is never in a hurry.
class HistoryTrimmer {
 public:
  HistoryTrimmer(storage::KvStore& store, const Clock& clock, HistoryOptions options);
  ~HistoryTrimmer();
  HistoryTrimmer(const HistoryTrimmer&) = delete;
  HistoryTrimmer& operator=(const HistoryTrimmer&) = delete;

  // Trims the event log for the first time, so that a new store has a mark to tell the
  // time by (store_time.h), and starts the thread. Once. REQUIRES: nobody else trims
  // the same store.
  void Start();

 private:
  // The thread, until closing.
  void Work() CAIRN_EXCLUDES(mutex_);
  // One round of the event log; tells what fails and goes on.
  void TrimEvents();
  // One part of the answers; true when there are more.
  bool TrimAnswers();
  // Hands an error to on_failure; nothing for OK.
  void Report(const absl::Status& status) const;
  // False when closing.
  bool Wait(std::chrono::nanoseconds time) CAIRN_EXCLUDES(mutex_);

  const HistoryOptions options_;
  EventTrimmer events_;
  AnswerTrimmer answers_;
  Mutex mutex_;
  CondVar wake_;
  bool closing_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cairn::events

#endif  // CAIRN_SERVER_EVENTS_HISTORY_TRIMMER_H_
