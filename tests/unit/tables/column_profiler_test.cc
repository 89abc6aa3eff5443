#include "lib/tables/column_profiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/tables/table_profile.h"
#include "tests/testing/status_matchers.h"

namespace cairn::tables {
namespace {

using testing::IsOk;

v1::Column Profile(const std::vector<std::string>& cells) {
  ColumnProfiler profiler;
  for (const std::string& cell : cells) profiler.Add(cell);
  return profiler.Finish("c");
}

TEST(ColumnProfilerTest, TheTypeIsTheNarrowestThatEveryValueHas) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"1", "-2", ""}, "int64"},
      {{"1", "2.5"}, "double"},
      {{"2.5", "1"}, "double"},
      {{"inf", "1"}, "double"},
      {{"9223372036854775808", "1"}, "double"},
      {{"true", "FALSE", "NA"}, "bool"},
      {{"2011-12-09", "2011-12-09T12:50:00Z"}, "timestamp"},
      {{"1", "true"}, "string"},
      {{"1", "C536379"}, "string"},
      {{"true", "1"}, "string"},
      {{"2011-12-09", "1"}, "string"},
      {{"x", "1", "1"}, "string"},
      {{"", "null"}, "string"},
      {{}, "string"}};
  for (const auto& [cells, type] : cases) {
    EXPECT_EQ(Profile(cells).type(), type) << fmt::format("{}", cells.empty() ? "" : cells[0]);
  }
}

TEST(ColumnProfilerTest, NumbersHaveTheirStatistics) {
  const v1::Column column = Profile({"4", " 2 ", "", "NaN", "8", "2"});
  EXPECT_EQ(column.name(), "c");
  const v1::ColumnStatistics& statistics = column.statistics();
  EXPECT_EQ(statistics.count(), 6);
  EXPECT_EQ(statistics.null_count(), 2);
  EXPECT_EQ(statistics.distinct_count(), 3);
  EXPECT_EQ(statistics.numbers().min(), 2);
  EXPECT_EQ(statistics.numbers().max(), 8);
  EXPECT_DOUBLE_EQ(statistics.numbers().mean(), 4);
  EXPECT_DOUBLE_EQ(statistics.numbers().standard_deviation(), std::sqrt(8));
  EXPECT_EQ(std::vector<double>(statistics.numbers().quantiles().begin(),
                                statistics.numbers().quantiles().end()),
            (std::vector<double>{2, 2, 2, 2, 4, 8, 8}));
  ASSERT_EQ(statistics.numbers().histogram_size(), ColumnProfiler::kHistogramBins);
  EXPECT_EQ(statistics.numbers().histogram(0), 2);
  EXPECT_EQ(statistics.numbers().histogram(6), 1);
  EXPECT_EQ(statistics.numbers().histogram(19), 1);
  EXPECT_TRUE(statistics.frequent().empty());
}

TEST(ColumnProfilerTest, TextsHaveTheirs) {
  const v1::Column column = Profile({"b", "a", "c", "b", std::string(100, 'z')});
  EXPECT_FALSE(column.statistics().has_numbers());
  EXPECT_EQ(column.statistics().min_text(), "a");
  EXPECT_EQ(column.statistics().max_text(), std::string(64, 'z'));
  EXPECT_EQ(column.statistics().frequent(0).text(), "b");
  EXPECT_EQ(column.statistics().frequent(0).count(), 2);
  EXPECT_EQ(column.statistics().frequent_size(), 4);
}

TEST(ColumnProfilerTest, ALateTextMakesNumbersText) {
  const v1::Column column = Profile({"1", "2", "2", "x"});
  EXPECT_EQ(column.type(), "string");
  EXPECT_FALSE(column.statistics().has_numbers());
  EXPECT_EQ(column.statistics().min_text(), "1");
  EXPECT_EQ(column.statistics().frequent(0).text(), "2");
}

TEST(ColumnProfilerTest, InfinitiesTakeNoPartAndHugeNumbersStayFinite) {
  const v1::Column column = Profile({"inf", "1", "3"});
  EXPECT_EQ(column.statistics().numbers().max(), 3);
  EXPECT_EQ(column.statistics().numbers().mean(), 2);
  const v1::NumberStatistics huge = Profile({"1e308", "-1e308", "1.7e308"}).statistics().numbers();
  EXPECT_TRUE(std::isfinite(huge.mean()));
  EXPECT_TRUE(std::isfinite(huge.standard_deviation()));
  EXPECT_EQ(Profile({"inf"}).statistics().has_numbers(), false);
}

TEST(ColumnProfilerTest, MeanAndDeviationAgreeWithTheTwoPassFormula) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal(1e9, 1e-1);
    ColumnProfiler profiler;
    std::vector<long double> values;
    for (int i = 0; i < 5000; ++i) {
      const double value = normal(random);
      values.push_back(value);
      profiler.Add(fmt::format("{}", value));
    }
    const long double mean =
        std::accumulate(values.begin(), values.end(), 0.0L) / static_cast<long double>(5000);
    long double squares = 0;
    for (const long double value : values) squares += (value - mean) * (value - mean);
    const v1::NumberStatistics numbers = profiler.Finish("").statistics().numbers();
    EXPECT_NEAR(numbers.mean(), static_cast<double>(mean), 1e-5);
    EXPECT_NEAR(numbers.standard_deviation(), static_cast<double>(std::sqrt(squares / 4999)), 1e-6);
  }
}

// Blanks around a value do not count, but make the cell another one.
TEST(ColumnProfilerTest, RepeatedCellsCountAsThoseThatAreSpelledAnew) {
  const std::vector<std::vector<std::string>> tables = {
      {"7", "", "5"},     {" 2.5", "", "-1"}, {"2011-12-09", "", "2011-01-04"}, {"inf", "", "3"},
      {"b", "", "aa"},    {"4", "", "x"},     {std::string(300, 'x'), "", "a"}, {"-0", "null", "0"},
      {"true", "", "no"}, {"\t1", "NaN", "1"}};
  for (const std::vector<std::string>& cells : tables) {
    SCOPED_TRACE(cells[0]);
    std::vector<std::string> repeated, anew;
    for (const std::string& cell : cells) {
      for (size_t turn = 0; turn < 3; ++turn) {
        repeated.push_back(cell);
        anew.push_back(cell + std::string(turn, ' '));
      }
    }
    EXPECT_EQ(Profile(repeated).DebugString(), Profile(anew).DebugString());
  }
}

TEST(TableProfileTest, ATableIsProfiledByColumn) {
  const auto profile = ProfileCsv(FromText("id,when,note\n1,2011-12-09,\"a,b\"\n2,,\n"));
  ASSERT_THAT(profile, IsOk());
  EXPECT_EQ(profile->row_count, 2);
  ASSERT_EQ(profile->columns.size(), 3u);
  EXPECT_EQ(profile->columns[0].type(), "int64");
  EXPECT_EQ(profile->columns[1].type(), "timestamp");
  EXPECT_EQ(profile->columns[2].statistics().null_count(), 1);
}

TEST(TableProfileTest, NamesAreMadeUniqueAndUtf8) {
  const auto profile = ProfileCsv(FromText("a,,a,caf\xe9, a_2 ,a\n"));
  ASSERT_THAT(profile, IsOk());
  std::vector<std::string> names;
  for (const auto& column : profile->columns) names.push_back(column.name());
  EXPECT_EQ(names,
            (std::vector<std::string>{"a", "column_2", "a_2", "caf\xef\xbf\xbd", "a_2_2", "a_3"}));
  EXPECT_EQ(profile->row_count, 0);
}

TEST(TableProfileTest, WhatIsNoTableIsRefused) {
  EXPECT_EQ(ReasonOf(ProfileCsv(FromText("")).status()), "VALUE_INVALID");
  EXPECT_EQ(MetadataOf(ProfileCsv(FromText("a,b\n1\n")).status(), "line"), "2");
  const std::string wide(kMaxProfiledColumns, ',');
  EXPECT_EQ(ReasonOf(ProfileCsv(FromText(wide)).status()), "TOO_LARGE");
}

}  // namespace
}  // namespace cairn::tables
