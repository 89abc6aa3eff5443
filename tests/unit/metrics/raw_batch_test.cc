#include "server/metrics/raw_batch.h"

#include <limits>
#include <random>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::metrics {
namespace {

using testing::IsOk;

struct Columns {
  std::vector<int64_t> steps;
  std::vector<int64_t> times;
  std::vector<double> values;
};

void ExpectRoundTrip(const Columns& in) {
  const std::string bytes = EncodeRawBatch(in.steps, in.times, in.values);
  PointColumns out;
  ASSERT_THAT(DecodeRawBatch(bytes, StepRange(), out), IsOk());
  ASSERT_EQ(out.steps, in.steps);
  for (size_t i = 0; i < in.steps.size(); ++i) {
    ASSERT_EQ(out.times[i], in.times[in.times.size() == 1 ? 0 : i]);
    ASSERT_EQ(CanonicalBits(out.values[i]), CanonicalBits(in.values[i])) << in.values[i];
  }
}

TEST(RawBatch, EveryKindOfColumnComesBack) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  ExpectRoundTrip({{0}, {0}, {0}});
  ExpectRoundTrip({{1, 2, 3}, {5}, {0.5, 0.25, -0.0}});
  ExpectRoundTrip({{3, 1, 1}, {5, 4, 5}, {0.1, 1e300, 1e-310}});
  ExpectRoundTrip({{kMin, kMax, kMin}, {kMax, kMin, 0}, {kInf, -kInf, 1}});
  ExpectRoundTrip({{1, 2}, {7, 7}, {std::numeric_limits<double>::quiet_NaN(), 3.4e38}});
  ExpectRoundTrip({{1}, {7}, {3.5e38}});
}

TEST(RawBatch, RandomColumnsComeBack) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    Columns columns;
    const size_t count = 1 + random() % 50;
    const bool floats = random() % 2 == 0;
    for (size_t i = 0; i < count; ++i) {
      columns.steps.push_back(static_cast<int64_t>(random() >> (random() % 64)));
      columns.times.push_back(static_cast<int64_t>(random() >> (random() % 64)));
      const double value = static_cast<double>(static_cast<int64_t>(random())) * 1e-18;
      columns.values.push_back(floats ? static_cast<double>(static_cast<float>(value)) : value);
    }
    ExpectRoundTrip(columns);
  }
}

TEST(RawBatch, OnlyThePointsOfTheRangeAreAppended) {
  const std::vector<int64_t> steps = {5, 1, 9, 3};
  const std::vector<int64_t> times = {1};
  const std::vector<double> values = {5, 1, 9, 3};
  PointColumns points;
  points.Append(0, 0, 0);
  ASSERT_THAT(DecodeRawBatch(EncodeRawBatch(steps, times, values), {3, 5}, points), IsOk());
  EXPECT_EQ(points.steps, (std::vector<int64_t>{0, 5, 3}));
  EXPECT_EQ(points.values, (std::vector<double>{0, 5, 3}));
}

TEST(RawBatch, ThePlainFormIsReadToo) {
  cairn::internal::MetricBatchRecord record;
  for (int i = 0; i < 3; ++i) {
    record.add_steps(i * 10);
    record.add_times_unix_millis(100 + i);
    record.add_values(i + 0.5);
  }
  PointColumns points;
  ASSERT_THAT(DecodeRawBatch(record.SerializeAsString(), StepRange(), points), IsOk());
  EXPECT_EQ(points.steps, (std::vector<int64_t>{0, 10, 20}));
  EXPECT_EQ(points.times, (std::vector<int64_t>{100, 101, 102}));
  EXPECT_EQ(points.values, (std::vector<double>{0.5, 1.5, 2.5}));
}

// The vector of docs/storage-format.md.
TEST(RawBatch, IsStoredAsDocumented) {
  const std::vector<int64_t> steps = {7, 8};
  const std::vector<int64_t> times = {1'700'000'000'000, 1'700'000'000'050};
  const std::vector<double> values = {0.5, 0.25};
  EXPECT_EQ(HexEncode(EncodeRawBatch(steps, times, values)),
            "22020e022a0780a0abfef962643a080000003f0000803e");
}

TEST(RawBatch, DamageIsAnErrorAndLeavesThePointsAsTheyWere) {
  const std::vector<int64_t> steps = {1, 2};
  const std::vector<int64_t> times = {1, 9};
  const std::vector<double> values = {1, 2};
  cairn::internal::MetricBatchRecord record;
  ASSERT_TRUE(record.ParseFromString(EncodeRawBatch(steps, times, values)));
  record.mutable_step_deltas()->RemoveLast();
  PointColumns points;
  EXPECT_TRUE(HasReason(DecodeRawBatch(record.SerializeAsString(), StepRange(), points),
                        ErrorReason::RECORD_CORRUPT));
  EXPECT_TRUE(HasReason(DecodeRawBatch("\xff", StepRange(), points), ErrorReason::RECORD_CORRUPT));
  EXPECT_EQ(points.size(), 0u);
}

}  // namespace
}  // namespace cairn::metrics
