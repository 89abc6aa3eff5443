#include "lib/tables/cell.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/encoding.h"

namespace cairn::tables {
namespace {

TEST(CellTest, MissingValuesHaveFewSpellings) {
  for (const char* text : {"", "NA", "na", "NaN", "nan", "null", "NULL"}) {
    EXPECT_TRUE(IsMissing(text)) << text;
  }
  for (const char* text : {"0", "none", "N", "nulls", "-"}) EXPECT_FALSE(IsMissing(text)) << text;
}

TEST(CellTest, WholeNumbersFitOrAreNone) {
  EXPECT_EQ(ParseInt64("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ParseInt64("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(ParseInt64("+7"), 7);
  EXPECT_EQ(ParseInt64("007"), 7);
  for (const char* text : {"9223372036854775808", "1.0", "", "+", "+-1", "--1", "1 2", "0x10"}) {
    EXPECT_EQ(ParseInt64(text), std::nullopt) << text;
  }
}

TEST(CellTest, FractionsExponentsAndInfinitiesAreDoubles) {
  EXPECT_EQ(ParseDouble("1.5e3"), 1500.0);
  EXPECT_EQ(ParseDouble("+.5"), 0.5);
  EXPECT_EQ(ParseDouble("-inf"), -INFINITY);
  for (const char* text : {"1e999", "1,5", "nan", "-nan", "1.5x", "", "e5"}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << text;
  }
}

TEST(CellTest, TimestampsAreIsoDatesThatExist) {
  EXPECT_EQ(ParseTimestamp("1970-01-02"), 86'400.0);
  EXPECT_EQ(ParseTimestamp("2011-12-09 12:50:00"), 1'323'435'000.0);
  EXPECT_EQ(ParseTimestamp("2011-12-09T12:50Z"), 1'323'435'000.0);
  EXPECT_EQ(ParseTimestamp("2011-12-09T13:50:00+01:00"), 1'323'435'000.0);
  EXPECT_EQ(ParseTimestamp("2011-12-09T11:20:00-0130"), 1'323'435'000.0);
  EXPECT_EQ(ParseTimestamp("1969-12-31T23:59:59.5Z"), -0.5);
  EXPECT_EQ(ParseTimestamp("2012-02-29"), 1'330'473'600.0);
  for (const char* text :
       {"2011-02-29", "2011-13-01", "2011-1-1", "2011-12-09T", "2011-12-09 24:00",
        "2011-12-09 12:50:00.", "2011-12-09 12:50 x", "20111209", ""}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << text;
  }
}

TEST(CellTest, APrefixIsAlwaysUtf8) {
  EXPECT_EQ(Utf8Prefix("abcdef", 3), "abc");
  EXPECT_EQ(Utf8Prefix("aä€", 3), "aä");
  EXPECT_EQ(Utf8Prefix("aä€", 6), "aä€");
  EXPECT_EQ(Utf8Prefix("caf\xe9", 64), "caf\xef\xbf\xbd");
  EXPECT_EQ(Utf8Prefix("\xe2\x82", 64), "\xef\xbf\xbd\xef\xbf\xbd");
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_TRUE(IsValidUtf8(Utf8Prefix(std::string(3, static_cast<char>(byte)), 64))) << byte;
  }
}

}  // namespace
}  // namespace cairn::tables
