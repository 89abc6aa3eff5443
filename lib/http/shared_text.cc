#include "lib/http/shared_text.h"

namespace cairn::http {

std::shared_ptr<const std::string> SharedText::Get(Instant asked) {
  MutexLock lock(&mutex_);
  if (text_ == nullptr || begun_ < asked) {
    const Instant now = std::chrono::steady_clock::now();
    text_ = std::make_shared<const std::string>(make_());
    begun_ = now;
  }
  return text_;
}

}  // namespace cairn::http
