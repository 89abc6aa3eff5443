// Experiments, runs and metrics: what tracking_test leaves open, and exactly-once.

#include <cmath>
#include <future>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include "lib/base/resource_names.h"
#include "lib/base/thread_pool.h"
#include "server/metrics/metric_compactor.h"
#include "server/rpc/call.h"
#include "server/tracking/limits.h"
#include "server/tracking/metric_curve.h"
#include "server/tracking/run_search.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::tracking {
namespace {

using absl::StatusCode;
using testing::IsOk;

class RunsTest : public UseCaseTest {
 protected:
  v1::Experiment CreateExperiment(const std::string& name) {
    v1::CreateExperimentRequest request;
    request.mutable_experiment()->set_display_name(name);
    (*request.mutable_experiment()->mutable_tags())["team"] = "crm";
    EXPECT_THAT(Apply<v1::Experiment>(PlanCreateExperiment(*Now(), request, NextTime())), IsOk());
    v1::GetExperimentRequest get;
    get.set_display_name(name);
    return *GetExperiment(*Now(), get);
  }

  absl::StatusOr<v1::Experiment> Update(const v1::Experiment& experiment,
                                        const std::vector<std::string>& mask) {
    v1::UpdateExperimentRequest request;
    *request.mutable_experiment() = experiment;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Apply<v1::Experiment>(PlanUpdateExperiment(*Now(), request, NextTime()));
  }

  v1::LogMetricsRequest Batch(int64_t number, const std::vector<double>& values) {
    v1::LogMetricsRequest batch;
    batch.set_batch_number(number);
    auto* columns = batch.add_metrics();
    columns->set_key("loss");
    for (const double value : values) {
      columns->add_steps(columns->steps_size());
      columns->add_values(value);
    }
    return batch;
  }

  absl::Status LogMetrics(const std::string& run, const v1::LogMetricsRequest& batch,
                          const MetricWriter& writer = {}) {
    return Apply<v1::LogMetricsResponse>(PlanLogMetrics(*Now(), run, writer, batch, Facts()))
        .status();
  }

  int CountPoints(const v1::ReadMetricsRequest& request) {
    auto curve = MetricCurve::Open(Now(), request);
    EXPECT_THAT(curve, IsOk());
    int points = 0;
    v1::ReadMetricsResponse part;
    while (curve.ok() && *curve->Next(part)) points += part.columns().values_size();
    return points;
  }

  std::vector<std::string> ListNames(int page_size) {
    v1::ListRunsRequest request;
    request.set_parent("experiments/0");
    request.set_page_size(page_size);
    std::vector<std::string> names;
    do {
      const auto page = ListRuns(*Now(), request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) break;
      EXPECT_LE(page->runs_size(), page_size);
      for (const auto& run : page->runs()) names.push_back(run.name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return names;
  }
};

TEST_F(RunsTest, AnUpdateTouchesWhatItsMaskNames) {
  v1::Experiment experiment = CreateExperiment("churn");
  experiment.clear_etag();
  experiment.set_display_name("other");
  experiment.mutable_tags()->clear();
  EXPECT_EQ(Update(experiment, {"tags", "update_time"})->display_name(), "churn");
  EXPECT_EQ(Update(experiment, {"display_name"})->display_name(), "other");
  (*experiment.mutable_tags())["a"] = "b";
  experiment.clear_display_name();
  const auto tagged = Update(experiment, {});
  ASSERT_THAT(tagged, IsOk());
  EXPECT_EQ(tagged->display_name(), "other");
  EXPECT_EQ(tagged->tags().at("a"), "b");
  ExpectError(Update(experiment, {"display_name"}).status(), StatusCode::kInvalidArgument,
              "NAME_INVALID");
}

TEST_F(RunsTest, AStaleEtagIsAbortedAndNamesTheCurrentOne) {
  v1::Experiment experiment = CreateExperiment("churn");
  const std::string stale = experiment.etag();
  experiment.set_display_name("renamed");
  ASSERT_THAT(Update(experiment, {"display_name"}), IsOk());
  const storage::Revision before = Revision();
  const auto again = Update(experiment, {"display_name"});
  ExpectError(again.status(), StatusCode::kAborted, "ETAG_MISMATCH");
  v1::GetExperimentRequest get;
  get.set_name(experiment.name());
  EXPECT_EQ(MetadataOf(again.status(), "currentEtag"), GetExperiment(*Now(), get)->etag());
  EXPECT_NE(MetadataOf(again.status(), "currentEtag"), stale);
  v1::DeleteExperimentRequest remove;
  remove.set_name(experiment.name());
  remove.set_etag(stale);
  ExpectError(PlanDeleteExperiment(*Now(), remove, kStart).status(), StatusCode::kAborted,
              "ETAG_MISMATCH");
  EXPECT_EQ(Revision(), before);
}

TEST_F(RunsTest, OfTwoExperimentsOfOneNameOnlyOneIsCommitted) {
  v1::CreateExperimentRequest request;
  request.mutable_experiment()->set_display_name("twin");
  const auto snapshot = Now();
  auto first = PlanCreateExperiment(*snapshot, request, kStart);
  auto second = PlanCreateExperiment(*snapshot, request, kStart);
  EXPECT_THAT(Apply<v1::Experiment>(std::move(first)), IsOk());
  ExpectError(Apply<v1::Experiment>(std::move(second)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
}

TEST_F(RunsTest, RunsAreListedNewestFirstWithoutGapsOrRepetition) {
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) newest_first.insert(newest_first.begin(), CreateRun().name());
  EXPECT_EQ(ListNames(2), newest_first);
  EXPECT_EQ(ListNames(1), newest_first);
  EXPECT_EQ(ListNames(5), newest_first);
}

TEST_F(RunsTest, RunsThatStartedTogetherAreEachListedOnce) {
  std::set<std::string> names;
  for (int i = 0; i < 5; ++i) {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    *request.mutable_run()->mutable_start_time() = ToTimestamp(kStart);
    names.insert(Apply<v1::Run>(PlanCreateRun(*Now(), request, Facts()))->name());
  }
  const auto listed = ListNames(2);
  EXPECT_EQ(listed.size(), names.size());
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()), names);
}

TEST_F(RunsTest, ARunDeletedBetweenPagesDoesNotShiftTheOthers) {
  std::vector<std::string> newest_first;
  for (int i = 0; i < 4; ++i) newest_first.insert(newest_first.begin(), CreateRun().name());
  v1::ListRunsRequest request;
  request.set_parent("experiments/0");
  request.set_page_size(2);
  const auto first = ListRuns(*Now(), request);
  ASSERT_THAT(first, IsOk());
  v1::DeleteRunRequest remove;
  remove.set_name(newest_first[0]);
  ASSERT_THAT(Apply<v1::Run>(PlanDeleteRun(*Now(), remove, Facts())), IsOk());
  request.set_page_token(first->next_page_token());
  const auto second = ListRuns(*Now(), request);
  ASSERT_EQ(second->runs_size(), 2);
  EXPECT_EQ(second->runs(0).name(), newest_first[2]);
  EXPECT_EQ(second->runs(1).name(), newest_first[3]);
  EXPECT_EQ(second->next_page_token(), "");
}

TEST_F(RunsTest, AParameterIsSetOnceAndARefusedBatchLeavesNothing) {
  const v1::Run run = CreateRun({{"k", "4"}});
  v1::LogBatchRequest batch;
  batch.set_run(run.name());
  (*batch.mutable_params())["k"] = "4";
  (*batch.mutable_params())["seed"] = "7";
  ASSERT_THAT(Apply<v1::LogBatchResponse>(PlanLogBatch(*Now(), batch, Facts())), IsOk());
  (*batch.mutable_params())["seed"] = "8";
  (*batch.mutable_tags())["half"] = "written";
  *batch.add_metrics() = Batch(1, {1}).metrics(0);
  const auto refused = PlanLogBatch(*Now(), batch, Facts());
  ExpectError(refused.status(), StatusCode::kInvalidArgument, "PARAM_CHANGED");
  EXPECT_EQ(MetadataOf(refused.status(), "param"), "seed");
  EXPECT_EQ(MetadataOf(refused.status(), "value"), "7");
  EXPECT_EQ(MetadataOf(refused.status(), "newValue"), "8");
  const v1::Run after = GetRun(run.name());
  EXPECT_EQ(after.params().at("k"), "4");
  EXPECT_EQ(after.params().at("seed"), "7");
  EXPECT_TRUE(after.tags().empty());
  EXPECT_TRUE(after.metrics().empty());
}

TEST_F(RunsTest, TwoWritersOfOneParameterCannotBothWin) {
  const v1::Run run = CreateRun();
  v1::LogBatchRequest batch;
  batch.set_run(run.name());
  const auto snapshot = Now();
  (*batch.mutable_params())["k"] = "4";
  auto first = PlanLogBatch(*snapshot, batch, Facts());
  (*batch.mutable_params())["k"] = "5";
  auto second = PlanLogBatch(*snapshot, batch, Facts());
  ASSERT_THAT(Apply<v1::LogBatchResponse>(std::move(first)), IsOk());
  ExpectError(Apply<v1::LogBatchResponse>(std::move(second)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
  EXPECT_EQ(GetRun(run.name()).params().at("k"), "4");
}

TEST_F(RunsTest, ATagMayBeSetAgain) {
  const v1::Run run = CreateRun();
  v1::LogBatchRequest batch;
  batch.set_run(run.name());
  for (const char* value : {"first", "second"}) {
    (*batch.mutable_tags())["note"] = value;
    ASSERT_THAT(Apply<v1::LogBatchResponse>(PlanLogBatch(*Now(), batch, Facts())), IsOk());
  }
  EXPECT_EQ(GetRun(run.name()).tags().at("note"), "second");
}

TEST_F(RunsTest, ABatchOfMetricsSentTwiceIsStoredOnce) {
  const v1::Run run = CreateRun();
  const MetricWriter writer{ids_->NewUuid4()};
  ASSERT_THAT(LogMetrics(run.name(), Batch(1, {0.5, 0.25}), writer), IsOk());
  ExpectError(LogMetrics(run.name(), Batch(1, {0.5, 0.25}), writer), StatusCode::kAlreadyExists,
              "BATCH_STORED");
  EXPECT_EQ(GetRun(run.name()).metrics(0).point_count(), 2);
  ASSERT_THAT(LogMetrics(run.name(), Batch(2, {0.125}), writer), IsOk());
  EXPECT_EQ(GetRun(run.name()).metrics(0).point_count(), 3);
  // Another writer has numbers of its own, and so has the same one in another run.
  EXPECT_THAT(LogMetrics(run.name(), Batch(1, {0.5}), {ids_->NewUuid4()}), IsOk());
  EXPECT_THAT(LogMetrics(CreateRun().name(), Batch(1, {0.5}), writer), IsOk());
}

TEST_F(RunsTest, ABatchSentTwiceIsStoredOnceAlsoAfterItWasFolded) {
  const v1::Run run = CreateRun();
  const MetricWriter writer{ids_->NewUuid4()};
  ASSERT_THAT(LogMetrics(run.name(), Batch(1, {0.5, 0.25}), writer), IsOk());
  metrics::MetricCompactor compactor(*store_);
  compactor.Logged(run.uid(), "loss", 1);
  ASSERT_THAT(compactor.FoldAll(), IsOk());
  ASSERT_EQ(compactor.folded_points(), 2);
  ExpectError(LogMetrics(run.name(), Batch(1, {0.5, 0.25}), writer), StatusCode::kAlreadyExists,
              "BATCH_STORED");
  EXPECT_EQ(GetRun(run.name()).metrics(0).point_count(), 2);
}

TEST_F(RunsTest, ABatchSentTwiceAtOnceIsStoredOnce) {
  const v1::Run run = CreateRun();
  const MetricWriter writer{ids_->NewUuid4()};
  const auto snapshot = Now();
  auto first = PlanLogMetrics(*snapshot, run.name(), writer, Batch(1, {0.5}), Facts());
  auto second = PlanLogMetrics(*snapshot, run.name(), writer, Batch(1, {0.5}), Facts());
  ASSERT_THAT(Apply<v1::LogMetricsResponse>(std::move(first)), IsOk());
  ExpectError(Apply<v1::LogMetricsResponse>(std::move(second)).status(), StatusCode::kAlreadyExists,
              "BATCH_STORED");
  EXPECT_EQ(GetRun(run.name()).metrics(0).point_count(), 1);
}

TEST_F(RunsTest, ABatchBehindOneThatFailedIsRefusedSoThatNothingIsLost) {
  const v1::Run run = CreateRun();
  const std::string id = ids_->NewUuid4();
  ASSERT_THAT(LogMetrics(run.name(), Batch(1, {1}), {id}), IsOk());
  // Batch 2 failed; 3 was under way already and knows that 2 came before it.
  const absl::Status third = LogMetrics(run.name(), Batch(3, {3}), {id, 2});
  ExpectError(third, StatusCode::kAborted, "BATCH_MISSING");
  EXPECT_EQ(MetadataOf(third, "lastBatchNumber"), "1");
  // The writer sends both again on a new stream, whose first batch follows nothing.
  EXPECT_THAT(LogMetrics(run.name(), Batch(2, {2}), {id}), IsOk());
  EXPECT_THAT(LogMetrics(run.name(), Batch(3, {3}), {id, 2}), IsOk());
  EXPECT_EQ(GetRun(run.name()).metrics(0).point_count(), 3);
}

TEST_F(RunsTest, AWriterMustBeNamedByAUuidAndNumberItsBatches) {
  const v1::Run run = CreateRun();
  ExpectError(LogMetrics(run.name(), Batch(1, {1}), {"not-a-uuid"}), StatusCode::kInvalidArgument,
              "VALUE_INVALID");
  ExpectError(LogMetrics(run.name(), Batch(0, {1}), {ids_->NewUuid4()}),
              StatusCode::kInvalidArgument, "VALUE_INVALID");
  EXPECT_TRUE(GetRun(run.name()).metrics().empty());
}

TEST_F(RunsTest, ALogBatchRepeatedWithItsRequestIdIsStoredOnce) {
  const v1::Run run = CreateRun();
  v1::LogBatchRequest batch;
  batch.set_run(run.name());
  batch.set_request_id(ids_->NewUuid4());
  *batch.add_metrics() = Batch(1, {0.5}).metrics(0);
  const ManualClock clock(kStart);
  ThreadPool pool(1, 16);
  storage::Mutator mutator(*store_, clock, pool);
  const auto call = [&] {
    std::promise<absl::Status> outcome;
    mutator.Run(
        {"anonymous", "LogBatch", batch.request_id()}, batch,
        [&](const storage::Snapshot& snapshot) {
          return PlanLogBatch(snapshot, batch, {kStart, batch.request_id()});
        },
        nullptr, [&](auto answer) { outcome.set_value(answer.status()); });
    return outcome.get_future().get();
  };
  EXPECT_THAT(call(), IsOk());
  EXPECT_THAT(call(), IsOk());
  EXPECT_EQ(GetRun(run.name()).metrics(0).point_count(), 1);
  (*batch.mutable_tags())["other"] = "request";
  ExpectError(call(), StatusCode::kInvalidArgument, "REQUEST_ID_REUSED");
}

TEST_F(RunsTest, ACurveLongerThanAMessageComesInParts) {
  const v1::Run run = CreateRun();
  ASSERT_THAT(LogMetrics(run.name(), Batch(1, std::vector<double>(5000, 1.5))), IsOk());
  v1::ReadMetricsRequest request;
  request.set_run(run.name());
  request.set_key("loss");
  auto series = MetricCurve::Open(Now(), request);
  ASSERT_THAT(series, IsOk());
  v1::ReadMetricsResponse part;
  ASSERT_TRUE(*series->Next(part));
  EXPECT_EQ(part.columns().values_size(), kMaxPointsPerRead);
  ASSERT_TRUE(*series->Next(part));
  EXPECT_EQ(part.columns().steps(0), kMaxPointsPerRead);
  EXPECT_EQ(part.columns().values_size(), 5000 - kMaxPointsPerRead);
  EXPECT_FALSE(*series->Next(part));
}

TEST_F(RunsTest, AReadOfStepsExcludesItsEndAndAnUnknownMetricIsEmpty) {
  const v1::Run run = CreateRun();
  ASSERT_THAT(LogMetrics(run.name(), Batch(1, {0, 1, 2, 3})), IsOk());
  v1::ReadMetricsRequest request;
  request.set_run(run.name());
  request.set_key("loss");
  request.set_start_step(1);
  request.set_end_step(3);
  EXPECT_EQ(CountPoints(request), 2);
  request.set_key("unknown");
  EXPECT_EQ(CountPoints(request), 0);
  request.set_run(FormatRunName(0, ids_->NewHexId()));
  ExpectError(MetricCurve::Open(Now(), request).status(), StatusCode::kNotFound, "RUN_NOT_FOUND");
}

TEST_F(RunsTest, BucketsHoldEveryPointAndItsExtremes) {
  const v1::Run run = CreateRun();
  ASSERT_THAT(LogMetrics(run.name(), Batch(1, {5, 1, 9, 2, 7, 3})), IsOk());
  v1::ReadMetricsRequest request;
  request.set_run(run.name());
  request.set_key("loss");
  request.set_max_buckets(2);
  auto curve = MetricCurve::Open(Now(), request);
  ASSERT_THAT(curve, IsOk());
  v1::ReadMetricsResponse part;
  ASSERT_TRUE(*curve->Next(part));
  ASSERT_EQ(part.buckets_size(), 2);
  EXPECT_EQ(part.buckets(0).min_value(), 1);
  EXPECT_EQ(part.buckets(0).max_value(), 9);
  EXPECT_EQ(part.buckets(0).mean_value(), 5);
  EXPECT_EQ(part.buckets(1).first_step(), 3);
  EXPECT_EQ(part.buckets(1).last_step(), 5);
  EXPECT_EQ(part.buckets(1).point_count(), 3);
  EXPECT_FALSE(*curve->Next(part));
  request.set_max_buckets(kMaxBuckets + 1);
  ExpectError(MetricCurve::Open(Now(), request).status(), StatusCode::kInvalidArgument,
              "VALUE_INVALID");
}

// The clock jumped back in the middle: times do not follow steps.
TEST_F(RunsTest, AReadOfTimesGivesThePointsOfThoseTimesWhateverTheirSteps) {
  const v1::Run run = CreateRun();
  auto batch = Batch(1, {5, 1, 9, 2, 7, 3});
  for (const int64_t time : {100, 200, 300, 100, 200, 300}) {
    batch.mutable_metrics(0)->add_times_unix_millis(time);
  }
  ASSERT_THAT(LogMetrics(run.name(), batch), IsOk());
  v1::ReadMetricsRequest request;
  request.set_run(run.name());
  request.set_key("loss");
  request.set_start_time_unix_millis(200);
  EXPECT_EQ(CountPoints(request), 4);
  request.set_end_time_unix_millis(300);
  EXPECT_EQ(CountPoints(request), 2);
  request.set_start_step(2);
  EXPECT_EQ(CountPoints(request), 1);
  request.clear_start_step();
  request.set_max_buckets(2);
  auto curve = MetricCurve::Open(Now(), request);
  ASSERT_THAT(curve, IsOk());
  v1::ReadMetricsResponse part;
  ASSERT_TRUE(*curve->Next(part));
  ASSERT_EQ(part.buckets_size(), 2);
  EXPECT_EQ(part.buckets(0).first_step(), 1);
  EXPECT_EQ(part.buckets(0).max_value(), 1);
  EXPECT_EQ(part.buckets(1).last_step(), 4);
  EXPECT_EQ(part.buckets(1).max_value(), 7);
  request.set_start_time_unix_millis(400);
  request.clear_end_time_unix_millis();
  curve = MetricCurve::Open(Now(), request);
  ASSERT_THAT(curve, IsOk());
  EXPECT_FALSE(*curve->Next(part));
}

TEST_F(RunsTest, TooManyPointsAreRefused) {
  const v1::Run run = CreateRun();
  const auto batch = Batch(1, std::vector<double>(kMaxPointsPerBatch + 1, 0.0));
  ExpectError(LogMetrics(run.name(), batch), StatusCode::kInvalidArgument, "TOO_LARGE");
}

TEST_F(RunsTest, ATimeThatCannotBeStoredIsRefused) {
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  for (const auto& [seconds, nanos] :
       std::vector<std::pair<int64_t, int32_t>>{{253'402'300'799, 0},
                                                {std::numeric_limits<int64_t>::min(), 0},
                                                {0, -1},
                                                {0, 1'000'000'000}}) {
    create.mutable_run()->mutable_start_time()->set_seconds(seconds);
    create.mutable_run()->mutable_start_time()->set_nanos(nanos);
    const auto refused = PlanCreateRun(*Now(), create, Facts());
    ExpectError(refused.status(), StatusCode::kInvalidArgument, "VALUE_INVALID");
    EXPECT_EQ(MetadataOf(refused.status(), "field"), "run.start_time");
  }
  v1::FinishRunRequest finish;
  finish.set_name(CreateRun().name());
  finish.mutable_end_time()->set_nanos(-5);
  ExpectError(PlanFinishRun(*Now(), finish, Facts()).status(), StatusCode::kInvalidArgument,
              "VALUE_INVALID");
}

TEST_F(RunsTest, AClockThatWasSetBackEndsNoRunBeforeItsStartAndTheRunSaysSo) {
  for (const int64_t back : {int64_t{3600}, int64_t{25} * 3600, int64_t{10} * 365 * 24 * 3600}) {
    const v1::Run run = CreateRun();
    v1::FinishRunRequest finish;
    finish.set_name(run.name());
    const tracking::CallFacts facts{ToUnixNanos(run.start_time()) - back * kNanosPerSecond, ""};
    const auto ended = Apply<v1::Run>(PlanFinishRun(*Now(), finish, facts));
    ASSERT_THAT(ended, IsOk());
    EXPECT_EQ(ended->state(), v1::Run::SUCCEEDED);
    EXPECT_EQ(ToUnixNanos(ended->end_time()), ToUnixNanos(run.start_time()));
    EXPECT_EQ(ended->state_message(), "ended at " + FormatRfc3339(facts.now_unix_nanos) +
                                          " by the server's clock, before its start");
  }
  const v1::Run run = CreateRun();
  v1::FinishRunRequest finish;
  finish.set_name(run.name());
  const auto ended = Apply<v1::Run>(PlanFinishRun(*Now(), finish, Facts()));
  ASSERT_THAT(ended, IsOk());
  EXPECT_EQ(ended->state_message(), "");
}

TEST_F(RunsTest, ARunIsFoundByIdAloneButNotInAnotherExperiment) {
  const v1::Run run = CreateRun();
  EXPECT_EQ(GetRun("experiments/-/runs/" + run.uid()).name(), run.name());
  v1::GetRunRequest get;
  get.set_name(FormatRunName(1, run.uid()));
  ExpectError(tracking::GetRun(*Now(), get).status(), StatusCode::kNotFound, "RUN_NOT_FOUND");
}

TEST_F(RunsTest, InputsAreNamedInOneFormAndMustExist) {
  const std::string dataset = PutDataset("a-b", "x");
  const v1::Run run = CreateRun({}, "datasets/a%2Db/versions/1");
  EXPECT_EQ(run.inputs(0).dataset_version(), dataset);
  EXPECT_EQ(run.inputs(0).sha256().size(), 64u);
  v1::LogBatchRequest batch;
  batch.set_run(run.name());
  batch.add_inputs()->set_dataset_version("datasets/a-b/versions/2");
  ExpectError(PlanLogBatch(*Now(), batch, Facts()).status(), StatusCode::kNotFound,
              "DATASET_VERSION_NOT_FOUND");
  batch.clear_inputs();
  for (int i = 0; i <= kMaxEntriesPerBatch; ++i) batch.add_inputs()->set_dataset_version(dataset);
  ExpectError(PlanLogBatch(*Now(), batch, Facts()).status(), StatusCode::kInvalidArgument,
              "TOO_LARGE");
}

TEST_F(RunsTest, ADeletedRunComesBackWhole) {
  const v1::Run run = CreateRun({{"k", "4"}});
  v1::DeleteRunRequest remove;
  remove.set_name(run.name());
  remove.set_etag("\"stale\"");
  ExpectError(PlanDeleteRun(*Now(), remove, Facts()).status(), StatusCode::kAborted,
              "ETAG_MISMATCH");
  remove.set_etag(GetRun(run.name()).etag());
  ASSERT_THAT(Apply<v1::Run>(PlanDeleteRun(*Now(), remove, Facts())), IsOk());
  EXPECT_TRUE(GetRun(run.name()).has_delete_time());
  ExpectError(PlanDeleteRun(*Now(), remove, Facts()).status(), StatusCode::kFailedPrecondition,
              "RUN_DELETED");
  v1::UndeleteRunRequest restore;
  restore.set_name(run.name());
  const auto back = Apply<v1::Run>(PlanUndeleteRun(*Now(), restore, Facts()));
  ASSERT_THAT(back, IsOk());
  EXPECT_FALSE(back->has_delete_time());
  EXPECT_EQ(back->params().at("k"), "4");
  ExpectError(PlanUndeleteRun(*Now(), restore, Facts()).status(), StatusCode::kAlreadyExists,
              "NOT_DELETED");
}

TEST_F(RunsTest, ASearchLooksAcrossExperimentsButNotIntoDeletedOnes) {
  const v1::Experiment other = CreateExperiment("other");
  const v1::Run here = CreateRun({{"k", "4"}});
  v1::CreateRunRequest create;
  create.set_parent(other.name());
  (*create.mutable_run()->mutable_params())["k"] = "4";
  ASSERT_THAT(Apply<v1::Run>(PlanCreateRun(*Now(), create, Facts())), IsOk());
  v1::SearchRunsRequest search;
  search.set_filter("params.k = \"4\"");
  EXPECT_EQ(SearchRuns(*Now(), search)->runs_size(), 2);
  v1::DeleteExperimentRequest remove;
  remove.set_name(other.name());
  ASSERT_THAT(Apply<v1::Experiment>(PlanDeleteExperiment(*Now(), remove, NextTime())), IsOk());
  const auto left = SearchRuns(*Now(), search);
  ASSERT_EQ(left->runs_size(), 1);
  EXPECT_EQ(left->runs(0).name(), here.name());
  search.add_parents(other.name());
  EXPECT_EQ(SearchRuns(*Now(), search)->runs_size(), 1);
}

TEST_F(RunsTest, ASearchTokenBelongsToItsFilterAndOrder) {
  for (int i = 0; i < 3; ++i) CreateRun();
  v1::SearchRunsRequest search;
  search.set_page_size(2);
  const auto first = SearchRuns(*Now(), search);
  ASSERT_EQ(first->runs_size(), 2);
  search.set_page_token(first->next_page_token());
  EXPECT_EQ(SearchRuns(*Now(), search)->runs_size(), 1);
  search.set_order_by("start_time");
  ExpectError(SearchRuns(*Now(), search).status(), StatusCode::kInvalidArgument,
              "PAGE_TOKEN_INVALID");
}

}  // namespace
}  // namespace cairn::tracking
