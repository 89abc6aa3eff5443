#include "pipeline/serving/json_number.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <random>
#include <string>

#include "pipeline/serving/wide_number.h"

namespace cairn::pipeline::serving {
namespace {

std::string Bits(double value) {
  return std::to_string(std::bit_cast<uint64_t>(value)) + " " + std::to_string(value);
}

double Expected(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  EXPECT_TRUE(error == std::errc() && end == text.data() + text.size()) << text;
  return value;
}

#if defined(__x86_64__)
// An exponent is left to who looks at what follows.
CAIRN_WIDE void ExpectWide(const std::string& padded, size_t size, double expected) {
  double value = 0.5;
  const char* const end = wide::ReadDigits(padded.data(), &value);
  if (end == nullptr || (*end | 0x20) == 'e') return;
  EXPECT_EQ(end, padded.data() + size) << padded;
  EXPECT_EQ(Bits(value), Bits(expected)) << padded;
}
#endif

// Both readers give the bits of std::from_chars and pass over all of the text. Whether the short
// one took it.
bool ExpectNearest(const std::string& text) {
  const double expected = Expected(text);
  const std::string padded = text + std::string(kNumberRoom, ',');
  double value = 0.5;
  EXPECT_EQ(ReadNumber(padded.data(), &value), padded.data() + text.size()) << text;
  EXPECT_EQ(Bits(value), Bits(expected)) << text;
#if defined(__x86_64__)
  if (HasWide()) ExpectWide(padded, text.size(), expected);
#endif
  double fast = 0.5;
  const char* const end = ReadShortNumber(padded.data(), &fast);
  if (end == nullptr) return false;
  EXPECT_EQ(end, padded.data() + text.size()) << text;
  EXPECT_EQ(Bits(fast), Bits(expected)) << text;
  return true;
}

std::string Shortest(double value) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

// `digits` with a point before the last `behind` of them.
std::string WithPoint(std::string digits, size_t behind) {
  if (behind == 0) return digits;
  if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
  return digits.insert(digits.size() - behind, ".");
}

TEST(JsonNumberTest, DigitsWithAPointAnywhereAreTheNearestDoubles) {
  std::mt19937_64 random(1);
  int64_t taken = 0;
  constexpr int kNumbers = 300'000;
  for (int i = 0; i < kNumbers && !HasFailure(); ++i) {
    const size_t count = 1 + random() % 21;
    std::string digits;
    for (size_t j = 0; j < count; ++j) digits += static_cast<char>('0' + random() % 10);
    digits.erase(0, std::min(digits.find_first_not_of('0'), count - 1));
    std::string text = WithPoint(digits, random() % (digits.size() + 4));
    if (random() % 4 == 0) text.insert(0, 1, '-');
    taken += ExpectNearest(text) ? 1 : 0;
  }
  EXPECT_GT(taken, kNumbers / 4);  // the short reader was asked at all
}

TEST(JsonNumberTest, WhatProgramsWriteIsReadBackByTheShortReader) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 150'000 && !HasFailure(); ++i) {
    const double money = static_cast<double>(random() % 100'000'000) / 100;
    const double divisor = static_cast<double>(1 + random() % 97);
    for (const double value : {money, money / divisor}) {
      const std::string text = Shortest(i % 3 == 0 ? -value : value);
      const bool plain = text.find('e') == std::string::npos && text.size() <= 18;
      EXPECT_TRUE(ExpectNearest(text) || !plain) << text;
    }
  }
}

TEST(JsonNumberTest, EveryDoubleIsReadBack) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 150'000 && !HasFailure(); ++i) {
    const auto value = std::bit_cast<double>(random());
    if (std::isfinite(value)) ExpectNearest(Shortest(value));
  }
}

// Halfway between two doubles the even one is taken; one unit of the last digit beside it, the
// nearer one.
TEST(JsonNumberTest, TheMiddleBetweenTwoDoublesAndItsNeighbours) {
  std::mt19937_64 random(4);
  constexpr uint64_t kFirst = uint64_t{1} << 53;
  for (int i = 0; i < 30'000 && !HasFailure(); ++i) {
    const uint64_t middle = (kFirst + random() % kFirst) | 1;  // 54 bits, the last of them set
    ExpectNearest(std::to_string(middle));
    std::string text;  // middle / 2^k, which takes k digits behind the point
    uint64_t scaled = middle;
    for (size_t k = 1; k <= 3; ++k) {
      if (scaled > UINT64_MAX / 5) break;
      scaled *= 5;
      text = std::to_string(scaled);
      if (text.size() > 19) break;
      ExpectNearest(WithPoint(text, k));
      ExpectNearest(WithPoint(std::to_string(scaled + 1), k));
      ExpectNearest(WithPoint(std::to_string(scaled - 1), k));
    }
  }
}

// The largest and smallest of each number of digits, over each power of ten.
TEST(JsonNumberTest, TheEndsOfEveryNumberOfDigits) {
  for (size_t count = 1; count <= 20; ++count) {
    for (size_t behind = 0; behind <= 22; ++behind) {
      for (const std::string& digits :
           {"1" + std::string(count - 1, '0'), std::string(count, '9'),
            std::string(count - 1, '9') + "8", "1" + std::string(count - 1, '0') + "1"}) {
        ExpectNearest(WithPoint(digits, behind));
      }
    }
  }
  for (const char* text : {"9007199254740992", "9007199254740993", "9007199254740994.5",
                           "18446744073709551615", "18446744073709551616", "0.0000000000000000001",
                           "0.9999999999999999999", "9.999999999999999999", "-0", "-0.000", "0"}) {
    ExpectNearest(text);
  }
}

#if defined(__x86_64__)
CAIRN_WIDE bool SameWide(const std::string& a, const std::string& b, size_t size) {
  return wide::SameBytes(a.data(), b.data(), size);
}

CAIRN_WIDE bool TakesWide(const std::string& text) {
  double value = 0;
  return wide::ReadDigits(text.data(), &value) != nullptr;
}

TEST(WideNumberTest, BytesAreTheSameUpToTheFirstThatIsNot) {
  if (!HasWide()) GTEST_SKIP() << "no AVX2 here";
  for (size_t size = 1; size <= 100; ++size) {
    const std::string a(size + kNumberRoom, 'a');
    for (size_t i = 0; i < a.size(); ++i) {
      std::string b = a;
      b[i] = 'b';
      EXPECT_EQ(SameWide(a, b, size), i >= size) << size << " " << i;
    }
  }
}

TEST(WideNumberTest, MostNumbersOfProgramsAreTaken) {
  if (!HasWide()) GTEST_SKIP() << "no AVX2 here";
  for (const char* text : {"0", "7", "-399", "12345.67", "0.5", "14285.714285714286", "1234567"}) {
    EXPECT_TRUE(TakesWide(text + std::string(kNumberRoom, ','))) << text;
  }
  for (const char* text : {"", "-", ".5", "1.", "01", "12345678", "x", "1.12345678901234567890"}) {
    EXPECT_FALSE(TakesWide(text + std::string(kNumberRoom, ','))) << text;
  }
}
#endif

TEST(JsonNumberTest, WhatIsNoNumberOfJsonIsNotRead) {
  for (const char* text : {"", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "-.5", "NaN", "Infinity",
                           "--1", "e5", "\"1\"", "1e999", "-1e400"}) {
    const std::string padded = text + std::string(kNumberRoom, ' ');
    double value = 0;
    EXPECT_EQ(ReadShortNumber(padded.data(), &value), nullptr) << text;
    EXPECT_EQ(ReadNumber(padded.data(), &value), nullptr) << text;
  }
}

TEST(JsonNumberTest, AnExponentOfAnyLengthCountsBesideTheZerosBeforeIt) {
  const std::string zeros(150'000, '0');
  double value = 0;
  for (const std::string& text :
       {"0." + zeros + "1e1000000", "1" + zeros + "e-1000", std::string("1e99999999999999999999"),
        "0." + zeros + "1e99999999999999999999"}) {
    EXPECT_EQ(ReadNumber(text.c_str(), &value), nullptr) << text.substr(0, 3);
  }
  const std::string one = "0." + zeros + "1e150001";
  EXPECT_EQ(ReadNumber(one.c_str(), &value), one.c_str() + one.size());
  EXPECT_EQ(value, 1);
  for (const std::string& text : {std::string("0e99999999999999999999"),
                                  std::string("1e-99999999999999999999"), "0." + zeros + "1e9"}) {
    value = 1;
    EXPECT_EQ(ReadNumber(text.c_str(), &value), text.c_str() + text.size());
    EXPECT_EQ(Bits(value), Bits(0.0));
  }
}

TEST(JsonNumberTest, ANumberThatIsPassedOverMayBeTooLarge) {
  for (const std::string text : {"0", "-0.5", "17850", "1e400", "-1.5E+99999999999", "2e-7"}) {
    const std::string padded = text + ",";
    EXPECT_EQ(SkipNumber(padded.data()), padded.data() + text.size()) << text;
  }
  EXPECT_EQ(*SkipNumber("01"), '1');
  for (const char* text : {"", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "NaN", "\"1\""}) {
    EXPECT_EQ(SkipNumber(text), nullptr) << text;
  }
}

TEST(JsonNumberTest, AZeroBeforeOtherDigitsIsANumberOfItsOwn) {
  const std::string padded = "007" + std::string(kNumberRoom, ' ');
  double value = 1;
  EXPECT_EQ(ReadShortNumber(padded.data(), &value), nullptr);
  EXPECT_EQ(ReadNumber(padded.data(), &value), padded.data() + 1);
  EXPECT_EQ(value, 0);
}

TEST(JsonNumberTest, WhatIsTooSmallIsZeroWithItsSign) {
  double value = 1;
  EXPECT_NE(ReadNumber("1e-999", &value), nullptr);
  EXPECT_EQ(Bits(value), Bits(0.0));
  EXPECT_NE(ReadNumber("-1e-999", &value), nullptr);
  EXPECT_EQ(Bits(value), Bits(-0.0));
}

}  // namespace
}  // namespace cairn::pipeline::serving
