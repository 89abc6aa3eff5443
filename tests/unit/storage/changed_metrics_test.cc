#include "server/storage/changed_metrics.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cairn::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ChangedMetrics, NamesComeBackInTheirOrder) {
  const std::string payload = EncodeChangedMetrics({"loss", "val/f1"});
  EXPECT_EQ(payload, std::string("loss\0val/f1\0", 12));
  EXPECT_THAT(DecodeChangedMetrics(payload), ElementsAre("loss", "val/f1"));
}

TEST(ChangedMetrics, NoneAndTooManyStandForAnyMetric) {
  EXPECT_EQ(EncodeChangedMetrics({}), "");
  std::vector<std::string_view> names(kMaxChangedMetrics, "m");
  EXPECT_EQ(DecodeChangedMetrics(EncodeChangedMetrics(names)).size(), kMaxChangedMetrics);
  names.emplace_back("m");
  EXPECT_EQ(EncodeChangedMetrics(names), "");
  EXPECT_THAT(DecodeChangedMetrics(""), IsEmpty());
}

TEST(ChangedMetrics, WhatIsNoListStandsForAnyMetric) {
  EXPECT_THAT(DecodeChangedMetrics("loss"), IsEmpty());
  EXPECT_THAT(DecodeChangedMetrics(std::string("a\0b", 3)), IsEmpty());
}

}  // namespace
}  // namespace cairn::storage
