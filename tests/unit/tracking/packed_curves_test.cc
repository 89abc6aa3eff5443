// ReadCurves: the buckets of ReadMetrics, packed.

#include "server/tracking/packed_curves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/resource_names.h"
#include "server/metrics/fold.h"
#include "server/storage/memory_store.h"
#include "server/tracking/experiments.h"
#include "server/tracking/limits.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/metric_curve.h"
#include "server/tracking/run_logging.h"
#include "server/tracking/runs.h"
#include "tests/testing/status_matchers.h"

namespace cairn::tracking {
namespace {

using testing::IsOk;

constexpr int64_t kBegin = 1'700'000'000 * kNanosPerSecond;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <typename Number>
std::vector<Number> NumbersOf(const std::string& bytes) {
  EXPECT_EQ(bytes.size() % sizeof(Number), 0u);
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

// As bits, so that NaN equals NaN.
std::vector<uint64_t> BitsOf(const std::vector<double>& numbers) {
  std::vector<uint64_t> bits;
  for (const double number : numbers) bits.push_back(std::bit_cast<uint64_t>(number));
  return bits;
}

class PackedCurvesTest : public ::testing::Test {
 protected:
  PackedCurvesTest() : store_(storage::MakeMemoryStore(MergeRecords)) {
    EXPECT_THAT(EnsureDefaultExperiment(*store_, kBegin), IsOk());
  }

  CallFacts Facts() { return {kBegin + ++calls_, ids_->NewHexId()}; }

  v1::Run CreateRun() {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    auto plan = PlanCreateRun(*store_->GetSnapshot(), request, Facts());
    EXPECT_THAT(plan, IsOk());
    const auto run = static_cast<const v1::Run&>(*plan->response);
    EXPECT_THAT(store_->CommitAndWait(std::move(plan->write_set)), IsOk());
    return run;
  }

  void Log(const v1::Run& run, const v1::MetricColumns& columns) {
    v1::LogBatchRequest request;
    request.set_run(run.name());
    *request.add_metrics() = columns;
    auto plan = PlanLogBatch(*store_->GetSnapshot(), request, Facts());
    ASSERT_THAT(plan, IsOk());
    ASSERT_THAT(store_->CommitAndWait(std::move(plan->write_set)), IsOk());
  }

  void LogValues(const v1::Run& run, const std::string& key, const std::vector<double>& values,
                 int64_t first_step = 0) {
    v1::MetricColumns columns;
    columns.set_key(key);
    for (size_t i = 0; i < values.size(); ++i) {
      columns.add_steps(first_step + static_cast<int64_t>(i));
      columns.add_times_unix_millis(1000 + static_cast<int64_t>(i));
      columns.add_values(values[i]);
    }
    Log(run, columns);
  }

  void Fold(const v1::Run& run, const std::string& key) {
    for (bool more = true; more;) {
      auto plan = metrics::PlanFold(*store_->GetSnapshot(), run.uid(), key);
      ASSERT_THAT(plan, IsOk());
      more = plan->more;
      if (plan->nothing_to_write) return;
      ASSERT_THAT(store_->CommitAndWait(std::move(plan->write_set)), IsOk());
    }
  }

  absl::StatusOr<std::vector<v1::ReadCurvesResponse>> Read(
      const v1::ReadCurvesRequest& request, const std::function<absl::Status()>& ended = {}) {
    auto curves = PackedCurves::Open(store_->GetSnapshot(), request);
    if (!curves.ok()) return curves.status();
    std::vector<v1::ReadCurvesResponse> all;
    while (true) {
      const auto more = curves->Next(ended, all.emplace_back());
      if (!more.ok()) return more.status();
      if (!*more) break;
    }
    all.pop_back();
    return all;
  }

  std::vector<v1::MetricBucket> Buckets(const v1::ReadCurvesRequest& curves, const std::string& run,
                                        const std::string& key) {
    v1::ReadMetricsRequest request;
    request.set_run(run);
    request.set_key(key);
    if (curves.has_start_step()) request.set_start_step(curves.start_step());
    if (curves.has_end_step()) request.set_end_step(curves.end_step());
    request.set_max_buckets(curves.max_buckets() == 0 ? 1000 : curves.max_buckets());
    auto curve = MetricCurve::Open(store_->GetSnapshot(), request);
    EXPECT_THAT(curve, IsOk());
    std::vector<v1::MetricBucket> all;
    v1::ReadMetricsResponse part;
    while (*curve->Next(part)) all.insert(all.end(), part.buckets().begin(), part.buckets().end());
    return all;
  }

  // The arrays of `packed` are what ReadMetrics tells.
  void ExpectSame(const v1::ReadCurvesRequest& request, const v1::ReadCurvesResponse& packed) {
    std::vector<double> first_steps, last_steps, least, greatest, means, times;
    std::vector<uint32_t> counts, nans;
    int64_t points = 0;
    int64_t nan_points = 0;
    for (const v1::MetricBucket& bucket : Buckets(request, packed.run(), packed.key())) {
      first_steps.push_back(static_cast<double>(bucket.first_step()));
      last_steps.push_back(static_cast<double>(bucket.last_step()));
      least.push_back(bucket.has_min_value() ? bucket.min_value() : kNan);
      greatest.push_back(bucket.has_max_value() ? bucket.max_value() : kNan);
      means.push_back(bucket.has_mean_value() ? bucket.mean_value() : kNan);
      times.push_back(static_cast<double>(bucket.first_time_unix_millis()));
      counts.push_back(static_cast<uint32_t>(bucket.point_count()));
      nans.push_back(static_cast<uint32_t>(bucket.nan_count()));
      points += bucket.point_count();
      nan_points += bucket.nan_count();
    }
    EXPECT_EQ(packed.point_count(), points);
    EXPECT_EQ(packed.nan_count(), nan_points);
    EXPECT_EQ(NumbersOf<double>(packed.first_steps()), first_steps);
    EXPECT_EQ(NumbersOf<double>(packed.last_steps()), last_steps);
    EXPECT_EQ(BitsOf(NumbersOf<double>(packed.min_values())), BitsOf(least));
    EXPECT_EQ(BitsOf(NumbersOf<double>(packed.max_values())), BitsOf(greatest));
    EXPECT_EQ(BitsOf(NumbersOf<double>(packed.mean_values())), BitsOf(means));
    EXPECT_EQ(NumbersOf<double>(packed.first_times()), times);
    EXPECT_EQ(NumbersOf<uint32_t>(packed.point_counts()), counts);
    EXPECT_EQ(NumbersOf<uint32_t>(packed.nan_counts()), nans);
  }

  std::unique_ptr<storage::KvStore> store_;
  std::unique_ptr<IdSource> ids_ = MakeSequentialIds(1);
  int64_t calls_ = 0;
};

TEST_F(PackedCurvesTest, TheArraysAreTheBucketsOfReadMetrics) {
  std::mt19937_64 random(7);
  v1::ReadCurvesRequest request;
  for (int r = 0; r < 4; ++r) {
    const v1::Run run = CreateRun();
    request.add_runs(run.name());
    for (const char* key : {"a", "b"}) {
      v1::MetricColumns columns;
      columns.set_key(key);
      int64_t step = -500;
      for (int i = 0; i < 3000; ++i) {
        const double values[] = {kNan, kInfinity, -kInfinity, 0.25 * i, -1e300};
        columns.add_steps(step += static_cast<int64_t>(random() % 4));
        columns.add_times_unix_millis(static_cast<int64_t>(random() % 100'000));
        columns.add_values(values[random() % 5]);
      }
      Log(run, columns);
      if (r % 2 == 1) Fold(run, key);
    }
  }
  request.add_keys("b");
  request.add_keys("a");
  for (const int buckets : {1, 7, 1000, 10'000}) {
    request.set_max_buckets(buckets);
    const auto curves = Read(request);
    ASSERT_THAT(curves, IsOk());
    ASSERT_EQ(curves->size(), 8u);
    for (size_t i = 0; i < curves->size(); ++i) {
      EXPECT_EQ((*curves)[i].run(), request.runs(static_cast<int>(i / 2)));
      EXPECT_EQ((*curves)[i].key(), i % 2 == 0 ? "b" : "a");
      ExpectSame(request, (*curves)[i]);
    }
  }
  request.set_start_step(100);
  request.set_end_step(2000);
  request.set_max_buckets(0);
  const auto part = Read(request);
  ASSERT_THAT(part, IsOk());
  for (const auto& curve : *part) ExpectSame(request, curve);
  EXPECT_GE(NumbersOf<double>(part->at(0).first_steps()).front(), 100);
  EXPECT_LT(NumbersOf<double>(part->at(0).last_steps()).back(), 2000);
}

TEST_F(PackedCurvesTest, ABucketOfNanOnlyHasNoNumbers) {
  const v1::Run run = CreateRun();
  LogValues(run, "m", {kNan, kNan, -kInfinity, kInfinity});
  v1::ReadCurvesRequest request;
  request.add_runs(run.name());
  request.add_keys("m");
  request.set_max_buckets(2);
  const auto curves = Read(request);
  ASSERT_THAT(curves, IsOk());
  const auto least = NumbersOf<double>(curves->at(0).min_values());
  const auto means = NumbersOf<double>(curves->at(0).mean_values());
  ASSERT_EQ(least.size(), 2u);
  EXPECT_TRUE(std::isnan(least[0]) && std::isnan(means[0]));
  EXPECT_EQ(least[1], -kInfinity);
  EXPECT_EQ(NumbersOf<double>(curves->at(0).max_values())[1], kInfinity);
  EXPECT_EQ(curves->at(0).nan_count(), 2);
}

TEST_F(PackedCurvesTest, ARunWithoutTheMetricHasNoMessageAndOneWithoutPointsInRangeAnEmptyOne) {
  const v1::Run early = CreateRun();
  const v1::Run none = CreateRun();
  const v1::Run late = CreateRun();
  LogValues(early, "m", {1, 2, 3});
  LogValues(none, "other", {1});
  LogValues(late, "m", {4, 5}, /*first_step=*/100);
  v1::ReadCurvesRequest request;
  for (const auto& run : {early, none, late}) request.add_runs(run.name());
  request.add_keys("m");
  request.set_start_step(50);
  const auto curves = Read(request);
  ASSERT_THAT(curves, IsOk());
  ASSERT_EQ(curves->size(), 2u);
  EXPECT_EQ(curves->at(0).run(), early.name());
  EXPECT_EQ(curves->at(0).point_count(), 0);
  EXPECT_EQ(curves->at(0).first_steps(), "");
  EXPECT_EQ(curves->at(1).run(), late.name());
  EXPECT_EQ(curves->at(1).point_count(), 2);
}

TEST_F(PackedCurvesTest, ARequestOutsideTheLimitsIsRefused) {
  const std::string run = CreateRun().name();
  v1::ReadCurvesRequest good;
  good.add_runs(run);
  good.add_keys("m");
  EXPECT_THAT(Read(good), IsOk());
  const auto refused = [&](const auto& change, ErrorReason reason, const char* field) {
    v1::ReadCurvesRequest request = good;
    change(request);
    const absl::Status status = Read(request).status();
    EXPECT_TRUE(HasReason(status, reason)) << status;
    EXPECT_EQ(MetadataOf(status, "field"), field);
  };
  using Request = v1::ReadCurvesRequest;
  refused([](Request& r) { r.clear_runs(); }, ErrorReason::FIELD_REQUIRED, "runs");
  refused([](Request& r) { r.clear_keys(); }, ErrorReason::FIELD_REQUIRED, "keys");
  refused([](Request& r) { r.add_keys(""); }, ErrorReason::NAME_INVALID, "keys[1]");
  refused([](Request& r) { r.set_max_buckets(-1); }, ErrorReason::VALUE_INVALID, "max_buckets");
  refused([](Request& r) { r.set_max_buckets(10'001); }, ErrorReason::VALUE_INVALID, "max_buckets");
  refused(
      [](Request& r) {
        for (int i = 0; i < 20; ++i) r.add_keys("m");
      },
      ErrorReason::TOO_LARGE, "keys");
  refused(
      [&](Request& r) {
        for (int i = 0; i < 200; ++i) r.add_runs(run);
      },
      ErrorReason::TOO_LARGE, "runs");
  refused([](Request& r) { r.add_runs("nonsense"); }, ErrorReason::NAME_INVALID, "runs[1]");
  good.add_runs(FormatRunName(0, std::string(32, 'f')));
  EXPECT_TRUE(HasReason(PackedCurves::Open(store_->GetSnapshot(), good).status(),
                        ErrorReason::RUN_NOT_FOUND));
}

TEST_F(PackedCurvesTest, ReadingStopsOnceNobodyWaits) {
  const v1::Run run = CreateRun();
  LogValues(run, "m", {1});
  v1::ReadCurvesRequest request;
  request.add_runs(run.name());
  for (const char* key : {"none", "nothing", "m"}) request.add_keys(key);
  int asked = 0;
  const auto ended = [&asked]() -> absl::Status {
    return ++asked < 3 ? absl::OkStatus() : absl::CancelledError("gone");
  };
  EXPECT_THAT(Read(request, ended), testing::StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace cairn::tracking
