#ifndef CAIRN_PIPELINE_DATA_DATES_H_
#define CAIRN_PIPELINE_DATA_DATES_H_

// Dates of the shop: no time zone, no leap seconds, the proleptic Gregorian calendar. An instant
// is an int64 of seconds since 1970-01-01 00:00:00 on the shop's clock. All functions are pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::pipeline {

inline constexpr int64_t kSecondsPerDay = 86'400;

struct CivilDate {
  int32_t year = 1970;
  int32_t month = 1;  // 1..12
  int32_t day = 1;    // 1..31

  bool operator==(const CivilDate&) const = default;
};

// Days since 1970-01-01; the date must exist.
int64_t DaysFromCivil(CivilDate date);
// Inverse of DaysFromCivil.
CivilDate CivilFromDays(int64_t days);

// Calendar day of an instant, also before 1970.
constexpr int64_t DayOf(int64_t time) {
  return time >= 0 ? time / kSecondsPerDay : -((-time + kSecondsPerDay - 1) / kSecondsPerDay);
}
// 0..23.
constexpr int HourOf(int64_t time) {
  return static_cast<int>((time - DayOf(time) * kSecondsPerDay) / 3600);
}
// Monday = 0 … Sunday = 6.
constexpr int WeekdayOf(int64_t day) { return static_cast<int>(((day % 7) + 10) % 7); }
// Months since year 0, so that equal values are the same calendar month and order is time.
int32_t MonthOf(int64_t day);

// Excel counts days from one of two starts; the workbook says which.
enum class ExcelEpoch { k1900, k1904 };

// Which number of a date like 05/03/2011 is the day. A date that begins with a year of four
// digits is read as such whatever the order; kYearFirst takes years of two digits first too.
// kAuto is a question, for callers that decide; no date is read with it.
enum class DateOrder { kAuto, kDayFirst, kMonthFirst, kYearFirst };

// The first two numbers of a date of three numbers that ends in its year; 0 for any other.
struct DateShape {
  int first = 0;
  int second = 0;
};

// Reads a date with an optional time, surrounded by optional blanks:
//   2010-12-01 08:26:00   2010-12-01T08:26   2010/12/1   fractions of a second are cut off
//   2010-12-01T08:26:00Z, +01:00 and the like: the zone is dropped, the clock's reading kept
//   12/1/2010 8:26        in the given order, set apart by / - or . (the same twice); hours of
//                         one or two digits, optional seconds, AM/PM
//   1 Dec 2010, 01-Dec-10, December 1, 2010   English names of months, three letters or all
//   Years of two digits are 1969..2068.
//   40513.351388          an Excel serial (1 .. 2958465), rounded to the second
// Years 1900..9999. Empty optional when it is none of these or does not exist (2011-02-29).
// `shape`, when given, is set also for a date that does not exist in this order.
std::optional<int64_t> ParseDateTime(std::string_view text, ExcelEpoch epoch = ExcelEpoch::k1900,
                                     DateOrder order = DateOrder::kMonthFirst,
                                     DateShape* shape = nullptr);

// `2010-12-01 08:26:00`.
std::string FormatDateTime(int64_t time);
// Writes the same 19 characters to `out`; years 0..9999. No terminating zero.
void FormatDateTimeTo(int64_t time, char* out);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_DATES_H_
