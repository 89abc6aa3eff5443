// A run reads the same whether its points came in bundles or metric by metric, and
// before, while and after the bundles are spread.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/resource_names.h"
#include "server/core/metric_summary.h"
#include "server/index/run_loader.h"
#include "server/metrics/bundle.h"
#include "server/metrics/metric_compactor.h"
#include "server/metrics/points.h"
#include "server/metrics/series_reader.h"
#include "server/metrics/spread.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "server/tracking/encoded_run.h"
#include "server/tracking/experiments.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/run_logging.h"
#include "server/tracking/run_page.h"
#include "server/tracking/run_purge.h"
#include "server/tracking/runs.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/tally.h"

namespace cairn::tracking {
namespace {

using testing::Eventually;
using testing::IsOk;

constexpr int64_t kBundledStart = 1'700'000'000 * kNanosPerSecond;
constexpr int kMetrics = 60;  // of the run

std::string NameOf(int metric) { return fmt::format("layer.{}/norm", metric); }

class BundledRunsTest : public ::testing::Test {
 protected:
  BundledRunsTest() : store_(storage::MakeMemoryStore(MergeRecords)) {
    EXPECT_THAT(EnsureDefaultExperiment(*store_, kBundledStart), IsOk());
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    auto plan = PlanCreateRun(*store_->GetSnapshot(), request, Facts());
    EXPECT_THAT(plan, IsOk());
    run_ = static_cast<const v1::Run&>(*plan->response);
    Commit(std::move(plan->write_set));
  }

  CallFacts Facts() { return {kBundledStart + (++calls_) * kNanosPerSecond, ids_->NewHexId()}; }
  void Commit(storage::WriteSet set) {
    const auto committed = store_->CommitAndWait(std::move(set));
    ASSERT_THAT(committed, IsOk());
  }

  // Logs a few points of `count` metrics, some of them twice or out of order.
  void LogSome(int count) {
    v1::LogBatchRequest request;
    request.set_run(run_.name());
    const int first = static_cast<int>(random_() % (kMetrics - static_cast<unsigned>(count) + 1));
    for (int i = first; i < first + count; ++i) {
      auto& columns = *request.add_metrics();
      columns.set_key(NameOf(i));
      for (uint64_t p = 0; p <= random_() % 3; ++p) {
        columns.add_steps(static_cast<int64_t>(random_() % 50));
        columns.add_times_unix_millis(static_cast<int64_t>(random_() % 3));
        columns.add_values(random_() % 20 == 0 ? std::nan("")
                                               : static_cast<double>(random_() % 8) - 4);
        Note(columns);
      }
    }
    const CallFacts facts = Facts();
    auto plan = PlanLogBatch(*store_->GetSnapshot(), request, facts);
    ASSERT_THAT(plan, IsOk());
    Commit(std::move(plan->write_set));
  }

  // Remembers the last point of `columns`.
  void Note(const v1::MetricColumns& columns) {
    const int last = columns.values_size() - 1;
    const double value = columns.values(last);
    core::SummaryBuilder& summary = summaries_[columns.key()];
    summary.Add(columns.steps(last), columns.times_unix_millis(last), value);
    points_[columns.key()].insert(
        {columns.steps(last), columns.times_unix_millis(last), metrics::OrderedBits(value)});
  }

  void SpreadOnce(int64_t max_bytes) {
    auto plan = metrics::PlanSpread(*store_->GetSnapshot(), run_.uid(), max_bytes);
    ASSERT_THAT(plan, IsOk());
    if (plan->bundles != 0) Commit(std::move(plan->write_set));
  }

  size_t Bundles() {
    size_t count = 0;
    EXPECT_THAT(store_->GetSnapshot()->Scan(
                    storage::KeyRange::Prefix(storage::AllMetricBundlesPrefix()),
                    storage::ScanOrder::kAscending,
                    [&](std::string_view, const storage::Record&) { return ++count > 0; }),
                IsOk());
    return count;
  }

  using Metrics = google::protobuf::RepeatedPtrField<v1::MetricSummary>;
  void ExpectAll(const Metrics& metrics, const char* reader) {
    SCOPED_TRACE(reader);
    ASSERT_EQ(static_cast<size_t>(metrics.size()), summaries_.size());
    int i = 0;
    for (const auto& [name, summary] : summaries_) {
      ASSERT_EQ(metrics[i++].DebugString(), summary.Build(name).DebugString());
    }
  }

  void ExpectSummaries() {
    const auto snapshot = store_->GetSnapshot();
    v1::GetRunRequest get;
    get.set_name(run_.name());
    ExpectAll(GetRun(*snapshot, get)->metrics(), "GetRun");
    v1::Run encoded;
    ASSERT_TRUE(encoded.ParseFromString((*EncodeRuns(*snapshot, {run_.uid()}))[0]->bytes));
    ExpectAll(encoded.metrics(), "EncodeRuns");
    ExpectAll(index::ReadRunChange(*snapshot, run_.uid())->run.metrics(), "ReadRunChange");
    ExpectAll(index::ReadMetricChange(*snapshot, run_.uid(), {})->run.metrics(), "all metrics");
    RunParts parts;
    parts.metrics.all = true;
    ExpectAll((*ReadRuns(*snapshot, {{0, run_.uid()}}, parts))[0]->metrics(), "ReadRuns");
    ExpectSingle(*snapshot);
  }

  // What is read of two metrics alone, one of which may not be there.
  void ExpectSingle(const storage::Snapshot& snapshot) {
    const std::set<std::string> names = {NameOf(static_cast<int>(random_() % kMetrics)), "none"};
    RunParts parts;
    parts.metrics.keys = {names.begin(), names.end()};
    const auto page = ReadRuns(snapshot, {{0, run_.uid()}}, parts);
    const auto change = index::ReadMetricChange(snapshot, run_.uid(), names);
    ASSERT_TRUE(page.ok() && change.ok());
    for (const Metrics* read : {&(*page)[0]->metrics(), &change->run.metrics()}) {
      const auto known = summaries_.find(*names.begin());
      ASSERT_EQ(read->size(), known == summaries_.end() ? 0 : 1);
      if (read->empty()) continue;
      EXPECT_EQ(read->at(0).DebugString(), known->second.Build(known->first).DebugString());
    }
  }

  void ExpectCurves() {
    const auto snapshot = store_->GetSnapshot();
    for (const auto& [name, expected] : points_) {
      auto reader = metrics::SeriesReader::Open(*snapshot, run_.uid(), name);
      ASSERT_THAT(reader, IsOk());
      std::set<std::tuple<int64_t, int64_t, uint64_t>> read;
      metrics::PointColumns points;
      while (reader->Next(7, points).value()) {
        for (size_t i = 0; i < points.size(); ++i) {
          read.insert({points.steps[i], points.times[i], metrics::OrderedBits(points.values[i])});
        }
      }
      ASSERT_EQ(read, expected) << name;
    }
  }

  std::unique_ptr<storage::KvStore> store_;
  std::unique_ptr<IdSource> ids_ = MakeSequentialIds(1);
  std::mt19937_64 random_{5};
  int64_t calls_ = 0;
  v1::Run run_;
  std::map<std::string, core::SummaryBuilder> summaries_;
  std::map<std::string, std::set<std::tuple<int64_t, int64_t, uint64_t>>> points_;
};

TEST_F(BundledRunsTest, EveryReaderSeesTheSameBeforeAndAfterSpreading) {
  size_t most = 0;
  for (int round = 0; round < 120; ++round) {
    LogSome(random_() % 3 == 0 ? 3 : 16 + static_cast<int>(random_() % (kMetrics - 16)));
    most = std::max(most, Bundles());
    if (random_() % 8 == 0) SpreadOnce(static_cast<int64_t>(random_() % 3000));
    ExpectSummaries();
    if (round % 10 == 0) ExpectCurves();
  }
  EXPECT_GT(most, 3u);
  metrics::MetricCompactor compactor(*store_);
  compactor.LoggedBundle(run_.uid(), 1);
  ASSERT_THAT(compactor.FoldAll(), IsOk());
  EXPECT_EQ(Bundles(), 0u);
  ExpectSummaries();
  ExpectCurves();
}

TEST_F(BundledRunsTest, ManyMetricsAreNoBundleWhereThatIsRefused) {
  v1::LogBatchRequest request;
  request.set_run(run_.name());
  for (int i = 0; i < 20; ++i) {
    auto& columns = *request.add_metrics();
    columns.set_key(NameOf(i));
    columns.add_steps(1);
    columns.add_times_unix_millis(1);
    columns.add_values(i);
    Note(columns);
  }
  auto plan = PlanLogBatch(*store_->GetSnapshot(), request, Facts(), Bundling::kRefused);
  ASSERT_THAT(plan, IsOk());
  Commit(std::move(plan->write_set));
  EXPECT_EQ(Bundles(), 0u);
  ExpectSummaries();
  ExpectCurves();
}

TEST_F(BundledRunsTest, ABundleIsSpreadOnce) {
  LogSome(20);
  auto first = metrics::PlanSpread(*store_->GetSnapshot(), run_.uid());
  auto second = metrics::PlanSpread(*store_->GetSnapshot(), run_.uid());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->bundles, 1);
  EXPECT_EQ(first->batches.size(), 20u);
  LogSome(20);  // does not conflict
  Commit(std::move(first->write_set));
  EXPECT_TRUE(HasReason(store_->CommitAndWait(std::move(second->write_set)).status(),
                        ErrorReason::COMMIT_CONFLICT));
  EXPECT_EQ(Bundles(), 1u);
  ExpectSummaries();
}

TEST_F(BundledRunsTest, NothingOfAPurgedRunComesBack) {
  LogSome(20);
  auto plan = metrics::PlanSpread(*store_->GetSnapshot(), run_.uid());
  ASSERT_THAT(plan, IsOk());
  storage::WriteSet purge;
  Commit(std::move(purge.Delete(storage::RunKey(run_.uid()))));
  EXPECT_TRUE(HasReason(store_->CommitAndWait(std::move(plan->write_set)).status(),
                        ErrorReason::COMMIT_CONFLICT));
}

TEST_F(BundledRunsTest, TheFolderSpreadsWhatItHearsOfOnceItIsEnough) {
  metrics::CompactorOptions options;
  options.min_bundle_bytes = 5000;
  metrics::MetricCompactor compactor(*store_, options);
  compactor.Start();
  for (int i = 0; i < 4; ++i) LogSome(40);
  const size_t before = Bundles();
  compactor.LoggedBundle(run_.uid(), 4999);
  EXPECT_EQ(Bundles(), before);
  compactor.LoggedBundle(run_.uid(), 1);
  ASSERT_TRUE(Eventually([this] { return Bundles() == 0; }));
  ExpectSummaries();
}

TEST_F(BundledRunsTest, ADamagedBundleIsToldAndStaysAndTheOthersAreSpread) {
  LogSome(20);
  storage::WriteSet set;
  set.PutOnce(storage::MetricBundleKey(run_.uid(), "!"), "\xff");
  Commit(std::move(set));
  LogSome(20);
  testing::Tally told;
  metrics::CompactorOptions options;
  options.min_bundle_bytes = 1;
  options.on_failure = [&](const metrics::WaitingSeries&, const absl::Status& status) {
    if (absl::IsDataLoss(status)) told.Add();
  };
  metrics::MetricCompactor compactor(*store_, options);
  compactor.Start();
  told.WaitFor(1);
  ASSERT_TRUE(Eventually([this] { return Bundles() == 1; }));
  EXPECT_TRUE(
      absl::IsDataLoss(metrics::BundleReader(*store_->GetSnapshot()).Read(run_.uid()).status()));
}

TEST_F(BundledRunsTest, BundlesThatATurnDoesNotSpreadAreStillCounted) {
  metrics::CompactorOptions options;
  options.min_bundle_bytes = 1;
  options.max_bundle_bytes = 1 << 20;
  metrics::MetricCompactor compactor(*store_, options);
  // Each is as much as one step spreads, and a turn has eight.
  v1::LogBatchRequest request;
  for (int i = 0; i < 1000; ++i) {
    auto& columns = *request.add_metrics();
    columns.set_key(NameOf(i));
    for (int step = 0; step < 60; ++step) {
      columns.add_steps(step);
      columns.add_values(step * 0.1 + i * 0.01);
    }
  }
  for (int i = 0; i < 20; ++i) {
    storage::WriteSet set;
    const std::string payload = metrics::EncodeBundle(request.metrics(), i);
    ASSERT_GE(payload.size(), size_t{512} << 10);
    set.PutOnce(storage::MetricBundleKey(run_.uid(), std::to_string(10 + i)), payload);
    Commit(std::move(set));
    compactor.LoggedBundle(run_.uid(), static_cast<int64_t>(payload.size()));
  }
  EXPECT_FALSE(compactor.TakesBundles(run_.uid()));
  const size_t before = Bundles();
  std::atomic<bool> counted{true};
  std::thread watch([&] {
    for (size_t left = before; left > 4; left = Bundles()) {
      if (compactor.TakesBundles(run_.uid())) counted = Bundles() <= 4;
    }
  });
  compactor.Start();
  watch.join();
  ASSERT_TRUE(Eventually([this] { return Bundles() == 0; }));
  EXPECT_TRUE(counted);
}

TEST_F(BundledRunsTest, AnIdleFolderSpreadsWhatIsWorthIt) {
  LogSome(16);
  metrics::CompactorOptions options;
  options.idle_after = std::chrono::milliseconds(1);
  options.idle_min_bundle_bytes = 100;
  metrics::MetricCompactor compactor(*store_, options);
  compactor.Start();
  ASSERT_TRUE(Eventually([this] { return Bundles() == 0; }));
  ExpectSummaries();
  ExpectCurves();
}

// A run that logged its metrics once keeps them in one record, whether it was found at the start or
// became quiet.
TEST_F(BundledRunsTest, FewSmallBundlesStayAsTheyAre) {
  LogSome(16);
  const size_t before = Bundles();
  ASSERT_GT(before, 0u);
  metrics::CompactorOptions options;
  options.idle_after = options.quiet_after = std::chrono::milliseconds(1);
  {
    metrics::MetricCompactor compactor(*store_, options);
    compactor.Start();
    compactor.LoggedBundle(run_.uid(), 100);
    ASSERT_TRUE(Eventually([&] { return compactor.waiting_bytes() == 0; }));
  }
  EXPECT_EQ(Bundles(), before);
  ExpectSummaries();
  ExpectCurves();
}

}  // namespace
}  // namespace cairn::tracking
