#ifndef CAIRN_LIB_BASE_RETRY_H_
#define CAIRN_LIB_BASE_RETRY_H_

#include <cstdint>

namespace cairn {

// How long to wait between attempts: exponential, with jitter in the upper half.
//
// The wait before attempt n (n from 1 for the first repetition) is drawn from [half,
// whole] of min(max, initial * 2^(n-1)). So clients that failed together do not come
// back together, and none comes back at once. Value type; copyable.
struct BackoffPolicy {
  int max_attempts = 5;         // the first attempt included; >= 1
  int64_t initial_millis = 50;  // > 0
  int64_t max_millis = 2000;    // >= initial_millis

  // The wait in milliseconds before repetition `n` (from 1); `random` is any 64 random
  // bits. Never above max_millis. The caller draws the bits and does the waiting, so a
  // test decides both.
  int64_t WaitMillis(int n, uint64_t random) const {
    int64_t whole = initial_millis;
    for (int i = 1; i < n && whole < max_millis; ++i) whole *= 2;
    if (whole > max_millis) whole = max_millis;
    const int64_t half = whole / 2;
    return half + static_cast<int64_t>(random % static_cast<uint64_t>(whole - half + 1));
  }
};

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_RETRY_H_
