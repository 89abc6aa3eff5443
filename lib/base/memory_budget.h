#ifndef CAIRN_LIB_BASE_MEMORY_BUDGET_H_
#define CAIRN_LIB_BASE_MEMORY_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <utility>

namespace cairn {

// Counts the bytes that one kind of thing holds, and refuses more than so many.
//
// Counting is all it does: whoever charges bytes holds them, and refunds as many when it
// lets go. What is refused was not charged. Costs one or two atomic operations. Safe to
// call from any thread; outlives all who charge it.
class MemoryBudget {
 public:
  // With a limit of 0 nothing but ChargeAnyway gets in.
  explicit MemoryBudget(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  int64_t limit_bytes() const { return limit_bytes_; }
  // Charged now; others may change it meanwhile.
  int64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

  // Charges `bytes` if then at least `spare_bytes` of the limit are left; false otherwise.
  bool TryCharge(int64_t bytes, int64_t spare_bytes = 0);

  // Charges `bytes` whatever the limit: of what was let in before and grows. Others are refused
  // then until so much is given back.
  void ChargeAnyway(int64_t bytes) { used_bytes_.fetch_add(bytes, std::memory_order_relaxed); }

  // Gives back what was charged. REQUIRES: so much was charged and not given back.
  void Refund(int64_t bytes);

 private:
  const int64_t limit_bytes_;
  std::atomic<int64_t> used_bytes_{0};
};

// What one holder has charged; gives it back at its end. Owned by one thread at a time;
// movable: made from another it leaves that empty, assigned from another it leaves
// there what it had.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  ~MemoryCharge() { Release(); }
  MemoryCharge(MemoryCharge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  int64_t bytes() const { return bytes_; }

  // Charges `bytes` more to `budget`, which is the same at each call until Release; false
  // leaves all as it was.
  bool TryAdd(MemoryBudget& budget, int64_t bytes, int64_t spare_bytes = 0);

  // As TryAdd, whatever the limit.
  void AddAnyway(MemoryBudget& budget, int64_t bytes);

  // Gives all back now; nothing for an empty one.
  void Release();

 private:
  MemoryBudget* budget_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_MEMORY_BUDGET_H_
