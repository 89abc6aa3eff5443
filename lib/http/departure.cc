#include "lib/http/departure.h"

#include <utility>

namespace cairn::http {

void Departure::OnGone(std::function<void()> left) {
  {
    const MutexLock lock(&mutex_);
    if (over_) return;
    if (!gone_) {
      std::swap(left_, left);  // the one before is let go outside of the lock
      return;
    }
  }
  left();
}

void Departure::Depart() {
  std::function<void()> left;
  {
    const MutexLock lock(&mutex_);
    gone_ = true;
    left.swap(left_);
  }
  if (left != nullptr) left();
}

void Departure::Forget() {
  std::function<void()> left;  // let go outside of the lock
  const MutexLock lock(&mutex_);
  over_ = true;
  left.swap(left_);
}

}  // namespace cairn::http
