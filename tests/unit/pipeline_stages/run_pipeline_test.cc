#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "lib/base/errors.h"
#include "lib/model/predictor.h"
#include "pipeline/stages/features_file.h"
#include "pipeline/stages/rand_index.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_stages/recording_publisher.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;

std::string Text(const std::string& path) {
  auto text = ReadFile(path);
  EXPECT_THAT(text, IsOk());
  return text.ok() ? *text : "";
}

std::vector<std::string> ComputedStages(const RunOutcome& outcome) {
  std::vector<std::string> out;
  for (const StageRecord& record : outcome.stages) {
    if (!record.cached) out.push_back(record.name);
  }
  return out;
}

RunObserver Listening(std::vector<std::string>* lines) {
  RunObserver observer;
  observer.input = [lines](const std::string& line) { lines->push_back(line); };
  return observer;
}

TEST(RunPipelineTest, PlantedSegmentsAreFound) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 5);
  const SyntheticCsv planted = PlantedCsv(1000, 5);
  ASSERT_THAT(WriteFileAtomically(request.data, planted.csv), IsOk());
  request.config.sweep.grid.k = {3, 4, 5};
  request.config.sweep.grid.n_init = {10};
  const RunOutcome outcome = RunOrDie(request);
  std::map<int32_t, int32_t> truth;
  for (const PlantedCustomer& one : planted.summary.customers) truth[one.customer_id] = one.segment;
  double best = 0;
  for (const TrainingRun& run : outcome.runs) {
    std::vector<int32_t> expected;
    for (const int32_t row : outcome.outliers.kept) {
      expected.push_back(truth.at(outcome.features.customer_ids[static_cast<size_t>(row)]));
    }
    best = std::max(best, AdjustedRandIndex(run.fit->training_labels, expected));
  }
  EXPECT_GT(best, 0.6);
}

// One row for each outlier, with the segment that labels.csv gives it.
void ExpectOutlierSegments(const RunOutcome& outcome, const std::string& csv) {
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "CustomerID,Score,Segment,Distance");
  const FitOutcome& fit = *outcome.runs[outcome.selection.rows[outcome.selection.chosen].run].fit;
  for (const int32_t row : outcome.outliers.removed) {
    ASSERT_TRUE(std::getline(lines, line));
    const auto place = static_cast<size_t>(row);
    int32_t customer = 0;
    double score = 0;
    int32_t segment = -1;
    double distance = -1;
    ASSERT_EQ(std::sscanf(line.c_str(), "%d,%lf,%d,%lf", &customer, &score, &segment, &distance), 4)
        << line;
    EXPECT_EQ(customer, outcome.features.customer_ids[place]);
    EXPECT_EQ(score, outcome.outliers.scores[place]);
    EXPECT_EQ(segment, fit.all_labels[place]);
    const auto& point = outcome.preparation.all_components.row(row);
    for (Eigen::Index k = 0; k < fit.centers.rows(); ++k) {
      EXPECT_GE((point - fit.centers.row(k)).norm(), distance - 1e-12);
    }
  }
  EXPECT_FALSE(std::getline(lines, line));
}

// Prepared columns are z-scores here, so their correlation is their mean product.
TEST(RunPipelineTest, TheCorrelationOfThePreparedRowsIsThatOfWhatIsTrainedOn) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 6);
  ASSERT_THAT(SetScaling("standard", &request.config), IsOk());
  request.out = folder / "out";
  const RunOutcome outcome = RunOrDie(request);
  const RowMajorMatrix& rows = outcome.preparation.prepared;
  const double product =
      rows.col(kTotalSpend).dot(rows.col(kTotalTransactions)) / static_cast<double>(rows.rows());
  const double measured = outcome.prepared_correlations.pearson(kTotalSpend, kTotalTransactions);
  EXPECT_NEAR(measured, product, 1e-9);
  EXPECT_NE(measured, outcome.correlations.pearson(kTotalSpend, kTotalTransactions));
  EXPECT_THAT(Text(request.out + "/correlation_prepared.csv"),
              ::testing::StartsWith("Method,Feature,Days_Since_Last_Purchase,"));
  // Also from the cache.
  const RunOutcome again = RunOrDie(request);
  EXPECT_EQ(again.prepared_correlations.pearson(kTotalSpend, kTotalTransactions), measured);
}

// Kind of fault: a grid with one seed shows a k as if any seed gave it.
TEST(RunPipelineTest, AGridWithOneSeedIsJudgedByFitsWithOthers) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 6);
  request.config.sweep.grid.seeds = {};
  request.out = folder / "out";
  const RunOutcome outcome = RunOrDie(request);
  EXPECT_EQ(outcome.runs.size(), 3u);
  for (const SelectionRow& row : outcome.selection.rows) {
    ASSERT_TRUE(row.stability.has_value());
    EXPECT_EQ(row.stability->seeds, 3);
    EXPECT_EQ(row.stability->extra_fits, 2);
  }
  EXPECT_THAT(outcome.selection.reason, ::testing::HasSubstr("over 3 seeds"));
  const auto stages = nlohmann::json::parse(Text(request.out + "/stages.json"));
  for (const auto& stage : stages) {
    if (stage["name"] != "stability") continue;
    EXPECT_EQ(stage["counts"]["extra_fits"], 6);
  }
  EXPECT_EQ(RunOrDie(request).stability, outcome.stability);
  // The same as a grid with these seeds comes to.
  request.config.sweep.grid.seeds = {42, 43, 44};
  const RunOutcome three = RunOrDie(request);
  for (const auto& [k, stability] : three.stability) {
    EXPECT_EQ(stability.rand_index, outcome.stability.at(k).rand_index) << k;
    EXPECT_EQ(stability.extra_fits, 0);
  }
}

TEST(RunPipelineTest, EverythingPromisedIsWritten) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 6);
  request.out = folder / "out";
  const RunOutcome outcome = RunOrDie(request);
  for (const char* name :
       {"stages.json", "transactions.csv", "rejects.csv", "features.csv", "correlation.csv",
        "outliers.csv", "prepared.csv", "components.csv", "correlation_prepared.csv",
        "outlier_segments.csv", "labels.csv", "runs.json", "selection.json", "model.cairnseg"}) {
    EXPECT_FALSE(Text(request.out + "/" + name).empty()) << name;
  }
  const auto stages = nlohmann::json::parse(Text(request.out + "/stages.json"));
  ASSERT_EQ(stages.size(), StageGraph().size() - 1);  // Without `register`.
  for (size_t i = 0; i < stages.size(); ++i) EXPECT_EQ(stages[i]["name"], StageGraph()[i].name);
  const auto runs = nlohmann::json::parse(Text(request.out + "/runs.json"));
  ASSERT_EQ(runs.size(), 6u);
  EXPECT_EQ(runs[0]["params"]["k"], "2");
  EXPECT_TRUE(runs[0]["metrics"].contains("silhouette"));
  EXPECT_TRUE(runs[0]["seconds"].is_number());
  const auto features = ParseFeaturesCsv(Text(request.out + "/features.csv"), "features.csv");
  ASSERT_THAT(features, IsOk());
  EXPECT_EQ(features->values, outcome.features.values);
  const auto components = ParseFeaturesCsv(Text(request.out + "/components.csv"), "components.csv");
  ASSERT_THAT(components, IsOk());
  EXPECT_EQ(components->values, outcome.preparation.components);
  ExpectOutlierSegments(outcome, Text(request.out + "/outlier_segments.csv"));
  const auto selection = nlohmann::json::parse(Text(request.out + "/selection.json"));
  for (const auto& row : selection["table"]) {
    EXPECT_EQ(row["stability_seeds"], 2);
    EXPECT_EQ(row["stability_extra_fits"], 0);
  }
  // No file of an unfinished write is left.
  for (const auto& entry : std::filesystem::directory_iterator(request.out)) {
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos);
  }
}

TEST(RunPipelineTest, TextCustomersAppearAsTheyAreAlsoFromTheCache) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 3);
  std::string csv = ReadFile(request.data).value();
  // The customer is the field before the country.
  for (size_t at = csv.find(",United"); at != csv.npos; at = csv.find(",United", at + 8)) {
    const size_t id = csv.rfind(',', at - 1) + 1;
    if (id < at) csv.insert(id, "u"), ++at;
  }
  ASSERT_THAT(WriteFileAtomically(request.data, csv), IsOk());
  request.out = folder / "out";
  std::string line;
  ASSERT_THAT(RunPipeline(request,
                          {.input =
                               [&](const std::string& said) {
                                 if (line.empty()) line = said;
                               }},
                          nullptr),
              IsOk());
  EXPECT_EQ(line, "input: UTF-8, separator `,`, decimal mark `.`, dates year first");
  for (const char* name : {"features.csv", "prepared.csv", "labels.csv", "outliers.csv"}) {
    const std::string text = ReadFile(request.out + "/" + name).value();
    EXPECT_NE(text.find("\nu"), text.npos) << name;
    EXPECT_EQ(text.find("\n-"), text.npos) << name;
  }
  const std::string labels = ReadFile(request.out + "/labels.csv").value();
  std::filesystem::remove(request.out + "/labels.csv");
  RunOrDie(request);
  EXPECT_EQ(ReadFile(request.out + "/labels.csv").value(), labels);
}

TEST(RunPipelineTest, OneCustomerIsRefusedBeforeAnySweep) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 3);
  ASSERT_THAT(WriteFileAtomically(request.data,
                                  "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,"
                                  "CustomerID,Country\n"
                                  "1,20003,MUG,2,2011-08-02 10:00:00,2.5,13001,United Kingdom\n"
                                  "2,20004,MUG,2,2011-09-03 10:00:00,2.5,13001,United Kingdom\n"),
              IsOk());
  std::atomic<size_t> trained = 0;
  const RunObserver observer{.progress = [&trained](const StageProgress& now) {
    if (now.stage == "sweep" && now.done > 0) ++trained;
  }};
  const auto outcome = RunPipeline(request, observer, nullptr);
  EXPECT_NE(outcome.status().message().find("is 1 customer (the first is 13001)"),
            std::string_view::npos)
      << outcome.status();
  EXPECT_EQ(trained, 0u);
}

TEST(RunPipelineTest, ASecondRunTakesEverythingFromTheCache) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 7);
  request.out = folder / "out";
  RunOrDie(request);
  const std::string first = Text(request.out + "/runs.json");
  const RunOutcome again = RunOrDie(request);
  EXPECT_EQ(ComputedStages(again), (std::vector<std::string>{"select"}));
  EXPECT_EQ(Text(request.out + "/runs.json"), first);
}

TEST(RunPipelineTest, AChangedSettingComputesItsStageAndThoseAfter) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 8);
  request.out = folder / "out";
  RunOrDie(request);
  request.config.pca.variance = 0.9;
  EXPECT_EQ(
      ComputedStages(RunOrDie(request)),
      (std::vector<std::string>{"pca", "sweep", "evaluate", "stability", "select", "profile"}));
}

// Kind of fault: a stage that is asked for again takes earlier ones with it.
TEST(RunPipelineTest, FromAndOnlyRedoNoEarlierStage) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 8);
  request.out = folder / "out";
  const RunOutcome first = RunOrDie(request);
  for (const StageInfo& info : StageGraph()) {
    const std::string stage(info.name);
    if (stage == "register") continue;
    SCOPED_TRACE(stage);
    RunRequest again = request;
    again.from = stage;
    const RunOutcome from = RunOrDie(again);
    // The choice is never kept: it is made again before what is made from it.
    std::vector<std::string> own = {stage};
    if (stage == "profile") own.insert(own.begin(), "select");
    EXPECT_EQ(ComputedStages(from).front(), own.front());
    EXPECT_EQ(from.runs[0].fit->centers, first.runs[0].fit->centers);
    EXPECT_EQ(from.runs[0].training.silhouette, first.runs[0].training.silhouette);
    again.from.clear();
    again.only = stage;
    EXPECT_EQ(ComputedStages(RunOrDie(again)), own);
    // What was looked at alone is nothing that later stages have to make again.
    RunRequest later = request;
    later.from = "select";
    EXPECT_EQ(ComputedStages(RunOrDie(later)), (std::vector<std::string>{"select", "profile"}));
  }
}

TEST(RunPipelineTest, AStageLookedAtAloneHasAFileOfItsOwn) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 8);
  request.out = folder / "out";
  RunOrDie(request);
  const std::string cleaned = Text(request.out + "/transactions.csv");
  request.only = "load";
  RunOrDie(request);
  EXPECT_EQ(Text(request.out + "/transactions.csv"), cleaned);
  EXPECT_GT(Text(request.out + "/load.csv").size(), cleaned.size() / 2);
}

// Kind of fault: what was decided is said by the run that decided it only.
TEST(RunPipelineTest, ARunFromTheCacheSaysAgainHowTheInputWasRead) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 8);
  request.out = folder / "out";
  std::vector<std::string> first;
  std::vector<std::string> again;
  ASSERT_THAT(RunPipeline(request, Listening(&first), nullptr), IsOk());
  ASSERT_THAT(RunPipeline(request, Listening(&again), nullptr), IsOk());
  ASSERT_FALSE(first.empty());
  EXPECT_THAT(first.front(), ::testing::HasSubstr("input: "));
  EXPECT_EQ(again, first);
  again.clear();
  request.from = "duplicates";
  ASSERT_THAT(RunPipeline(request, Listening(&again), nullptr), IsOk());
  EXPECT_EQ(again, first);
  EXPECT_THAT(Text(request.out + "/stages.json"), ::testing::HasSubstr("\"notes\""));
}

TEST(RunPipelineTest, ADamagedTableIsMadeAgainAndRejectsAreThoseOfThisInput) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 8);
  request.out = folder / "out";
  RunOrDie(request);
  const std::string rejects = Text(request.out + "/rejects.csv");
  ASSERT_THAT(WriteFileAtomically(request.out + "/rejects.csv", "of another input"), IsOk());
  request.from = "descriptions";
  EXPECT_EQ(ComputedStages(RunOrDie(request)).front(), "descriptions");
  EXPECT_EQ(Text(request.out + "/rejects.csv"), rejects);
  for (const auto& file : std::filesystem::directory_iterator(request.out + "/.cache")) {
    if (file.path().filename().string().starts_with("load-")) {
      std::filesystem::resize_file(file.path(), 200);
    }
  }
  EXPECT_EQ(ComputedStages(RunOrDie(request)).front(), "load");
}

TEST(RunPipelineTest, FromComputesAStageAndThoseAfter) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 8);
  request.out = folder / "out";
  const RunOutcome first = RunOrDie(request);
  request.from = "features";
  const RunOutcome again = RunOrDie(request);
  EXPECT_EQ(ComputedStages(again).front(), "features");
  EXPECT_EQ(again.features.values, first.features.values);
  ASSERT_EQ(again.stages.size(), first.stages.size());
}

TEST(RunPipelineTest, OnlyStopsBehindItsStage) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 9);
  request.out = folder / "out";
  for (const char* stage : {"load", "stock_codes", "features", "outliers", "scale", "sweep"}) {
    request.only = stage;
    const RunOutcome outcome = RunOrDie(request);
    ASSERT_FALSE(outcome.stages.empty());
    EXPECT_EQ(outcome.stages.back().name, stage);
    EXPECT_FALSE(outcome.stages.back().cached);
  }
}

TEST(RunPipelineTest, ADamagedCacheIsComputedAgain) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 10);
  request.out = folder / "out";
  const RunOutcome first = RunOrDie(request);
  for (const auto& entry : std::filesystem::directory_iterator(request.out + "/.cache")) {
    std::filesystem::resize_file(entry.path(), entry.file_size() / 2);
  }
  const RunOutcome again = RunOrDie(request);
  EXPECT_EQ(ComputedStages(again).size(), first.stages.size());
  EXPECT_EQ(again.runs[0].fit->centers, first.runs[0].fit->centers);
}

TEST(RunPipelineTest, AnotherFilesTransactionsAreNotTakenForTheOwn) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 11);
  request.out = folder / "out";
  RunOrDie(request);
  const std::string expected = Text(request.out + "/transactions.csv");
  RunRequest other = request;
  other.data = folder / "other.csv";
  ASSERT_THAT(WriteFileAtomically(other.data, PlantedCsv(200, 77).csv), IsOk());
  RunOrDie(other);
  EXPECT_NE(Text(request.out + "/transactions.csv"), expected);
  RunOrDie(request);
  EXPECT_EQ(Text(request.out + "/transactions.csv"), expected);
}

TEST(RunPipelineTest, TooManyRejectsStopButLeaveTheirTable) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 12);
  request.out = folder / "out";
  std::string csv = PlantedCsv(50, 12).csv;
  for (int i = 0; i < 500; ++i)
    csv += "536365,85123A,THING,many,2010-12-01 08:26:00,2.55,17850,UK\n";
  ASSERT_THAT(WriteFileAtomically(request.data, csv), IsOk());
  const auto outcome = RunPipeline(request, {}, nullptr);
  EXPECT_THAT(outcome, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_NE(Text(request.out + "/rejects.csv").find("many"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(request.out + "/features.csv"));
}

TEST(RunPipelineTest, ThePublisherGetsDataSetsRunsAndVersions) {
  const ScratchFolder folder;
  const RunRequest request = SmallRequest(folder, 13);
  RecordingPublisher publisher;
  const RunOutcome outcome = RunOrDie(request, &publisher);
  ASSERT_EQ(publisher.datasets.size(), static_cast<size_t>(kDatasetRoles));
  ASSERT_NE(publisher.datasets[0].input, nullptr);
  EXPECT_EQ(publisher.datasets[0].input->view(), Text(request.data));
  for (int i = 1; i < kDatasetRoles; ++i) {
    const DatasetDraft& draft = publisher.datasets[static_cast<size_t>(i)];
    EXPECT_EQ(static_cast<int>(draft.role), i);
    const auto bytes = draft.bytes();
    ASSERT_THAT(bytes, IsOk());
    EXPECT_FALSE((*bytes)->empty());
    EXPECT_GT(draft.row_count, 0);
  }
  ASSERT_EQ(publisher.runs.size(), 6u);
  std::set<std::string> points;
  for (const RunDraft& run : publisher.runs) {
    points.insert(run.point);
    EXPECT_EQ(run.tags.at("cairn.sweep"), publisher.sweep_keys[0]);
    EXPECT_EQ(run.tags.at("cairn.point"), run.point);
    EXPECT_THAT(model::Predictor::FromFile(run.model), IsOk());
  }
  EXPECT_EQ(points.size(), 6u);
  for (const VersionDraft& version : publisher.versions) {
    EXPECT_EQ(version.model, publisher.runs[version.run].model);
    std::set<std::string> metrics;
    for (const auto& [name, value] : version.evidence) metrics.insert(name);
    for (const char* name :
         {"silhouette", "davies_bouldin", "calinski_harabasz", "inertia", "min_cluster_share"}) {
      EXPECT_TRUE(metrics.count(name)) << name;
    }
    EXPECT_EQ(version.evaluation_space.size(), 64u);
    EXPECT_EQ(version.preparation.size(), 64u);
    EXPECT_EQ(version.preparation, publisher.versions.front().preparation);
  }
  EXPECT_EQ(outcome.stages.back().name, "register");
}

TEST(RunPipelineTest, AnInputThatIsCutOffMeanwhileIsPublishedAsItWasRead) {
  const ScratchFolder folder;
  const RunRequest request = SmallRequest(folder, 13);
  const std::string before = Text(request.data);
  RecordingPublisher publisher;
  const RunObserver observer{
      .stage = [&](const StageRecord&) { std::filesystem::resize_file(request.data, 20); },
      .progress = {},
      .input = {}};
  const auto outcome = RunPipeline(request, observer, &publisher);
  ASSERT_THAT(outcome, IsOk());
  ASSERT_FALSE(publisher.datasets.empty());
  EXPECT_EQ(publisher.datasets[0].input->view(), before);
  EXPECT_EQ(publisher.datasets[0].digest, DigestOf(before));
  EXPECT_EQ(outcome->input, DigestOf(before));
}

TEST(RunPipelineTest, ARepeatedSweepHandsOverTheSameBytesUnderTheSameKey) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 14);
  RecordingPublisher first;
  RecordingPublisher second;
  RunOrDie(request, &first);
  request.config.sweep.sharing = false;
  request.config.threads = 1;
  request.out = folder / "out";
  RunOrDie(request, &second);
  EXPECT_EQ(first.sweep_keys, second.sweep_keys);
  for (size_t i = 0; i < first.runs.size(); ++i) {
    EXPECT_EQ(first.runs[i].model, second.runs[i].model);
    EXPECT_EQ(*first.runs[i].labels, *second.runs[i].labels);
    EXPECT_EQ(first.runs[i].params, second.runs[i].params);
  }
  request.config.registration.label = "anew";
  RecordingPublisher third;
  RunOrDie(request, &third);
  EXPECT_NE(third.sweep_keys, first.sweep_keys);
  EXPECT_EQ(third.runs.size(), 6u);
}

// Kind of fault: a result of another input is taken for this one's because it is there.
TEST(RunPipelineTest, RejectsOfAnInputThatWasRefusedDoNotStayAmongTheResultsOfAnother) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 15);
  request.out = folder / "out";
  RunOrDie(request);
  const std::string rejects = Text(folder / "out/rejects.csv");
  RunRequest refused = request;
  refused.data = folder / "refused.csv";
  const std::string bad = "500001,22423,CAKE,many,2011-01-01 10:00:00,1.5,12345,France\n";
  const std::string good = Text(request.data);
  std::string text = good.substr(0, good.find('\n') + 1);
  for (int i = 0; i < 100; ++i) text += bad;
  ASSERT_THAT(WriteFileAtomically(refused.data, text), IsOk());
  EXPECT_FALSE(RunPipeline(refused, {}, nullptr).ok());
  ASSERT_NE(Text(folder / "out/rejects.csv"), rejects);
  RunOrDie(request);
  EXPECT_EQ(Text(folder / "out/rejects.csv"), rejects);
}

// Kind of fault: what is registered depends on whether an earlier attempt was broken off.
TEST(RunPipelineTest, RunsThatComeFromTheCacheAreRegisteredWithTheSameMetrics) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 15);
  request.out = folder / "out";
  RecordingPublisher computed;
  RecordingPublisher cached;
  RunOrDie(request, &computed);
  RunOrDie(request, &cached);
  ASSERT_EQ(computed.runs.size(), 6u);
  ASSERT_EQ(cached.runs.size(), computed.runs.size());
  std::set<size_t> with_evidence;
  for (size_t i = 0; i < computed.runs.size(); ++i) {
    SCOPED_TRACE(computed.runs[i].point);
    EXPECT_EQ(computed.runs[i].index, i);
    EXPECT_EQ(computed.runs[i].metrics, cached.runs[i].metrics);
    for (const auto& [name, value] : computed.runs[i].metrics) {
      if (name == "all_silhouette") with_evidence.insert(i);
    }
  }
  // Of each k that which stands for it, where evidence says that its run has the value.
  EXPECT_EQ(with_evidence.size(), 3u);
  for (const VersionDraft& version : computed.versions) {
    EXPECT_TRUE(with_evidence.contains(version.run)) << version.run;
  }
}

TEST(RunPipelineTest, AServerThatIsGoneEndsTheRunAndARepetitionCompletesIt) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 15);
  request.out = folder / "out";
  RecordingPublisher broken;
  broken.fail_at = 3;
  EXPECT_THAT(RunPipeline(request, {}, &broken), StatusIs(absl::StatusCode::kUnavailable));
  RecordingPublisher whole;
  RunOrDie(request, &whole);
  EXPECT_EQ(whole.sweep_keys, broken.sweep_keys);
  EXPECT_EQ(whole.runs.size(), 6u);
}

TEST(RunPipelineTest, AMissingFileIsNotFound) {
  RunRequest request;
  request.config = PresetConfig("default").value();
  request.data = "/nonexistent/data.csv";
  EXPECT_THAT(RunPipeline(request, {}, nullptr), StatusIs(absl::StatusCode::kNotFound));
}

TEST(RunPipelineTest, ThePlanTellsWhatTheRunDoes) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 16);
  request.out = folder / "out";
  const std::vector<PlanLine> first = PlanPipeline(request, nullptr).value().stages;
  for (const PlanLine& line : first) {
    EXPECT_EQ(line.action, line.stage->name == "register" ? "skip" : "run");
  }
  RunOrDie(request);
  for (const char* from : {"load", "stock_codes", "zero_price", "features", "sweep"}) {
    SCOPED_TRACE(from);
    request.from = from;
    const auto nobody = [](const std::string&) { return std::optional<Champion>(); };
    const std::vector<PlanLine> lines = PlanPipeline(request, nobody).value().stages;
    for (const PlanLine& line : lines) {
      const bool later = *StageIndex(line.stage->name) >= *StageIndex(from);
      EXPECT_EQ(line.action, later ? "run" : "cached") << line.stage->name;
    }
  }
}

}  // namespace
}  // namespace cairn::pipeline
