#include "pipeline/serving/number_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace cairn::pipeline::serving {
namespace {

std::string Written(double value) {
  char text[kNumberTextRoom];
  return {text, WriteNumber(value, text)};
}

std::string Expected(double value) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

TEST(NumberTextTest, RandomDoublesAreWrittenAsToCharsDoes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 300'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(Written(value), Expected(value));
  }
}

// Where digits are made here, and a little beyond on both sides.
TEST(NumberTextTest, EveryExponentOfDistancesIsWrittenAsToCharsDoes) {
  std::mt19937_64 random(2);
  for (int exponent = -10; exponent <= 56; ++exponent) {
    for (int i = 0; i < 20'000; ++i) {
      const double value = std::ldexp(static_cast<double>(random() >> 11), exponent - 53);
      ASSERT_EQ(Written(value), Expected(value));
    }
  }
}

TEST(NumberTextTest, ShortDecimalsAndTheirNeighbours) {
  std::mt19937_64 random(3);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 300'000; ++i) {
    const double value = static_cast<double>(random() % 1'000'000'000) /
                         std::pow(10, static_cast<double>(random() % 12));
    for (const double near : {value, std::nextafter(value, kInfinity), std::nextafter(value, 0)}) {
      ASSERT_EQ(Written(near), Expected(near));
    }
  }
}

TEST(NumberTextTest, PowersOfTwoWholeNumbersAndZeros) {
  for (int exponent = -60; exponent <= 60; ++exponent) {
    const double power = std::ldexp(1, exponent);
    for (const double value : {power, -power, power * 1.5, power + 1, power * 10}) {
      EXPECT_EQ(Written(value), Expected(value));
    }
  }
  for (const double value : {0.0, -0.0, 0.5, 0.1, 1.0 / 3, 100.0, 123456.0, 1e22, 5e-324,
                             1.7976931348623157e308, 0.0078125, 4503599627370495.5}) {
    EXPECT_EQ(Written(value), Expected(value));
  }
}

}  // namespace
}  // namespace cairn::pipeline::serving
