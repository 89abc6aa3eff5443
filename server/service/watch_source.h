#ifndef CAIRN_SERVER_SERVICE_WATCH_SOURCE_H_
#define CAIRN_SERVER_SERVICE_WATCH_SOURCE_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/watch.pb.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/events/event_feed.h"
#include "server/events/event_filter.h"
#include "server/service/method.h"

namespace cairn::service {

// What a watcher may hear of, as long as the stream lasts. Both null: everything. Quick; called
// from any thread.
struct WatchRights {
  // Whether the resource may be read, now.
  std::function<bool(std::string_view resource)> may_read;
  // The error with which the stream ends once the caller is not known any more.
  std::function<absl::Status()> still_known;
};

// A place in the feed: what both kinds of watches wait by. Used by one thread at a time; `ready`
// may come on any. The destructor drops a wait, and `ready` is not called after it.
class FeedPlace {
 public:
  // Everything that is passed by reference outlives this. The heartbeat begins now.
  FeedPlace(events::EventFeed& feed, events::EventFilter filter, WatchRights rights,
            int64_t heartbeat_nanos, const Clock& forward);
  ~FeedPlace();
  FeedPlace(const FeedPlace&) = delete;
  FeedPlace& operator=(const FeedPlace&) = delete;

  events::EventFeed& feed() const { return feed_; }
  const events::EventFilter& filter() const { return filter_; }

  // Asked before each part, so a stream ends soon after a token was revoked.
  // UNAVAILABLE (SHUTTING_DOWN) once the feed is closed; why the caller is not known any more.
  absl::Status Check() const;

  // The next revision to look at. What is known to have nothing for the filter is left out.
  storage::Revision next() const { return std::max(next_, passed_.load() + 1); }
  // After what was looked at, or where the client wants to begin.
  void GoTo(storage::Revision next) { next_ = next; }

  // Something is said now; and whether it is time to say something, so that the client knows the
  // connection lives.
  void Spoke() { spoke_nanos_ = forward_.NowUnixNanos(); }
  bool silent_for_long() const {
    return forward_.NowUnixNanos() >= spoke_nanos_ + heartbeat_nanos_;
  }

  // Calls `ready` once, when there is something for the filter, it is time to say that there is
  // not, or the feed closes: Check tells which errors came of it. Perhaps within.
  void WhenReady(std::function<void()> ready) CAIRN_EXCLUDES(mutex_);

 private:
  events::EventFeed& feed_;
  const events::EventFilter filter_;
  const std::function<absl::Status()> still_known_;
  const int64_t heartbeat_nanos_;  // of silence, at most
  const Clock& forward_;
  int64_t spoke_nanos_ = 0;
  storage::Revision next_ = 0;                // as the source last said
  std::atomic<storage::Revision> passed_{0};  // nothing up to it passes the filter
  Mutex mutex_;
  int64_t wait_ CAIRN_GUARDED_BY(mutex_) = 0;
};

// The one spelling of a resource name or collection, `models/m` or `models`; nullopt if it is
// neither.
std::optional<std::string> CanonicalRoot(std::string_view name);

// The heartbeat that was asked for, in nanoseconds; the default unless it is set.
// INVALID_ARGUMENT (VALUE_INVALID) naming the field `heartbeat`.
absl::StatusOr<int64_t> HeartbeatNanos(bool is_set, const google::protobuf::Duration& heartbeat);

// A part holds what a few commits left, as bytes that the feed encoded once for all watchers. What
// the caller may not read is left out, and asked again for each event: rights may change meanwhile.
//
// The events that a WatchRequest asks for; its first part has none and says where it begins.
// Errors are those that WatchService.Watch documents. `feed` and `forward` outlive it; what
// `rights` refer to as well.
absl::StatusOr<std::unique_ptr<PartSource>> OpenWatch(events::EventFeed& feed,
                                                      const v1::WatchRequest& request,
                                                      WatchRights rights,
                                                      const Clock& forward = ForwardClock());

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_WATCH_SOURCE_H_
