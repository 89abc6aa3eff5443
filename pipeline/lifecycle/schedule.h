#ifndef CAIRN_PIPELINE_LIFECYCLE_SCHEDULE_H_
#define CAIRN_PIPELINE_LIFECYCLE_SCHEDULE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "pipeline/lifecycle/cron.h"
#include "pipeline/lifecycle/promote.h"

namespace cairn::pipeline {

// Runs one turn after the other, whenever there is a reason for one.
//
// One turn runs at a time. The rule for what is due meanwhile: however often it was due while a
// turn ran, one turn follows at once. What was due while the program did not run is not made up
// for. A turn that fails in a way that may pass (a server that is away) is tried again with growing
// pauses; if it goes on failing, that is said and the next reason is waited for.

// Waits for so many nanoseconds at most; false when the program is to stop.
using WaitNanos = std::function<bool(int64_t nanos)>;

// What gives reasons.
class Trigger {
 public:
  virtual ~Trigger() = default;
  // Waits for the next reason and says what it is; an empty text when the program is to stop.
  // An error ends the schedule.
  virtual absl::StatusOr<std::string> Next() = 0;
};

struct ScheduleOptions {
  int retries = 3;                                  // After the first attempt of a turn.
  int64_t first_pause_nanos = 5 * kNanosPerSecond;  // Doubles with each attempt, up to 10 minutes.
  int64_t most_turns = 0;                           // Ends after so many; 0 = never.
};

// A turn: `reason` is what the trigger said.
using TakeTurn = std::function<absl::Status(const std::string& reason)>;

// Runs until `trigger` or `wait` say stop, or most_turns were taken. Returns the error of the
// trigger, or of the last turn when most_turns ended it.
absl::Status RunSchedule(Trigger& trigger, const TakeTurn& turn, const ScheduleOptions& options,
                         const WaitNanos& wait, const Say& say);

// Reasons by the clock. Clock and wait must outlive it.
class CronTrigger final : public Trigger {
 public:
  CronTrigger(CronSchedule schedule, const Clock& clock, WaitNanos wait, Say say)
      : schedule_(std::move(schedule)),
        clock_(clock),
        wait_(std::move(wait)),
        say_(std::move(say)),
        last_(clock.NowUnixNanos() / kNanosPerSecond) {}
  absl::StatusOr<std::string> Next() override;

 private:
  const CronSchedule schedule_;
  const Clock& clock_;
  const WaitNanos wait_;
  const Say say_;
  int64_t last_;  // What was due up to here is done.
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_SCHEDULE_H_
