// Bundles: their bytes, finding those of a run, and what they say of its metrics.

#include "server/metrics/bundle.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "server/metrics/series_reader.h"
#include "server/metrics/spread.h"
#include "server/metrics/summaries.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::metrics {
namespace {

using testing::IsOk;

constexpr int64_t kNow = 1'700'000'000'000;

void AddMetric(MetricBatch& metrics, const std::string& key, const std::vector<int64_t>& steps,
               const std::vector<int64_t>& times, const std::vector<double>& values) {
  auto& columns = *metrics.Add();
  columns.set_key(key);
  columns.mutable_steps()->Add(steps.begin(), steps.end());
  columns.mutable_times_unix_millis()->Add(times.begin(), times.end());
  columns.mutable_values()->Add(values.begin(), values.end());
}

// One point for each of `count` metrics from "m<first>" on.
MetricBatch OnePointEach(int count, int first = 0, int64_t step = 0) {
  MetricBatch metrics;
  for (int i = 0; i < count; ++i)
    AddMetric(metrics, fmt::format("m{}", first + i), {step}, {}, {1});
  return metrics;
}

TEST(Bundle, BytesAreThoseOfTheDocumentation) {
  MetricBatch metrics;
  AddMetric(metrics, "a", {7}, {}, {0.5});
  AddMetric(metrics, "b", {7}, {}, {0.25});
  EXPECT_EQ(HexEncode(EncodeBundle(metrics, kNow)),
            "0a04610062001a1522020e003080d095ffbc313a080000003f0000803e");
  metrics.Clear();
  AddMetric(metrics, "a", {7}, {kNow}, {0.1});
  AddMetric(metrics, "b", {7, 8}, {kNow, kNow + 50}, {0.2, 0.3});
  EXPECT_EQ(HexEncode(EncodeBundle(metrics, kNow)),
            "0a0461006200120201021a291a189a9999999999b93f9a9999999999c93f"
            "333333333333d33f22030e00022a0880a0abfef9620064");
}

TEST(Bundle, EveryPointComesBackUnderItsMetric) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    MetricBatch metrics;
    for (uint64_t i = 0; i <= random() % 40; ++i) {
      std::vector<int64_t> steps(random() % 5 + 1);
      std::vector<double> values(steps.size());
      for (auto& step : steps) step = static_cast<int64_t>(random() % 100);
      for (auto& value : values) value = static_cast<double>(random() % 100) / 8;
      std::vector<int64_t> times;
      if (random() % 2 == 0) times.assign(steps.size(), static_cast<int64_t>(random() % 9));
      AddMetric(metrics, fmt::format("metric/{}", i), steps, times, values);
    }
    const auto bundle = Bundle::Decode(EncodeBundle(metrics, kNow));
    ASSERT_THAT(bundle, IsOk());
    ASSERT_EQ(bundle->size(), static_cast<size_t>(metrics.size()));
    for (const auto& columns : metrics) {
      const size_t at = bundle->Find(columns.key());
      ASSERT_LT(at, bundle->size());
      ASSERT_EQ(bundle->end(at) - bundle->begin(at), static_cast<size_t>(columns.steps_size()));
      for (int i = 0; i < columns.steps_size(); ++i) {
        const size_t point = bundle->begin(at) + static_cast<size_t>(i);
        ASSERT_EQ(bundle->points().steps[point], columns.steps(i));
        ASSERT_EQ(bundle->points().values[point], columns.values(i));
        ASSERT_EQ(bundle->points().times[point],
                  columns.times_unix_millis_size() == 0 ? kNow : columns.times_unix_millis(i));
      }
    }
    EXPECT_EQ(bundle->Find("metric"), bundle->size());
  }
}

TEST(Bundle, WhatIsCutOrDoesNotFitIsDataLoss) {
  MetricBatch metrics = OnePointEach(3);
  AddMetric(metrics, "many", {1, 2, 3}, {}, {1, 2, 3});
  const std::string whole = EncodeBundle(metrics, kNow);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(
        HasReason(Bundle::Decode(whole.substr(0, size)).status(), ErrorReason::RECORD_CORRUPT))
        << size;
  }
  const auto decode = [](std::string_view hex) { return Bundle::Decode(*HexDecode(hex)).status(); };
  // Two names and three points, no zero byte at the end, an empty name, a count of 0.
  EXPECT_TRUE(absl::IsDataLoss(decode("0a04610062001a0722030e00023000")));
  EXPECT_TRUE(absl::IsDataLoss(decode("0a0361006200")));
  EXPECT_TRUE(absl::IsDataLoss(decode("0a0361620a")));
  EXPECT_TRUE(absl::IsDataLoss(decode("0a0200001a0c22010e30003a040000003f")));
  EXPECT_TRUE(absl::IsDataLoss(decode("0a04610062001202000112001a0c22010e30003a040000003f")));
}

TEST(Bundle, ManyMetricsWithFewPointsAreOne) {
  EXPECT_FALSE(IsBundle(OnePointEach(15)));
  EXPECT_TRUE(IsBundle(OnePointEach(16)));
  MetricBatch metrics = OnePointEach(15);
  AddMetric(metrics, "long", std::vector<int64_t>(16 * 64 - 15), {},
            std::vector<double>(16 * 64 - 15));
  EXPECT_TRUE(IsBundle(metrics));
  metrics.Mutable(15)->add_steps(1);
  metrics.Mutable(15)->add_values(1);
  EXPECT_FALSE(IsBundle(metrics));
}

class BundleReaderTest : public ::testing::Test {
 protected:
  // What merging gives does not matter here.
  BundleReaderTest()
      : store_(storage::MakeMemoryStore(
            [](const storage::Key&, std::optional<std::string_view>, std::string_view added) {
              return absl::StatusOr<std::string>(added);
            })) {}

  void Store(const std::string& run, const std::string& id, const MetricBatch& metrics) {
    storage::WriteSet set;
    set.PutOnce(storage::MetricBundleKey(run, id), EncodeBundle(metrics, kNow));
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  }

  std::unique_ptr<storage::KvStore> store_;
};

TEST_F(BundleReaderTest, FindsThoseOfEachRunInWhateverOrderItIsAsked) {
  std::mt19937_64 random(3);
  std::vector<std::string> runs;
  std::vector<size_t> counts;
  for (int i = 0; i < 200; ++i) {
    runs.push_back(fmt::format("{:032x}", random()));
    counts.push_back(random() % 3 == 0 ? random() % 3 : 0);
    for (size_t b = 0; b < counts.back(); ++b)
      Store(runs.back(), std::to_string(b), OnePointEach(2));
  }
  // Neighbours in the family, and a run whose id another begins with.
  storage::WriteSet set;
  set.PutRecord(storage::MetricWriterKey(runs[0], "w"), "x");
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  Store(runs[1] + "0", "b", OnePointEach(1));

  for (const bool ascending : {true, false}) {
    std::vector<size_t> order(runs.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (ascending) {
      std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return runs[a] < runs[b]; });
    }
    const auto snapshot = store_->GetSnapshot();
    BundleReader reader(*snapshot);
    for (const size_t i : order) {
      const auto bundles = reader.Read(runs[i]);
      ASSERT_THAT(bundles, IsOk());
      EXPECT_EQ(bundles->size(), counts[i]);
      EXPECT_EQ(reader.Has(runs[i]).value(), counts[i] != 0);
    }
  }
}

TEST_F(BundleReaderTest, StopsAtTheLimitButReadsOne) {
  for (int i = 0; i < 5; ++i) Store("r", std::to_string(i), OnePointEach(100));
  const auto snapshot = store_->GetSnapshot();
  BundleReader reader(*snapshot);
  EXPECT_EQ(reader.Read("r", 1)->size(), 1u);
  const int64_t one = reader.Read("r", 1)->front().bytes;
  EXPECT_EQ(reader.Read("r", 2 * one)->size(), 2u);
  EXPECT_EQ(reader.Read("r", 2 * one + 1)->size(), 3u);
  EXPECT_EQ(reader.Read("r")->size(), 5u);
}

TEST_F(BundleReaderTest, RunsThatHaveSomeAreListedWithTheirBytes) {
  Store("b", "1", OnePointEach(20));
  Store("a", "1", OnePointEach(20));
  Store("a", "2", OnePointEach(20));
  std::vector<std::pair<std::string, int64_t>> seen;
  ASSERT_THAT(ScanBundledRuns(*store_->GetSnapshot(),
                              [&](std::string run, int64_t bytes) {
                                seen.emplace_back(std::move(run), bytes);
                              }),
              IsOk());
  const auto one = static_cast<int64_t>(EncodeBundle(OnePointEach(20), kNow).size());
  EXPECT_EQ(seen, (std::vector<std::pair<std::string, int64_t>>{{"a", 2 * one}, {"b", one}}));
}

TEST_F(BundleReaderTest, DamageIsDataLossForWhoeverReadsTheRun) {
  storage::WriteSet set;
  set.PutOnce(storage::MetricBundleKey("r", "1"), "\xff");
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  const auto snapshot = store_->GetSnapshot();
  BundleReader reader(*snapshot);
  EXPECT_TRUE(absl::IsDataLoss(ReadSummaries(*snapshot, reader, "r").status()));
  EXPECT_TRUE(absl::IsDataLoss(SeriesReader::Open(*snapshot, "r", "m").status()));
  const auto spread = PlanSpread(*snapshot, "r");
  ASSERT_THAT(spread, IsOk());
  EXPECT_EQ(spread->bundles, 0);
  EXPECT_TRUE(absl::IsDataLoss(spread->damage));
  EXPECT_THAT(SeriesReader::Open(*snapshot, "another", "m"), IsOk());
}

TEST_F(BundleReaderTest, ManyShortNamesAreSpreadInStepsThatCanBeCommitted) {
  storage::WriteSet run;
  ASSERT_THAT(store_->CommitAndWait(std::move(run.PutRecord(storage::RunKey("r"), "run"))), IsOk());
  for (int i = 0; i < 60; ++i) Store("r", fmt::format("{:02}", i), OnePointEach(1000, i * 1000));
  size_t batches = 0;
  for (bool more = true; more;) {
    auto plan = PlanSpread(*store_->GetSnapshot(), "r");
    ASSERT_THAT(plan, IsOk());
    ASSERT_LT(batches, 60'001u);
    more = plan->more;
    batches += plan->batches.size();
    const auto committed = store_->CommitAndWait(std::move(plan->write_set));
    ASSERT_THAT(committed, IsOk());
  }
  EXPECT_EQ(batches, 60'000u);
}

// The records of one run cannot be read.
class CursorOverDamage final : public storage::Cursor {
 public:
  CursorOverDamage(std::unique_ptr<storage::Cursor> cursor, std::string damaged)
      : cursor_(std::move(cursor)), damaged_(std::move(damaged)) {}
  void Seek(std::string_view begin, std::string_view end) override {
    cursor_->Seek(begin, end);
    failed_ =
        failed_ || (cursor_->Valid() && cursor_->key().substr(0, damaged_.size()) == damaged_);
  }
  bool Valid() const override { return !failed_ && cursor_->Valid(); }
  absl::Status status() const override {
    return failed_ ? absl::DataLossError("damaged") : cursor_->status();
  }
  void Next() override { cursor_->Next(); }
  std::string_view key() const override { return cursor_->key(); }
  const storage::RecordView& record() const override { return cursor_->record(); }

 private:
  const std::unique_ptr<storage::Cursor> cursor_;
  const std::string damaged_;
  bool failed_ = false;
};

class SnapshotOverDamage final : public storage::Snapshot {
 public:
  SnapshotOverDamage(const storage::Snapshot& under, std::string damaged)
      : under_(under), damaged_(std::move(damaged)) {}
  storage::Revision revision() const override { return under_.revision(); }
  absl::StatusOr<std::optional<storage::Record>> Get(const storage::Key& key) const override {
    return under_.Get(key);
  }
  absl::StatusOr<std::vector<std::optional<storage::Record>>> MultiGet(
      const std::vector<storage::Key>& keys) const override {
    return under_.MultiGet(keys);
  }
  absl::Status Scan(const storage::KeyRange& range, storage::ScanOrder order,
                    const storage::ScanVisitor& visitor) const override {
    return under_.Scan(range, order, visitor);
  }
  std::unique_ptr<storage::Cursor> NewCursor(storage::Family family) const override {
    return std::make_unique<CursorOverDamage>(under_.NewCursor(family), damaged_);
  }

 private:
  const storage::Snapshot& under_;
  const std::string damaged_;
};

TEST_F(BundleReaderTest, DamageOfARunIsNoHarmToThoseBeforeIt) {
  Store("b", "1", OnePointEach(20));
  Store("d", "1", OnePointEach(20));
  const auto snapshot = store_->GetSnapshot();
  const SnapshotOverDamage damaged(*snapshot, storage::MetricBundlePrefix("d").bytes);
  BundleReader reader(damaged);
  EXPECT_FALSE(reader.Has("a").value());
  EXPECT_TRUE(reader.Has("b").value());
  EXPECT_FALSE(reader.Has("c").value());
  EXPECT_TRUE(absl::IsDataLoss(reader.Has("d").status()));
}

TEST(Summaries, MergingByNameKeepsEachNameOnce) {
  const auto of = [](const std::vector<std::string>& names) {
    Summaries summaries;
    for (const std::string& name : names) {
      summaries.Add()->set_key(name);
      summaries.rbegin()->set_point_count(1);
    }
    return summaries;
  };
  const auto text = [](const Summaries& summaries) {
    std::string out;
    for (const auto& s : summaries) out += fmt::format("{}{} ", s.key(), s.point_count());
    return out;
  };
  Summaries summaries = of({"b", "d"});
  MergeByName(of({"a", "b", "e"}), summaries);
  EXPECT_EQ(text(summaries), "a1 b2 d1 e1 ");
  MergeByName({}, summaries);
  EXPECT_EQ(text(summaries), "a1 b2 d1 e1 ");
  Summaries none;
  MergeByName(of({"x"}), none);
  EXPECT_EQ(text(none), "x1 ");
}

}  // namespace
}  // namespace cairn::metrics
