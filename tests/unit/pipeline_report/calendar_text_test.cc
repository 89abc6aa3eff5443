#include "pipeline/report/calendar_text.h"

#include <gtest/gtest.h>

namespace cairn::pipeline {
namespace {

SegmentProfiles From(std::string first_day, std::string last_day, size_t months) {
  SegmentProfiles profiles;
  profiles.first_day = std::move(first_day);
  profiles.last_day = std::move(last_day);
  profiles.months.resize(months);
  return profiles;
}

TEST(CalendarTextTest, MonthsAndDaysInWords) {
  EXPECT_EQ(ShortMonth("2010-12"), "Dec 2010");
  EXPECT_EQ(DayText("2011-12-09"), "9 December 2011");
  EXPECT_EQ(ShortMonth("2010-13"), "2010-13");
  EXPECT_EQ(DayText("yesterday"), "yesterday");
  EXPECT_EQ(DayText("2011-02-30"), "2011-02-30");
}

TEST(FullMonthsTest, MonthsThatTheDataCoversInPartAreCutOff) {
  const MonthSpan whole = FullMonths(From("2010-12-01", "2011-11-30", 12));
  EXPECT_EQ(whole.first, 0U);
  EXPECT_EQ(whole.end, 12U);
  const MonthSpan cut = FullMonths(From("2010-12-02", "2011-12-09", 13));
  EXPECT_EQ(cut.first, 1U);
  EXPECT_EQ(cut.end, 12U);
}

TEST(FullMonthsTest, ALeapYearsFebruaryEndsOnThe29th) {
  EXPECT_EQ(FullMonths(From("2012-01-01", "2012-02-28", 2)).end, 1U);
  EXPECT_EQ(FullMonths(From("2012-01-01", "2012-02-29", 2)).end, 2U);
}

TEST(FullMonthsTest, PartsOfOneMonthAreNoFullMonth) {
  const MonthSpan span = FullMonths(From("2011-03-04", "2011-03-20", 1));
  EXPECT_EQ(span.first, span.end);
}

TEST(FullMonthsTest, DaysThatCannotBeReadCutNothingOff) {
  const MonthSpan span = FullMonths(From("", "soon", 3));
  EXPECT_EQ(span.first, 0U);
  EXPECT_EQ(span.end, 3U);
  EXPECT_EQ(PartialMonthsNote(From("", "soon", 3)), "");
}

TEST(PartialMonthsNoteTest, NamesTheDayOnWhichTheDataEnds) {
  EXPECT_EQ(PartialMonthsNote(From("2010-12-01", "2011-11-30", 12)), "");
  EXPECT_EQ(
      PartialMonthsNote(From("2010-12-01", "2011-12-09", 13)),
      "The data ends on 9 December 2011: its last month is incomplete and not comparable with "
      "the others.");
  EXPECT_NE(PartialMonthsNote(From("2010-12-05", "2011-12-09", 13)).find("begins on 5 December"),
            std::string::npos);
}

}  // namespace
}  // namespace cairn::pipeline
