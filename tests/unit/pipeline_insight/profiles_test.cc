// Values by hand.

#include "pipeline/insight/profiles.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"
#include "tests/unit/pipeline_insight/insight_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using testing::FeaturesOf;
using testing::Table;

// Customers 1 and 3 are segment 0, 2 is segment 1.
const std::vector<int32_t> kSegments = {0, 1, 0};

TransactionTable Shop() {
  return Table({
      // 2010-12-01 was a Wednesday.
      {"A1", "P1", "RED", "10", "2010-12-01 08:26:00", "0.10", "1", "France"},
      {"A1", "P2", "BLUE", "1", "2010-12-01 08:26:00", "5.00", "1", "France"},
      {"A2", "P1", "RED", "4", "2010-12-02 12:00:00", "0.10", "2", "Spain"},
      {"C3", "P1", "RED", "-2", "2011-02-01 23:59:00", "0.10", "1", "Italy"},
      {"A4", "P1", "RED OLD", "3", "2011-02-28 09:00:00", "0.12", "3", "Italy"},
      {"A4", "P3", "GREEN", "3", "2011-02-28 09:00:00", "1.00", "3", "France"},
  });
}

SegmentProfiles ShopProfiles() {
  const TransactionTable table = Shop();
  auto profiles =
      ComputeProfiles(table, FeaturesOf(table), kSegments, 2, std::vector<int32_t>{2}, 1);
  EXPECT_THAT(profiles, IsOk());
  return *std::move(profiles);
}

TEST(Profiles, TheWholeAndItsDays) {
  const SegmentProfiles profiles = ShopProfiles();
  EXPECT_EQ(profiles.customers, 3);
  EXPECT_EQ(profiles.invoices, 4);
  EXPECT_EQ(profiles.lines, 6);
  EXPECT_DOUBLE_EQ(profiles.spend, 1 + 5 + 0.4 - 0.2 + 0.36 + 3);
  EXPECT_EQ(profiles.first_day, "2010-12-01");
  EXPECT_EQ(profiles.last_day, "2011-02-28");
  EXPECT_EQ(profiles.feature_names.size(), 15u);
  EXPECT_EQ(profiles.features[kTotalTransactions].max, 2);
  EXPECT_EQ(profiles.features[kTotalTransactions].median, 1);
}

TEST(Profiles, SizesSharesAndOutliers) {
  const SegmentProfiles profiles = ShopProfiles();
  ASSERT_EQ(profiles.segments.size(), 2u);
  const SegmentProfile& first = profiles.segments[0];
  EXPECT_EQ(first.number, 0);
  EXPECT_EQ(first.customers, 2);
  EXPECT_EQ(first.outliers, 1);
  EXPECT_DOUBLE_EQ(first.customer_share, 2.0 / 3);
  EXPECT_DOUBLE_EQ(first.spend, 9.16);
  EXPECT_DOUBLE_EQ(first.spend_share, 9.16 / 9.56);
  EXPECT_TRUE(std::isnan(first.silhouette));
  EXPECT_DOUBLE_EQ(first.features[kTotalSpend].mean, 9.16 / 2);
  EXPECT_EQ(profiles.segments[1].outliers, 0);
  EXPECT_DOUBLE_EQ(profiles.segments[1].spend, 0.4);
}

TEST(Profiles, EveryMonthIsThereAlsoOneWithoutALine) {
  const SegmentProfiles profiles = ShopProfiles();
  ASSERT_EQ(profiles.months.size(), 3u);
  const std::vector<MonthFigures>& months = profiles.segments[0].months;
  ASSERT_EQ(months.size(), 3u);
  EXPECT_EQ(months[0].month, "2010-12");
  EXPECT_EQ(months[0].customers, 1);
  EXPECT_EQ(months[0].invoices, 1);
  EXPECT_DOUBLE_EQ(months[0].spend, 6);
  EXPECT_EQ(months[1].month, "2011-01");
  EXPECT_EQ(months[1].invoices, 0);
  EXPECT_EQ(months[2].customers, 2);
  EXPECT_EQ(months[2].invoices, 2);
  EXPECT_DOUBLE_EQ(months[2].spend, 3.16);
  EXPECT_EQ(profiles.months[0].customers, 2);
  EXPECT_EQ(profiles.months[0].invoices, 2);
  EXPECT_EQ(profiles.segments[1].months[2].customers, 0);
}

TEST(Profiles, BestSellersLeaveOutCancelledLinesAndHaveTheUsualDescription) {
  const SegmentProfiles profiles = ShopProfiles();
  const std::vector<ProductFigures>& products = profiles.segments[0].products;
  ASSERT_EQ(products.size(), 3u);
  EXPECT_EQ(products[0].code, "P1");
  EXPECT_EQ(products[0].description, "RED");
  EXPECT_EQ(products[0].quantity, 13);
  EXPECT_DOUBLE_EQ(products[0].spend, 1.36);
  EXPECT_EQ(products[1].code, "P3");
  EXPECT_EQ(products[2].code, "P2");
}

TEST(Profiles, EqualQuantitiesGoBySpendThenByCode) {
  const TransactionTable table = Table({{.stock_code = "B1", .quantity = "2", .price = "1"},
                                        {.stock_code = "A1", .quantity = "2", .price = "1"},
                                        {.stock_code = "C1", .quantity = "2", .price = "3"}});
  const auto profiles =
      ComputeProfiles(table, FeaturesOf(table), std::vector<int32_t>{0}, 1, {}, 1);
  ASSERT_THAT(profiles, IsOk());
  std::vector<std::string> codes;
  for (const ProductFigures& p : profiles->segments[0].products) codes.push_back(p.code);
  EXPECT_THAT(codes, ::testing::ElementsAre("C1", "A1", "B1"));
}

TEST(Profiles, ACustomerHasTheCountryOfMostLinesAndOfATieTheFirstByAlphabet) {
  const SegmentProfiles profiles = ShopProfiles();
  const std::vector<CountryFigures>& countries = profiles.segments[0].countries;
  ASSERT_EQ(countries.size(), 1u);
  EXPECT_EQ(countries[0].country, "France");
  EXPECT_EQ(countries[0].customers, 2);
  EXPECT_DOUBLE_EQ(countries[0].share, 1);
}

TEST(Profiles, LinesByWeekdayAndHour) {
  const SegmentProfiles profiles = ShopProfiles();
  const SegmentProfile& first = profiles.segments[0];
  EXPECT_THAT(first.weekdays, ::testing::ElementsAre(2, 1, 2, 0, 0, 0, 0));
  EXPECT_EQ(first.hours[8], 2);
  EXPECT_EQ(first.hours[9], 2);
  EXPECT_EQ(first.hours[23], 1);
}

TEST(Profiles, AnInvoiceOfTwoSegmentsCountsInBothAndOnceInTheWhole) {
  const TransactionTable table = Table({{.invoice = "1", .customer = "1"},
                                        {.invoice = "1", .customer = "2"},
                                        {.invoice = "1", .customer = "1"}});
  const auto profiles =
      ComputeProfiles(table, FeaturesOf(table), std::vector<int32_t>{0, 1}, 2, {}, 1);
  ASSERT_THAT(profiles, IsOk());
  EXPECT_EQ(profiles->invoices, 1);
  EXPECT_EQ(profiles->months[0].invoices, 1);
  EXPECT_EQ(profiles->segments[0].months[0].invoices, 1);
  EXPECT_EQ(profiles->segments[1].months[0].invoices, 1);
}

TEST(Profiles, ACustomerWithoutFeaturesCountsInTheWholeOnly) {
  const TransactionTable table = Table({{.quantity = "1", .price = "2", .customer = "1"},
                                        {.quantity = "1", .price = "5", .customer = "2"}});
  FeatureMatrix features = FeaturesOf(table);
  features.customer_ids = {1};
  features.values.conservativeResize(1, Eigen::NoChange);
  const auto profiles = ComputeProfiles(table, features, std::vector<int32_t>{0}, 1, {}, 1);
  ASSERT_THAT(profiles, IsOk());
  EXPECT_EQ(profiles->spend, 7);
  EXPECT_EQ(profiles->segments[0].spend, 2);
  EXPECT_EQ(profiles->segments[0].months[0].customers, 1);
}

TEST(Profiles, AYearThatIsWrongDoesNotMakeAMonthOfEveryCenturyBetween) {
  const TransactionTable table =
      Table({{.date = "2010-12-01 08:26:00"}, {.invoice = "2", .date = "2999-01-01 08:26:00"}});
  const auto profiles =
      ComputeProfiles(table, FeaturesOf(table), std::vector<int32_t>{0}, 1, {}, 1);
  ASSERT_THAT(profiles, IsOk());
  ASSERT_EQ(profiles->months.size(), 2u);
  EXPECT_EQ(profiles->months[1].month, "2999-01");
}

TEST(Profiles, WhatDoesNotFitIsNamed) {
  const TransactionTable table = Shop();
  const FeatureMatrix features = FeaturesOf(table);
  const auto with = [&](std::vector<int32_t> segments, int k, std::vector<int32_t> outliers) {
    return ComputeProfiles(table, features, segments, k, outliers, 1);
  };
  EXPECT_THAT(with({0, 1}, 2, {}), FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_THAT(with({0, 1, 2}, 2, {}), FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_THAT(with({0, -1, 0}, 2, {}), FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_THAT(with({0, 0, 0}, 0, {}), FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_THAT(with({0, 0, 0}, 1, {3}), FailsWith(ErrorReason::VALUE_INVALID));
}

TEST(Profiles, NoRowsAndNoCustomersAreEmptyProfiles) {
  const auto profiles =
      ComputeProfiles(TransactionTable(), testing::PlainFeatures({}), {}, 2, {}, 2);
  ASSERT_THAT(profiles, IsOk());
  EXPECT_EQ(profiles->spend, 0);
  EXPECT_EQ(profiles->segments.size(), 2u);
  EXPECT_EQ(profiles->segments[1].customer_share, 0);
}

}  // namespace
}  // namespace cairn::pipeline
