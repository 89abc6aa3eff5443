#ifndef CAIRN_LIB_HTTP_SHARED_TEXT_H_
#define CAIRN_LIB_HTTP_SHARED_TEXT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "lib/base/mutex.h"

namespace cairn::http {

// A text that is costly to make, made once for everybody who waits for it.
//
// Nobody gets a text that is older than his request: one made for somebody else is given
// to those only who asked before its making began. So there is no age to choose, and who
// asks after an event sees it. Safe to call from any thread.
class SharedText {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // `make` is called by one thread at a time.
  explicit SharedText(std::function<std::string()> make) : make_(std::move(make)) {}
  SharedText(const SharedText&) = delete;
  SharedText& operator=(const SharedText&) = delete;

  // For a request that came at `asked`. Waits for a text that is being made. What `make`
  // throws is passed on.
  std::shared_ptr<const std::string> Get(Instant asked) CAIRN_EXCLUDES(mutex_);

 private:
  const std::function<std::string()> make_;
  Mutex mutex_;
  std::shared_ptr<const std::string> text_ CAIRN_GUARDED_BY(mutex_);
  Instant begun_ CAIRN_GUARDED_BY(mutex_);  // when its making began
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_SHARED_TEXT_H_
