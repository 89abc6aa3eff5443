#ifndef CAIRN_LIB_BASE_CLOCK_H_
#define CAIRN_LIB_BASE_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/timestamp.pb.h"

namespace cairn {

// The current instant, injected so that tests never sleep.
//
// Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // Nanoseconds since 1970-01-01T00:00:00Z; may jump backwards when the
  // machine's clock is set.
  virtual int64_t NowUnixNanos() const = 0;
};

// The machine's clock. The returned object lives as long as the process.
const Clock& SystemClock();

// A clock that only goes forward, at the speed of time, for leases and timeouts that must
// not end because somebody set the machine's clock. Its zero is arbitrary. Lives as long
// as the process.
const Clock& ForwardClock();

// A clock that begins at an instant and then goes as `forward` does, whatever becomes of
// the machine's clock: for what is kept for a time and must neither go early nor stay for
// ever because somebody set it. `forward` must outlive it.
class RunningClock final : public Clock {
 public:
  RunningClock(int64_t begin_unix_nanos, const Clock& forward)
      : forward_(forward), offset_(begin_unix_nanos - forward.NowUnixNanos()) {}
  int64_t NowUnixNanos() const override { return forward_.NowUnixNanos() + offset_; }

 private:
  const Clock& forward_;
  const int64_t offset_;
};

// A clock that moves only when told to; for tests. Safe to set from one thread while
// others read it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t unix_nanos) : now_(unix_nanos) {}
  int64_t NowUnixNanos() const override { return now_.load(); }
  void AdvanceNanos(int64_t nanos) { now_.fetch_add(nanos); }

 private:
  std::atomic<int64_t> now_;
};

inline constexpr int64_t kNanosPerSecond = 1'000'000'000;

// Conversions between nanoseconds since the epoch and the wire's Timestamp. Exact both
// ways, for times that fit: the years 1678 to 2262.
google::protobuf::Timestamp ToTimestamp(int64_t unix_nanos);
int64_t ToUnixNanos(const google::protobuf::Timestamp& timestamp);

// RFC 3339 in UTC with as many fractional digits as needed (0, 3, 6 or 9):
// "2011-12-09T12:50:00Z".
std::string FormatRfc3339(int64_t unix_nanos);

// The inverse; also accepts an offset (+01:00). INVALID_ARGUMENT otherwise. The error
// is VALUE_INVALID and names the text.
absl::StatusOr<int64_t> ParseRfc3339(std::string_view text);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_CLOCK_H_
