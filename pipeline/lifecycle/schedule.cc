#include "pipeline/lifecycle/schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/status_macros.h"
#include "pipeline/data/dates.h"

namespace cairn::pipeline {
namespace {

constexpr int64_t kLongestPauseNanos = 600 * kNanosPerSecond;

std::string TimeText(int64_t unix_seconds) {
  const int64_t day = DayOf(unix_seconds);
  const CivilDate date = CivilFromDays(day);
  const int64_t minute = (unix_seconds - day * 86'400) / 60;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", date.year, date.month, date.day,
                     minute / 60, minute % 60);
}

bool MayPass(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kAborted ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

// One turn with its repetitions. `stopped` is set when the program is to stop in between.
absl::Status TakeWithRetries(const TakeTurn& turn, const std::string& reason,
                             const ScheduleOptions& options, const WaitNanos& wait, const Say& say,
                             bool* stopped) {
  int64_t pause = options.first_pause_nanos;
  for (int attempt = 0;; ++attempt) {
    const absl::Status status = turn(reason);
    if (status.ok()) return status;
    if (!MayPass(status) || attempt >= options.retries) {
      say(fmt::format("turn failed: {}", std::string(status.message())));
      return status;
    }
    say(fmt::format("attempt {} of {} failed: {}; again in {:.1f} s", attempt + 1,
                    options.retries + 1, std::string(status.message()),
                    static_cast<double>(pause) / static_cast<double>(kNanosPerSecond)));
    if (!wait(pause)) {
      *stopped = true;
      return status;
    }
    pause = std::min(2 * pause, kLongestPauseNanos);
  }
}

}  // namespace

absl::Status RunSchedule(Trigger& trigger, const TakeTurn& turn, const ScheduleOptions& options,
                         const WaitNanos& wait, const Say& say) {
  for (int64_t turns = 1;; ++turns) {
    CAIRN_ASSIGN_OR_RETURN(const std::string reason, trigger.Next());
    if (reason.empty()) return absl::OkStatus();
    say("turn: " + reason);
    bool stopped = false;
    const absl::Status status = TakeWithRetries(turn, reason, options, wait, say, &stopped);
    if (stopped) return absl::OkStatus();
    if (options.most_turns > 0 && turns >= options.most_turns) return status;
  }
}

absl::StatusOr<std::string> CronTrigger::Next() {
  const int64_t due = schedule_.NextAfter(last_);
  int64_t now = clock_.NowUnixNanos();
  if (due * kNanosPerSecond > now) say_(fmt::format("waiting until {}", TimeText(due)));
  // Asked again after each wait: a clock may be set.
  while (due * kNanosPerSecond > now) {
    if (!wait_(std::min(due * kNanosPerSecond - now, 60 * kNanosPerSecond))) return std::string();
    now = clock_.NowUnixNanos();
  }
  last_ = std::max(due, now / kNanosPerSecond);
  return fmt::format("{} was due at {}", schedule_.expression(), TimeText(due));
}

}  // namespace cairn::pipeline
