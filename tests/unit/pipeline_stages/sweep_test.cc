#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "pipeline/stages/rand_index.h"
#include "pipeline/stages/selection.h"
#include "pipeline/stages/training.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;

// Four blobs in three dimensions, every tenth row an outlier of the training rows.
SweepInput Blobs(uint32_t seed, int rows) {
  std::mt19937 random(seed);
  const auto noise = [&] { return static_cast<double>(random() % 1000) / 1000.0; };
  SweepInput input;
  input.all.resize(rows, 3);
  for (int i = 0; i < rows; ++i) {
    const double center = 3.0 * (i % 4);
    input.all.row(i) << center + noise(), -center + 2 * noise(), noise() * ((i % 4) + 1);
    if (i % 10 != 9) input.training_rows.push_back(i);
  }
  input.training.resize(static_cast<Eigen::Index>(input.training_rows.size()), 3);
  for (size_t i = 0; i < input.training_rows.size(); ++i) {
    input.training.row(static_cast<Eigen::Index>(i)) = input.all.row(input.training_rows[i]);
  }
  return input;
}

std::vector<TrainingRun> Sweep(const SweepInput& input, const std::vector<GridPoint>& points,
                               bool sharing, int threads, bool early = true) {
  SweepOptions options{1e-4, sharing, threads};
  options.hand_on_early = early;
  auto runs = FitGrid(input, points, options);
  EXPECT_THAT(runs, IsOk());
  size_t told = 0;
  const RunSink sink = [&](const TrainingRun& run, size_t index) {
    EXPECT_EQ(index, told++);
    EXPECT_FALSE(std::isnan(run.training.silhouette));
    return absl::OkStatus();
  };
  EXPECT_THAT(EvaluateRuns(input, options, sink, &*runs), IsOk());
  EXPECT_EQ(told, points.size());
  return *std::move(runs);
}

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

void ExpectSameIndices(const Indices& a, const Indices& b) {
  EXPECT_TRUE(SameBits(a.inertia, b.inertia));
  EXPECT_TRUE(SameBits(a.silhouette, b.silhouette));
  EXPECT_TRUE(SameBits(a.davies_bouldin, b.davies_bouldin));
  EXPECT_TRUE(SameBits(a.calinski_harabasz, b.calinski_harabasz));
  EXPECT_TRUE(SameBits(a.min_cluster_share, b.min_cluster_share));
  EXPECT_TRUE(SameBits(a.max_cluster_share, b.max_cluster_share));
  EXPECT_TRUE(SameBits(a.silhouette_error, b.silhouette_error));
  EXPECT_EQ(a.silhouette_sample, b.silhouette_sample);
}

void ExpectSameRuns(const std::vector<TrainingRun>& a, const std::vector<TrainingRun>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(a[i].point.Id());
    EXPECT_EQ(a[i].point, b[i].point);
    EXPECT_EQ(a[i].fit->training_labels, b[i].fit->training_labels);
    EXPECT_EQ(a[i].fit->all_labels, b[i].fit->all_labels);
    EXPECT_EQ(a[i].fit->centers, b[i].fit->centers);
    EXPECT_EQ(a[i].fit->iterations, b[i].fit->iterations);
    EXPECT_EQ(a[i].fit->converged, b[i].fit->converged);
    ExpectSameIndices(a[i].training, b[i].training);
    ExpectSameIndices(a[i].everyone, b[i].everyone);
  }
}

// Small limits on the iterations, so that some starts are cut off by one limit and not by another.
std::vector<GridPoint> HardGrid() {
  SweepGrid grid;
  grid.k = {3, 4, 7};
  grid.n_init = {1, 2, 5};
  grid.max_iter = {1, 2, 3, 5, 100};
  grid.init = {CenterInit::kKMeansPlusPlus, CenterInit::kRandom};
  return grid.Points(42);
}

TEST(SweepTest, SharingChangesNoBit) {
  const SweepInput input = Blobs(11, 400);
  ExpectSameRuns(Sweep(input, HardGrid(), true, 2), Sweep(input, HardGrid(), false, 2));
}

TEST(SweepTest, ThreadsChangeNoBit) {
  const SweepInput input = Blobs(12, 300);
  ExpectSameRuns(Sweep(input, HardGrid(), true, 1), Sweep(input, HardGrid(), true, 5));
}

TEST(SweepTest, HandingOnAtTheEndChangesNoBit) {
  const SweepInput input = Blobs(15, 300);
  ExpectSameRuns(Sweep(input, HardGrid(), true, 2, /*early=*/true),
                 Sweep(input, HardGrid(), true, 2, /*early=*/false));
}

TEST(SweepTest, SharedRunsNameTheFirstAndCarryItsOutcome) {
  SweepGrid grid;
  grid.k = {3};
  grid.n_init = {1, 2};
  grid.max_iter = {250, 1000};
  const auto runs = Sweep(Blobs(13, 200), grid.Points(42), true, 1);
  ASSERT_EQ(runs.size(), 4u);
  EXPECT_EQ(runs[0].shared_from, "");
  EXPECT_EQ(runs[1].shared_from, runs[0].point.Id());
  EXPECT_EQ(runs[1].fit, runs[0].fit);
  EXPECT_EQ(runs[2].shared_from, "");
  EXPECT_EQ(runs[3].shared_from, runs[2].point.Id());
}

TEST(SweepTest, SharedTimeIsDividedAndNotInvented) {
  SweepGrid grid;
  grid.k = {3};
  grid.max_iter = {250, 500, 1000};
  const auto runs = Sweep(Blobs(14, 200), grid.Points(42), true, 1);
  EXPECT_GT(runs[0].fit_seconds, 0);
  EXPECT_EQ(runs[0].fit_seconds, runs[1].fit_seconds);
  EXPECT_EQ(runs[0].evaluate_seconds, runs[2].evaluate_seconds);
}

TEST(SweepTest, WithoutSharingNothingIsShared) {
  SweepGrid grid;
  grid.k = {3};
  grid.max_iter = {250, 1000};
  for (const TrainingRun& run : Sweep(Blobs(15, 200), grid.Points(42), false, 1)) {
    EXPECT_EQ(run.shared_from, "");
  }
}

TEST(SweepTest, PlantedBlobsAreFoundAndChosenBySilhouette) {
  const SweepInput input = Blobs(16, 400);
  SweepGrid grid;
  grid.k = {2, 3, 4, 5, 6};
  grid.n_init = {10};
  const auto runs = Sweep(input, grid.Points(42), true, 2);
  std::vector<int32_t> planted;
  for (const int32_t row : input.training_rows) planted.push_back(row % 4);
  EXPECT_DOUBLE_EQ(AdjustedRandIndex(runs[2].fit->training_labels, planted), 1.0);
  for (const TrainingRun& run : runs) {
    EXPECT_LE(run.training.silhouette, runs[2].training.silhouette);
  }
}

TEST(SweepTest, EvidenceIsTheSilhouetteOfAllCustomers) {
  const SweepInput input = Blobs(17, 200);
  SweepGrid grid;
  grid.k = {2, 3};
  auto runs = Sweep(input, grid.Points(42), true, 1);
  EXPECT_TRUE(std::isnan(runs[1].everyone.silhouette));
  ASSERT_THAT(MeasureEvidence(input, SweepOptions(), {1}, &runs), IsOk());
  EXPECT_FALSE(runs[0].has_evidence);
  EXPECT_TRUE(runs[1].has_evidence);
  EXPECT_FALSE(std::isnan(runs[1].everyone.silhouette));
  EXPECT_NE(runs[1].everyone.inertia, runs[1].training.inertia);
}

TEST(SweepTest, OneRunForEachKKeepsTheSilhouettesOfItsRows) {
  const SweepInput input = Blobs(20, 200);
  SweepGrid grid;
  grid.k = {2, 3};
  grid.seeds = {1, 2, 3};
  const auto runs = Sweep(input, grid.Points(42), true, 2);
  const std::vector<size_t> standing = RepresentativeRuns(runs, 0);
  ASSERT_EQ(standing.size(), 2u);
  for (size_t i = 0; i < runs.size(); ++i) {
    const bool stands = std::find(standing.begin(), standing.end(), i) != standing.end();
    EXPECT_EQ(runs[i].silhouettes != nullptr, stands);
    EXPECT_EQ(runs[i].silhouette_rows, nullptr);
    if (!stands) continue;
    ASSERT_EQ(runs[i].silhouettes->size(), static_cast<size_t>(input.training.rows()));
    double sum = 0;
    for (const double one : *runs[i].silhouettes) sum += one;
    EXPECT_DOUBLE_EQ(sum / static_cast<double>(input.training.rows()), runs[i].training.silhouette);
  }
}

TEST(SweepTest, ManyRowsAreMeasuredOnDrawnOnesWithAnError) {
  const SweepInput input = Blobs(21, 3000);
  SweepGrid grid;
  grid.k = {3, 4};
  SweepOptions exact;
  SweepOptions drawn;
  drawn.exact_rows = 1000;
  drawn.sample_rows = 500;
  drawn.sample_seed = 7;
  const RunSink sink = [](const TrainingRun&, size_t) { return absl::OkStatus(); };
  auto all = FitGrid(input, grid.Points(42), exact).value();
  auto some = all;
  ASSERT_THAT(EvaluateRuns(input, exact, sink, &all), IsOk());
  ASSERT_THAT(EvaluateRuns(input, drawn, sink, &some), IsOk());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].training.silhouette_sample, 0);
    EXPECT_TRUE(std::isnan(all[i].training.silhouette_error));
    EXPECT_EQ(some[i].training.silhouette_sample, 500);
    const double error = some[i].training.silhouette_error;
    EXPECT_GT(error, 0);
    EXPECT_LT(error, 0.03);
    EXPECT_NEAR(some[i].training.silhouette, all[i].training.silhouette, 5 * error);
    EXPECT_EQ(some[i].training.davies_bouldin, all[i].training.davies_bouldin);
    ASSERT_NE(some[i].silhouette_rows, nullptr);
    EXPECT_EQ(some[i].silhouette_rows->size(), some[i].silhouettes->size());
    EXPECT_TRUE(std::is_sorted(some[i].silhouette_rows->begin(), some[i].silhouette_rows->end()));
  }
}

TEST(SweepTest, StartsAreToldInOrderHoweverManyThreadsFitThem) {
  SweepOptions options;
  options.threads = 8;
  std::vector<std::pair<size_t, size_t>> told;
  options.started = [&](size_t done, size_t total) { told.emplace_back(done, total); };
  SweepGrid grid;
  grid.k = {2, 3, 4};
  grid.n_init = {50};
  ASSERT_THAT(FitGrid(Blobs(31, 100), grid.Points(42), options), IsOk());
  ASSERT_EQ(told.size(), 150u);
  for (size_t i = 0; i < told.size(); ++i) EXPECT_EQ(told[i], std::make_pair(i + 1, size_t{150}));
}

// Kind of fault: one burst at the end, where all is measured before the first run is handed on.
TEST(SweepTest, RunsAreToldInOrderWhileTheyAreMeasured) {
  for (const bool sharing : {true, false}) {
    for (const bool early : {true, false}) {
      SCOPED_TRACE(::testing::Message() << "sharing " << sharing << ", early " << early);
      const SweepInput input = Blobs(32, 300);
      SweepOptions options{1e-4, sharing, 3};
      options.hand_on_early = early;
      std::vector<size_t> told;
      options.measured = [&](size_t done, size_t total) {
        EXPECT_EQ(total, HardGrid().size());
        told.push_back(done);
      };
      auto runs = FitGrid(input, HardGrid(), options);
      ASSERT_THAT(runs, IsOk());
      const RunSink sink = [&](const TrainingRun&, size_t index) {
        EXPECT_GT(told.size(), index);
        return absl::OkStatus();
      };
      ASSERT_THAT(EvaluateRuns(input, options, sink, &*runs), IsOk());
      ASSERT_EQ(told.size(), runs->size());
      for (size_t i = 0; i < told.size(); ++i) EXPECT_EQ(told[i], i + 1);
    }
  }
}

// They have no indices, and are done all the same.
TEST(SweepTest, RunsWithoutIndicesAreToldToo) {
  const SweepInput input = Blobs(33, 100);
  SweepOptions options;
  SweepGrid grid;
  grid.k = {2, 3};
  auto runs = FitGrid(input, grid.Points(42), options);
  ASSERT_THAT(runs, IsOk());
  auto single = std::make_shared<FitOutcome>(*(*runs)[0].fit);
  std::fill(single->training_labels.begin(), single->training_labels.end(), 0);
  (*runs)[0].fit = single;
  std::vector<size_t> told;
  options.measured = [&](size_t done, size_t) { told.push_back(done); };
  const RunSink sink = [](const TrainingRun&, size_t) { return absl::OkStatus(); };
  ASSERT_THAT(EvaluateRuns(input, options, sink, &*runs), IsOk());
  EXPECT_EQ(told, (std::vector<size_t>{1, 2}));
  EXPECT_TRUE(std::isnan((*runs)[0].training.silhouette));
  EXPECT_FALSE(std::isnan((*runs)[1].training.silhouette));
}

TEST(SweepTest, MoreSegmentsThanRowsAreRefused) {
  const absl::Status status = FitGrid(Blobs(18, 20), {GridPoint{.k = 50}}, SweepOptions()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(MetadataOf(status, "value"), "50");
}

TEST(SweepTest, TheSinkCanStopTheSweep) {
  const SweepInput input = Blobs(19, 100);
  auto runs = FitGrid(input, HardGrid(), SweepOptions()).value();
  const RunSink sink = [](const TrainingRun&, size_t index) {
    return index < 2 ? absl::OkStatus() : absl::UnavailableError("gone");
  };
  EXPECT_THAT(EvaluateRuns(input, SweepOptions(), sink, &runs),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace cairn::pipeline
