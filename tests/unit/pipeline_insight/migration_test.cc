#include "pipeline/insight/migration.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using ::testing::ElementsAre;

// a and b stay, c moves, d leaves, e and f are new.
const SegmentSnapshot kBefore{
    {"a", "b", "c", "d"}, {0, 1, 0, 1}, {1, 2, 4, 8}, {"Loyal", "Lapsed"}};
const SegmentSnapshot kAfter{
    {"c", "e", "a", "b", "f"}, {1, 1, 0, 1, 2}, {40, 160, 10, 20, 0.1}, {"Loyal", "Lapsed", "New"}};

TEST(Migration, CustomersAndMoneyFromEachSegmentToEach) {
  const auto migration = ComputeMigration(kBefore, kAfter, "models/m/versions/3");
  ASSERT_THAT(migration, IsOk());
  EXPECT_EQ(migration->from, "models/m/versions/3");
  EXPECT_THAT(migration->before, ElementsAre("Loyal", "Lapsed"));
  EXPECT_THAT(migration->after, ElementsAre("Loyal", "Lapsed", "New"));
  EXPECT_THAT(migration->customers, ElementsAre(ElementsAre(1, 1, 0, 0), ElementsAre(0, 1, 0, 1),
                                                ElementsAre(0, 1, 1, 0)));
  EXPECT_THAT(migration->spend, ElementsAre(ElementsAre(10, 40, 0, 0), ElementsAre(0, 20, 0, 8),
                                            ElementsAre(0, 160, 0.1, 0)));
  EXPECT_DOUBLE_EQ(migration->same_segment_share, 2.0 / 3);
}

TEST(Migration, SameMeansTheSameNameWhateverTheNumber) {
  SegmentSnapshot after = kBefore;
  after.names = {"Lapsed", "Loyal"};
  const auto swapped = ComputeMigration(kBefore, after, "");
  ASSERT_THAT(swapped, IsOk());
  EXPECT_EQ(swapped->same_segment_share, 0);
  const auto same = ComputeMigration(kBefore, kBefore, "");
  ASSERT_THAT(same, IsOk());
  EXPECT_EQ(same->same_segment_share, 1);
}

TEST(Migration, WithNobodyInCommonThereIsNoShare) {
  const SegmentSnapshot nobody{{}, {}, {}, {"Loyal"}};
  const auto migration = ComputeMigration(nobody, kAfter, "");
  ASSERT_THAT(migration, IsOk());
  EXPECT_TRUE(std::isnan(migration->same_segment_share));
  EXPECT_THAT(migration->customers, ElementsAre(ElementsAre(0, 0, 0, 0), ElementsAre(1, 3, 1, 0)));
}

TEST(Migration, WhatDoesNotFitIsNamed) {
  SegmentSnapshot bad = kBefore;
  bad.spend.pop_back();
  EXPECT_THAT(ComputeMigration(bad, kAfter, ""), FailsWith(ErrorReason::VALUE_INVALID));
  bad = kBefore;
  bad.segments[0] = 2;
  EXPECT_THAT(ComputeMigration(bad, kAfter, ""), FailsWith(ErrorReason::VALUE_INVALID));
  bad = kAfter;
  bad.customers[1] = bad.customers[0];
  EXPECT_THAT(ComputeMigration(kBefore, bad, ""), FailsWith(ErrorReason::VALUE_INVALID));
}

}  // namespace
}  // namespace cairn::pipeline
