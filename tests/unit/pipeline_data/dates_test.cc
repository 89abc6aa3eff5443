#include "pipeline/data/dates.h"

#include <random>

#include "gtest/gtest.h"

namespace cairn::pipeline {
namespace {

constexpr int64_t kFirstSale = 14944 * kSecondsPerDay + 8 * 3600 + 26 * 60;

TEST(ParseDateTime, ReadsEveryFormOfTheSameInstant) {
  for (const char* text :
       {"2010-12-01 08:26:00",      "2010-12-01 08:26",      "2010-12-01T08:26:00",
        "2010-12-01T08:26",         "2010-12-01T08:26:00Z",  "2010-12-01T08:26:00+01:00",
        "2010-12-01T08:26:00.123",  "12/1/2010 8:26",        "12/01/2010 08:26",
        "12/1/2010 8:26:00",        "12/1/2010 8:26 AM",     "  12/1/2010 8:26 ",
        "12-01-2010 08:26",         "12.1.10 8:26",          "2010/12/01 08:26",
        "2010.12.1 8:26",           "1 Dec 2010 08:26",      "01-Dec-10 8:26",
        "December 1, 2010 8:26 AM", "1-december-2010 08:26", "40513.351388888892",
        "40513.3513888889"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(ParseDateTime(text), kFirstSale);
  }
}

TEST(ParseDateTime, ReadsADateWithoutTimeAsMidnight) {
  EXPECT_EQ(ParseDateTime("2010-12-01"), 14944 * kSecondsPerDay);
  EXPECT_EQ(ParseDateTime("12/1/2010"), 14944 * kSecondsPerDay);
  EXPECT_EQ(ParseDateTime("40513"), 14944 * kSecondsPerDay);
}

TEST(ParseDateTime, ReadsAfternoonAndMidnightOfTheTwelveHourClock) {
  EXPECT_EQ(FormatDateTime(*ParseDateTime("12/9/2011 1:05 PM")), "2011-12-09 13:05:00");
  EXPECT_EQ(FormatDateTime(*ParseDateTime("12/9/2011 12:05 AM")), "2011-12-09 00:05:00");
  EXPECT_EQ(FormatDateTime(*ParseDateTime("12/9/2011 12:05 PM")), "2011-12-09 12:05:00");
}

TEST(ParseDateTime, RefusesWhatIsNoDate) {
  for (const char* text : {"",
                           " ",
                           "x",
                           "2011-02-29 00:00:00",
                           "2011-13-01",
                           "2011-00-10",
                           "2011-01-32",
                           "2011-01-01 24:00:00",
                           "2011-01-01 10:60:00",
                           "2011-01-01 10:00:60",
                           "13/1/2011 8:26",
                           "1/32/2011",
                           "12/1/2010 8",
                           "12/1/010 8:26",
                           "12/1-2010",
                           "1 Dez 2010",
                           "2010-12-01 08:26:00 x",
                           "2010-12-01 08:26:0x",
                           "0",
                           "0.5",
                           "-3",
                           "2958466",
                           "1e99",
                           "nan",
                           "40513,35",
                           "2010/12-01 08:26",
                           "1/1/2011 13:00 PM",
                           "2011-01-01T10:00:00+99:00",
                           "2011-01-01T10:00:00."}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(ParseDateTime(text).has_value());
  }
}

TEST(ParseDateTime, FollowsTheEpochOfTheWorkbook) {
  EXPECT_EQ(ParseDateTime("39051.5", ExcelEpoch::k1904), 14944 * kSecondsPerDay + 43'200);
  EXPECT_EQ(FormatDateTime(*ParseDateTime("1")), "1900-01-01 00:00:00");
  EXPECT_EQ(FormatDateTime(*ParseDateTime("61")), "1900-03-01 00:00:00");
}

TEST(CivilDate, RoundTripsEveryDayOfFourCenturies) {
  for (int64_t day = -60'000; day < 90'000; ++day) {
    ASSERT_EQ(DaysFromCivil(CivilFromDays(day)), day);
  }
  EXPECT_EQ(CivilFromDays(14944), (CivilDate{2010, 12, 1}));
}

TEST(CivilDate, KnowsWeekdaysHoursAndMonths) {
  EXPECT_EQ(WeekdayOf(14944), 2);  // A Wednesday.
  EXPECT_EQ(WeekdayOf(0), 3);
  EXPECT_EQ(WeekdayOf(-4), 6);
  EXPECT_EQ(HourOf(kFirstSale), 8);
  EXPECT_EQ(DayOf(-1), -1);
  EXPECT_EQ(HourOf(-1), 23);
  EXPECT_EQ(MonthOf(14944), 2010 * 12 + 11);
}

TEST(FormatDateTime, IsTheInverseOfParsing) {
  const uint32_t seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 10'000; ++i) {
    const int64_t time = static_cast<int64_t>(random() % 4'102'444'800ULL);
    ASSERT_EQ(ParseDateTime(FormatDateTime(time)), time);
  }
}

}  // namespace
}  // namespace cairn::pipeline
