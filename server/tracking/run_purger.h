#ifndef CAIRN_SERVER_TRACKING_RUN_PURGER_H_
#define CAIRN_SERVER_TRACKING_RUN_PURGER_H_

#include <functional>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "server/storage/kv_store.h"

namespace cairn::tracking {

// Finishes purges (run_purge.h) in the background, with one thread, in small commits
// beside everybody's. What an earlier process left is found at the start.
//
// Safe to call from any thread. The store must outlive it. The destructor stops after
// the commit under way; the next start goes on there. A purge takes the run away for
// everybody in its first commit. What is left are keys that nobody can reach, perhaps
// millions; deleting them here keeps the commits of others quick.
//
// Follows the store from its construction: every RUN_PURGED wakes the thread, whoever
// purged. The store must outlive it; the destructor stops after the commit under way.
class RunPurger {
 public:
  // `forget` hears of every run that is being purged, on the purger's thread.
  explicit RunPurger(storage::KvStore& store,
                     std::function<void(std::string_view run_id)> forget = nullptr);
  ~RunPurger();
  RunPurger(const RunPurger&) = delete;
  RunPurger& operator=(const RunPurger&) = delete;

  // Starts the thread. Once.
  void Start();

  // Finishes every purge there is, on this thread: for tests and tools. The first error
  // of the store ends it.
  absl::Status SweepAll();

 private:
  // The first commit of a purge was made. Quick. The thread looks at once, or as soon
  // as it is done with what it does.
  void Wake() CAIRN_EXCLUDES(mutex_);
  // The thread: sweeps while there is something, then waits for Wake. After an error it
  // waits a second and logs it.
  void Work() CAIRN_EXCLUDES(mutex_);
  // Finishes up to 256 purges; false if there were none.
  absl::StatusOr<bool> SweepSome();
  // Deletes what one run left, in commits of a bounded number of keys.
  absl::Status SweepRun(std::string_view run_id);
  bool closing() CAIRN_EXCLUDES(mutex_);

  storage::KvStore& store_;
  const std::function<void(std::string_view)> forget_;
  Mutex mutex_;
  CondVar wake_;
  bool signalled_ CAIRN_GUARDED_BY(mutex_) = false;  // Wake was called since the last sweep
  bool closing_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
  int64_t listener_ = 0;  // with the store
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_PURGER_H_
