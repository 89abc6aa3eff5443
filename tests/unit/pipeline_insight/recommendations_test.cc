#include "pipeline/insight/recommendations.h"

#include <algorithm>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"
#include "tests/unit/pipeline_insight/insight_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using ::testing::ElementsAre;
using testing::FeaturesOf;
using testing::Row;
using testing::Table;

// Segment 0 is customers 1 and 2, segment 1 is customer 3. By quantity P1 > P2 > P3 > P4 in
// segment 0; the large line of P4 is cancelled.
TransactionTable ShopOfOffers() {
  return Table({
      Row{.invoice = "1",
          .stock_code = "P1",
          .description = "ONE",
          .quantity = "40",
          .customer = "1"},
      Row{.invoice = "1",
          .stock_code = "P3",
          .description = "THREE",
          .quantity = "20",
          .customer = "1"},
      Row{.invoice = "2",
          .stock_code = "P2",
          .description = "TWO",
          .quantity = "30",
          .customer = "2"},
      Row{.invoice = "2",
          .stock_code = "P4",
          .description = "FOUR",
          .quantity = "1",
          .customer = "2"},
      Row{.invoice = "C3",
          .stock_code = "P4",
          .description = "FOUR",
          .quantity = "-900",
          .customer = "2"},
      Row{.invoice = "C4",
          .stock_code = "P2",
          .description = "TWO",
          .quantity = "-1",
          .customer = "1"},
      Row{.invoice = "5",
          .stock_code = "P9",
          .description = "NINE",
          .quantity = "1",
          .customer = "3"},
  });
}

const std::vector<int32_t> kShopSegments = {0, 0, 1};

std::vector<std::string> CodesFor(const Recommendations& recommendations, size_t customer) {
  std::vector<std::string> codes;
  for (size_t rank = 0; rank < kRecommendations; ++rank) {
    const RecommendedProduct* product = recommendations.At(customer, rank);
    if (product != nullptr) codes.push_back(product->code);
  }
  return codes;
}

TEST(Recommendations, AreTheBestSellersOfTheSegmentThatWereNotBought) {
  const TransactionTable table = ShopOfOffers();
  const auto recommendations =
      ComputeRecommendations(table, FeaturesOf(table), kShopSegments, 2, 2);
  ASSERT_THAT(recommendations, IsOk());
  EXPECT_THAT(CodesFor(*recommendations, 0), ElementsAre("P2", "P4"));
  EXPECT_THAT(CodesFor(*recommendations, 1), ElementsAre("P1", "P3"));
  EXPECT_THAT(CodesFor(*recommendations, 2), ElementsAre());
  EXPECT_EQ(recommendations->At(0, 0)->description, "TWO");
}

TEST(Recommendations, NeverRepeatWhatWasBoughtAndThreadsChangeNothing) {
  const TransactionTable table = testing::Generated(300, 21);
  const FeatureMatrix features = FeaturesOf(table);
  const auto segments = testing::RandomSegments(features.customer_ids.size(), 4, 2);
  const auto one = ComputeRecommendations(table, features, segments, 4, 1);
  const auto four = ComputeRecommendations(table, features, segments, 4, 4);
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(four, IsOk());
  EXPECT_EQ(one->of_customer, four->of_customer);
  std::set<std::pair<int32_t, std::string>> bought;
  for (size_t i = 0; i < table.rows(); ++i) {
    if (!table.cancelled(i)) bought.emplace(table.customer_id(i), table.stock_code(i));
  }
  size_t given = 0;
  for (size_t c = 0; c < segments.size(); ++c) {
    const std::vector<std::string> codes = CodesFor(*one, c);
    EXPECT_EQ(std::set<std::string>(codes.begin(), codes.end()).size(), codes.size());
    given += codes.size();
    for (const std::string& code : codes) {
      EXPECT_FALSE(bought.contains({features.customer_ids[c], code}));
    }
  }
  EXPECT_GT(given, segments.size());
}

TEST(Recommendations, SegmentsThatDoNotFitAreRefused) {
  const TransactionTable table = ShopOfOffers();
  EXPECT_THAT(ComputeRecommendations(table, FeaturesOf(table), std::vector<int32_t>{0, 0}, 2, 1),
              FailsWith(ErrorReason::VALUE_INVALID));
}

}  // namespace
}  // namespace cairn::pipeline
