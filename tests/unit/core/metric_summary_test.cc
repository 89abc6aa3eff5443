#include "server/core/metric_summary.h"

#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::core {
namespace {

using cairn::v1::MetricColumns;
using cairn::v1::MetricSummary;
using testing::IsOk;
using testing::StatusIs;

MetricSummary Random(std::mt19937_64& rng) {
  static constexpr std::array<double, 7> kValues = {0.0,
                                                    -0.0,
                                                    1.5,
                                                    -2,
                                                    std::numeric_limits<double>::quiet_NaN(),
                                                    std::numeric_limits<double>::infinity(),
                                                    -std::numeric_limits<double>::infinity()};
  MetricColumns columns;
  columns.set_key("m");
  const int count = static_cast<int>(rng() % 4);
  if (count == 0) return MetricSummary();
  for (int i = 0; i < count; ++i) {
    columns.add_steps(static_cast<int64_t>(rng() % 3) - 1);
    columns.add_times_unix_millis(static_cast<int64_t>(rng() % 2));
    columns.add_values(std::copysign(kValues[rng() % kValues.size()], rng() % 2 == 0 ? 1.0 : -1.0));
  }
  return *SummarizeColumns(columns, 0);
}

TEST(MetricSummary, MergeIsAssociativeAndCommutativeToTheByte) {
  constexpr uint64_t kSeed = 42;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 rng(kSeed);
  for (int round = 0; round < 5000; ++round) {
    const MetricSummary a = Random(rng);
    const MetricSummary b = Random(rng);
    const MetricSummary c = Random(rng);
    ASSERT_EQ(DeterministicBytes(MergeSummaries(a, b)), DeterministicBytes(MergeSummaries(b, a)));
    ASSERT_EQ(DeterministicBytes(MergeSummaries(MergeSummaries(a, b), c)),
              DeterministicBytes(MergeSummaries(a, MergeSummaries(b, c))));
    ASSERT_EQ(DeterministicBytes(MergeSummaries(a, MetricSummary())), DeterministicBytes(a));
  }
}

TEST(MetricSummary, LatestGoesByStepThenTimeThenValue) {
  MetricColumns columns;
  columns.set_key("m");
  for (const auto& [step, value] : {std::pair{1, 5.0}, {3, 1.0}, {3, 2.0}, {2, 9.0}}) {
    columns.add_steps(step);
    columns.add_values(value);
  }
  const auto summary = SummarizeColumns(columns, 77);
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->latest().step(), 3);
  EXPECT_EQ(summary->latest().value(), 2);
  EXPECT_EQ(summary->latest().time_unix_millis(), 77);
  EXPECT_EQ(summary->min(), 1);
  EXPECT_EQ(summary->max(), 9);
  EXPECT_EQ(summary->point_count(), 4);
}

TEST(MetricSummary, NanIsLatestOnATieAndNeverAnExtreme) {
  MetricColumns columns;
  columns.add_steps(1);
  columns.add_values(std::numeric_limits<double>::quiet_NaN());
  const auto only_nan = SummarizeColumns(columns, 0);
  EXPECT_TRUE(std::isnan(only_nan->min()) && std::isnan(only_nan->max()));
  columns.set_values(0, 4);
  const MetricSummary merged = MergeSummaries(*SummarizeColumns(columns, 0), *only_nan);
  EXPECT_TRUE(std::isnan(merged.latest().value()));
  EXPECT_EQ(merged.min(), 4);
  EXPECT_EQ(merged.max(), 4);
}

TEST(MetricSummary, ColumnsOfUnequalLengthAreRefused) {
  MetricColumns columns;
  EXPECT_TRUE(HasReason(SummarizeColumns(columns, 0).status(), ErrorReason::VALUE_INVALID));
  columns.add_values(1);
  EXPECT_THAT(SummarizeColumns(columns, 0), StatusIs(absl::StatusCode::kInvalidArgument));
  columns.add_steps(1);
  EXPECT_THAT(SummarizeColumns(columns, 0), IsOk());
  columns.add_times_unix_millis(1);
  columns.add_times_unix_millis(2);
  EXPECT_THAT(SummarizeColumns(columns, 0), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::core
