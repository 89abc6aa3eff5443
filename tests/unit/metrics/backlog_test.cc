#include "server/metrics/backlog.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/files.h"
#include "server/metrics/block_codec.h"
#include "server/metrics/bundle.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/metrics/series_fixture.h"

namespace cairn::metrics {
namespace {

using storage::KeyKind;
using testing::IsOk;
using testing::StatusIs;

class BacklogTest : public SeriesFixture {
 protected:
  void LogRaw(const std::string& run, const std::string& metric, int64_t step,
              const std::string& payload) {
    storage::WriteSet set;
    set.PutOnce(storage::MetricBatchKey(run, metric, step, "b"), payload);
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  }

  std::vector<std::string> Waiting() {
    std::vector<std::string> found;
    EXPECT_THAT(ScanWaiting(*store_->GetSnapshot(),
                            [&](const WaitingSeries& series) {
                              found.push_back(fmt::format("{}/{}:{}", series.run_id, series.metric,
                                                          series.bytes));
                              return true;
                            }),
                IsOk());
    return found;
  }
};

TEST_F(BacklogTest, TheScanFindsEachWaitingSeriesOnceWithItsBytes) {
  EXPECT_TRUE(Waiting().empty());
  LogRaw("r1", "a", 1, "12345");
  LogRaw("r1", "a", 2, "123");
  LogRaw("r1", "ab", 1, "1");
  LogRaw("r2", "a", -5, "12");
  EXPECT_EQ(Waiting(), (std::vector<std::string>{"r1/a:8", "r1/ab:1", "r2/a:2"}));
}

TEST_F(BacklogTest, TheScanStopsWhenItIsTold) {
  for (const char* metric : {"a", "b", "c"}) LogRaw("r", metric, 0, "x");
  int visits = 0;
  EXPECT_THAT(
      ScanWaiting(*store_->GetSnapshot(), [&](const WaitingSeries&) { return ++visits < 2; }),
      IsOk());
  EXPECT_EQ(visits, 2);
}

TEST_F(BacklogTest, TheScanOfARunSeesItsSeriesOnly) {
  LogRaw("r1", "a", 1, "12345");
  LogRaw("r2", "a", 2, "123");
  LogRaw("r2", "b", -3, "12");
  std::vector<std::string> found;
  ASSERT_THAT(ScanWaitingOf(*store_->GetSnapshot(), "r2",
                            [&](const WaitingSeries& series) {
                              found.push_back(fmt::format("{}:{}@{}", series.metric, series.bytes,
                                                          series.first_step));
                              return true;
                            }),
              IsOk());
  EXPECT_EQ(found, (std::vector<std::string>{"a:3@2", "b:2@-3"}));
}

TEST_F(BacklogTest, ADamagedKeyIsSteppedOverAndTold) {
  LogRaw("r1", "a", 1, "12345");
  storage::WriteSet set;
  storage::Key damaged = storage::MetricBatchPrefix("r1", "b");
  damaged.bytes.resize(damaged.bytes.size() - 1);
  set.PutOnce(damaged, "x");
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  LogRaw("r2", "a", 2, "123");
  std::vector<std::string> found;
  const auto status = ScanWaiting(*store_->GetSnapshot(), [&](const WaitingSeries& series) {
    found.push_back(series.run_id);
    return true;
  });
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(found, (std::vector<std::string>{"r1", "r2"}));
}

TEST_F(BacklogTest, FoldedSeriesDoNotWait) {
  std::mt19937_64 random(1);
  Log(Stretch(random, 0, 10));
  EXPECT_EQ(Waiting().size(), 1u);
  FoldAll();
  EXPECT_TRUE(Waiting().empty());
}

TEST(MetricKeys, AreAsDocumented) {
  const std::string document =
      ReadFile(std::string(CAIRN_SOURCE_DIR) + "/docs/storage-format.md").value();
  for (const storage::Key& key :
       {storage::MetricBlockKey(kRun, "loss", 7), storage::MetricNodeKey(kRun, "loss", 8),
        storage::MetricSeriesKey(kRun, "loss")}) {
    EXPECT_EQ(key.family, storage::Family::kMetric);
    EXPECT_NE(document.find("`" + HexEncode(key.bytes) + "`"), std::string::npos);
    const auto owner = storage::OwnerOfMetricKey(key.bytes);
    ASSERT_THAT(owner, IsOk());
    EXPECT_EQ(owner->run_id, kRun);
    EXPECT_EQ(owner->metric, "loss");
    EXPECT_THAT(storage::OwnerOfMetricKey(key.bytes.substr(0, 20)),
                StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_THAT(storage::OwnerOfMetricKey(storage::RunMetricKey(kRun, "loss").bytes),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(FoldBacklog, TheLargestComesFirstAndOnce) {
  FoldBacklog backlog;
  EXPECT_FALSE(backlog.TakeLargest(0).has_value());
  backlog.Add("r1", "a", 10);
  backlog.Add("r2", "b", 25);
  backlog.Add("r1", "a", 20);
  EXPECT_EQ(backlog.size(), 2u);
  EXPECT_EQ(backlog.total_bytes(), 55);
  EXPECT_FALSE(backlog.TakeLargest(31).has_value());
  const auto largest = backlog.TakeLargest(30);
  ASSERT_TRUE(largest.has_value());
  EXPECT_EQ(largest->run_id, "r1");
  EXPECT_EQ(largest->bytes, 30);
  backlog.Done(*largest);
  backlog.Add("r3", "c", 1);
  backlog.Forget("r2");
  EXPECT_EQ(backlog.total_bytes(), 1);
  EXPECT_EQ(backlog.TakeLargest(0)->run_id, "r3");
  EXPECT_EQ(backlog.size(), 0u);
}

TEST(FoldBacklog, WhatIsTakenCountsUntilItIsFoldedOrDone) {
  FoldBacklog backlog;
  backlog.Add("r", "m", 100, 7);
  auto taken = backlog.TakeLargest(1);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(backlog.size(), 0u);
  EXPECT_EQ(backlog.total_bytes(), 100);
  EXPECT_EQ(backlog.BytesOf("r", "m"), 100);
  backlog.Add("r", "m", 10, 9);
  backlog.Folded(*taken, 60);
  EXPECT_EQ(taken->bytes, 40);
  EXPECT_EQ(backlog.BytesOf("r", "m"), 50);
  backlog.PutBack(*taken);
  EXPECT_EQ(backlog.total_bytes(), 50);
  auto again = backlog.TakeLargest(50);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->first_step, 7);
  // More than was known of: what is counted never becomes less than nothing.
  backlog.Folded(*again, 80);
  EXPECT_EQ(backlog.total_bytes(), 0);
  backlog.Done(*again);
  EXPECT_EQ(backlog.total_bytes(), 0);
  EXPECT_EQ(backlog.BytesOf("r", "m"), 0);
}

TEST(FoldBacklog, ManySeriesThatGrowAndAreTakenAllComeOnceAndLargerOnesFirst) {
  FoldBacklog backlog;
  std::mt19937_64 random(3);
  std::map<std::string, int64_t> expected;
  const auto take = [&](int64_t min_bytes) {
    const auto series = backlog.TakeLargest(min_bytes);
    int64_t largest = -1;
    for (const auto& [metric, bytes] : expected) largest = std::max(largest, bytes);
    ASSERT_EQ(series.has_value(), largest >= min_bytes);
    if (!series) return;
    ASSERT_EQ(series->bytes, expected.at(series->metric));
    ASSERT_GE(series->bytes, min_bytes);
    ASSERT_GT(2 * std::max<int64_t>(series->bytes, 2048), largest);
    expected.erase(series->metric);
    backlog.Done(*series);
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string metric = std::to_string(random() % 50);
    const auto bytes = static_cast<int64_t>(random() % 9'000);
    expected[metric] += bytes;
    ASSERT_EQ(backlog.Add("run", metric, bytes), expected[metric]);
    if (random() % 4 == 0) take(random() % 2 == 0 ? 1 : 64 << 10);
  }
  while (!expected.empty() && !::testing::Test::HasFailure()) take(0);
  EXPECT_EQ(backlog.size(), 0u);
  EXPECT_EQ(backlog.total_bytes(), 0);
}

TEST(FoldBacklog, ARunThatHearsNothingForAPeriodIsQuietAndForgotten) {
  FoldBacklog backlog;
  backlog.Add("quiet", "a", 10);
  backlog.Add("quiet", "b", 1);
  backlog.Add("busy", "a", 10);
  EXPECT_EQ(backlog.BytesOf("quiet", "a"), 10);
  EXPECT_EQ(backlog.BytesOf("none", "a"), 0);
  backlog.BeginPeriod();
  backlog.Add("busy", "a", 10);
  EXPECT_FALSE(backlog.TakeQuiet().has_value());
  backlog.BeginPeriod();
  EXPECT_EQ(backlog.TakeQuiet(), "quiet");
  EXPECT_EQ(backlog.total_bytes(), 20);
  EXPECT_FALSE(backlog.TakeQuiet().has_value());
  // Heard of again, it waits for its turn again.
  backlog.Add("quiet", "a", 9);
  backlog.BeginPeriod();
  EXPECT_EQ(backlog.TakeQuiet(), "busy");
  EXPECT_FALSE(backlog.TakeQuiet().has_value());
  backlog.BeginPeriod();
  EXPECT_EQ(backlog.TakeQuiet(), "quiet");
  EXPECT_EQ(backlog.size(), 0u);
  EXPECT_EQ(backlog.total_bytes(), 0);
}

TEST(FoldBacklog, ManyRunsBecomeQuietWithoutOneBeingLeftOut) {
  FoldBacklog backlog;
  std::mt19937_64 random(5);
  constexpr int kRuns = 5000;
  for (int i = 0; i < kRuns; ++i) backlog.Add(std::to_string(i), "m", 1);
  std::vector<bool> busy(kRuns, false);
  backlog.BeginPeriod();
  for (int i = 0; i < kRuns; i += 3) {
    backlog.Add(std::to_string(i), "m", 1);
    busy[static_cast<size_t>(i)] = true;
  }
  backlog.Forget("1");
  backlog.BeginPeriod();
  int quiet = 0;
  for (int look = 0; look < kRuns; ++look) {
    const auto run = backlog.TakeQuiet();
    if (!run) continue;
    EXPECT_FALSE(busy[static_cast<size_t>(std::stoi(*run))]);
    ++quiet;
  }
  const auto busy_count = static_cast<int>(std::count(busy.begin(), busy.end(), true));
  EXPECT_EQ(quiet, kRuns - busy_count - 1);
  EXPECT_EQ(backlog.size(), static_cast<size_t>(busy_count));
}

TEST_F(BacklogTest, DeletionInStepsLeavesNothingOfTheRun) {
  std::mt19937_64 random(2);
  Log(Stretch(random, 0, 70 * kBlockPoints));
  FoldAll();
  Log(Stretch(random, 0, 5));
  LogRaw("other", "loss", 0, "x");
  storage::WriteSet set;
  v1::LogBatchRequest bundled;
  bundled.add_metrics()->set_key("acc");
  bundled.mutable_metrics(0)->add_steps(1);
  bundled.mutable_metrics(0)->add_values(1);
  set.PutOnce(storage::MetricBundleKey(kRun, "b"), EncodeBundle(bundled.metrics(), 0));
  ASSERT_THAT(store_->CommitAndWait(std::exchange(set, {})), IsOk());
  set.Delete(storage::RunKey(kRun));
  for (bool more = true; more;) {
    const auto deleted = DeletePoints(*store_->GetSnapshot(), kRun, 20, set);
    ASSERT_THAT(deleted, IsOk());
    more = *deleted;
    EXPECT_LE(set.deletes.size(), 21u);
    ASSERT_THAT(store_->CommitAndWait(std::exchange(set, {})), IsOk());
    // The series record went first: a reader finds no block that is gone.
    EXPECT_LE(ReadAll().size(), 5u);
  }
  for (const KeyKind kind : {KeyKind::kMetricBatch, KeyKind::kMetricBlock, KeyKind::kMetricNode,
                             KeyKind::kMetricSeries, KeyKind::kMetricBundle}) {
    EXPECT_EQ(CountKind(kind), 0u);
  }
  EXPECT_EQ(Waiting(), (std::vector<std::string>{"other/loss:1"}));
}

}  // namespace
}  // namespace cairn::metrics
