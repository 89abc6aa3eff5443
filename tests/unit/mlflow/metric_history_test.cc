// Pages of a history out of points that come in another order.

#include "server/mlflow/metric_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace cairn::mlflow {
namespace {

using ::testing::ElementsAre;

v1::MetricColumns Columns(const std::vector<HistoryPoint>& points) {
  v1::MetricColumns columns;
  for (const HistoryPoint& point : points) {
    columns.add_times_unix_millis(point.time);
    columns.add_steps(point.step);
    columns.add_values(point.value);
  }
  return columns;
}

std::vector<int64_t> TimesOf(const std::vector<HistoryPoint>& points) {
  std::vector<int64_t> times;
  for (const HistoryPoint& point : points) times.push_back(point.time);
  return times;
}

TEST(MetricHistoryTest, PagesFollowEachOtherByTime) {
  const auto columns = Columns({{5, 0, 1}, {3, 1, 1}, {9, 2, 1}, {1, 3, 1}, {7, 4, 1}});
  HistoryPage first(std::nullopt, 2);
  first.Add(columns);
  EXPECT_TRUE(first.more());
  const auto points = first.Take();
  EXPECT_THAT(TimesOf(points), ElementsAre(1, 3));
  const auto after = PointOfToken(HistoryToken(points.back()));
  ASSERT_TRUE(after.ok());
  HistoryPage second(*after, 3);
  second.Add(columns);
  EXPECT_FALSE(second.more());
  EXPECT_THAT(TimesOf(second.Take()), ElementsAre(5, 7, 9));
}

TEST(MetricHistoryTest, StepsThenValuesDecide) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE((HistoryPoint{1, 1, 9}).Before({1, 2, 0}));
  EXPECT_TRUE((HistoryPoint{1, 1, 1}).Before({1, 1, 2}));
  EXPECT_TRUE((HistoryPoint{1, 1, nan}).Before({1, 1, -1}));
  EXPECT_FALSE((HistoryPoint{1, 1, nan}).Before({1, 1, nan}));
}

TEST(MetricHistoryTest, NanIsCarriedByATokenToo) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto point = PointOfToken(HistoryToken({-5, -1, nan}));
  ASSERT_TRUE(point.ok() && point->has_value());
  EXPECT_EQ((*point)->time, -5);
  EXPECT_EQ((*point)->step, -1);
  EXPECT_TRUE(std::isnan((*point)->value));
  EXPECT_FALSE(PointOfToken("nonsense!").ok());
}

TEST(MetricHistoryTest, SamplesKeepBothEnds) {
  EXPECT_THAT(SampleOf(10, 5), ElementsAre(0, 2, 4, 6, 9));
  EXPECT_THAT(SampleOf(3, 5), ElementsAre(0, 1, 2));
  EXPECT_THAT(SampleOf(11, 5), ElementsAre(0, 3, 5, 7, 10));
  EXPECT_THAT(SampleOf(10, 1), ElementsAre(9));
  EXPECT_THAT(SampleOf(0, 5), ElementsAre());
}

}  // namespace
}  // namespace cairn::mlflow
