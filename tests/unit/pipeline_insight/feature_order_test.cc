// Kind of fault: quantiles that are off by a rank. Values are numpy.percentile's.

#include "pipeline/insight/feature_order.h"

#include <algorithm>
#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_insight/insight_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Quantile, IsLinearBetweenNeighbours) {
  const std::vector<double> values = {1, 2, 4, 8};
  EXPECT_EQ(Quantile(values, 0), 1);
  EXPECT_EQ(Quantile(values, 0.25), 1.75);
  EXPECT_EQ(Quantile(values, 0.5), 3);
  EXPECT_EQ(Quantile(values, 0.75), 5);
  EXPECT_EQ(Quantile(values, 1), 8);
  EXPECT_EQ(Quantile(std::vector<double>{7}, 0.9), 7);
  EXPECT_TRUE(std::isnan(Quantile({}, 0.5)));
}

TEST(Summarize, HasMeanAndExtremes) {
  const FeatureSummary summary = Summarize(std::vector<double>{-1, 0, 4});
  EXPECT_EQ(summary.min, -1);
  EXPECT_EQ(summary.max, 4);
  EXPECT_EQ(summary.median, 0);
  EXPECT_EQ(summary.mean, 1);
  EXPECT_TRUE(std::isnan(Summarize({}).mean));
}

TEST(FeatureOrder, RankCountsEqualValuesHalf) {
  const FeatureOrder order = OrderOf(std::vector<double>{5, 1, 5, 9});
  EXPECT_THAT(order.values, ElementsAre(1, 5, 5, 9));
  EXPECT_THAT(order.rows, ElementsAre(1, 0, 2, 3));
  EXPECT_EQ(order.Rank(0), 0);
  EXPECT_EQ(order.Rank(5), 0.5);
  EXPECT_EQ(order.Rank(9), 0.875);
  EXPECT_EQ(order.Rank(10), 1);
}

TEST(MediansBySegment, AreThoseOfTheSummaries) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    const size_t customers = 1 + seed * 7 % 50;
    const int k = 1 + static_cast<int>(seed % 6);
    std::vector<double> values;
    for (const int32_t value : testing::RandomSegments(customers, 20, seed)) {
      values.push_back(value / 8.0);
    }
    const std::vector<int32_t> segments = testing::RandomSegments(customers, k, seed + 100);
    std::vector<int64_t> sizes(static_cast<size_t>(k), 0);
    for (const int32_t segment : segments) ++sizes[static_cast<size_t>(segment)];
    const FeatureOrder order = OrderOf(values);
    const std::vector<double> medians = MediansBySegment(order, segments, sizes);
    const std::vector<FeatureSummary> summaries = SummarizeBySegment(order, segments, k);
    for (size_t s = 0; s < sizes.size(); ++s) {
      std::vector<double> own;
      for (size_t i = 0; i < customers; ++i) {
        if (segments[i] == static_cast<int32_t>(s)) own.push_back(values[i]);
      }
      std::sort(own.begin(), own.end());
      if (own.empty()) {
        EXPECT_TRUE(std::isnan(medians[s]));
        EXPECT_TRUE(std::isnan(summaries[s].median));
        continue;
      }
      EXPECT_EQ(medians[s], Quantile(own, 0.5));
      EXPECT_EQ(summaries[s].median, Quantile(own, 0.5));
      EXPECT_EQ(summaries[s].max, own.back());
    }
  }
}

TEST(FeatureColumn, NamesAMissingColumnAndAValueThatIsNoNumber) {
  FeatureMatrix features = testing::PlainFeatures({{.spend = 1}, {.spend = 2}});
  EXPECT_THAT(FeatureColumn(features, "Total_Spend").value(), ElementsAre(1, 2));
  EXPECT_THAT(FeatureColumn(features, "Colour"), FailsWith(ErrorReason::VALUE_INVALID));
  features.values(1, kTotalSpend) = std::nan("");
  const auto column = FeatureColumn(features, "Total_Spend");
  EXPECT_THAT(column, FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_THAT(std::string(column.status().message()), HasSubstr("customer 2"));
}

}  // namespace
}  // namespace cairn::pipeline
