#include "server/datasets/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/tables/table_profile.h"
#include "tests/testing/status_matchers.h"

namespace cairn::datasets {
namespace {

using Columns = google::protobuf::RepeatedPtrField<v1::Column>;
using testing::IsOk;
using testing::StatusIs;

v1::Column NumberColumn() {
  v1::Column column;
  column.set_name("price");
  column.set_type("double");
  auto& statistics = *column.mutable_statistics();
  statistics.set_count(10);
  statistics.set_null_count(2);
  statistics.set_distinct_count(8);
  auto& numbers = *statistics.mutable_numbers();
  numbers.set_min(1);
  numbers.set_max(9);
  numbers.set_mean(4);
  numbers.set_standard_deviation(2);
  for (const double quantile : {1, 1, 2, 4, 6, 9, 9}) numbers.add_quantiles(quantile);
  for (const int64_t bin : {5, 3}) numbers.add_histogram(bin);
  return column;
}

v1::Column TextColumn() {
  v1::Column column;
  column.set_name("country");
  column.set_type("string");
  auto& statistics = *column.mutable_statistics();
  statistics.set_count(10);
  statistics.set_distinct_count(2);
  statistics.set_min_text("France");
  statistics.set_max_text("Norway");
  auto& counted = *statistics.add_frequent();
  counted.set_text("France");
  counted.set_count(7);
  return column;
}

// Expects that a change to a good column is refused, naming field and value.
void ExpectRefused(const v1::Column& column, const std::function<void(v1::Column&)>& change,
                   const std::string& field, const std::string& value) {
  Columns columns;
  *columns.Add() = column;
  ASSERT_THAT(ValidateColumns(columns, 10), IsOk());
  change(*columns.Mutable(0));
  const absl::Status status = ValidateColumns(columns, 10);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << field;
  EXPECT_NE(status.message().find("dataset_version.columns[0]." + field), std::string::npos)
      << status;
  EXPECT_NE(status.message().find(value), std::string::npos) << status;
}

TEST(StatisticsTest, WhatCannotBeTrueOfNumbersIsRefused) {
  const auto refused = [](const std::function<void(v1::ColumnStatistics&)>& change,
                          const std::string& field, const std::string& value) {
    ExpectRefused(
        NumberColumn(), [&](v1::Column& column) { change(*column.mutable_statistics()); },
        "statistics." + field, value);
  };
  refused([](auto& s) { s.set_count(-1); }, "count", "-1");
  refused([](auto& s) { s.set_count(11); }, "count", "11");
  refused([](auto& s) { s.set_null_count(11); }, "null_count", "11");
  refused([](auto& s) { s.set_null_count(-3); }, "null_count", "-3");
  refused([](auto& s) { s.set_distinct_count(9); }, "distinct_count", "9");
  refused([](auto& s) { s.mutable_numbers()->set_min(NAN); }, "numbers.min", "nan");
  refused([](auto& s) { s.mutable_numbers()->set_max(INFINITY); }, "numbers.max", "inf");
  refused([](auto& s) { s.mutable_numbers()->set_min(9.5); }, "numbers.min", "9.5");
  refused([](auto& s) { s.mutable_numbers()->set_mean(0.5); }, "numbers.mean", "0.5");
  refused([](auto& s) { s.mutable_numbers()->set_standard_deviation(-1); },
          "numbers.standard_deviation", "-1");
  refused([](auto& s) { s.mutable_numbers()->add_quantiles(9); }, "numbers.quantiles", "8");
  refused([](auto& s) { s.mutable_numbers()->set_quantiles(3, 1.5); }, "numbers.quantiles", "1.5");
  refused([](auto& s) { s.mutable_numbers()->set_quantiles(6, NAN); }, "numbers.quantiles", "nan");
  refused([](auto& s) { s.mutable_numbers()->set_quantiles(6, 9.5); }, "numbers.quantiles", "9.5");
  refused([](auto& s) { s.mutable_numbers()->set_histogram(1, -1); }, "numbers.histogram", "-1");
  refused([](auto& s) { s.mutable_numbers()->set_histogram(1, 4); }, "numbers.histogram", "4");
  refused([](auto& s) { s.mutable_numbers()->set_histogram(1, INT64_MAX); }, "numbers.histogram",
          "9223372036854775807");
  refused([](auto& s) { s.mutable_numbers()->mutable_histogram()->Resize(101, 0); },
          "numbers.histogram", "101");
  refused([](auto& s) { s.set_min_text("a"); }, "frequent", "double");
}

TEST(StatisticsTest, WhatCannotBeTrueOfTextsIsRefused) {
  const auto refused = [](const std::function<void(v1::ColumnStatistics&)>& change,
                          const std::string& field, const std::string& value) {
    ExpectRefused(
        TextColumn(), [&](v1::Column& column) { change(*column.mutable_statistics()); },
        "statistics." + field, value);
  };
  const std::string long_text(65, 'x');
  refused([](auto& s) { s.mutable_numbers()->set_min(0); }, "numbers", "string");
  refused([&](auto& s) { s.set_max_text(long_text); }, "max_text", long_text);
  refused([&](auto& s) { s.mutable_frequent(0)->set_text(long_text); }, "frequent.text", long_text);
  refused([](auto& s) { s.mutable_frequent(0)->set_count(0); }, "frequent.count", "0");
  refused([](auto& s) { s.add_frequent()->set_count(4); }, "frequent.count", "4");
  refused(
      [](auto& s) {
        for (int i = 0; i < 100; ++i) s.add_frequent();
      },
      "frequent", "101");
}

TEST(StatisticsTest, NamesAreGivenAndUniqueAndTypesKnown) {
  ExpectRefused(
      TextColumn(), [](auto& column) { column.clear_name(); }, "name", "");
  ExpectRefused(
      TextColumn(), [](auto& column) { column.set_name(std::string(251, 'x')); }, "name", "xxx");
  ExpectRefused(
      TextColumn(), [](auto& column) { column.set_type("float"); }, "type", "float");
  Columns columns;
  *columns.Add() = TextColumn();
  *columns.Add() = TextColumn();
  const absl::Status twice = ValidateColumns(columns, 10);
  EXPECT_NE(twice.message().find("columns[1].name"), std::string::npos) << twice;
  columns.RemoveLast();
  EXPECT_THAT(ValidateColumns(columns, -1), IsOk());
  columns.Mutable(0)->clear_statistics();
  EXPECT_THAT(ValidateColumns(columns, 3), IsOk());
}

TEST(StatisticsTest, WhatTheProfilerCountsIsAccepted) {
  std::string csv = "i,d,s,b,t,mixed,empty,same\n";
  for (int i = 0; i < 20'000; ++i) {
    csv += fmt::format("{},{},name-{},{},2011-12-{:02} 10:00,{},,7\n", i, i * 0.1, i % 6000,
                       i % 2 == 0 ? "true" : "false", (i % 28) + 1, i % 3 == 0 ? "x" : "1e3");
  }
  const auto profile = tables::ProfileCsv(tables::FromText(csv));
  ASSERT_THAT(profile, IsOk());
  const Columns columns(profile->columns.begin(), profile->columns.end());
  const absl::Status status = ValidateColumns(columns, profile->row_count);
  EXPECT_THAT(status, IsOk());
}

v1::NumberStatistics Bins(double min, double max, const std::vector<int64_t>& counts) {
  v1::NumberStatistics numbers;
  numbers.set_min(min);
  numbers.set_max(max);
  for (const int64_t count : counts) numbers.add_histogram(count);
  return numbers;
}

TEST(StabilityIndexTest, IsTheSumOverTheBins) {
  const auto index = StabilityIndex(Bins(0, 2, {50, 50}), Bins(0, 2, {25, 75}));
  ASSERT_TRUE(index.has_value());
  EXPECT_NEAR(*index, -0.25 * std::log(0.5) + 0.25 * std::log(1.5), 1e-12);
}

TEST(StabilityIndexTest, TheSameIsZeroHoweverItIsBinned) {
  EXPECT_NEAR(*StabilityIndex(Bins(0.1, 0.7, {3, 0, 4}), Bins(0.1, 0.7, {3, 0, 4})), 0, 1e-9);
  EXPECT_NEAR(*StabilityIndex(Bins(0, 8, {4, 4}), Bins(0, 8, {200, 200, 200, 200})), 0, 1e-12);
  EXPECT_NEAR(*StabilityIndex(Bins(5, 5, {9}), Bins(5, 5, {2})), 0, 1e-12);
}

TEST(StabilityIndexTest, WhatLiesOutsideCounts) {
  const double apart = *StabilityIndex(Bins(0, 1, {10, 10}), Bins(5, 6, {10, 10}));
  EXPECT_NEAR(apart, 2 * (1e-4 - 0.5) * std::log(1e-4 / 0.5) + (1 - 1e-4) * std::log(1 / 1e-4),
              1e-9);
  // Half of what is wider on both sides lies outside.
  const double wider = *StabilityIndex(Bins(0, 1, {10}), Bins(-0.5, 1.5, {20}));
  EXPECT_NEAR(wider, -0.5 * std::log(0.5) + 2 * (0.25 - 1e-4) * std::log(0.25 / 1e-4), 1e-9);
  EXPECT_GT(*StabilityIndex(Bins(5, 5, {9}), Bins(7, 7, {9})), 5);
  EXPECT_LT(*StabilityIndex(Bins(5, 5, {100}), Bins(5, 6, {99, 0, 0, 1})), 0.1);
}

TEST(StabilityIndexTest, WithoutHistogramsThereIsNone) {
  EXPECT_EQ(StabilityIndex(Bins(0, 1, {}), Bins(0, 1, {1})), std::nullopt);
  EXPECT_EQ(StabilityIndex(Bins(0, 1, {1}), Bins(0, 1, {0, 0})), std::nullopt);
  constexpr double kMax = std::numeric_limits<double>::max();
  EXPECT_EQ(StabilityIndex(Bins(0, 1e-300, {1}), Bins(-kMax, kMax, {1})), std::nullopt);
}

}  // namespace
}  // namespace cairn::datasets
