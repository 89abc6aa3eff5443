#ifndef CAIRN_LIB_HTTP_DEPARTURE_H_
#define CAIRN_LIB_HTTP_DEPARTURE_H_

#include <atomic>
#include <functional>

#include "lib/base/mutex.h"

namespace cairn::http {

// Whether the client of one request has left: he closed the connection or his half of it, it
// broke, or the server cut it.
//
// It is seen while the request is worked on, unless the client has sent more than the server
// reads ahead (16 KiB); then, and where a network ends without a word, it is seen when something
// is written or when TCP's keep-alive gives up, after a minute and a half. Shared by the
// connection and by who answers. Thread-safe.
class Departure {
 public:
  bool gone() const { return gone_.load(); }

  // Whether he left without the answer: the connection ended before all of it was written, or
  // before his system had acknowledged it (tcp_receipt.h). Never true while the connection stands.
  bool lost() const { return lost_.load(); }

  // Calls `left` once when the client leaves, on the connection's thread; in this one, before it
  // returns, when he has left. A second one takes the place of the first. After the request has
  // its answer it is let go uncalled.
  void OnGone(std::function<void()> left) CAIRN_EXCLUDES(mutex_);

  // For the connection: the client left. Later calls do nothing.
  void Depart() CAIRN_EXCLUDES(mutex_);

  // For the connection, before Depart: the answer did not arrive.
  void Lose() { lost_ = true; }

  // For the connection: the request has its answer.
  void Forget() CAIRN_EXCLUDES(mutex_);

 private:
  std::atomic<bool> gone_ = false;
  std::atomic<bool> lost_ = false;
  Mutex mutex_;
  bool over_ CAIRN_GUARDED_BY(mutex_) = false;
  std::function<void()> left_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_DEPARTURE_H_
