// Bytes of stored metrics that docs/storage-format.md shows: every transform of a column,
// exceptions among decimals, and the records that lead to blocks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "cairn/internal/storage.pb.h"
#include "lib/base/encoding.h"
#include "lib/base/files.h"
#include "server/metrics/block_codec.h"
#include "server/metrics/series_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::metrics {
namespace {

using testing::IsOk;

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

bool IsDocumented(const std::string& hex) {
  static const std::string document =
      ReadFile(std::string(CAIRN_SOURCE_DIR) + "/docs/storage-format.md").value();
  return document.find("`" + hex + "`") != std::string::npos;
}

// Steps 0, 1, 2, …; times 1000, 2000, 3000, ….
PointColumns Regular(const std::vector<double>& values) {
  PointColumns points;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto n = static_cast<int64_t>(i);
    points.Append(n, 1000 * (n + 1), values[i]);
  }
  return points;
}

PointColumns Numbers(size_t count, double (*value)(size_t)) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = value(i);
  return Regular(values);
}

PointColumns Irregular(const std::vector<int64_t>& steps, const std::vector<int64_t>& times,
                       const std::vector<double>& values) {
  PointColumns points;
  for (size_t i = 0; i < steps.size(); ++i) points.Append(steps[i], times[i], values[i]);
  return points;
}

// A clock that ticks every second and is read up to 96 ms late.
PointColumns LateClock() {
  PointColumns points;
  for (int64_t i = 0; i < 64; ++i) points.Append(i, 1000 * i + i * i * i * 31 % 97, 0.5);
  return points;
}

struct BlockVector {
  const char* what;
  PointColumns points;
  ValueCodec codec;
  const char* hex;
};

std::vector<BlockVector> BlockVectors() {
  const double tenths[] = {0.0, 0.7, 0.4, 0.1, 0.8, kNoNumber, 0.2, 0.9, 0.6,
                           0.3, 0.0, 0.7, 0.4, 0.1, 0.8,       0.5, 0.2};
  std::vector<double> in_the_middle(std::begin(tenths), std::end(tenths));
  std::vector<double> at_the_start = in_the_middle;
  at_the_start[0] = kNoNumber;
  at_the_start[5] = 0.5;
  return {
      {"linear", Regular({0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4}), ValueCodec::kDecimal,
       "010308000300050052928e1f0000000000000000070000000000000000000200d00fd00f0100000a0a"},
      {"second difference", Numbers(8, [](size_t i) { return static_cast<double>(i * i); }),
       ValueCodec::kDecimal,
       "0103080003000500264e2a430000000000000000070000000000000000000200d00fd00f0000020002000004"},
      {"exclusive or",
       Regular({0x1.99999ap-4, 0x1.99b99ap-4, 0x1.99a99ap-4, 0x1.99899ap-4, 0x1.99999ap-4,
                0x1.99899ap-4, 0x1.99a99ap-4, 0x1.99b99ap-4, 0x1.99999ap-4}),
       ValueCodec::kFloat32,
       "0102090003000500360767e40000000000000000080000000000000000000200d00fd00f049ab3e6dc17020b00"
       "6699"},
      {"an exception", Regular(in_the_middle), ValueCodec::kDecimal,
       "0103110003000500b84057070000000000000000100000000000000000000200d00fd00f010105000000000000"
       "00f87f010004000b3dd3063d333dd333"},
      {"the first is an exception", Regular(at_the_start), ValueCodec::kDecimal,
       "0103110003000500958b632c0000000000000000100000000000000000000200d00fd00f010100000000000000"
       "00f87f0100030105050a14408102"},
      {"two groups", Numbers(131, [](size_t i) { return static_cast<double>(i * i % 3); }),
       ValueCodec::kDecimal,
       "0103830003000500082a361d0000000000000000820000000000000000000200d00fd00f000003010000b66ddb"
       "b66ddbb66ddbb66ddbb66ddbb601000005"},
      {"differing steps and times",
       Irregular({0, 10, 20, 35},
                 {1'700'000'000'000, 1'700'000'000'050, 1'700'000'000'101, 1'700'000'000'150},
                 {0.5, 0.5, 0.5, 0.5}),
       ValueCodec::kConstant,
       "0100040007000b0025b60b1a00000000000000002300000000000000020014030000280180a0abfef962020062"
       "09000000000000e03f"},
      {"times read a little late", LateClock(), ValueCodec::kConstant,
       "010040000300400024a3972e00000000000000003f000000000000000000020500f0fd7c0700089c992e9505e4"
       "76dd9bc8b2d0e6040c286138eca6beb6c32a97a24a330304688850f97a9f9e6bb942e1a893d76fc7c9a990aa54"
       "cf4b3a7e01000000000000e03f"},
  };
}

TEST(StoredVectors, BlocksOfEveryTransformAreAsDocumented) {
  for (const BlockVector& vector : BlockVectors()) {
    SCOPED_TRACE(vector.what);
    const std::string block = EncodeBlock(vector.points, 0, vector.points.size());
    EXPECT_EQ(HexEncode(block), vector.hex);
    EXPECT_EQ(ReadBlockHeader(block)->codec, vector.codec);
    EXPECT_TRUE(IsDocumented(vector.hex));
    PointColumns read;
    ASSERT_THAT(DecodeBlock(*HexDecode(vector.hex), read), IsOk());
    EXPECT_EQ(read.steps, vector.points.steps);
    EXPECT_EQ(read.times, vector.points.times);
    for (size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(std::bit_cast<uint64_t>(read.values[i]), CanonicalBits(vector.points.values[i]));
    }
  }
}

Entry EntryOf(int64_t id, Position first, Position last, int64_t count, int64_t nan_count,
              double min, double max, double sum) {
  return {id, {first, last, count, nan_count, min, max, sum}};
}

void ExpectSame(const Entries& read, const Entries& written) {
  ASSERT_EQ(read.size(), written.size());
  for (size_t i = 0; i < read.size(); ++i) {
    const Summary& a = read[i].summary;
    const Summary& b = written[i].summary;
    EXPECT_EQ(read[i].id, written[i].id);
    EXPECT_TRUE(a.first == b.first && a.last == b.last);
    EXPECT_TRUE(a.count == b.count && a.nan_count == b.nan_count);
    EXPECT_TRUE(a.min == b.min && a.max == b.max && a.sum == b.sum);
  }
}

TEST(StoredVectors, ANodeIsAsDocumented) {
  const std::string hex =
      "0a020102120200001a03d00f642202120a2a04880e840732020a053a0200014210000000000000d03f0000000000"
      "00f0bf4a10000000000000e03f000000000000e83f52100000000000001040000000000000f83f";
  const Entries entries = {EntryOf(1, {0, 1000}, {9, 1900}, 10, 0, 0.25, 0.5, 4),
                           EntryOf(2, {9, 1950}, {14, 2400}, 5, 1, -1, 0.75, 1.5)};
  EXPECT_EQ(HexEncode(ToProto(entries).SerializeAsString()), hex);
  EXPECT_TRUE(IsDocumented(hex));
  internal::MetricIndexNode node;
  ASSERT_TRUE(node.ParseFromString(*HexDecode(hex)));
  const auto read = FromProto(node);
  ASSERT_THAT(read, IsOk());
  ExpectSame(*read, entries);
}

TEST(StoredVectors, ASeriesIsAsDocumented) {
  const std::string hex =
      "08051239080112350a01031201001a02d00f22011c2a02f01532010f3a01014208000000000000f0bf4a08000000"
      "000000e83f52080000000000001640123412320a01041201031a02e80722010a2a02c00c32010242080000000000"
      "00c03f4a08000000000000c03f5208000000000000d03f";
  SeriesState state;
  state.next_id = 5;
  state.levels = {{1, {EntryOf(3, {0, 1000}, {14, 2400}, 15, 1, -1, 0.75, 5.5)}},
                  {0, {EntryOf(4, {-2, 500}, {3, 1300}, 2, 0, 0.125, 0.125, 0.25)}}};
  EXPECT_EQ(HexEncode(state.Serialize()), hex);
  EXPECT_TRUE(IsDocumented(hex));
  internal::MetricSeriesRecord record;
  ASSERT_TRUE(record.ParseFromString(*HexDecode(hex)));
  EXPECT_EQ(record.next_id(), state.next_id);
  ASSERT_EQ(record.levels_size(), 2);
  for (int i = 0; i < 2; ++i) {
    const Level& level = state.levels[static_cast<size_t>(i)];
    EXPECT_EQ(record.levels(i).height(), level.height);
    const auto root = FromProto(record.levels(i).root());
    ASSERT_THAT(root, IsOk());
    ExpectSame(*root, level.root);
  }
}

TEST(StoredVectors, AWriterIsAsDocumented) {
  internal::MetricWriterRecord writer;
  writer.set_last_batch_number(300);
  EXPECT_EQ(HexEncode(writer.SerializeAsString()), "08ac02");
  EXPECT_TRUE(IsDocumented("08ac02"));
}

}  // namespace
}  // namespace cairn::metrics
