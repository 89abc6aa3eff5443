#include "lib/base/shared_budget.h"

namespace cairn {

SharedBudget::Answer SharedBudget::TryCharge(std::string_view holder, int64_t bytes) {
  const MutexLock lock(&mutex_);
  if (bytes > limit_bytes_ - used_bytes_) return Answer::kFull;
  if (!holder.empty()) {
    const auto held = holders_.find(holder);
    if (bytes > share_bytes_ - (held == holders_.end() ? 0 : held->second)) {
      return Answer::kShareFull;
    }
    if (held == holders_.end()) {
      holders_.emplace(holder, bytes);
    } else {
      held->second += bytes;
    }
  }
  used_bytes_ += bytes;
  return Answer::kCharged;
}

void SharedBudget::Refund(std::string_view holder, int64_t bytes) {
  const MutexLock lock(&mutex_);
  used_bytes_ -= bytes;
  const auto held = holders_.find(holder);
  if (held == holders_.end()) return;
  held->second -= bytes;
  if (held->second == 0) holders_.erase(held);
}

SharedBudget::Answer SharedCharge::TryAdd(SharedBudget& budget, std::string_view holder,
                                          int64_t bytes) {
  const SharedBudget::Answer answer = budget.TryCharge(holder, bytes);
  if (answer != SharedBudget::Answer::kCharged) return answer;
  if (budget_ == nullptr) holder_ = holder;
  budget_ = &budget;
  bytes_ += bytes;
  return answer;
}

void SharedCharge::Release() {
  if (budget_ == nullptr) return;
  std::exchange(budget_, nullptr)->Refund(holder_, std::exchange(bytes_, 0));
}

}  // namespace cairn
