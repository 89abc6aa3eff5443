#include "pipeline/insight/segment_names.h"

#include <algorithm>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/status_macros.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_insight/insight_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PlainCustomer;
using testing::PlainFeatures;

absl::StatusOr<std::vector<NamedSegment>> NameSegments(const FeatureMatrix& features,
                                                       const std::vector<int32_t>& labels, int k) {
  CAIRN_ASSIGN_OR_RETURN(const SegmentNamer namer, SegmentNamer::Create(features));
  return namer.Name(labels, k);
}

// The names of segments that have ten equal customers each.
std::vector<NamedSegment> NamedTens(const std::vector<PlainCustomer>& segments) {
  std::vector<PlainCustomer> customers;
  std::vector<int32_t> labels;
  for (size_t s = 0; s < segments.size(); ++s) {
    for (int i = 0; i < 10; ++i) {
      customers.push_back(segments[s]);
      labels.push_back(static_cast<int32_t>(s));
    }
  }
  const auto named =
      NameSegments(PlainFeatures(customers), labels, static_cast<int>(segments.size()));
  EXPECT_THAT(named, IsOk());
  return named.ok() ? *named : std::vector<NamedSegment>();
}

std::vector<std::string> Names(const std::vector<NamedSegment>& named) {
  std::vector<std::string> names;
  for (const NamedSegment& segment : named) names.push_back(segment.name);
  return names;
}

TEST(SegmentNames, RecencyFrequencyAndMoneyGiveTheName) {
  EXPECT_THAT(Names(NamedTens({{.days = 5, .invoices = 20, .spend = 5000},
                               {.days = 300, .invoices = 1, .spend = 100},
                               {.days = 20, .invoices = 3, .spend = 600},
                               {.days = 90, .invoices = 2, .spend = 300},
                               {.days = 250, .invoices = 5, .spend = 2000}})),
              ElementsAre("Loyal big spenders", "Lapsed one-time buyers", "Recent buyers",
                          "Occasional small spenders", "Lapsed loyal spenders"));
}

TEST(SegmentNames, LivingAbroadAndReturningMuchAreSaidWhereTheyStandOut) {
  const std::vector<NamedSegment> named =
      NamedTens({{.days = 9, .invoices = 2, .spend = 10, .home = false},
                 {.days = 9, .invoices = 2, .spend = 500, .return_rate = 0.5},
                 {.days = 9, .invoices = 2, .spend = 400}});
  EXPECT_THAT(named[0].name, HasSubstr(" abroad"));
  EXPECT_THAT(named[0].summary, HasSubstr("mostly outside the home country"));
  EXPECT_THAT(named[1].name, HasSubstr(", many returns"));
  EXPECT_THAT(named[1].summary, HasSubstr("many returns"));
  EXPECT_THAT(named[2].name, ::testing::Not(HasSubstr("abroad")));
  EXPECT_THAT(named[2].name, ::testing::Not(HasSubstr("returns")));
}

TEST(SegmentNames, WhereNobodyStaysAwayNobodyIsLapsed) {
  for (const NamedSegment& segment : NamedTens(
           {{.days = 1, .invoices = 4, .spend = 9}, {.days = 29, .invoices = 4, .spend = 9}})) {
    EXPECT_THAT(segment.name, ::testing::Not(HasSubstr("Lapsed"))) << segment.name;
    EXPECT_THAT(segment.summary, ::testing::Not(HasSubstr("not seen"))) << segment.summary;
  }
}

TEST(SegmentNames, WhereAllHaveBeenAwayLongNobodyIsRecentOrNew) {
  for (const NamedSegment& segment : NamedTens(
           {{.days = 100, .invoices = 1, .spend = 9}, {.days = 300, .invoices = 1, .spend = 9}})) {
    EXPECT_THAT(segment.name, ::testing::Not(HasSubstr("New"))) << segment.name;
    EXPECT_THAT(segment.summary, ::testing::Not(HasSubstr("recently"))) << segment.summary;
  }
}

TEST(SegmentNames, EqualNamesAreToldApartByTheirMedians) {
  const std::vector<PlainCustomer> two = {{.days = 400, .invoices = 1, .spend = 100},
                                          {.days = 410, .invoices = 1, .spend = 300},
                                          {.days = 5, .invoices = 9, .spend = 900},
                                          {.days = 6, .invoices = 9, .spend = 999},
                                          {.days = 7, .invoices = 9, .spend = 999}};
  const std::vector<std::string> names = Names(NamedTens(two));
  EXPECT_EQ(names[0], "Lapsed one-time buyers, lower spend");
  EXPECT_EQ(names[1], "Lapsed one-time buyers, higher spend");
}

TEST(SegmentNames, EqualMediansAreToldApartByWeekdayAndOtherwiseByNumber) {
  const PlainCustomer monday = {.days = 9, .invoices = 2, .spend = 50, .weekday = 0};
  PlainCustomer thursday = monday;
  thursday.weekday = 3;
  EXPECT_THAT(Names(NamedTens({monday, thursday})),
              ElementsAre("Regular buyers, Mondays", "Regular buyers, Thursdays"));
  EXPECT_THAT(Names(NamedTens({monday, monday})),
              ElementsAre("Regular buyers 1", "Regular buyers 2"));
}

TEST(SegmentNames, TheSummarySaysHabitsAndMedians) {
  const std::vector<NamedSegment> named =
      NamedTens({{.days = 12, .invoices = 30, .spend = 4321.5, .weekday = 3, .hour = 12},
                 {.days = 300, .invoices = 2, .spend = 100, .weekday = 1, .hour = 9}});
  EXPECT_EQ(named[0].summary,
            "Frequent, high spend, bought recently; often buys on Thursdays around noon. "
            "Medians: 30 invoices, 4,322 spent, last purchase 12 days ago.");
  EXPECT_DOUBLE_EQ(named[0].customer_share, 0.5);
  EXPECT_DOUBLE_EQ(named[0].spend_share, 4321.5 / 4421.5);
}

TEST(SegmentNames, TheSummaryCountsOneInvoiceAndOneDayInTheSingular) {
  const std::vector<NamedSegment> named =
      NamedTens({{.days = 1, .invoices = 1, .spend = 12.5, .weekday = 3, .hour = 12},
                 {.days = 300, .invoices = 2, .spend = 100, .weekday = 1, .hour = 9}});
  EXPECT_THAT(named[0].summary,
              HasSubstr("Medians: 1 invoice, 12.50 spent, last purchase 1 day ago."));
}

TEST(SegmentNames, ASegmentWithoutCustomersIsCalledEmpty) {
  const FeatureMatrix features = PlainFeatures({{.days = 1, .invoices = 2, .spend = 3}});
  const auto named = NameSegments(features, std::vector<int32_t>{1}, 3);
  ASSERT_THAT(named, IsOk());
  EXPECT_THAT(Names(*named), ElementsAre("Empty segment 1", "Regular buyers", "Empty segment 2"));
  EXPECT_EQ((*named)[0].summary, "No customers.");
}

TEST(SegmentNames, AreUniqueAsciiAndShortForAnyClustering) {
  const FeatureMatrix features = testing::FeaturesOf(testing::Generated(300, 9));
  const auto namer = SegmentNamer::Create(features);
  ASSERT_THAT(namer, IsOk());
  for (int k = 1; k <= 40; ++k) {
    const auto segments =
        testing::RandomSegments(features.customer_ids.size(), k, static_cast<uint32_t>(k));
    const auto named = namer->Name(segments, k);
    ASSERT_THAT(named, IsOk());
    const std::vector<std::string> names = Names(*named);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
    double customers = 0;
    for (const NamedSegment& segment : *named) {
      EXPECT_LE(segment.name.size(), 64u) << segment.name;
      EXPECT_TRUE(std::all_of(segment.name.begin(), segment.name.end(),
                              [](char c) { return c >= ' ' && c <= '~'; }));
      customers += segment.customer_share;
    }
    EXPECT_NEAR(customers, 1, 1e-12);
  }
}

TEST(SegmentNames, WhatDoesNotFitIsNamed) {
  FeatureMatrix features = PlainFeatures({{.spend = 1}, {.spend = 2}});
  EXPECT_THAT(NameSegments(features, std::vector<int32_t>{0}, 1),
              FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_THAT(NameSegments(features, std::vector<int32_t>{0, 1}, 1),
              FailsWith(ErrorReason::VALUE_INVALID));
  features.columns[kHour] = "Minute";
  EXPECT_THAT(NameSegments(features, std::vector<int32_t>{0, 0}, 1),
              FailsWith(ErrorReason::VALUE_INVALID));
}

TEST(SegmentNames, GoIntoTheProfiles) {
  SegmentProfiles profiles;
  profiles.segments.resize(2);
  ApplyNames({{"A", "a"}, {"B", "b"}}, &profiles);
  EXPECT_EQ(profiles.segments[1].name, "B");
  EXPECT_EQ(profiles.segments[1].summary, "b");
}

TEST(UniqueName, CountsUpUntilTheNameIsFree) {
  EXPECT_EQ(UniqueName("A", std::vector<std::string>{"B"}), "A");
  EXPECT_EQ(UniqueName("A", std::vector<std::string>{"A", "A 2"}), "A 3");
}

}  // namespace
}  // namespace cairn::pipeline
