#include "lib/base/memory_budget.h"

namespace cairn {

bool MemoryBudget::TryCharge(int64_t bytes, int64_t spare_bytes) {
  const int64_t most = limit_bytes_ - spare_bytes;
  int64_t used = used_bytes();
  do {
    if (used > most - bytes) return false;
  } while (!used_bytes_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

void MemoryBudget::Refund(int64_t bytes) {
  used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

bool MemoryCharge::TryAdd(MemoryBudget& budget, int64_t bytes, int64_t spare_bytes) {
  if (!budget.TryCharge(bytes, spare_bytes)) return false;
  budget_ = &budget;
  bytes_ += bytes;
  return true;
}

void MemoryCharge::AddAnyway(MemoryBudget& budget, int64_t bytes) {
  budget.ChargeAnyway(bytes);
  budget_ = &budget;
  bytes_ += bytes;
}

void MemoryCharge::Release() {
  if (budget_ != nullptr) budget_->Refund(bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

}  // namespace cairn
