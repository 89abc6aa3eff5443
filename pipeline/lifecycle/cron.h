#ifndef CAIRN_PIPELINE_LIFECYCLE_CRON_H_
#define CAIRN_PIPELINE_LIFECYCLE_CRON_H_

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::pipeline {

// A cron expression of five fields, in UTC:
//
//   minute 0-59   hour 0-23   day of month 1-31   month 1-12 or jan-dec   day of week 0-7 or
//   sun-sat
//
// A field is `*`, a number, a range `1-5`, each with a step `*/15` or `10-50/20`, or a list of
// such. 0 and 7 are Sunday. Where day of month and day of week are both restricted, a day counts
// that satisfies either, as cron has it. `@hourly`, `@daily`, `@weekly` and `@monthly` are taken
// too.
//
// Immutable value; safe to share.
class CronSchedule {
 public:
  // INVALID_ARGUMENT (CONFIG_INVALID) names the field, its value and the rule; also for an
  // expression that never comes true, like 30 February.
  static absl::StatusOr<CronSchedule> Parse(std::string_view expression);

  // The first minute that begins after `unix_seconds` and satisfies the expression, in seconds
  // since 1970.
  int64_t NextAfter(int64_t unix_seconds) const;

  const std::string& expression() const { return expression_; }

 private:
  bool HoldsOn(int64_t day) const;

  std::string expression_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // 1..31
  std::bitset<13> months_;   // 1..12
  std::bitset<7> weekdays_;  // Sunday is 0.
  bool any_day_ = false;     // Whether the day of month is not restricted.
  bool any_weekday_ = false;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_CRON_H_
