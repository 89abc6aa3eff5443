#include "lib/chunking/chunker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/chunking/gear_table.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/chunking/reference_chunker.h"

namespace cairn::chunking {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

constexpr ChunkerParams kSmall = {.min_bytes = 64, .average_bytes = 256, .max_bytes = 1024};

// The bytes of the test vectors: outputs of SplitMix64 with seed 1, little-endian.
std::string VectorBytes(size_t size) {
  std::string bytes;
  uint64_t state = 1;
  while (bytes.size() < size) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(z >> (8 * i));
  }
  bytes.resize(size);
  return bytes;
}

std::string RandomBytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// Numbers as text, runs of one byte, repeated blocks and noise, one after another.
std::string StructuredBytes(std::mt19937_64& random, size_t size) {
  std::string bytes;
  const std::string block = RandomBytes(random, 1 + random() % 3000);
  while (bytes.size() < size) {
    switch (random() % 4) {
      case 0:
        for (int i = 0; i < 200; ++i) bytes += fmt::format("{},{}\n", i, random() % 1000);
        break;
      case 1:
        bytes.append(random() % 5000, static_cast<char>(random()));
        break;
      case 2:
        bytes += block;
        break;
      default:
        bytes += RandomBytes(random, random() % 2000);
    }
  }
  bytes.resize(size);
  return bytes;
}

// The lengths found when the bytes come in pieces of random lengths.
std::vector<int64_t> LengthsOfPieces(std::mt19937_64& random, std::string_view bytes,
                                     size_t longest_piece, const ChunkerParams& params) {
  std::vector<int64_t> lengths;
  Chunker chunker(params);
  int64_t length = 0;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, 1 + random() % longest_piece);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto end = chunker.FindEnd(piece);
      length += static_cast<int64_t>(end.value_or(piece.size()));
      piece.remove_prefix(end.value_or(piece.size()));
      EXPECT_EQ(chunker.current_bytes(), end ? 0 : length);
      if (end) lengths.push_back(std::exchange(length, 0));
    }
  }
  if (length > 0) lengths.push_back(length);
  return lengths;
}

TEST(GearTableTest, HoldsTheOutputsOfSplitMix64) {
  EXPECT_EQ(kGearTable[1], 0x6e789e6aa1b965f4u);
  EXPECT_EQ(kGearTable[255], 0x5a5832bb47bcf19eu);
  std::string bytes;
  for (const uint64_t value : kGearTable) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  }
  EXPECT_EQ(Sha256Hex(bytes), "1fcad79552dcfac7ae74feea349962fe22665d2c0aa4f5238846721fc7bf4459");
}

TEST(ChunkerTest, FindsTheBoundariesOfTheDocumentsVectors) {
  const std::string bytes = VectorBytes(1 << 20);
  ASSERT_EQ(Sha256Hex(bytes), "85b66b3a5816d686deb42f2d2473d9a7121ceb75c822b838f958c76ca86ed8ea");
  EXPECT_THAT(ChunkLengths(bytes),
              ElementsAre(220209, 143729, 133479, 189236, 133302, 222106, 6515));
  EXPECT_THAT(
      ChunkLengths(std::string_view(bytes).substr(0, 4096), kSmall),
      ElementsAre(300, 524, 111, 112, 418, 277, 256, 397, 141, 324, 272, 302, 289, 270, 103));
  EXPECT_THAT(ChunkLengths(std::string(1 << 20, '\0')), ElementsAre(512 << 10, 512 << 10));
  EXPECT_THAT(ChunkLengths(bytes.substr(0, 300'000) + "x" + bytes.substr(300'000)),
              ElementsAre(220209, 143730, 133479, 189236, 133302, 222106, 6515));
}

TEST(ChunkerTest, NothingHasNoChunksAndAByteIsOne) {
  EXPECT_TRUE(ChunkLengths("").empty());
  EXPECT_THAT(ChunkLengths("x"), ElementsAre(1));
  Chunker chunker;
  EXPECT_FALSE(chunker.FindEnd("").has_value());
}

TEST(ChunkerTest, AgreesWithTheReferenceOnRandomAndStructuredBytes) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    ChunkerParams params;
    params.min_bytes = 64 + static_cast<int64_t>(random() % 300);
    params.average_bytes =
        std::max<int64_t>(256, params.min_bytes + static_cast<int64_t>(random() % 2000));
    params.max_bytes = params.average_bytes + static_cast<int64_t>(random() % 4000);
    ASSERT_THAT(params.Check(), IsOk());
    const size_t size = random() % 200'000;
    const std::string bytes =
        seed % 2 == 0 ? RandomBytes(random, size) : StructuredBytes(random, size);
    const auto expected = ReferenceChunkLengths(bytes, params);
    ASSERT_EQ(ChunkLengths(bytes, params), expected);
    ASSERT_EQ(LengthsOfPieces(random, bytes, 1 + random() % 5000, params), expected);
  }
}

TEST(ChunkerTest, AgreesWithTheReferenceWithTheDefaultParameters) {
  std::mt19937_64 random(7);
  for (const std::string& bytes :
       {RandomBytes(random, 8 << 20), StructuredBytes(random, 8 << 20)}) {
    const auto expected = ReferenceChunkLengths(bytes, {});
    ASSERT_EQ(ChunkLengths(bytes), expected);
    ASSERT_EQ(LengthsOfPieces(random, bytes, 300'000, {}), expected);
  }
}

TEST(ChunkerTest, LengthsKeepTheirBoundsAndGatherAroundTheAverage) {
  std::mt19937_64 random(8);
  const std::string bytes = RandomBytes(random, 64 << 20);
  const auto lengths = ChunkLengths(bytes);
  EXPECT_EQ(std::accumulate(lengths.begin(), lengths.end(), int64_t{0}), 64 << 20);
  for (size_t i = 0; i + 1 < lengths.size(); ++i) {
    ASSERT_GE(lengths[i], 32 << 10);
    ASSERT_LE(lengths[i], 512 << 10);
  }
  const int64_t mean = (64 << 20) / static_cast<int64_t>(lengths.size());
  EXPECT_GT(mean, 110 << 10);
  EXPECT_LT(mean, 180 << 10);
}

// How many chunks of `changed` do not occur among those of `bytes`.
int NewChunks(const std::string& bytes, const std::string& changed, const ChunkerParams& params) {
  std::vector<std::string_view> known;
  std::string_view rest = bytes;
  for (const int64_t length : ChunkLengths(bytes, params)) {
    known.push_back(rest.substr(0, static_cast<size_t>(length)));
    rest.remove_prefix(static_cast<size_t>(length));
  }
  std::sort(known.begin(), known.end());
  int fresh = 0;
  rest = changed;
  for (const int64_t length : ChunkLengths(changed, params)) {
    const std::string_view chunk = rest.substr(0, static_cast<size_t>(length));
    fresh += std::binary_search(known.begin(), known.end(), chunk) ? 0 : 1;
    rest.remove_prefix(static_cast<size_t>(length));
  }
  return fresh;
}

TEST(ChunkerTest, AByteInsertedRemovedOrChangedAltersAFewChunks) {
  constexpr ChunkerParams kParams = {
      .min_bytes = 1 << 10, .average_bytes = 4 << 10, .max_bytes = 16 << 10};
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    const std::string bytes = RandomBytes(random, 1 << 20);
    const size_t at = random() % bytes.size();
    std::string changed = bytes;
    if (seed % 3 == 0) changed.insert(at, 1, static_cast<char>(random()));
    if (seed % 3 == 1) changed.erase(at, 1);
    if (seed % 3 == 2) changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_GE(NewChunks(bytes, changed, kParams), 1);
    EXPECT_LE(NewChunks(bytes, changed, kParams), 12);
  }
}

TEST(ChunkerTest, ResetBeginsANewInput) {
  const std::string bytes = VectorBytes(400'000);
  Chunker chunker;
  ASSERT_FALSE(chunker.FindEnd(std::string_view(bytes).substr(0, 200'000)).has_value());
  chunker.Reset();
  EXPECT_EQ(chunker.FindEnd(bytes), 220'209u);
}

TEST(ChunkerParamsTest, ValuesThatCannotBeUsedAreRefused) {
  EXPECT_THAT(ChunkerParams{}.Check(), IsOk());
  EXPECT_THAT(kSmall.Check(), IsOk());
  for (const ChunkerParams& params :
       {ChunkerParams{63, 256, 1024}, ChunkerParams{64, 255, 1024}, ChunkerParams{300, 256, 1024},
        ChunkerParams{64, 256, 255}, ChunkerParams{64, 256, (int64_t{1} << 30) + 1},
        ChunkerParams{0, 0, 0}, ChunkerParams{-1, -1, -1}}) {
    EXPECT_THAT(params.Check(), StatusIs(absl::StatusCode::kInvalidArgument))
        << params.min_bytes << " " << params.average_bytes << " " << params.max_bytes;
  }
}

}  // namespace
}  // namespace cairn::chunking
