#include "client-cli/cli/sparkline.h"

#include <gtest/gtest.h>

#include <limits>

namespace cairn::cli {
namespace {

TEST(SparklineTest, HeightsGoFromTheLeastToTheGreatestValue) {
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline({-5, 5}), "▁█");
}

TEST(SparklineTest, WhatIsNoNumberIsAGap) {
  EXPECT_EQ(Sparkline({1, std::nullopt, std::numeric_limits<double>::quiet_NaN(),
                       std::numeric_limits<double>::infinity(), 2}),
            "▁   █");
}

TEST(SparklineTest, EqualValuesAreALine) {
  EXPECT_EQ(Sparkline({3, 3, 3}), "▄▄▄");
  EXPECT_EQ(Sparkline({}), "");
  EXPECT_EQ(Sparkline({std::nullopt}), " ");
}

TEST(SparklineTest, TheLargestSpanDoesNotOverflow) {
  constexpr double kMax = std::numeric_limits<double>::max();
  EXPECT_EQ(Sparkline({-kMax, 0, kMax}), "▁▅█");
}

TEST(SparklineTest, WithoutUnicodeTheHeightsAreAscii) {
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, /*unicode=*/false), "_.-~=+*#");
  EXPECT_EQ(Sparkline({1, std::nullopt, 1}, /*unicode=*/false), "~ ~");
}

}  // namespace
}  // namespace cairn::cli
