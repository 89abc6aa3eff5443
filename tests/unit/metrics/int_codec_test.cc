#include "server/metrics/int_codec.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/metrics/bit_packing.h"

namespace cairn::metrics {
namespace {

TEST(BitPacking, EveryWidthAndCountGivesTheNumbersBack) {
  std::mt19937_64 random(7);
  for (int width = 0; width <= 64; ++width) {
    for (const size_t count : {0u, 1u, 2u, 7u, 8u, 9u, 63u, 128u}) {
      SCOPED_TRACE(::testing::Message() << width << " bits, " << count << " numbers");
      std::vector<uint64_t> numbers(count);
      for (uint64_t& n : numbers) n = width == 0 ? 0 : random() >> (64 - width);
      std::string packed = "x";
      PackBits(numbers.data(), count, width, &packed);
      ASSERT_EQ(packed.size(), 1 + PackedBytes(count, width));
      // A heap copy of the exact size lets a sanitizer see any read behind it.
      const std::vector<char> exact(packed.begin() + 1, packed.end());
      std::vector<uint64_t> read(count, 99);
      UnpackBits({exact.data(), exact.size()}, count, width, read.data());
      EXPECT_EQ(read, numbers);
    }
  }
}

TEST(BitPacking, VarintsRoundTripAndLongerOnesAreRefused) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, ~uint64_t{0}}) {
    std::string bytes;
    AppendVarint(&bytes, value);
    ByteReader reader(bytes);
    EXPECT_EQ(reader.ReadVarint(), value);
    EXPECT_TRUE(reader.AtEnd());
    EXPECT_EQ(ByteReader(std::string_view(bytes).substr(0, bytes.size() - 1)).ReadVarint(),
              std::nullopt);
  }
  EXPECT_EQ(ByteReader(std::string(9, '\xFF') + '\x02').ReadVarint(), std::nullopt);
  EXPECT_EQ(ByteReader(std::string(11, '\x80')).ReadVarint(), std::nullopt);
}

std::vector<uint64_t> Sequence(std::mt19937_64& random, size_t count, int shape) {
  std::vector<uint64_t> numbers(count);
  uint64_t last = random();
  for (size_t i = 0; i < count; ++i) {
    switch (shape) {
      case 0:
        last = random();
        break;
      case 1:
        last += 5;
        break;
      case 2:
        last += random() % 200;
        break;
      case 3:
        last += random() % 50 == 0 ? random() : 1000;
        break;
      case 4:
        last ^= random() >> 40 << 29;
        break;
      case 5:  // a clock that ticks evenly and is read up to 200 late
        last = i * 1000 + i / 3 + random() % 200;
        break;
      default:
        last = i * i * 3;
        break;
    }
    numbers[i] = last;
  }
  return numbers;
}

TEST(IntCodec, EveryShapeAndCountGivesTheNumbersBack) {
  std::mt19937_64 random(11);
  for (int shape = 0; shape < 7; ++shape) {
    for (const size_t count : {1u, 2u, 3u, 127u, 128u, 129u, 130u, 1000u, 1024u}) {
      for (const auto kind :
           {IntColumn::Kind::kSequence, IntColumn::Kind::kDecimals, IntColumn::Kind::kFloatBits}) {
        SCOPED_TRACE(::testing::Message() << "shape " << shape << ", " << count << " numbers");
        const auto numbers = Sequence(random, count, shape);
        std::string bytes;
        IntColumn::Plan(numbers, kind).Write(&bytes);
        std::vector<uint64_t> read(count);
        ASSERT_TRUE(ReadIntColumn(bytes, read));
        EXPECT_EQ(read, numbers);
        EXPECT_FALSE(ReadIntColumn(bytes + "x", read)) << "one byte too many";
        EXPECT_FALSE(ReadIntColumn(bytes.substr(0, bytes.size() - 1), read)) << "one too few";
      }
    }
  }
}

TEST(IntCodec, TheTransformFitsTheShape) {
  std::mt19937_64 random(13);
  const auto transform = [&random](int shape, IntColumn::Kind kind) {
    const auto numbers = Sequence(random, 1024, shape);
    return IntColumn::Plan(numbers, kind).transform();
  };
  EXPECT_EQ(transform(1, IntColumn::Kind::kSequence), Transform::kLinear);
  EXPECT_EQ(transform(2, IntColumn::Kind::kSequence), Transform::kDelta);
  EXPECT_EQ(transform(5, IntColumn::Kind::kSequence), Transform::kTrend);
  EXPECT_EQ(transform(6, IntColumn::Kind::kSequence), Transform::kDeltaDelta);
  EXPECT_EQ(transform(4, IntColumn::Kind::kFloatBits), Transform::kXor);
}

TEST(IntCodec, ATrendGivesTheNumbersBackHoweverSteepItIs) {
  std::mt19937_64 random(19);
  for (const int bits : {1, 20, 45, 53, 54, 63, 64}) {
    SCOPED_TRACE(bits);
    const uint64_t step = ~uint64_t{0} >> (64 - bits);
    std::vector<uint64_t> numbers(1024);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = i * step + random() % 8;
    for (const bool falling : {false, true}) {
      std::string bytes;
      IntColumn::Plan(numbers, IntColumn::Kind::kSequence).Write(&bytes);
      std::vector<uint64_t> read(numbers.size());
      ASSERT_TRUE(ReadIntColumn(bytes, read)) << falling;
      EXPECT_EQ(read, numbers) << falling;
      std::reverse(numbers.begin(), numbers.end());
    }
  }
}

TEST(IntCodec, AnOutlierCostsItsGroupOnly) {
  std::mt19937_64 random(17);
  auto numbers = Sequence(random, 1024, 2);
  const size_t before = IntColumn::Plan(numbers, IntColumn::Kind::kSequence).estimated_bytes();
  for (size_t i = 500; i < numbers.size(); ++i) numbers[i] += 86'400'000;
  const size_t after = IntColumn::Plan(numbers, IntColumn::Kind::kSequence).estimated_bytes();
  EXPECT_LT(after, before + kGroup * 4);
}

TEST(IntCodec, ColumnsThatLieAreRefused) {
  std::vector<uint64_t> out(4);
  EXPECT_FALSE(ReadIntColumn("", out));
  EXPECT_FALSE(ReadIntColumn(std::string("\x06\x00", 2), out)) << "unknown transform";
  EXPECT_FALSE(ReadIntColumn(std::string("\x03\x41\x00\x00", 4), out)) << "width 65";
  EXPECT_FALSE(ReadIntColumn(std::string("\x03\x01\x40\x00\x0f", 5), out)) << "shift 64";
  EXPECT_FALSE(ReadIntColumn(std::string("\x03\x08\x39\x00....", 8), out)) << "beyond 64 bits";
  EXPECT_TRUE(ReadIntColumn(std::string("\x03\x08\x38\x00....", 8), out));
  EXPECT_EQ(out[0], uint64_t{'.'} << 56);
}

}  // namespace
}  // namespace cairn::metrics
