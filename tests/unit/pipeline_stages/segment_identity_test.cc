// Numbers and names of segments, from one version to the next.

#include <map>

#include "lib/model/model_file.h"
#include "pipeline/insight/labels_csv.h"
#include "pipeline/stages/publisher.h"
#include "tests/unit/pipeline_stages/recording_publisher.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

using ::testing::Each;
using ::testing::Eq;
using ::testing::SizeIs;

model::SegmentationModel ModelIn(const std::string& folder) {
  const std::string bytes = ReadFile(folder + "/model.cairnseg", size_t{1} << 24).value();
  return model::ParseModel(bytes).value();
}

CustomerLabels LabelsIn(const std::string& folder) {
  return ReadLabelsCsv(ReadFile(folder + "/labels.csv", size_t{1} << 24).value()).value();
}

RunRequest IdentityRequest(const ScratchFolder& folder, const std::string& out) {
  RunRequest request = SmallRequest(folder, 3);
  request.config.sweep.grid.k = {3};
  request.out = folder / out;
  return request;
}

// The results of a run as a champion whose segments have other numbers and names of their own.
Champion Renamed(const std::string& folder, const std::vector<int>& number_of) {
  model::SegmentationModel model = ModelIn(folder);
  const CustomerLabels labels = LabelsIn(folder);
  const std::vector<double> centers(model.centers().begin(), model.centers().end());
  const size_t width = centers.size() / number_of.size();
  for (size_t s = 0; s < number_of.size(); ++s) {
    const auto number = static_cast<size_t>(number_of[s]);
    for (size_t j = 0; j < width; ++j) {
      model.set_centers(static_cast<int>(number * width + j), centers[s * width + j]);
    }
    model.mutable_segments(number_of[s])
        ->set_name("Segment of old number " + std::to_string(number));
  }
  std::string csv = "CustomerID,Segment\n";
  for (size_t i = 0; i < labels.customers.size(); ++i) {
    csv += labels.customers[i] + "," +
           std::to_string(number_of[static_cast<size_t>(labels.segments[i])]) + "\n";
  }
  return {"models/m/versions/7", model::SerializeModel(model).value(), csv};
}

TEST(SegmentIdentity, WithoutAChampionNumbersFollowSpend) {
  const ScratchFolder folder;
  const RunOutcome outcome = RunOrDie(IdentityRequest(folder, "out"));
  const auto& segments = outcome.report.profiles.segments;
  ASSERT_THAT(segments, SizeIs(3));
  EXPECT_GE(segments[0].spend, segments[1].spend);
  EXPECT_GE(segments[1].spend, segments[2].spend);
  const auto model = ModelIn(folder / "out");
  ASSERT_EQ(model.segments_size(), 3);
  EXPECT_EQ(model.named_after(), "");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(model.segments(i).name(), segments[static_cast<size_t>(i)].name);
    EXPECT_NEAR(model.segments(i).customer_share(), segments[static_cast<size_t>(i)].customer_share,
                1e-12);
  }
}

TEST(SegmentIdentity, TheSameCustomersKeepNumberAndNameOfTheChampion) {
  const ScratchFolder folder;
  RunOrDie(IdentityRequest(folder, "before"));
  const std::vector<int> number_of = {2, 0, 1};
  RunRequest request = IdentityRequest(folder, "after");
  request.champion = Renamed(folder / "before", number_of);
  const RunOutcome outcome = RunOrDie(request);

  const CustomerLabels before = LabelsIn(folder / "before");
  const CustomerLabels after = LabelsIn(folder / "after");
  ASSERT_EQ(before.customers, after.customers);
  for (size_t i = 0; i < before.segments.size(); ++i) {
    ASSERT_EQ(after.segments[i], number_of[static_cast<size_t>(before.segments[i])]);
  }
  const auto model = ModelIn(folder / "after");
  EXPECT_EQ(model.named_after(), "models/m/versions/7");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(model.segments(i).name(), "Segment of old number " + std::to_string(i));
  }
  ASSERT_TRUE(outcome.report.migration.has_value());
  EXPECT_EQ(outcome.report.migration->same_segment_share, 1);
  // Every run of the sweep is numbered, not only the one that is chosen.
  for (const TrainingRun& run : outcome.runs) {
    EXPECT_EQ(run.fit->all_labels.size(), before.customers.size());
  }
}

TEST(SegmentIdentity, AnotherChampionNumbersAnewAndTheSweepStaysTheSame) {
  const ScratchFolder folder;
  const RunRequest request = IdentityRequest(folder, "out");
  RecordingPublisher first;
  const RunOutcome before = RunOrDie(request, &first);
  RecordingPublisher second;
  second.champion = Renamed(folder / "out", {1, 2, 0});
  const RunOutcome after = RunOrDie(request, &second);
  EXPECT_EQ(first.sweep_keys, second.sweep_keys);
  EXPECT_EQ(after.report.profiles.segments[1].name, "Segment of old number 1");
  for (const StageRecord& record : after.stages) {
    const bool numbers = record.name == "sweep" || record.name == "evaluate" ||
                         record.name == "stability" || record.name == "select" ||
                         record.name == "profile" || record.name == "register";
    EXPECT_EQ(record.cached, !numbers) << record.name;
  }
  // And the same champion changes nothing more.
  RecordingPublisher third;
  third.champion = second.champion;
  const RunOutcome again = RunOrDie(request, &third);
  EXPECT_EQ(again.customers_csv, after.customers_csv);
  ASSERT_EQ(second.runs.size(), third.runs.size());
  for (size_t i = 0; i < second.runs.size(); ++i) {
    EXPECT_EQ(second.runs[i].model, third.runs[i].model);
  }
}

TEST(SegmentIdentity, AChampionWithoutLabelsLendsNothing) {
  const ScratchFolder folder;
  RunOrDie(IdentityRequest(folder, "before"));
  RunRequest request = IdentityRequest(folder, "after");
  request.champion = Renamed(folder / "before", {2, 1, 0});
  request.champion->labels.clear();
  const RunOutcome outcome = RunOrDie(request);
  EXPECT_EQ(LabelsIn(folder / "after").segments, LabelsIn(folder / "before").segments);
  EXPECT_FALSE(outcome.report.migration.has_value());
}

TEST(SegmentIdentity, DamagedLabelsOfTheChampionAreRefused) {
  const ScratchFolder folder;
  RunOrDie(IdentityRequest(folder, "before"));
  RunRequest request = IdentityRequest(folder, "after");
  request.champion = Renamed(folder / "before", {0, 1, 2});
  request.champion->labels = "CustomerID,Segment\n1,two\n";
  EXPECT_FALSE(RunPipeline(request, {}, nullptr).ok());
}

TEST(Profile, MoneyOfSegmentsAndOfCleaningAddsUp) {
  const ScratchFolder folder;
  const RunOutcome outcome = RunOrDie(IdentityRequest(folder, "out"));
  const ReportData& report = outcome.report;
  double spend = 0;
  int64_t customers = 0;
  for (const SegmentProfile& segment : report.profiles.segments) {
    spend += segment.spend;
    customers += segment.customers;
  }
  EXPECT_NEAR(spend, report.profiles.spend, 0.005);
  EXPECT_EQ(customers, static_cast<int64_t>(outcome.features.customer_ids.size()));
  ASSERT_THAT(report.quality, SizeIs(7));
  for (size_t i = 1; i < report.quality.size(); ++i) {
    EXPECT_EQ(report.quality[i].spend_in, report.quality[i - 1].spend_out);
  }
  EXPECT_NEAR(report.quality.back().spend_out, report.profiles.spend, 0.005);
}

TEST(Profile, IsKeptWithTheChosenRun) {
  const ScratchFolder folder;
  RecordingPublisher publisher;
  const RunOutcome outcome = RunOrDie(IdentityRequest(folder, "out"), &publisher);
  std::map<std::string, size_t> runs;
  for (const ArtifactDraft& draft : publisher.artifacts) {
    for (const ArtifactDraft::File& file : draft.files) runs[file.path] = draft.run;
  }
  for (const char* path : {"report/report.json", "report/profiles.json", "report/customers.csv",
                           "report/charts/segment-sizes.svg", "logs/load.log"}) {
    ASSERT_EQ(runs.count(path), 1u) << path;
    EXPECT_EQ(runs[path], outcome.selection.rows[outcome.selection.chosen].run);
  }
}

}  // namespace
}  // namespace cairn::pipeline
