#include "pipeline/insight/recommendation_quality.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/insight/item_similarity.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"
#include "tests/unit/pipeline_insight/insight_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using ::testing::ElementsAre;
using testing::FeaturesOf;
using testing::Row;
using testing::Table;

Row Line(std::string day, std::string customer, std::string product, std::string quantity = "1") {
  return {.invoice = day + customer,
          .stock_code = std::move(product),
          .quantity = std::move(quantity),
          .date = day + " 10:00:00",
          .customer = std::move(customer)};
}

TEST(SplitByTime, TheLastFifthOfTheDaysIsTheTest) {
  const auto split =
      SplitByTime(Table({Line("2011-01-01", "1", "P1"), Line("2011-01-08", "1", "P2"),
                         Line("2011-01-09", "1", "P3"), Line("2011-01-10", "1", "P4")}));
  ASSERT_THAT(split, IsOk());
  EXPECT_EQ(split->split_day, "2011-01-09");
  EXPECT_EQ(split->before.rows(), 2u);
  EXPECT_EQ(split->after.rows(), 2u);
}

TEST(SplitByTime, FourDaysAreTooFew) {
  EXPECT_THAT(SplitByTime(Table({Line("2011-01-01", "1", "P1"), Line("2011-01-04", "1", "P1")})),
              cairn::testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(SplitByTime(TransactionTable()),
              cairn::testing::StatusIs(absl::StatusCode::kFailedPrecondition));
}

// Until the eighth of ten days customers 1 and 2 are segment 0, where X1 sells best, and 3, 4 and
// 5 are segment 1, where Y1 does. W1 to W4 sell best of all.
TransactionTable History() {
  return Table({
      Line("2011-01-01", "1", "A1"),
      Line("2011-01-01", "2", "A1"),
      Line("2011-01-01", "2", "X1", "5"),
      Line("2011-01-02", "3", "B1"),
      Line("2011-01-02", "4", "B1"),
      Line("2011-01-02", "4", "Y1", "5"),
      Line("2011-01-02", "5", "W1", "90"),
      Line("2011-01-02", "5", "W2", "90"),
      Line("2011-01-02", "5", "W3", "90"),
      Line("2011-01-02", "5", "W4", "90"),
      // The test: 1 buys what the segment and the similar customer have, 3 nothing new, 4 what
      // sells best of all, 2 what nobody could know, 6 was not there before.
      Line("2011-01-09", "1", "X1"),
      Line("2011-01-09", "3", "B1"),
      Line("2011-01-10", "4", "W1"),
      Line("2011-01-10", "2", "Z1"),
      Line("2011-01-10", "6", "X1"),
  });
}

TEST(MeasureRecommendations, CountsCasesAndHitsOfEachMethod) {
  const auto split = SplitByTime(History());
  ASSERT_THAT(split, IsOk());
  const FeatureMatrix features = FeaturesOf(split->before);
  ASSERT_EQ(features.customer_ids.size(), 5u);
  const auto quality =
      MeasureRecommendations(*split, features, std::vector<int32_t>{0, 0, 1, 1, 1}, 2, 2);
  ASSERT_THAT(quality, IsOk());
  EXPECT_EQ(quality->split_day, "2011-01-09");
  EXPECT_EQ(quality->customers, 3);                         // 1, 2 and 4
  EXPECT_DOUBLE_EQ(quality->segment_hit_rate, 2.0 / 3);     // 1 and 4
  EXPECT_DOUBLE_EQ(quality->popularity_hit_rate, 1.0 / 3);  // 4
  EXPECT_DOUBLE_EQ(quality->item_hit_rate, 1.0 / 3);        // 1
}

TEST(MeasureRecommendations, WithoutACaseThereIsNoRate) {
  const auto split =
      SplitByTime(Table({Line("2011-01-01", "1", "P1"), Line("2011-01-10", "1", "P1")}));
  ASSERT_THAT(split, IsOk());
  const auto quality =
      MeasureRecommendations(*split, FeaturesOf(split->before), std::vector<int32_t>{0}, 1, 1);
  ASSERT_THAT(quality, IsOk());
  EXPECT_EQ(quality->customers, 0);
  EXPECT_TRUE(std::isnan(quality->segment_hit_rate));
  EXPECT_TRUE(std::isnan(quality->item_hit_rate));
}

TEST(MeasureRecommendations, ThreadsChangeNothing) {
  const auto split = SplitByTime(testing::Generated(600, 4));
  ASSERT_THAT(split, IsOk());
  const FeatureMatrix features = FeaturesOf(split->before);
  const auto segments = testing::RandomSegments(features.customer_ids.size(), 3, 8);
  const auto one = MeasureRecommendations(*split, features, segments, 3, 1);
  const auto five = MeasureRecommendations(*split, features, segments, 3, 5);
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(five, IsOk());
  EXPECT_GT(one->customers, 0);
  EXPECT_EQ(one->customers, five->customers);
  EXPECT_EQ(one->segment_hit_rate, five->segment_hit_rate);
  EXPECT_EQ(one->popularity_hit_rate, five->popularity_hit_rate);
  EXPECT_EQ(one->item_hit_rate, five->item_hit_rate);
}

// Baskets {0,1}, {0,1}, {0,2}, {1,2,3}: cosines with 0 are 2/3 for 1, 1/√6 for 2 and 0 for 3.
TEST(ItemSimilarity, ScoresAreCosinesOfCommonBuyers) {
  const Purchases purchases{{0, 1, 0, 1, 0, 2, 1, 2, 3}, {0, 2, 4, 6, 9}};
  clustering::Parallel pool(1);
  const ItemSimilarity items(purchases, 5, pool);
  CodeSet has(5);
  has.Insert(0);
  const std::vector<uint32_t> bought = {0};
  EXPECT_THAT(items.Recommend(bought, has), ElementsAre(1, 2, kNoProduct));
  // With 3 besides, 1 has 2/3 + 1/√3 and 2 has 1/√6 + 1/√2.
  has.Insert(3);
  EXPECT_THAT(items.Recommend(std::vector<uint32_t>{0, 3}, has), ElementsAre(1, 2, kNoProduct));
  // For 3 alone 2 (1/√2) comes before 1 (1/√3).
  has.Clear();
  has.Insert(3);
  EXPECT_THAT(items.Recommend(std::vector<uint32_t>{3}, has), ElementsAre(2, 1, kNoProduct));
}

// Property: the scores are sums of similarities in the order of the purchases, one by one.
TEST(ItemSimilarity, ScoresAreThoseOfAPlainSum) {
  constexpr size_t kCodes = 700;
  constexpr size_t kCustomers = 300;
  std::mt19937 random(5);
  Purchases purchases;
  purchases.starts.push_back(0);
  for (size_t c = 0; c < kCustomers; ++c) {
    std::set<uint32_t> basket;
    for (int i = 0; i < 30; ++i) basket.insert(random() % (1 + random() % kCodes));
    purchases.products.insert(purchases.products.end(), basket.begin(), basket.end());
    purchases.starts.push_back(purchases.products.size());
  }
  std::vector<std::vector<uint8_t>> bought(kCodes, std::vector<uint8_t>(kCustomers));
  std::vector<uint32_t> buyers(kCodes);
  for (size_t c = 0; c < kCustomers; ++c) {
    for (const uint32_t code : purchases.of(c)) {
      bought[code][c] = 1;
      ++buyers[code];
    }
  }
  std::vector<uint32_t> ranked;
  for (uint32_t code = 0; code < kCodes; ++code) {
    if (buyers[code] > 0) ranked.push_back(code);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [&](uint32_t a, uint32_t b) { return buyers[a] > buyers[b]; });
  ranked.resize(std::min(ranked.size(), kItemCandidates));
  clustering::Parallel pool(2);
  const ItemSimilarity items(purchases, kCodes, pool);
  CodeSet has(kCodes);
  for (size_t c = 0; c < kCustomers; c += 10) {
    SCOPED_TRACE(c);
    has.Clear();
    for (const uint32_t code : purchases.of(c)) has.Insert(code);
    std::vector<std::pair<float, uint32_t>> scores;
    for (const uint32_t candidate : ranked) {
      if (has.Contains(candidate)) continue;
      float score = 0;
      for (const uint32_t code : purchases.of(c)) {
        uint32_t common = 0;
        for (size_t d = 0; d < kCustomers; ++d) common += bought[code][d] & bought[candidate][d];
        score += static_cast<float>(
            common / std::sqrt(static_cast<double>(buyers[code]) * buyers[candidate]));
      }
      if (score > 0) scores.emplace_back(-score, candidate);
    }
    std::stable_sort(scores.begin(), scores.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    ASSERT_GE(scores.size(), 3u);
    EXPECT_THAT(items.Recommend(purchases.of(c), has),
                ElementsAre(scores[0].second, scores[1].second, scores[2].second));
  }
}

TEST(ItemSimilarity, WholesalersTeachNothingAndNoBasketsNeither) {
  Purchases purchases{{0, 1}, {0, 2}};
  const size_t codes = kMostProductsOfTeacher + 1;
  for (uint32_t code = 0; code < codes; ++code) purchases.products.push_back(code);
  purchases.starts.push_back(purchases.products.size());
  clustering::Parallel pool(1);
  const ItemSimilarity items(purchases, codes, pool);
  CodeSet has(codes);
  has.Insert(0);
  EXPECT_THAT(items.Recommend(std::vector<uint32_t>{0}, has),
              ElementsAre(1, kNoProduct, kNoProduct));
  const ItemSimilarity none(Purchases{{}, {0}}, 3, pool);
  EXPECT_THAT(none.Recommend(std::vector<uint32_t>{0}, CodeSet(3)),
              ElementsAre(kNoProduct, kNoProduct, kNoProduct));
}

}  // namespace
}  // namespace cairn::pipeline
