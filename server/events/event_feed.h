#ifndef CAIRN_SERVER_EVENTS_EVENT_FEED_H_
#define CAIRN_SERVER_EVENTS_EVENT_FEED_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/events/encoded_event.h"
#include "server/events/event_filter.h"
#include "server/storage/kv_store.h"

namespace cairn::events {

// Fixed for the life of the feed.
struct EventFeedOptions {
  // What the newest commits may hold that are kept for those who follow.
  int64_t ring_bytes = int64_t{8} << 20;
  const Clock* forward = &ForwardClock();  // of deadlines; outlives the feed
};

// What is committed, for those who follow it: from memory as it comes, and from the store's event
// log for who is behind.
//
// Nobody holds a thread while he waits, and the committer waits for nobody: it puts a commit into a
// ring and goes on. One thread of the feed looks at new commits with the filter of each who waits,
// and calls those for whom there is something. Who is slower than the ring reads the log instead;
// nothing is kept for him.
//
// Safe to call from any thread. The store must outlive it; the destructor joins the thread, and
// comes after everybody has left.
class EventFeed {
 public:
  explicit EventFeed(storage::KvStore& store, EventFeedOptions options = {});
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // Begins to listen to the store and to serve. Once. What is committed before is read
  // from the log.
  void Start() CAIRN_EXCLUDES(mutex_);

  // While somebody has joined, commits are kept for him. With the last one who leaves
  // they are dropped, so that a server whom nobody follows keeps nothing.
  void Join() CAIRN_EXCLUDES(mutex_);
  void Leave() CAIRN_EXCLUDES(mutex_);

  // The newest revision that was heard of.
  storage::Revision newest() const CAIRN_EXCLUDES(mutex_);

  // Visits commits of revisions >= `from` in order, until `visit` answers false; those
  // without events may be left out. Answers the revision up to which there is nothing
  // else to visit: the last visited one if it was stopped, the newest otherwise.
  // OUT_OF_RANGE (EVENTS_COMPACTED, metadata "oldestRevision") when some are gone,
  // perhaps after others were visited. Called on the caller's thread, under no lock of
  // the feed.
  using Visit = std::function<bool(const ToldCommit&)>;
  absl::StatusOr<storage::Revision> Read(storage::Revision from, const Visit& visit) const
      CAIRN_EXCLUDES(mutex_);

  // Calls `ready(passed)` once: when there may be an event of a revision >= `from` that passes the
  // filter, at the deadline (by the forward clock), or when the feed closes; perhaps at once.
  // Nothing up to `passed` passes the filter. On the feed's thread or the caller's, so it must be
  // quick, and may not call this. The filter outlives the wait. Answers a number for Forget.
  using Ready = std::function<void(storage::Revision passed)>;
  // It may be called for nothing: the one who is called reads again and, if there is
  // nothing for him, waits again.
  int64_t WhenTold(storage::Revision from, const EventFilter& filter, int64_t deadline_nanos,
                   Ready ready) CAIRN_EXCLUDES(waits_mutex_);

  // Drops a wait; 0 is none. Afterwards `ready` is not called and not running, unless it is what
  // calls this.
  void Forget(int64_t wait) CAIRN_EXCLUDES(waits_mutex_);

  // Calls everybody who waits, and those who wait later at once. Before the front
  // stops. Reading still works. Later calls do nothing.
  void Close() CAIRN_EXCLUDES(mutex_, waits_mutex_);
  // True from Close on.
  bool closed() const CAIRN_EXCLUDES(waits_mutex_);

 private:
  using Commits = std::vector<std::shared_ptr<const ToldCommit>>;
  // One that is not due yet. Owned by waits_ until it moves into due_.
  struct Wait {
    storage::Revision from = 0;
    const EventFilter* filter = nullptr;
    int64_t deadline_nanos = 0;
    Ready ready;
  };
  // What the thread woke up for.
  struct News {
    storage::Revision newest = 0;
    Commits commits;    // those that were not seen before...
    bool whole = true;  // ...unless some are not in the ring any more
    bool stopping = false;
  };

  // The commits from `from` on that are in the ring, at most so many; none if `from` is
  // not in it.
  Commits FromRing(storage::Revision from, size_t most) const CAIRN_EXCLUDES(mutex_);
  // The same from the store, up to the newest revision that was heard of. Sets
  // `stopped` if `visit` said so.
  absl::StatusOr<storage::Revision> ReadLog(storage::Revision from, const Visit& visit,
                                            bool& stopped) const;
  // On the committer's thread, so it only makes the bytes and puts them into the ring.
  void OnCommit(storage::Revision revision, const std::vector<storage::Event>& events)
      CAIRN_EXCLUDES(mutex_);
  // The thread: waits for news or a deadline, finds those who are due, calls them.
  void Work(storage::Revision seen) CAIRN_EXCLUDES(mutex_, waits_mutex_);
  News AwaitNews(storage::Revision seen, int64_t deadline_nanos) CAIRN_EXCLUDES(mutex_);
  // Moves those who are due from waits_ to due_. All are due if some commits are gone
  // from the ring, for nobody can say what was in them.
  void Look(const News& news) CAIRN_EXCLUDES(waits_mutex_);
  // Calls without the lock; calling_ tells Forget whom it has to wait for.
  void CallDue() CAIRN_EXCLUDES(waits_mutex_);
  int64_t NextDeadline() CAIRN_EXCLUDES(waits_mutex_);
  // Wakes the thread although nothing was committed.
  void Nudge() CAIRN_EXCLUDES(mutex_);

  storage::KvStore& store_;
  int64_t listener_ = 0;
  const EventFeedOptions options_;

  mutable Mutex mutex_;
  CondVar news_;
  std::deque<std::shared_ptr<const ToldCommit>> ring_ CAIRN_GUARDED_BY(mutex_);  // without gaps
  int64_t ring_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  storage::Revision newest_ CAIRN_GUARDED_BY(mutex_) = 0;
  int joined_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool nudged_ CAIRN_GUARDED_BY(mutex_) = false;  // the thread is to look again
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;

  mutable Mutex waits_mutex_;
  CondVar called_;
  std::map<int64_t, Wait> waits_ CAIRN_GUARDED_BY(waits_mutex_);
  // Those to be called: number, what to call, and what it is told.
  struct Due {
    int64_t number;
    Ready ready;
    storage::Revision passed;
  };
  std::deque<Due> due_ CAIRN_GUARDED_BY(waits_mutex_);
  int64_t calling_ CAIRN_GUARDED_BY(waits_mutex_) = 0;  // the number that is being called; 0: none
  int64_t last_number_ CAIRN_GUARDED_BY(waits_mutex_) = 0;
  storage::Revision looked_at_ CAIRN_GUARDED_BY(waits_mutex_) = 0;  // up to here waits_ were asked
  bool closed_ CAIRN_GUARDED_BY(waits_mutex_) = false;
  int64_t awaited_nanos_ CAIRN_GUARDED_BY(waits_mutex_) = 0;  // the deadline the thread waits for

  std::thread thread_;
};

}  // namespace cairn::events

#endif  // CAIRN_SERVER_EVENTS_EVENT_FEED_H_
