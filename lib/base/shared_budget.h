#ifndef CAIRN_LIB_BASE_SHARED_BUDGET_H_
#define CAIRN_LIB_BASE_SHARED_BUDGET_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/mutex.h"

namespace cairn {

// Counts the bytes that one kind of thing holds, as MemoryBudget does, and for whom: nobody may
// have more than a share of it, so that one who fills his share keeps nobody else out.
//
// Counting is all it does. Takes a lock for a moment; safe to call from any thread; outlives all
// who charge it. Holders are known by name while they hold something, and forgotten then.
class SharedBudget {
 public:
  enum class Answer : uint8_t {
    kCharged,
    kFull,       // all of it is in use
    kShareFull,  // the holder's share is
  };

  // Of `limit_bytes` a named holder may have `share_bytes`; who has no name may have all.
  SharedBudget(int64_t limit_bytes, int64_t share_bytes)
      : limit_bytes_(limit_bytes), share_bytes_(share_bytes) {}
  SharedBudget(const SharedBudget&) = delete;
  SharedBudget& operator=(const SharedBudget&) = delete;

  int64_t limit_bytes() const { return limit_bytes_; }
  int64_t share_bytes() const { return share_bytes_; }

  // Charges `bytes` to `holder`. What is refused was not charged.
  Answer TryCharge(std::string_view holder, int64_t bytes) CAIRN_EXCLUDES(mutex_);

  // Gives back what was charged. REQUIRES: so much was charged to `holder` and not given back.
  void Refund(std::string_view holder, int64_t bytes) CAIRN_EXCLUDES(mutex_);

 private:
  const int64_t limit_bytes_;
  const int64_t share_bytes_;
  mutable Mutex mutex_;
  int64_t used_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int64_t, std::less<>> holders_ CAIRN_GUARDED_BY(mutex_);
};

// What one holder has charged; gives it back at its end. Owned by one thread at a time.
class SharedCharge {
 public:
  SharedCharge() = default;
  ~SharedCharge() { Release(); }
  SharedCharge(const SharedCharge&) = delete;
  SharedCharge& operator=(const SharedCharge&) = delete;

  int64_t bytes() const { return bytes_; }

  // Charges `bytes` more. `budget` and `holder` are the same at each call until Release.
  SharedBudget::Answer TryAdd(SharedBudget& budget, std::string_view holder, int64_t bytes);

  // Gives all back now; nothing for an empty one.
  void Release();

 private:
  SharedBudget* budget_ = nullptr;
  std::string holder_;
  int64_t bytes_ = 0;
};

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_SHARED_BUDGET_H_
