#include "server/index/damage_log.h"

#include "lib/base/errors.h"

namespace cairn::index {

bool IsDamage(const absl::Status& status) { return HasReason(status, ErrorReason::RECORD_CORRUPT); }

bool DamageLog::Add(std::string_view what, const absl::Status& status) {
  if (!IsDamage(status)) return false;
  {
    MutexLock lock(&mutex_);
    if (!noted_.insert(std::string(what)).second) return true;
  }
  if (listener_) listener_(what, status);
  return true;
}

size_t DamageLog::count() const {
  MutexLock lock(&mutex_);
  return noted_.size();
}

}  // namespace cairn::index
