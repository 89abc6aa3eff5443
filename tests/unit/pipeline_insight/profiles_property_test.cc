// Whatever the segments are, they add up to the whole, and threads change nothing.

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/dates.h"
#include "pipeline/insight/cleaning_money.h"
#include "pipeline/insight/money.h"
#include "pipeline/insight/profiles.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_insight/insight_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

class ProfilesAddUp : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    k_ = 1 + GetParam() * 2;
    table_ = testing::Generated(200, static_cast<uint64_t>(GetParam()) + 3);
    features_ = testing::FeaturesOf(table_);
    segments_ = testing::RandomSegments(features_.customer_ids.size(), k_, 11);
  }

  SegmentProfiles Profiles(int threads) {
    auto profiles = ComputeProfiles(table_, features_, segments_, k_, {}, threads);
    EXPECT_THAT(profiles, IsOk());
    return *std::move(profiles);
  }

  int k_ = 0;
  TransactionTable table_;
  FeatureMatrix features_;
  std::vector<int32_t> segments_;
};

TEST_P(ProfilesAddUp, MoneyOfSegmentsAndMonthsIsThatOfTheTableToTheCent) {
  const SegmentProfiles profiles = Profiles(2);
  EXPECT_EQ(profiles.spend, SpendOf(table_));
  double segments = 0;
  std::vector<double> months(profiles.months.size(), 0);
  for (const SegmentProfile& segment : profiles.segments) {
    segments += MoneyUnits(segment.spend);
    double own = 0;
    for (size_t m = 0; m < months.size(); ++m) {
      own += MoneyUnits(segment.months[m].spend);
      months[m] += MoneyUnits(segment.months[m].spend);
    }
    EXPECT_EQ(own, MoneyUnits(segment.spend));
  }
  EXPECT_EQ(segments, MoneyUnits(profiles.spend));
  for (size_t m = 0; m < months.size(); ++m) {
    EXPECT_EQ(months[m], MoneyUnits(profiles.months[m].spend));
  }
}

TEST_P(ProfilesAddUp, CustomersInvoicesAndLinesAreThoseOfACountWithSets) {
  const SegmentProfiles profiles = Profiles(1);
  std::map<int32_t, size_t> place;
  for (size_t i = 0; i < features_.customer_ids.size(); ++i) place[features_.customer_ids[i]] = i;
  using Cell = std::pair<size_t, std::string>;
  std::map<Cell, std::set<int32_t>> customers;
  std::map<Cell, std::set<std::string>> invoices;
  std::set<std::string> all_invoices;
  std::vector<int64_t> lines(static_cast<size_t>(k_), 0);
  for (size_t i = 0; i < table_.rows(); ++i) {
    const auto segment = static_cast<size_t>(segments_[place.at(table_.customer_id(i))]);
    const Cell cell(segment, FormatDateTime(table_.time(i)).substr(0, 7));
    customers[cell].insert(table_.customer_id(i));
    invoices[cell].emplace(table_.invoice(i));
    all_invoices.emplace(table_.invoice(i));
    ++lines[segment];
  }
  EXPECT_EQ(profiles.invoices, static_cast<int64_t>(all_invoices.size()));
  for (size_t s = 0; s < lines.size(); ++s) {
    const SegmentProfile& own = profiles.segments[s];
    EXPECT_EQ(std::accumulate(own.weekdays.begin(), own.weekdays.end(), int64_t{0}), lines[s]);
    EXPECT_EQ(std::accumulate(own.hours.begin(), own.hours.end(), int64_t{0}), lines[s]);
    for (const MonthFigures& month : own.months) {
      const Cell cell(s, month.month);
      EXPECT_EQ(month.customers, static_cast<int64_t>(customers[cell].size()));
      EXPECT_EQ(month.invoices, static_cast<int64_t>(invoices[cell].size()));
    }
  }
}

TEST_P(ProfilesAddUp, BestSellersAreThoseOfACountWithMaps) {
  const SegmentProfiles profiles = Profiles(1);
  std::map<int32_t, size_t> place;
  for (size_t i = 0; i < features_.customer_ids.size(); ++i) place[features_.customer_ids[i]] = i;
  std::vector<std::map<std::string, int64_t>> sold(static_cast<size_t>(k_));
  for (size_t i = 0; i < table_.rows(); ++i) {
    if (table_.cancelled(i)) continue;
    const auto segment = static_cast<size_t>(segments_[place.at(table_.customer_id(i))]);
    sold[segment][std::string(table_.stock_code(i))] += table_.quantity(i);
  }
  for (size_t s = 0; s < sold.size(); ++s) {
    std::vector<int64_t> quantities;
    for (const auto& [code, quantity] : sold[s]) quantities.push_back(quantity);
    std::sort(quantities.rbegin(), quantities.rend());
    const std::vector<ProductFigures>& products = profiles.segments[s].products;
    ASSERT_EQ(products.size(), std::min<size_t>(10, quantities.size()));
    for (size_t i = 0; i < products.size(); ++i) {
      EXPECT_EQ(products[i].quantity, quantities[i]);
      EXPECT_EQ(sold[s][products[i].code], quantities[i]);
    }
  }
}

// Everything a profile says, for comparing two.
std::string Described(const SegmentProfiles& profiles) {
  std::string out =
      fmt::format("{} {} {}\n", profiles.customers, profiles.invoices, profiles.spend);
  for (const SegmentProfile& segment : profiles.segments) {
    out += fmt::format("{} {} {}\n", segment.spend, segment.spend_share, segment.customers);
    for (const FeatureSummary& f : segment.features) {
      out += fmt::format("{} {} {} {};", f.lower_quartile, f.median, f.upper_quartile, f.mean);
    }
    for (const ProductFigures& p : segment.products) {
      out += fmt::format("{} {} {} {};", p.code, p.description, p.quantity, p.spend);
    }
    for (const CountryFigures& c : segment.countries) {
      out += fmt::format("{} {};", c.country, c.customers);
    }
    for (const MonthFigures& m : segment.months) {
      out += fmt::format("{} {} {} {};", m.month, m.customers, m.invoices, m.spend);
    }
  }
  return out;
}

TEST_P(ProfilesAddUp, ThreadsChangeNothing) {
  const std::string one = Described(Profiles(1));
  EXPECT_EQ(Described(Profiles(2)), one);
  EXPECT_EQ(Described(Profiles(7)), one);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ProfilesAddUp, ::testing::Values(0, 1, 2, 3));

}  // namespace
}  // namespace cairn::pipeline
