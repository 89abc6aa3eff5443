#include "pipeline/report/calendar_text.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "absl/time/civil_time.h"
#include "pipeline/report/charts/svg_text.h"

namespace cairn::pipeline {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

std::optional<absl::CivilDay> DayOf(std::string_view text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(std::string(text), &day)) return std::nullopt;
  return day;
}

std::string_view MonthWord(int month) { return kMonths[static_cast<size_t>(month - 1)]; }

bool CutAtStart(const SegmentProfiles& profiles) {
  const std::optional<absl::CivilDay> day = DayOf(profiles.first_day);
  return day && day->day() != 1;
}

bool CutAtEnd(const SegmentProfiles& profiles) {
  const std::optional<absl::CivilDay> day = DayOf(profiles.last_day);
  return day && (*day + 1).day() != 1;
}

}  // namespace

std::string ShortMonth(std::string_view month) {
  const std::optional<absl::CivilDay> day = DayOf(std::string(month) + "-01");
  if (!day) return Ellipsis(month, 8);
  return fmt::format("{} {}", MonthWord(day->month()).substr(0, 3), day->year());
}

std::string DayText(std::string_view text) {
  const std::optional<absl::CivilDay> day = DayOf(text);
  if (!day) return std::string(text);
  return fmt::format("{} {} {}", day->day(), MonthWord(day->month()), day->year());
}

MonthSpan FullMonths(const SegmentProfiles& profiles) {
  MonthSpan span = {0, profiles.months.size()};
  if (span.end > 0 && CutAtEnd(profiles)) --span.end;
  if (span.end > span.first && CutAtStart(profiles)) ++span.first;
  return span;
}

std::string PartialMonthsNote(const SegmentProfiles& profiles) {
  std::string note;
  if (CutAtStart(profiles)) {
    note = fmt::format("The data begins on {}: its first month is incomplete.",
                       DayText(profiles.first_day));
  }
  if (CutAtEnd(profiles)) {
    note += fmt::format(
        "{}The data ends on {}: its last month is incomplete and not comparable with the others.",
        note.empty() ? "" : " ", DayText(profiles.last_day));
  }
  return note;
}

}  // namespace cairn::pipeline
