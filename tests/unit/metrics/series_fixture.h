#ifndef CAIRN_TESTS_UNIT_METRICS_SERIES_FIXTURE_H_
#define CAIRN_TESTS_UNIT_METRICS_SERIES_FIXTURE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/metrics/fold.h"
#include "server/metrics/points.h"
#include "server/metrics/series_reader.h"
#include "server/metrics/series_store.h"
#include "server/storage/keyspace.h"
#include "server/storage/kv_store.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::metrics {

inline constexpr char kRun[] = "0123456789abcdef0123456789abcdef";
inline constexpr char kMetric[] = "loss";

// A point whose order and equality are those of a series.
using Row = std::tuple<int64_t, int64_t, uint64_t>;

inline std::vector<Row> RowsOf(const PointColumns& points) {
  std::vector<Row> rows;
  for (size_t i = 0; i < points.size(); ++i) {
    rows.emplace_back(points.steps[i], points.times[i], OrderedBits(points.values[i]));
  }
  return rows;
}

inline std::vector<Row> SortedUnique(std::vector<Row> rows) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

// `count` points at one point a second from `first_step`, with random values.
inline PointColumns Stretch(std::mt19937_64& random, int64_t first_step, size_t count,
                            int64_t time_offset = 0) {
  PointColumns points;
  std::normal_distribution<double> noise;
  for (size_t i = 0; i < count; ++i) {
    const int64_t step = first_step + static_cast<int64_t>(i);
    points.Append(step, 1'700'000'000'000 + time_offset + step * 1000, noise(random));
  }
  return points;
}

// One series in a memory store beside the list of all points that were logged.
class SeriesFixture : public ::testing::Test {
 protected:
  SeriesFixture() : store_(storage::MakeMemoryStore()) {
    storage::WriteSet run;
    run.PutRecord(storage::RunKey(kRun), "run");
    EXPECT_THAT(store_->CommitAndWait(std::move(run)), testing::IsOk());
  }

  void Log(const PointColumns& points) {
    cairn::internal::MetricBatchRecord batch;
    for (size_t i = 0; i < points.size(); ++i) {
      batch.add_steps(points.steps[i]);
      batch.add_times_unix_millis(points.times[i]);
      batch.add_values(points.values[i]);
    }
    storage::WriteSet set;
    set.PutOnce(
        storage::MetricBatchKey(kRun, kMetric, points.steps[0], fmt::format("b{}", batches_++)),
        batch.SerializeAsString());
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), testing::IsOk());
    const auto rows = RowsOf(points);
    logged_.insert(logged_.end(), rows.begin(), rows.end());
  }

  FoldPlan PlanOnce(const FoldOptions& options = {}) {
    auto plan = PlanFold(*store_->GetSnapshot(), kRun, kMetric, options);
    EXPECT_THAT(plan, testing::IsOk());
    return plan.ok() ? *std::move(plan) : FoldPlan();
  }

  // Folds until nothing is left; returns the payload bytes that were written.
  int64_t FoldAll(const FoldOptions& options = {}) {
    int64_t bytes = 0;
    for (int i = 0; i < 10'000; ++i) {
      FoldPlan plan = PlanOnce(options);
      if (plan.nothing_to_write) return bytes;
      bytes += plan.block_bytes;
      const auto committed = store_->CommitAndWait(std::move(plan.write_set));
      EXPECT_THAT(committed, testing::IsOk());
      if (!committed.ok()) return bytes;
    }
    ADD_FAILURE() << "folding does not end";
    return bytes;
  }

  std::vector<Row> ReadAll(StepRange range = {}, size_t max_points = 777) {
    std::vector<Row> rows;
    const auto snapshot = store_->GetSnapshot();
    auto reader = SeriesReader::Open(*snapshot, kRun, kMetric, range);
    EXPECT_THAT(reader, testing::IsOk());
    PointColumns points;
    while (reader.ok()) {
      const auto more = reader->Next(max_points, points);
      EXPECT_THAT(more, testing::IsOk());
      if (!more.ok() || !*more) break;
      EXPECT_LE(points.size(), max_points);
      const auto part = RowsOf(points);
      rows.insert(rows.end(), part.begin(), part.end());
    }
    return rows;
  }

  std::vector<Row> Expected(StepRange range = {}) const {
    std::vector<Row> rows;
    for (const Row& row : logged_) {
      if (range.Contains(std::get<0>(row))) rows.push_back(row);
    }
    return SortedUnique(std::move(rows));
  }

  std::vector<Summary> ReadBuckets(int64_t buckets, StepRange range = {}) {
    const auto snapshot = store_->GetSnapshot();
    const auto reader = SeriesReader::Open(*snapshot, kRun, kMetric, range);
    EXPECT_THAT(reader, testing::IsOk());
    auto read = reader->ReadBuckets(buckets);
    EXPECT_THAT(read, testing::IsOk());
    return read.ok() ? *std::move(read) : std::vector<Summary>();
  }

  size_t CountKeys(const storage::Key& prefix) {
    size_t count = 0;
    EXPECT_THAT(store_->GetSnapshot()->Scan(
                    storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
                    [&](std::string_view, const storage::Record&) { return ++count > 0; }),
                testing::IsOk());
    return count;
  }
  size_t CountKind(storage::KeyKind kind) {
    return CountKeys(storage::MetricKindPrefix(kind, kRun));
  }

  SeriesState State() {
    const auto snapshot = store_->GetSnapshot();
    return SeriesStore(*snapshot, kRun, kMetric).ReadState().value();
  }

  std::unique_ptr<storage::KvStore> store_;
  std::vector<Row> logged_;
  int batches_ = 0;
};

}  // namespace cairn::metrics

#endif  // CAIRN_TESTS_UNIT_METRICS_SERIES_FIXTURE_H_
