// The tracking use cases against a store in memory, with fixed times and ids.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "server/storage/memory_store.h"
#include "server/tracking/experiments.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/metric_curve.h"
#include "server/tracking/run_logging.h"
#include "server/tracking/run_search.h"
#include "server/tracking/runs.h"
#include "tests/testing/status_matchers.h"

namespace cairn::tracking {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr int64_t kStart = 1'700'000'000 * kNanosPerSecond;

class TrackingTest : public ::testing::Test {
 protected:
  TrackingTest() : store_(storage::MakeMemoryStore(MergeRecords)) {
    EXPECT_THAT(EnsureDefaultExperiment(*store_, kStart), IsOk());
  }

  // Commits a plan and returns its answer.
  template <typename Response>
  absl::StatusOr<Response> Apply(absl::StatusOr<storage::Plan> plan) {
    if (!plan.ok()) return plan.status();
    if (!plan->nothing_to_write) {
      const auto committed = store_->CommitAndWait(std::move(plan->write_set));
      if (!committed.ok()) return committed.status();
    }
    return static_cast<const Response&>(*plan->response);
  }

  std::unique_ptr<storage::Snapshot> Now() { return store_->GetSnapshot(); }
  CallFacts Facts() { return {kStart + (++calls_) * kNanosPerSecond, ids_->NewHexId()}; }

  absl::StatusOr<v1::Experiment> CreateExperiment(const std::string& name) {
    v1::CreateExperimentRequest request;
    request.mutable_experiment()->set_display_name(name);
    return Apply<v1::Experiment>(PlanCreateExperiment(*Now(), request, kStart));
  }

  v1::Run CreateRun(const std::string& parent = "experiments/0") {
    v1::CreateRunRequest request;
    request.set_parent(parent);
    auto run = Apply<v1::Run>(PlanCreateRun(*Now(), request, Facts()));
    EXPECT_THAT(run, IsOk());
    return *run;
  }

  absl::Status LogPoints(const v1::Run& run, const std::string& key,
                         const std::vector<std::tuple<int64_t, int64_t, double>>& points) {
    v1::LogBatchRequest request;
    request.set_run(run.name());
    auto* columns = request.add_metrics();
    columns->set_key(key);
    for (const auto& [step, time, value] : points) {
      columns->add_steps(step);
      columns->add_times_unix_millis(time);
      columns->add_values(value);
    }
    return Apply<v1::LogBatchResponse>(PlanLogBatch(*Now(), request, Facts())).status();
  }

  v1::Run Get(const v1::Run& run) {
    v1::GetRunRequest request;
    request.set_name(run.name());
    return *GetRun(*Now(), request);
  }

  std::vector<std::string> Search(const std::string& filter, const std::string& order) {
    v1::SearchRunsRequest request;
    request.set_filter(filter);
    request.set_order_by(order);
    request.set_page_size(2);
    std::vector<std::string> names;
    while (true) {
      const auto page = SearchRuns(*Now(), request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return names;
      for (const auto& run : page->runs()) names.push_back(run.name());
      if (page->next_page_token().empty()) return names;
      request.set_page_token(page->next_page_token());
    }
  }

  std::unique_ptr<storage::KvStore> store_;
  std::unique_ptr<IdSource> ids_ = MakeSequentialIds(1);
  int64_t calls_ = 0;
};

TEST_F(TrackingTest, ExperimentNamesAreUniqueAndTheDefaultStays) {
  const auto first = CreateExperiment("churn/2024");
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->name(), "experiments/1");
  EXPECT_EQ(ReasonOf(CreateExperiment("churn/2024").status()), "EXPERIMENT_EXISTS");
  EXPECT_EQ(ReasonOf(CreateExperiment("Default").status()), "EXPERIMENT_EXISTS");
  v1::DeleteExperimentRequest remove;
  remove.set_name("experiments/0");
  EXPECT_EQ(ReasonOf(PlanDeleteExperiment(*Now(), remove, kStart).status()), "DEFAULT_EXPERIMENT");
}

TEST_F(TrackingTest, ARenamedExperimentFreesItsName) {
  const auto experiment = CreateExperiment("a");
  v1::UpdateExperimentRequest update;
  update.mutable_experiment()->set_name(experiment->name());
  update.mutable_experiment()->set_display_name("b");
  ASSERT_THAT(Apply<v1::Experiment>(PlanUpdateExperiment(*Now(), update, kStart)), IsOk());
  EXPECT_THAT(CreateExperiment("a"), IsOk());
  EXPECT_EQ(ReasonOf(CreateExperiment("b").status()), "EXPERIMENT_EXISTS");
  update.mutable_experiment()->set_etag("\"stale\"");
  EXPECT_THAT(PlanUpdateExperiment(*Now(), update, kStart), StatusIs(absl::StatusCode::kAborted));
  update.mutable_update_mask()->add_paths("nonsense");
  update.mutable_experiment()->clear_etag();
  EXPECT_EQ(ReasonOf(PlanUpdateExperiment(*Now(), update, kStart).status()), "UPDATE_MASK_INVALID");
}

TEST_F(TrackingTest, OneTagOfAnExperimentChangesByItsPathAndTheOthersStay) {
  const auto experiment = CreateExperiment("a");
  v1::UpdateExperimentRequest update;
  update.mutable_experiment()->set_name(experiment->name());
  (*update.mutable_experiment()->mutable_tags())["team"] = "crm";
  (*update.mutable_experiment()->mutable_tags())["b"] = "1";
  ASSERT_THAT(Apply<v1::Experiment>(PlanUpdateExperiment(*Now(), update, kStart)), IsOk());
  (*update.mutable_experiment()->mutable_tags())["b"] = "2";
  update.mutable_experiment()->mutable_tags()->erase("team");
  update.mutable_update_mask()->add_paths("tags.b");
  auto updated = Apply<v1::Experiment>(PlanUpdateExperiment(*Now(), update, kStart));
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->tags().at("b"), "2");
  EXPECT_EQ(updated->tags().at("team"), "crm");
  update.mutable_update_mask()->set_paths(0, "tags.team");
  updated = Apply<v1::Experiment>(PlanUpdateExperiment(*Now(), update, kStart));
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->tags().count("team"), 0u);
  EXPECT_EQ(updated->display_name(), "a");
}

TEST_F(TrackingTest, AnUpdateOfAnExperimentToWhatItIsWritesNothing) {
  v1::GetExperimentRequest get;
  get.set_name(CreateExperiment("a")->name());
  const auto experiment = GetExperiment(*Now(), get);
  v1::UpdateExperimentRequest update;
  *update.mutable_experiment() = *experiment;
  for (const char* path : {"display_name", "tags", "tags.none", "*", "etag"}) {
    update.mutable_update_mask()->clear_paths();
    update.mutable_update_mask()->add_paths(path);
    const auto plan = PlanUpdateExperiment(*Now(), update, kStart + 1);
    ASSERT_THAT(plan, IsOk()) << path;
    EXPECT_TRUE(plan->nothing_to_write) << path;
    EXPECT_EQ(static_cast<const v1::Experiment&>(*plan->response).etag(), experiment->etag());
  }
  update.mutable_experiment()->set_etag("\"stale\"");
  EXPECT_THAT(PlanUpdateExperiment(*Now(), update, kStart), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(TrackingTest, ADeletedExperimentTakesNoRunsUntilItIsRestored) {
  const auto experiment = CreateExperiment("gone");
  v1::DeleteExperimentRequest remove;
  remove.set_name(experiment->name());
  ASSERT_THAT(Apply<v1::Experiment>(PlanDeleteExperiment(*Now(), remove, kStart)), IsOk());
  v1::CreateRunRequest create;
  create.set_parent(experiment->name());
  EXPECT_EQ(ReasonOf(PlanCreateRun(*Now(), create, Facts()).status()), "EXPERIMENT_DELETED");
  EXPECT_EQ(ListExperiments(*Now(), {})->experiments_size(), 1);
  v1::UndeleteExperimentRequest restore;
  restore.set_name(experiment->name());
  ASSERT_THAT(Apply<v1::Experiment>(PlanUndeleteExperiment(*Now(), restore, kStart)), IsOk());
  EXPECT_EQ(ReasonOf(PlanUndeleteExperiment(*Now(), restore, kStart).status()), "NOT_DELETED");
  EXPECT_EQ(CreateRun(experiment->name()).state(), v1::Run::RUNNING);
}

TEST_F(TrackingTest, FinishingTwiceIsHarmlessButNotInAnotherState) {
  const v1::Run run = CreateRun();
  v1::FinishRunRequest finish;
  finish.set_name(run.name());
  const auto done = Apply<v1::Run>(PlanFinishRun(*Now(), finish, Facts()));
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->state(), v1::Run::SUCCEEDED);
  EXPECT_TRUE(PlanFinishRun(*Now(), finish, Facts())->nothing_to_write);
  finish.set_state(v1::Run::FAILED);
  EXPECT_EQ(ReasonOf(PlanFinishRun(*Now(), finish, Facts()).status()), "RUN_ENDED");
}

TEST_F(TrackingTest, TheLatestPointIsTheGreatestByStepTimeAndValue) {
  const v1::Run run = CreateRun();
  ASSERT_THAT(LogPoints(run, "loss", {{5, 10, 0.5}, {5, 20, 0.4}, {3, 99, 7.0}}), IsOk());
  ASSERT_THAT(LogPoints(run, "loss", {{5, 20, 0.45}, {4, 1000, 9.0}}), IsOk());
  const v1::MetricSummary summary = Get(run).metrics(0);
  EXPECT_EQ(summary.latest().step(), 5);
  EXPECT_EQ(summary.latest().value(), 0.45);
  EXPECT_EQ(summary.min(), 0.4);
  EXPECT_EQ(summary.max(), 9.0);
  EXPECT_EQ(summary.point_count(), 5);
}

TEST_F(TrackingTest, NanAndInfinitiesAreKept) {
  const v1::Run run = CreateRun();
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ASSERT_THAT(LogPoints(run, "m", {{1, 1, nan}, {2, 1, -inf}, {3, 1, 1.0}}), IsOk());
  EXPECT_EQ(Get(run).metrics(0).min(), -inf);
  EXPECT_EQ(Get(run).metrics(0).max(), 1.0);
  ASSERT_THAT(LogPoints(run, "n", {{1, 1, nan}}), IsOk());
  EXPECT_TRUE(std::isnan(Get(run).metrics(1).latest().value()));
}

TEST_F(TrackingTest, CurvesComeBackOrderedWithoutExactDuplicates) {
  const v1::Run run = CreateRun();
  ASSERT_THAT(LogPoints(run, "loss", {{3, 1, 0.3}, {1, 1, 0.1}}), IsOk());
  ASSERT_THAT(LogPoints(run, "loss", {{2, 1, 0.2}, {3, 1, 0.3}, {3, 1, 0.31}}), IsOk());
  v1::ReadMetricsRequest request;
  request.set_run(run.name());
  request.set_key("loss");
  request.set_start_step(2);
  auto series = MetricCurve::Open(Now(), request);
  ASSERT_THAT(series, IsOk());
  v1::ReadMetricsResponse part;
  ASSERT_TRUE(*series->Next(part));
  EXPECT_EQ(std::vector<double>(part.columns().values().begin(), part.columns().values().end()),
            (std::vector<double>{0.2, 0.3, 0.31}));
  EXPECT_FALSE(*series->Next(part));
}

TEST_F(TrackingTest, ColumnsOfDifferentLengthWriteNothing) {
  const v1::Run run = CreateRun();
  v1::LogBatchRequest request;
  request.set_run(run.name());
  auto* columns = request.add_metrics();
  columns->set_key("loss");
  columns->add_values(1);
  const auto plan = PlanLogBatch(*Now(), request, Facts());
  EXPECT_EQ(MetadataOf(plan.status(), "field"), "metrics[0].steps");
}

TEST_F(TrackingTest, TwoWritersOfOneBatchDoNotConflictOnMetricsOrTags) {
  const v1::Run run = CreateRun();
  v1::LogBatchRequest request;
  request.set_run(run.name());
  (*request.mutable_tags())["who"] = "both";
  auto* columns = request.add_metrics();
  columns->set_key("loss");
  columns->add_steps(1);
  columns->add_values(1);
  const auto snapshot = Now();
  auto first = PlanLogBatch(*snapshot, request, Facts());
  auto second = PlanLogBatch(*snapshot, request, Facts());
  EXPECT_THAT(Apply<v1::LogBatchResponse>(std::move(first)), IsOk());
  EXPECT_THAT(Apply<v1::LogBatchResponse>(std::move(second)), IsOk());
  EXPECT_EQ(Get(run).metrics(0).point_count(), 2);
}

TEST_F(TrackingTest, SearchFiltersOrdersAndPages) {
  std::vector<v1::Run> runs;
  for (int i = 0; i < 5; ++i) {
    runs.push_back(CreateRun());
    ASSERT_THAT(LogPoints(runs.back(), "score", {{1, 1, 0.1 * i}}), IsOk());
  }
  const v1::Run bare = CreateRun();
  EXPECT_EQ(Search("metrics.score >= 0.2", "metrics.score desc"),
            (std::vector<std::string>{runs[4].name(), runs[3].name(), runs[2].name()}));
  const auto all = Search("", "metrics.score");
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all.back(), bare.name());  // runs without the key come last
  v1::SearchRunsRequest bad;
  bad.set_filter("metrics.score >");
  EXPECT_EQ(ReasonOf(SearchRuns(*Now(), bad).status()), "FILTER_INVALID");
}

TEST_F(TrackingTest, ADeletedRunIsHiddenAndTakesNoLogging) {
  const v1::Run run = CreateRun();
  v1::DeleteRunRequest remove;
  remove.set_name(run.name());
  ASSERT_THAT(Apply<v1::Run>(PlanDeleteRun(*Now(), remove, Facts())), IsOk());
  v1::ListRunsRequest list;
  list.set_parent("experiments/0");
  EXPECT_EQ(ListRuns(*Now(), list)->runs_size(), 0);
  list.set_show_deleted(true);
  EXPECT_EQ(ListRuns(*Now(), list)->runs_size(), 1);
  EXPECT_EQ(ReasonOf(LogPoints(run, "m", {{1, 1, 1}})), "RUN_DELETED");
}

TEST_F(TrackingTest, ASearchInTheStoreEndsWhenItIsToldTo) {
  for (int i = 0; i < 5; ++i) CreateRun();
  int asked = 0;
  ScanContext context;
  context.stop = [&]() -> absl::Status {
    if (++asked < 3) return absl::OkStatus();
    return Error(absl::StatusCode::kCancelled, ErrorReason::CALL_ENDED, "enough");
  };
  EXPECT_TRUE(HasReason(SearchRuns(*Now(), {}, context).status(), ErrorReason::CALL_ENDED));
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(HasReason(CountRuns(*Now(), {}, context).status(), ErrorReason::CALL_ENDED));
  EXPECT_EQ(asked, 4);
}

TEST_F(TrackingTest, APageSizeAboveTheGreatestIsLowered) {
  v1::SearchRunsRequest request;
  for (const auto& [asked, size] : {std::pair{10'000, 10'000}, {10'001, 10'000}, {0, 100}}) {
    request.set_page_size(asked);
    EXPECT_EQ(ParseSearch(*Now(), request)->page_size, static_cast<size_t>(size));
  }
}

}  // namespace
}  // namespace cairn::tracking
