#include "server/metrics/block_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "server/metrics/series.h"

namespace cairn::metrics {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

PointColumns Decoded(const std::string& block) {
  PointColumns points;
  const absl::Status status = DecodeBlock(block, points);
  EXPECT_THAT(status, IsOk());
  return points;
}

void ExpectSame(const PointColumns& read, const PointColumns& points) {
  EXPECT_EQ(read.steps, points.steps);
  EXPECT_EQ(read.times, points.times);
  ASSERT_EQ(read.size(), points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint64_t>(read.values[i]), CanonicalBits(points.values[i])) << i;
  }
}

// Values of one kind, by the number of the point.
using Maker = std::function<double(std::mt19937_64&, size_t)>;
struct Kind {
  const char* name;
  ValueCodec codec;
  double max_bytes_per_point;  // of blocks of kBlockPoints with jitter in the times
  Maker make;
};

double Uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

double Loss(std::mt19937_64& random, size_t i) {
  return 2.5 * std::exp(-static_cast<double>(i) / 700.0) + 0.02 * (Uniform(random) - 0.5) + 0.1;
}

std::vector<Kind> Kinds() {
  return {
      {"constant", ValueCodec::kConstant, 1.3, [](auto&, size_t) { return 0.001; }},
      {"constant NaN", ValueCodec::kConstant, 1.3, [](auto&, size_t) { return kNan; }},
      {"f32 loss", ValueCodec::kFloat32, 4.5,
       [](auto& random, size_t i) { return double{static_cast<float>(Loss(random, i))}; }},
      {"f64 loss", ValueCodec::kFloat64, 8.5, Loss},
      {"4 decimals", ValueCodec::kDecimal, 2.5,
       [](auto& random, size_t i) { return std::round(Loss(random, i) * 1e4) / 1e4; }},
      {"whole numbers", ValueCodec::kDecimal, 2.5,
       [](auto&, size_t i) { return static_cast<double>(i * 7 % 100); }},
      {"decimals with NaN", ValueCodec::kDecimal, 3.5,
       [](auto& random, size_t i) {
         return i % 40 == 7 ? kNan : std::round(Loss(random, i) * 1e4) / 1e4;
       }},
      {"negative zero", ValueCodec::kFloat32, 2,
       [](auto&, size_t i) { return i % 2 ? 0.0 : -0.0; }},
      {"random bits", ValueCodec::kFloat64, 9.5,
       [](auto& random, size_t) { return std::bit_cast<double>(random()); }},
  };
}

PointColumns Make(const Kind& kind, std::mt19937_64& random, size_t count) {
  PointColumns points;
  for (size_t i = 0; i < count; ++i) {
    const auto jitter = static_cast<int64_t>(random() % 200) - 100;
    points.Append(static_cast<int64_t>(i) * 10,
                  1'700'000'000'000 + static_cast<int64_t>(i) * 1000 + jitter,
                  kind.make(random, i));
  }
  return points;
}

TEST(BlockCodec, EachKindOfValuesGetsItsCodecAndItsSize) {
  for (const Kind& kind : Kinds()) {
    SCOPED_TRACE(kind.name);
    std::mt19937_64 random(3);
    const PointColumns points = Make(kind, random, kBlockPoints);
    const std::string block = EncodeBlock(points, 0, points.size());
    EXPECT_EQ(ReadBlockHeader(block)->codec, kind.codec);
    EXPECT_LE(static_cast<double>(block.size()) / kBlockPoints, kind.max_bytes_per_point);
    ExpectSame(Decoded(block), points);
  }
}

TEST(BlockCodec, ConstantsAtAFixedIntervalTakeHardlyAnything) {
  PointColumns points;
  for (int64_t i = 0; i < 1024; ++i) points.Append(i, i * 1000, 0.5);
  EXPECT_LT(EncodeBlock(points, 0, points.size()).size(), 64u);
}

TEST(BlockCodec, EverySizeRoundTrips) {
  for (const Kind& kind : Kinds()) {
    for (const size_t count : {1u, 2u, 3u, 16u, 128u, 129u, 500u, 1023u}) {
      SCOPED_TRACE(::testing::Message() << kind.name << ", " << count << " points");
      std::mt19937_64 random(count);
      const PointColumns points = Make(kind, random, count);
      ExpectSame(Decoded(EncodeBlock(points, 0, count)), points);
    }
  }
}

TEST(BlockCodec, SpecialValuesAndExtremeStepsSurviveBitByBit) {
  const std::vector<double> specials = {
      kInfinity,
      -kInfinity,
      kNan,
      -kNan,
      0.0,
      -0.0,
      5e-324,
      -5e-324,
      std::numeric_limits<double>::max(),
      std::numeric_limits<double>::lowest(),
      std::numeric_limits<double>::min(),
      0.1,
      1e22,
      1e23,
      9007199254740993.0,
      3.4028236e38,
      static_cast<double>(std::numeric_limits<float>::denorm_min()),
      1.0 / 3.0};
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    PointColumns points;
    const size_t count = 1 + random() % 300;
    for (size_t i = 0; i < count; ++i) {
      const auto step = static_cast<int64_t>(seed % 3 == 0 ? random() : random() % 50);
      const auto time = static_cast<int64_t>(seed % 5 == 0 ? random() : random() % 3);
      points.Append(step, time, specials[random() % specials.size()]);
    }
    SortUnique(points);
    ExpectSame(Decoded(EncodeBlock(points, 0, points.size())), points);
  }
}

TEST(BlockCodec, EveryDamagedByteAndEveryCutIsDataLoss) {
  std::mt19937_64 random(5);
  const Kind kind = Kinds()[2];
  const PointColumns points = Make(kind, random, 200);
  const std::string block = EncodeBlock(points, 0, points.size());
  PointColumns out;
  for (size_t at = 0; at < block.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      std::string damaged = block;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      const absl::Status status = DecodeBlock(damaged, out);
      ASSERT_TRUE(HasReason(status, ErrorReason::RECORD_CORRUPT)) << "byte " << at;
      ASSERT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    }
    ASSERT_THAT(DecodeBlock(block.substr(0, at), out), StatusIs(absl::StatusCode::kDataLoss))
        << "cut at " << at;
  }
  EXPECT_THAT(DecodeBlock(block + '\0', out), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(out.empty());
}

// With the checksum made right again, the structure itself has to hold: whatever
// is accepted is sorted and of the length that the header says.
TEST(BlockCodec, DamageUnderAValidChecksumIsRefusedOrDecodesToSortedPoints) {
  int refused = 0;
  for (const Kind& kind : Kinds()) {
    std::mt19937_64 random(23);
    const PointColumns points = Make(kind, random, 150);
    const std::string block = EncodeBlock(points, 0, points.size());
    for (int i = 0; i < 4000; ++i) {
      std::string damaged = block;
      for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      if (random() % 4 == 0) damaged.resize(kBlockHeaderBytes + random() % damaged.size());
      SealBlock(damaged);
      const std::vector<char> exact(damaged.begin(), damaged.end());
      PointColumns out;
      if (!DecodeBlock({exact.data(), exact.size()}, out).ok()) {
        ++refused;
        continue;
      }
      ASSERT_EQ(out.size(), ReadBlockHeader(damaged)->count);
      for (size_t p = 1; p < out.size(); ++p) ASSERT_TRUE(PointLess(out, p - 1, out, p));
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(BlockCodec, UnsortedPointsAreNotABlock) {
  PointColumns points;
  points.Append(5, 0, 1);
  points.Append(4, 0, 2);
  PointColumns out;
  EXPECT_THAT(DecodeBlock(EncodeBlock(points, 0, 2), out), StatusIs(absl::StatusCode::kDataLoss));
  points.steps[1] = 5;
  points.values[1] = 1;
  EXPECT_THAT(DecodeBlock(EncodeBlock(points, 0, 2), out), StatusIs(absl::StatusCode::kDataLoss))
      << "a duplicate";
}

struct Vector {
  std::vector<double> values;
  const char* hex;
};

// Steps 0, 1, 2, …; times 1000, 2000, 3000, …. Worked out by a separate program
// from docs/storage-format.md.
TEST(BlockCodec, VectorsAreAsDocumented) {
  const std::string document =
      ReadFile(std::string(CAIRN_SOURCE_DIR) + "/docs/storage-format.md").value();
  const std::vector<Vector> vectors = {
#include "tests/testing/status_matchers.h"
#include "tests/unit/metrics/block_vectors.inc"
  };
  for (const Vector& vector : vectors) {
    PointColumns points;
    for (size_t i = 0; i < vector.values.size(); ++i) {
      const auto n = static_cast<int64_t>(i);
      points.Append(n, 1000 * (n + 1), vector.values[i]);
    }
    EXPECT_EQ(HexEncode(EncodeBlock(points, 0, points.size())), vector.hex);
    EXPECT_NE(document.find("`" + std::string(vector.hex) + "`"), std::string::npos) << vector.hex;
  }
}

}  // namespace
}  // namespace cairn::metrics
