// Kind of fault: a segment that changes its number or name though its customers stayed.

#include "pipeline/insight/segment_matching.h"

#include <algorithm>
#include <numeric>
#include <random>
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

std::vector<std::string> Customers(int count, int first = 0) {
  std::vector<std::string> customers;
  for (int i = 0; i < count; ++i) customers.push_back("c" + std::to_string(first + i));
  return customers;
}

// The segments of a new version, before they are numbered.
struct NewSegments {
  std::vector<std::string> customers;
  std::vector<int32_t> segments;
  std::vector<double> spend;
  std::vector<std::string> names;
};

absl::StatusOr<SegmentMatching> MatchSegments(const ChampionSegments& champion,
                                              const NewSegments& now) {
  CAIRN_ASSIGN_OR_RETURN(const SegmentMatcher matcher,
                         SegmentMatcher::Create(champion, now.customers));
  return matcher.Match(now.segments, now.spend, now.names);
}

TEST(SegmentMatcher, NumbersAndNamesStayWithTheirCustomers) {
  const ChampionSegments champion{Customers(6), {0, 0, 1, 1, 2, 2}, {"A", "B", "C"}};
  const NewSegments now{Customers(6), {2, 2, 0, 0, 1, 1}, {9, 8, 7}, {"x", "y", "z"}};
  const auto matching = MatchSegments(champion, now);
  ASSERT_THAT(matching, IsOk());
  EXPECT_THAT(matching->number_of, ElementsAre(1, 2, 0));
  EXPECT_THAT(matching->names, ElementsAre("A", "B", "C"));
  EXPECT_THAT(matching->champion_of, ElementsAre(0, 1, 2));
  EXPECT_THAT(matching->keeps_name, ElementsAre(true, true, true));
  EXPECT_EQ(matching->common_customers, 6);
  EXPECT_EQ(Renumbered(now.segments, matching->number_of), champion.segments);
}

TEST(SegmentMatcher, MoreSegmentsThanBeforeTakeTheFreeNumbersByFallingSpend) {
  const ChampionSegments champion{Customers(4), {0, 0, 1, 1}, {"A", "B"}};
  // Customers 4 and 5 are new, each a segment of their own.
  const NewSegments now{
      Customers(6), {3, 3, 1, 1, 0, 2}, {10, 0, 500, 0}, {"n0", "n1", "n2", "n3"}};
  const auto matching = MatchSegments(champion, now);
  ASSERT_THAT(matching, IsOk());
  EXPECT_THAT(matching->number_of, ElementsAre(3, 1, 2, 0));
  EXPECT_THAT(matching->names, ElementsAre("A", "B", "n2", "n0"));
  EXPECT_THAT(matching->champion_of, ElementsAre(0, 1, -1, -1));
}

TEST(SegmentMatcher, ANumberBeyondTheNewOnesIsGivenUpButTheNameStays) {
  const ChampionSegments champion{Customers(6), {0, 0, 2, 2, 2, 2}, {"A", "B", "C"}};
  const NewSegments now{Customers(6), {1, 1, 0, 0, 0, 0}, {5, 6}, {"x", "y"}};
  const auto matching = MatchSegments(champion, now);
  ASSERT_THAT(matching, IsOk());
  EXPECT_THAT(matching->number_of, ElementsAre(1, 0));
  EXPECT_THAT(matching->names, ElementsAre("A", "C"));
}

TEST(SegmentMatcher, LessThanHalfOfEitherSideIsANewName) {
  // Of ten customers of A four stay together, the others are spread.
  const ChampionSegments champion{Customers(10), std::vector<int32_t>(10, 0), {"A"}};
  const NewSegments now{Customers(10), {0, 0, 0, 0, 1, 1, 1, 2, 2, 2}, {1, 2, 3}, {"x", "A", "z"}};
  const auto matching = MatchSegments(champion, now);
  ASSERT_THAT(matching, IsOk());
  EXPECT_EQ(matching->number_of[0], 0);
  EXPECT_THAT(matching->keeps_name, ElementsAre(false, false, false));
  EXPECT_THAT(matching->names, ElementsAre("x", "z", "A"));
}

TEST(SegmentMatcher, ExactlyHalfKeepsTheNameAndANewOneGivesWay) {
  const ChampionSegments champion{Customers(8), {0, 0, 0, 0, 1, 1, 1, 1}, {"A", "B"}};
  const NewSegments now{Customers(8), {0, 0, 2, 2, 1, 1, 1, 1}, {3, 2, 1}, {"x", "y", "A"}};
  const auto matching = MatchSegments(champion, now);
  ASSERT_THAT(matching, IsOk());
  EXPECT_THAT(matching->names, ElementsAre("A", "B", "A 2"));
  EXPECT_THAT(matching->keeps_name, ElementsAre(true, true, false));
}

TEST(SegmentMatcher, WithoutCommonCustomersSpendDecides) {
  const ChampionSegments champion{Customers(2), {0, 1}, {"A", "B"}};
  const NewSegments now{Customers(2, 100), {0, 1}, {1, 2}, {"x", "y"}};
  const auto matching = MatchSegments(champion, now);
  ASSERT_THAT(matching, IsOk());
  EXPECT_THAT(matching->number_of, ElementsAre(1, 0));
  EXPECT_THAT(matching->names, ElementsAre("y", "x"));
  EXPECT_EQ(matching->common_customers, 0);
  const SegmentMatching alone = NumberBySpend(now.spend, now.names);
  EXPECT_EQ(alone.number_of, matching->number_of);
  EXPECT_EQ(alone.names, matching->names);
  EXPECT_THAT(NumberBySpend(std::vector<double>{2, 2}, std::vector<std::string>{"x", "x"}).names,
              ElementsAre("x", "x 2"));
}

TEST(SegmentMatcher, GivesAPermutationThatUndoesAnyRelabelling) {
  std::mt19937 random(3);
  for (uint32_t round = 0; round < 50; ++round) {
    const int k = 1 + static_cast<int>(round % 9);
    ChampionSegments champion{Customers(200), testing::RandomSegments(200, k, round), {}};
    for (int s = 0; s < k; ++s) champion.names.push_back("name" + std::to_string(s));
    for (int s = 0; s < k; ++s) champion.segments[static_cast<size_t>(s)] = s;  // None is empty.
    std::vector<int32_t> relabelled(static_cast<size_t>(k));
    std::iota(relabelled.begin(), relabelled.end(), 0);
    std::shuffle(relabelled.begin(), relabelled.end(), random);
    NewSegments now{champion.customers, Renumbered(champion.segments, relabelled), {}, {}};
    now.spend.assign(static_cast<size_t>(k), 1);
    now.names.assign(static_cast<size_t>(k), "same");
    const auto matching = MatchSegments(champion, now);
    ASSERT_THAT(matching, IsOk());
    EXPECT_EQ(Renumbered(now.segments, matching->number_of), champion.segments);
    EXPECT_EQ(matching->names, champion.names);
  }
}

TEST(SegmentMatcher, GivesAPermutationAndUniqueNamesForAnySegments) {
  for (uint32_t round = 0; round < 60; ++round) {
    const int k = 1 + static_cast<int>(round % 7);
    const int before = 1 + static_cast<int>(round % 5);
    ChampionSegments champion{Customers(80), testing::RandomSegments(80, before, round), {}};
    champion.names.assign(static_cast<size_t>(before), "A");
    NewSegments now{Customers(80, 30), testing::RandomSegments(80, k, round + 99), {}, {}};
    now.names.assign(static_cast<size_t>(k), "A");
    for (int s = 0; s < k; ++s) now.spend.push_back(static_cast<double>((s * 7 + 3) % 5));
    const auto matching = MatchSegments(champion, now);
    ASSERT_THAT(matching, IsOk());
    std::vector<int32_t> numbers = matching->number_of;
    std::sort(numbers.begin(), numbers.end());
    for (int s = 0; s < k; ++s) EXPECT_EQ(numbers[static_cast<size_t>(s)], s);
    const std::set<std::string> names(matching->names.begin(), matching->names.end());
    EXPECT_EQ(names.size(), static_cast<size_t>(k));
  }
}

TEST(SegmentMatcher, WhatDoesNotFitIsNamed) {
  const ChampionSegments champion{Customers(2), {0, 1}, {"A", "B"}};
  const NewSegments now{Customers(2), {0, 1}, {1, 2}, {"x", "y"}};
  ChampionSegments twice = champion;
  twice.customers[1] = twice.customers[0];
  EXPECT_THAT(MatchSegments(twice, now), FailsWith(ErrorReason::VALUE_INVALID));
  ChampionSegments unnamed = champion;
  unnamed.names.pop_back();
  EXPECT_THAT(MatchSegments(unnamed, now), FailsWith(ErrorReason::VALUE_INVALID));
  NewSegments poor = now;
  poor.spend.pop_back();
  EXPECT_THAT(MatchSegments(champion, poor), FailsWith(ErrorReason::VALUE_INVALID));
}

TEST(Reordered, PutsThingsWhereTheirNumbersSay) {
  EXPECT_THAT(Reordered(std::vector<std::string>{"a", "b", "c"}, std::vector<int32_t>{2, 0, 1}),
              ElementsAre("b", "c", "a"));
}

}  // namespace
}  // namespace cairn::pipeline
