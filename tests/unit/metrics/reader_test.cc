#include "server/metrics/series_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "server/metrics/block_codec.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/metrics/series_fixture.h"

namespace cairn::metrics {
namespace {

using testing::IsOk;
using testing::StatusIs;

class ReaderTest : public SeriesFixture {
 protected:
  // Checks `buckets` against the points, one slice after the other. Only for
  // series in one level, where buckets follow each other.
  void ExpectSlices(const std::vector<Summary>& buckets, const std::vector<Row>& rows) {
    size_t at = 0;
    for (const Summary& bucket : buckets) {
      ASSERT_LE(at + static_cast<size_t>(bucket.count), rows.size());
      Summary expected;
      for (int64_t i = 0; i < bucket.count; ++i) {
        const auto& [step, time, ordered] = rows[at++];
        expected.AddPoint({step, time}, FromOrderedBits(ordered));
      }
      ASSERT_EQ(bucket.first, expected.first);
      ASSERT_EQ(bucket.last, expected.last);
      ASSERT_EQ(bucket.min, expected.min);
      ASSERT_EQ(bucket.max, expected.max);
      ASSERT_EQ(bucket.nan_count, expected.nan_count);
      ASSERT_NEAR(bucket.sum, expected.sum, 1e-6);
    }
    ASSERT_EQ(at, rows.size());
  }

  static Summary Total(const std::vector<Summary>& buckets) {
    Summary total;
    for (const Summary& bucket : buckets) total.Add(bucket);
    return total;
  }
};

TEST_F(ReaderTest, ASeriesThatWasNeverLoggedIsEmpty) {
  EXPECT_TRUE(ReadAll().empty());
  EXPECT_TRUE(ReadBuckets(10).empty());
}

TEST_F(ReaderTest, RawAndFoldedPointsShowNoSeam) {
  std::mt19937_64 random(1);
  Log(Stretch(random, 0, 2500));
  FoldAll();
  Log(Stretch(random, 2500, 700));
  Log(Stretch(random, 1000, 50, 7));
  for (const size_t max_points : {1u, 64u, 100'000u})
    EXPECT_EQ(ReadAll({}, max_points), Expected());
  for (const StepRange range : {StepRange{100, 1100}, StepRange{1024, 1024}, StepRange{2400, 2600},
                                StepRange{5, 4}, StepRange{9000, 9999}}) {
    EXPECT_EQ(ReadAll(range), Expected(range)) << range.first;
  }
}

TEST_F(ReaderTest, BucketsAreSlicesOfTheCurveAtEveryZoom) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 10; ++i) {
    PointColumns points = Stretch(random, i * 20'000, 20'000);
    points.values[5] = std::numeric_limits<double>::quiet_NaN();
    points.values[77] = i == 3 ? std::numeric_limits<double>::infinity() : 3;
    Log(points);
  }
  FoldAll();
  ASSERT_GT(State().levels[0].height, 0);
  const std::vector<Row> all = Expected();
  for (const int64_t buckets : {int64_t{1}, int64_t{7}, int64_t{100}, int64_t{2000},
                                int64_t{100'000}, std::numeric_limits<int64_t>::max()}) {
    SCOPED_TRACE(buckets);
    const auto read = ReadBuckets(buckets);
    EXPECT_LE(static_cast<int64_t>(read.size()), buckets);
    if (buckets > 200) {
      EXPECT_GT(read.size(), 190u);
    }
    if (buckets < 100'000) {
      Summary total = Total(read);
      EXPECT_EQ(total.count, static_cast<int64_t>(all.size()));
    }
  }
  for (int i = 0; i < 40; ++i) {
    const auto first = static_cast<int64_t>(random() % 200'000);
    const StepRange range{first, first + static_cast<int64_t>(random() % 60'000)};
    SCOPED_TRACE(::testing::Message() << range.first << " to " << range.last);
    const int64_t count = 1 + static_cast<int64_t>(random() % 300);
    const auto read = ReadBuckets(count, range);
    EXPECT_LE(static_cast<int64_t>(read.size()), count);
    std::vector<Row> rows = Expected(range);
    // Infinity makes the slice with it incomparable by nearness.
    if (range.first <= 60'077 && 60'077 <= range.last) continue;
    ExpectSlices(read, rows);
  }
}

TEST_F(ReaderTest, ExtremaAreExactWhereverThePointsAre) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 4; ++i) Log(Stretch(random, i * 30'000, 30'000));
  FoldAll();
  for (int i = 0; i < 5; ++i) {
    PointColumns scattered;
    for (int j = 0; j < 40; ++j) {
      scattered.Append(static_cast<int64_t>(random() % 120'000), i,
                       static_cast<double>(random() % 100) - 50);
    }
    Log(scattered);
    if (i < 3) FoldAll();
  }
  ASSERT_GT(State().levels.size(), 1u);
  for (int i = 0; i < 30; ++i) {
    const auto first = static_cast<int64_t>(random() % 100'000);
    const StepRange range{first, first + static_cast<int64_t>(random() % 50'000)};
    SCOPED_TRACE(::testing::Message() << range.first << " to " << range.last);
    const std::vector<Row> rows = Expected(range);
    Summary expected;
    for (const auto& [step, time, ordered] : rows) {
      expected.AddPoint({step, time}, FromOrderedBits(ordered));
    }
    const auto buckets = ReadBuckets(50, range);
    const Summary total = Total(buckets);
    EXPECT_EQ(total.count, expected.count);
    EXPECT_EQ(total.min, expected.min);
    EXPECT_EQ(total.max, expected.max);
    EXPECT_NEAR(total.sum, expected.sum, 1e-6);
    // Each extremum was logged within the steps its bucket names.
    for (const Summary& bucket : buckets) {
      Summary within;
      bool min_there = false;
      bool max_there = false;
      for (const auto& [step, time, ordered] : rows) {
        if (step < bucket.first.step || step > bucket.last.step) continue;
        min_there = min_there || FromOrderedBits(ordered) == bucket.min;
        max_there = max_there || FromOrderedBits(ordered) == bucket.max;
      }
      EXPECT_TRUE(min_there && max_there);
    }
  }
}

TEST_F(ReaderTest, StepsAtBothEndsOfTheNumbers) {
  PointColumns points;
  points.Append(std::numeric_limits<int64_t>::min(), 0, 1);
  points.Append(0, 0, 2);
  points.Append(std::numeric_limits<int64_t>::max(), 0, 3);
  Log(points);
  for (int folded = 0; folded < 2; ++folded) {
    EXPECT_EQ(ReadAll(), Expected());
    EXPECT_EQ(Total(ReadBuckets(1000)).count, 3);
    EXPECT_EQ(ReadBuckets(1).size(), 1u);
    FoldAll();
  }
}

TEST_F(ReaderTest, AMissingBlockIsDataLossAndNotAGap) {
  std::mt19937_64 random(4);
  Log(Stretch(random, 0, 3 * kBlockPoints));
  FoldAll();
  storage::WriteSet loss;
  loss.Delete(storage::MetricBlockKey(kRun, kMetric, State().levels[0].root[1].id));
  ASSERT_THAT(store_->CommitAndWait(std::move(loss)), IsOk());
  const auto snapshot = store_->GetSnapshot();
  auto reader = SeriesReader::Open(*snapshot, kRun, kMetric).value();
  PointColumns points;
  EXPECT_TRUE(reader.Next(kBlockPoints, points).value());
  EXPECT_TRUE(HasReason(reader.Next(1, points).status(), ErrorReason::RECORD_CORRUPT));
}

TEST(IndexNode, DamagedNodesAreRefused) {
  Entries entries;
  for (int64_t i = 0; i < 5; ++i) {
    Summary s;
    s.AddPoint({i * 10, 7 - i}, static_cast<double>(i));
    s.AddPoint({i * 10 + 9, -i}, std::numeric_limits<double>::quiet_NaN());
    entries.push_back({i + 1, s});
  }
  const auto node = ToProto(entries);
  const Entries read = FromProto(node).value();
  ASSERT_EQ(read.size(), entries.size());
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].id, entries[i].id);
    EXPECT_EQ(read[i].summary.first, entries[i].summary.first);
    EXPECT_EQ(read[i].summary.last, entries[i].summary.last);
    EXPECT_EQ(read[i].summary.nan_count, 1);
  }
  auto shorter = node;
  shorter.mutable_mins()->RemoveLast();
  EXPECT_TRUE(HasReason(FromProto(shorter).status(), ErrorReason::RECORD_CORRUPT));
  auto disordered = node;
  disordered.set_first_step_deltas(2, -100);
  EXPECT_THAT(FromProto(disordered), StatusIs(absl::StatusCode::kDataLoss));
  auto empty_child = node;
  empty_child.set_counts(0, 0);
  EXPECT_THAT(FromProto(empty_child), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace cairn::metrics
