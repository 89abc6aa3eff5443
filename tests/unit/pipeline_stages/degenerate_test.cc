// Kind of fault: data without segments gives empty ones, or numbers that are none, as the best.

#include "pipeline/stages/degenerate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_stages/recording_publisher.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;

constexpr const char* kHeader =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

// One purchase of each of `customers`, of which `kinds` different ones are made.
std::string Purchases(int customers, int kinds) {
  std::string csv = kHeader;
  for (int i = 0; i < customers; ++i) {
    const int kind = i % kinds;
    csv += fmt::format("{},20003,MUG,{},2011-08-{:02} {:02}:00:00,{},{},United Kingdom\n", i + 1,
                       1 + kind * kind, 1 + kind * 2, 8 + kind, 2 + kind, 13001 + i);
  }
  return csv;
}

struct Told {
  absl::StatusOr<RunOutcome> outcome;
  std::vector<std::string> lines;
};

Told RunOn(const std::string& csv, Publisher* publisher,
           FeaturePreset features = FeaturePreset::kDefault) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 1);
  EXPECT_THAT(WriteFileAtomically(request.data, csv), IsOk());
  request.config.sweep.grid.k = {2, 3, 4, 5, 6, 7, 8};
  request.config.features = features;
  std::vector<std::string> lines;
  auto outcome = RunPipeline(request,
                             {.stage = {},
                              .progress = {},
                              .input = [&](const std::string& line) { lines.push_back(line); }},
                             publisher);
  return {std::move(outcome), std::move(lines)};
}

bool Says(const Told& told, std::string_view what) {
  for (const std::string& line : told.lines) {
    if (line.find(what) != std::string::npos) return true;
  }
  return false;
}

TEST(DegenerateData, CustomersThatAreAllTheSameAreRefusedAndNothingIsRegistered) {
  RecordingPublisher publisher;
  const Told told = RunOn(Purchases(40, 1), &publisher);
  EXPECT_THAT(told.outcome, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_NE(told.outcome.status().message().find("customer 13001 in every feature"),
            std::string_view::npos)
      << told.outcome.status();
  EXPECT_TRUE(publisher.datasets.empty());
  EXPECT_TRUE(publisher.runs.empty());
}

TEST(DegenerateData, OneOrTwoCustomersAreRefusedAndNothingIsRegistered) {
  for (const int customers : {1, 2}) {
    RecordingPublisher publisher;
    const Told told = RunOn(Purchases(customers, 2), &publisher);
    EXPECT_NE(told.outcome.status().message().find("13001"), std::string_view::npos)
        << told.outcome.status();
    EXPECT_TRUE(publisher.datasets.empty());
  }
}

TEST(DegenerateData, AStageThatLeavesNoCustomersSaysSoAndNothingIsRegistered) {
  RecordingPublisher publisher;
  const Told told = RunOn(Purchases(40, 4), &publisher, FeaturePreset::kClassic);
  EXPECT_THAT(told.outcome, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_NE(told.outcome.status().message().find("with all features there are 0 customers"),
            std::string_view::npos)
      << told.outcome.status();
  EXPECT_TRUE(publisher.datasets.empty());
}

TEST(DegenerateData, FewerDifferentCustomersThanKMakeTheGridSmallerWithAWord) {
  RecordingPublisher publisher;
  const Told told = RunOn(Purchases(60, 4), &publisher);
  ASSERT_THAT(told.outcome, IsOk());
  EXPECT_TRUE(Says(told, "k = 5, 6, 7, 8 are left out"));
  for (const TrainingRun& run : told.outcome->runs) EXPECT_LE(run.point.k, 4);
}

TEST(DegenerateData, NoVersionHasAnEmptySegmentAndNoIndexOfTheChosenIsNoNumber) {
  for (const int customers : {3, 4, 5, 8, 20}) {
    for (const int kinds : {2, 3, 5}) {
      RecordingPublisher publisher;
      const Told told = RunOn(Purchases(customers, kinds), &publisher);
      if (!told.outcome.ok()) {
        EXPECT_THAT(told.outcome, StatusIs(absl::StatusCode::kFailedPrecondition));
        EXPECT_TRUE(publisher.versions.empty());
        continue;
      }
      const Selection& selection = told.outcome->selection;
      const TrainingRun& chosen = told.outcome->runs[selection.rows[selection.chosen].run];
      EXPECT_TRUE(std::isfinite(chosen.everyone.silhouette));
      for (const VersionDraft& version : publisher.versions) {
        const TrainingRun& run = told.outcome->runs[version.run];
        EXPECT_FALSE(HasEmptySegment(run)) << customers << " " << kinds << " " << run.point.Id();
        for (const auto& [name, value] : version.evidence)
          EXPECT_TRUE(std::isfinite(value)) << name;
      }
    }
  }
}

TEST(CountDistinctRows, LastBitsDoNotMakeARowAnother) {
  RowMajorMatrix rows(4, 2);
  rows << 1, 2, 1 + 1e-15, 2, 1, 3, 0, 0;
  EXPECT_EQ(CountDistinctRows(rows), 3);
  EXPECT_EQ(CountDistinctRows(RowMajorMatrix::Zero(5, 2)), 1);
  EXPECT_EQ(CountDistinctRows(RowMajorMatrix()), 0);
}

TrainingRun Trained(int k, double silhouette, double share) {
  TrainingRun run;
  run.point.k = k;
  auto fit = std::make_shared<FitOutcome>();
  fit->training_labels = {0, 0, 1, 1};
  run.fit = std::move(fit);
  run.training.inertia = 100.0 / k;
  run.everyone.silhouette = silhouette;
  run.everyone.davies_bouldin = 1;
  run.everyone.min_cluster_share = share;
  return run;
}

TEST(DegenerateSelection, WhatIsNoNumberIsNeverTheBest) {
  const PipelineConfig config = PresetConfig("default").value();
  const double none = kNotMeasured;
  for (const auto& runs : {std::vector{Trained(3, none, 0.3), Trained(4, 0.1, 0.2)},
                           std::vector{Trained(3, 0.1, 0.3), Trained(4, none, 0.2)}}) {
    const Selection selection = SelectK(runs, config, {}).value();
    EXPECT_EQ(runs[selection.rows[selection.chosen].run].everyone.silhouette, 0.1);
    EXPECT_EQ(selection.versions.size(), 1u);
  }
  EXPECT_THAT(SelectK({Trained(3, none, 0.3)}, config, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(DegenerateSelection, AnEmptySegmentIsNoVersionEvenWhereItsKIsWanted) {
  PipelineConfig config = PresetConfig("default").value();
  config.registration.always_k = {4};
  const std::vector<TrainingRun> runs = {Trained(3, 0.3, 0.3), Trained(4, 0.9, 0)};
  EXPECT_EQ(SelectK(runs, config, {})->versions, (std::vector<size_t>{0}));
}

TEST(DegenerateSelection, ANaNInertiaRepresentsNoK) {
  TrainingRun odd = Trained(3, 0.3, 0.3);
  odd.training.inertia = kNotMeasured;
  EXPECT_EQ(RepresentativeRuns({odd, Trained(3, 0.2, 0.3)}, 0.02), (std::vector<size_t>{1}));
}

}  // namespace
}  // namespace cairn::pipeline
