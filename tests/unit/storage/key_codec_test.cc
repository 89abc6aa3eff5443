#include "server/storage/key_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/encoding.h"

namespace cairn::storage {
namespace {

constexpr int kRounds = 20'000;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Bytes from a small alphabet, so that equal starts and zeros are frequent.
std::string RandomString(std::mt19937_64& random) {
  constexpr char kAlphabet[] = {'\x00', '\x01', '\xFE', '\xFF', 'a'};
  std::string value(random() % 6, '\0');
  for (char& c : value) c = kAlphabet[random() % std::size(kAlphabet)];
  return value;
}

int64_t RandomInt(std::mt19937_64& random) {
  return static_cast<int64_t>(random()) >> (random() % 64);
}

double RandomDouble(std::mt19937_64& random) {
  constexpr double kSpecial[] = {0.0,
                                 -0.0,
                                 kInf,
                                 -kInf,
                                 kNan,
                                 1.0,
                                 -1.0,
                                 std::numeric_limits<double>::denorm_min(),
                                 std::numeric_limits<double>::max()};
  if (random() % 3 == 0) return kSpecial[random() % std::size(kSpecial)];
  return std::bit_cast<double>(random());
}

std::string EncodedString(std::string_view value) {
  std::string out;
  AppendKeyString(&out, value);
  return out;
}
std::string EncodedInt(int64_t value) {
  std::string out;
  AppendKeyInt64(&out, value);
  return out;
}
std::string EncodedDouble(double value) {
  std::string out;
  AppendKeyDouble(&out, value);
  return out;
}

// Numeric order with -0 == 0 and every NaN after +infinity.
int Compare(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return int{std::isnan(a)} - int{std::isnan(b)};
  return a < b ? -1 : (a > b ? 1 : 0);
}

int Sign(int value) { return (value > 0) - (value < 0); }

class KeyCodecProperties : public ::testing::Test {
 protected:
  KeyCodecProperties() : seed_(std::random_device{}()), random_(seed_) {}
  std::string Trace() const { return "seed " + std::to_string(seed_); }

  const uint64_t seed_;
  std::mt19937_64 random_;
};

TEST_F(KeyCodecProperties, StringsKeepTheirOrderAndReadBack) {
  SCOPED_TRACE(Trace());
  for (int i = 0; i < kRounds; ++i) {
    const std::string a = RandomString(random_), b = RandomString(random_);
    ASSERT_EQ(Sign(a.compare(b)), Sign(EncodedString(a).compare(EncodedString(b))))
        << HexEncode(a) << " " << HexEncode(b);
    const std::string encoded = EncodedString(a);
    KeyReader reader(encoded);
    ASSERT_EQ(reader.ReadString(), a);
    ASSERT_TRUE(reader.AtEnd());
  }
}

TEST_F(KeyCodecProperties, IntegersKeepTheirOrderAndReadBack) {
  SCOPED_TRACE(Trace());
  for (int i = 0; i < kRounds; ++i) {
    const int64_t a = RandomInt(random_), b = RandomInt(random_);
    ASSERT_EQ(a < b, EncodedInt(a) < EncodedInt(b)) << a << " " << b;
    std::string up, down_a, down_b;
    AppendKeyInt64Descending(&down_a, a);
    AppendKeyInt64Descending(&down_b, b);
    ASSERT_EQ(a<b, down_a> down_b) << a << " " << b;
    up = EncodedInt(a);
    ASSERT_EQ(KeyReader(up).ReadInt64(), a);
    ASSERT_EQ(KeyReader(down_a).ReadInt64Descending(), a);
  }
}

TEST_F(KeyCodecProperties, DoublesKeepTheirOrderAndReadBack) {
  SCOPED_TRACE(Trace());
  for (int i = 0; i < kRounds; ++i) {
    const double a = RandomDouble(random_), b = RandomDouble(random_);
    ASSERT_EQ(Compare(a, b), Sign(EncodedDouble(a).compare(EncodedDouble(b)))) << a << " " << b;
    const std::string encoded = EncodedDouble(a);
    const double back = KeyReader(encoded).ReadDouble().value();
    ASSERT_EQ(Compare(a, back), 0) << a;
  }
}

TEST_F(KeyCodecProperties, TuplesKeepTheirOrder) {
  SCOPED_TRACE(Trace());
  using Tuple = std::tuple<std::string, int64_t, std::string>;
  const auto make = [this] {
    return Tuple(RandomString(random_), RandomInt(random_) % 3, RandomString(random_));
  };
  const auto encode = [](const Tuple& t) {
    return EncodedString(std::get<0>(t)) + EncodedInt(std::get<1>(t)) +
           EncodedString(std::get<2>(t));
  };
  for (int i = 0; i < kRounds; ++i) {
    const Tuple a = make(), b = make();
    // std::string compares as unsigned bytes, so tuples compare as we want them to.
    ASSERT_EQ(a < b, encode(a) < encode(b));
    ASSERT_EQ(a == b, encode(a) == encode(b));
  }
}

TEST_F(KeyCodecProperties, AnyBytesAreReadOrRefused) {
  SCOPED_TRACE(Trace());
  for (int i = 0; i < kRounds; ++i) {
    const std::string bytes = RandomString(random_) + RandomString(random_);
    KeyReader reader(bytes);
    while (const auto text = reader.ReadString()) ASSERT_LE(text->size(), bytes.size());
    KeyReader numbers(bytes);
    ASSERT_EQ(numbers.ReadInt64().has_value(), bytes.size() >= 8);
  }
}

TEST_F(KeyCodecProperties, PrefixEndIsTheFirstKeyBehindThePrefix) {
  SCOPED_TRACE(Trace());
  for (int i = 0; i < kRounds; ++i) {
    const std::string prefix = RandomString(random_), key = RandomString(random_);
    const std::string end = PrefixEnd(prefix);
    const bool inside = key >= prefix && (end.empty() || key < end);
    ASSERT_EQ(inside, key.substr(0, prefix.size()) == prefix)
        << HexEncode(prefix) << " " << HexEncode(key);
  }
}

TEST(KeyCodec, TheEncodingsAreAsDocumented) {
  EXPECT_EQ(HexEncode(EncodedString("")), "0001");
  EXPECT_EQ(HexEncode(EncodedString("ab")), "61620001");
  EXPECT_EQ(HexEncode(EncodedString(std::string("a\0b", 3))), "6100ff620001");
  EXPECT_EQ(HexEncode(EncodedInt(0)), "8000000000000000");
  EXPECT_EQ(HexEncode(EncodedInt(-1)), "7fffffffffffffff");
  EXPECT_EQ(HexEncode(EncodedInt(7)), "8000000000000007");
  EXPECT_EQ(HexEncode(EncodedDouble(0.0)), "8000000000000000");
  EXPECT_EQ(HexEncode(EncodedDouble(-0.0)), "8000000000000000");
  EXPECT_EQ(HexEncode(EncodedDouble(1.0)), "bff0000000000000");
  EXPECT_EQ(HexEncode(EncodedDouble(-1.0)), "400fffffffffffff");
  EXPECT_EQ(HexEncode(EncodedDouble(kInf)), "fff0000000000000");
  EXPECT_EQ(HexEncode(EncodedDouble(-kNan)), "fff8000000000000");
}

TEST(KeyCodec, BrokenStringsAreRefused) {
  for (const std::string& bytes : {std::string(), std::string("abc"), std::string("a\0", 2),
                                   std::string("a\0\x02", 3), std::string("a\0\xFF", 3)}) {
    EXPECT_FALSE(KeyReader(bytes).ReadString().has_value()) << HexEncode(bytes);
  }
}

}  // namespace
}  // namespace cairn::storage
