#ifndef CAIRN_PIPELINE_REPORT_CALENDAR_TEXT_H_
#define CAIRN_PIPELINE_REPORT_CALENDAR_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "pipeline/insight/profiles.h"

namespace cairn::pipeline {

// Months in words, and which of them the data covers only in part: the last point of a revenue
// curve falls where the month has just begun, and readers take that for a decline.

// `2010-12` is `Dec 2010`; what is no month stays as it is, shortened.
std::string ShortMonth(std::string_view month);

// `2011-12-09` is `9 December 2011`; what is no day stays as it is.
std::string DayText(std::string_view day);

// Places of SegmentProfiles::months, [first, end).
struct MonthSpan {
  size_t first = 0;
  size_t end = 0;
};

// The months that the data covers from their first to their last day; empty where there is none.
// A first or last day that cannot be read cuts nothing off.
MonthSpan FullMonths(const SegmentProfiles& profiles);

// What readers must know of the months that are covered in part; empty where none is.
std::string PartialMonthsNote(const SegmentProfiles& profiles);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CALENDAR_TEXT_H_
