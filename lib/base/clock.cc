#include "lib/base/clock.h"

#include <chrono>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "lib/base/errors.h"

namespace cairn {
namespace {

class RealClock final : public Clock {
 public:
  int64_t NowUnixNanos() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

class SteadyClock final : public Clock {
 public:
  int64_t NowUnixNanos() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace

const Clock& ForwardClock() {
  static const SteadyClock clock;
  return clock;
}

const Clock& SystemClock() {
  static const RealClock clock;
  return clock;
}

google::protobuf::Timestamp ToTimestamp(int64_t unix_nanos) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(unix_nanos);
}

int64_t ToUnixNanos(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() * kNanosPerSecond + timestamp.nanos();
}

std::string FormatRfc3339(int64_t unix_nanos) {
  return google::protobuf::util::TimeUtil::ToString(ToTimestamp(unix_nanos));
}

absl::StatusOr<int64_t> ParseRfc3339(std::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, std::string(text), &time, &error)) {
    return InvalidField(ErrorReason::VALUE_INVALID, "time", text, "must be an RFC 3339 time")
        .ToStatus();
  }
  return absl::ToUnixNanos(time);
}

}  // namespace cairn
