#include "pipeline/report/charts/ticks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace cairn::pipeline {
namespace {

TEST(NiceTicksTest, AreMultiplesOfOneTwoOrFive) {
  EXPECT_EQ(NiceTicks(0, 1, 6).values.size(), 6U);
  EXPECT_DOUBLE_EQ(NiceTicks(0, 1, 6).step, 0.2);
  const Ticks ticks = NiceTicks(-3, 17, 5);
  EXPECT_EQ(ticks.values, (std::vector<double>{-5, 0, 5, 10, 15, 20}));
  EXPECT_EQ(NiceTicks(17, -3, 5).values, ticks.values);
}

TEST(NiceTicksTest, HoldTheValuesWhateverTheyAre) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 5000; ++round) {
    const double low = std::ldexp(1.0 + static_cast<double>(random() % 1000),
                                  static_cast<int>(random() % 120) - 60) *
                       (random() % 2 == 0 ? 1 : -1);
    const double high = low + std::abs(low) * static_cast<double>(random() % 1000 + 1) / 100;
    const Ticks ticks = NiceTicks(low, high, 2 + static_cast<int>(random() % 9));
    ASSERT_GE(ticks.values.size(), 2U) << low << " " << high;
    ASSERT_LE(ticks.values.size(), 13U) << low << " " << high;
    ASSERT_LE(ticks.low, low + ticks.step * 1e-6);
    ASSERT_GE(ticks.high, high - ticks.step * 1e-6);
  }
}

TEST(NiceTicksTest, OneValueHasAnAxisAroundIt) {
  for (const double value : {0.0, 5.0, -5.0, 1e-300, 1e300}) {
    const Ticks ticks = NiceTicks(value, value, 5);
    EXPECT_LE(ticks.low, value) << value;
    EXPECT_GE(ticks.high, value) << value;
    EXPECT_LT(ticks.low, ticks.high) << value;
    EXPECT_GE(ticks.values.size(), 2U) << value;
  }
}

TEST(NiceTicksTest, WhatHasNoDifferenceIsFromZeroToOne) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const auto& [low, high] :
       {std::pair{std::nan(""), 1.0}, std::pair{0.0, kInfinity}, std::pair{-1.7e308, 1.7e308}}) {
    const Ticks ticks = NiceTicks(low, high, 5);
    EXPECT_EQ(ticks.low, 0);
    EXPECT_EQ(ticks.high, 1);
  }
}

TEST(SignedLogTest, GoesThereAndBack) {
  for (const double value : {-1e6, -3.5, 0.0, 0.25, 812.0}) {
    EXPECT_NEAR(FromSignedLog(SignedLog(value)), value, std::abs(value) * 1e-9);
  }
  EXPECT_EQ(SignedLogTicks(-20, 2000, 10), (std::vector<double>{-10, -1, 0, 1, 10, 100, 1000}));
  EXPECT_EQ(SignedLogTicks(0, 1e9, 4).size(), 4U);
}

TEST(ScaleTest, ClampsAndKeepsToTheMiddle) {
  const Scale scale(0, 10, 100, 0);
  EXPECT_DOUBLE_EQ(scale(2.5), 75);
  EXPECT_DOUBLE_EQ(scale(11), 0);
  EXPECT_DOUBLE_EQ(scale(-11), 100);
  EXPECT_DOUBLE_EQ(scale(std::nan("")), 50);
  EXPECT_DOUBLE_EQ(Scale(3, 3, 0, 10)(3), 5);
}

}  // namespace
}  // namespace cairn::pipeline
