// Runs from their chosen id to their purge: what changes them and what removes them.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include "lib/base/encoding.h"
#include "server/metrics/fold.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_store.h"
#include "server/tracking/metric_curve.h"
#include "server/tracking/run_purge.h"
#include "server/tracking/run_purger.h"
#include "server/tracking/run_search.h"
#include "server/tracking/run_update.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::tracking {
namespace {

using absl::StatusCode;
using google::protobuf::Empty;
using testing::IsOk;
using testing::StatusIs;

class RunLifeTest : public UseCaseTest {
 protected:
  absl::StatusOr<v1::Run> Create(v1::CreateRunRequest request) {
    if (request.parent().empty()) request.set_parent("experiments/0");
    return Apply<v1::Run>(PlanCreateRun(*Now(), request, Facts()));
  }

  absl::StatusOr<v1::Run> Update(const v1::Run& run, const std::vector<std::string>& mask) {
    v1::UpdateRunRequest request;
    *request.mutable_run() = run;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Apply<v1::Run>(PlanUpdateRun(*Now(), request));
  }

  absl::StatusOr<v1::Run> Delete(const std::string& run) {
    v1::DeleteRunRequest request;
    request.set_name(run);
    return Apply<v1::Run>(PlanDeleteRun(*Now(), request, Facts()));
  }

  absl::StatusOr<v1::Run> Finish(const std::string& run,
                                 v1::Run::State state = v1::Run::SUCCEEDED) {
    v1::FinishRunRequest request;
    request.set_name(run);
    request.set_state(state);
    return Apply<v1::Run>(PlanFinishRun(*Now(), request, Facts()));
  }

  absl::StatusOr<v1::Run> Resume(const std::string& run) {
    v1::ResumeRunRequest request;
    request.set_name(run);
    return Apply<v1::Run>(PlanResumeRun(*Now(), request));
  }

  absl::Status Purge(const std::string& run, const std::string& etag = "") {
    v1::PurgeRunRequest request;
    request.set_name(run);
    request.set_etag(etag);
    return Apply<Empty>(PlanPurgeRun(*Now(), request)).status();
  }

  static v1::LogBatchRequest Batch(const std::string& run, int points, int64_t first_step = 0) {
    v1::LogBatchRequest request;
    request.set_run(run);
    (*request.mutable_params())["k"] = "4";
    (*request.mutable_tags())["team"] = "crm";
    auto* columns = request.add_metrics();
    columns->set_key("loss");
    for (int i = 0; i < points; ++i) {
      columns->add_steps(first_step + i);
      columns->add_values(1.0 / (1 + i));
    }
    return request;
  }

  absl::Status Log(const v1::LogBatchRequest& request) {
    return Apply<v1::LogBatchResponse>(PlanLogBatch(*Now(), request, Facts())).status();
  }

  std::string PutModelVersion(const std::string& run) {
    v1::ModelVersion version;
    version.set_run(run);
    *version.add_files() = PutFile("m.bin", "model");
    const auto created = CreateModelVersion("m", version);
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->name() : "";
  }

  // Every key of the store, in the families that runs use, that has `text` in it.
  std::vector<std::string> KeysWith(const std::string& text) {
    std::vector<std::string> keys;
    for (const auto family : {storage::Family::kMeta, storage::Family::kRecord,
                              storage::Family::kIndex, storage::Family::kMetric}) {
      EXPECT_THAT(Now()->Scan({family, "", ""}, storage::ScanOrder::kAscending,
                              [&](std::string_view key, const storage::Record&) {
                                if (key.find(text) != std::string_view::npos) {
                                  keys.push_back(HexEncode(key));
                                }
                                return true;
                              }),
                  IsOk());
    }
    return keys;
  }

  void Sweep() { ASSERT_THAT(RunPurger(*store_).SweepAll(), IsOk()); }
};

TEST_F(RunLifeTest, AChosenIdIsTakenOnce) {
  const std::string id(32, 'a');
  v1::CreateRunRequest request;
  request.set_run_id(id);
  const auto run = Create(request);
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->name(), "experiments/0/runs/" + id);
  EXPECT_EQ(run->uid(), id);
  ExpectError(Create(request).status(), StatusCode::kAlreadyExists, "RUN_EXISTS");
  for (const std::string& bad :
       std::vector<std::string>{"A", "../x", std::string(32, 'A'), std::string(31, 'a')}) {
    request.set_run_id(bad);
    EXPECT_THAT(Create(request), StatusIs(StatusCode::kInvalidArgument)) << bad;
  }
}

TEST_F(RunLifeTest, TwoThatChooseTheSameIdAtOnceAreNotBothCreated) {
  v1::CreateRunRequest request;
  request.set_parent("experiments/0");
  request.set_run_id(std::string(32, 'b'));
  auto first = PlanCreateRun(*Now(), request, Facts());
  auto second = PlanCreateRun(*Now(), request, Facts());
  ASSERT_THAT(Apply<v1::Run>(std::move(first)), IsOk());
  ExpectError(Apply<v1::Run>(std::move(second)).status(), StatusCode::kAborted, "COMMIT_CONFLICT");
}

TEST_F(RunLifeTest, AParentMustExistAndIsFoundByNameOrId) {
  const v1::Run parent = CreateRun();
  v1::CreateRunRequest request;
  request.mutable_run()->set_parent_run("experiments/0/runs/" + std::string(32, 'f'));
  ExpectError(Create(request).status(), StatusCode::kNotFound, "RUN_NOT_FOUND");
  request.mutable_run()->set_parent_run(parent.name());
  const auto child = Create(request);
  ASSERT_THAT(child, IsOk());
  for (const std::string& filter : std::vector<std::string>{
           "parent_run = \"" + parent.name() + "\"", "parent_run = \"" + parent.uid() + "\"",
           "parent_run:*", "parent_run:\"" + parent.uid() + "\"",
           "NOT parent_run = \"x\" AND parent_run:*", "parent_run != \"x\""}) {
    v1::SearchRunsRequest search;
    search.set_filter(filter);
    const auto found = SearchRuns(*Now(), search);
    ASSERT_THAT(found, IsOk()) << filter;
    ASSERT_EQ(found->runs_size(), 1) << filter;
    EXPECT_EQ(found->runs(0).name(), child->name());
  }
  v1::SearchRunsRequest search;
  search.set_filter("NOT parent_run:*");
  EXPECT_EQ(SearchRuns(*Now(), search)->runs(0).name(), parent.name());
  search.set_filter("parent_run > \"x\"");
  ExpectError(SearchRuns(*Now(), search).status(), StatusCode::kInvalidArgument, "FILTER_INVALID");
  search.clear_filter();
  search.set_order_by("parent_run");
  ExpectError(SearchRuns(*Now(), search).status(), StatusCode::kInvalidArgument,
              "ORDER_BY_INVALID");
}

TEST_F(RunLifeTest, AnUpdateChangesWhatItsMaskNames) {
  v1::Run run = CreateRun();
  ASSERT_THAT(Log(Batch(run.name(), 1)), IsOk());
  v1::Run change;
  change.set_name(run.name());
  change.set_display_name("renamed");
  (*change.mutable_tags())["stage"] = "two";
  change.mutable_lease_duration()->set_seconds(60);
  auto updated = Update(change, {"display_name", "tags.stage", "state"});
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->display_name(), "renamed");
  EXPECT_FALSE(updated->has_lease_duration());
  EXPECT_EQ(updated->tags().at("team"), "crm");
  EXPECT_EQ(updated->tags().at("stage"), "two");
  updated = Update(change, {"tags.team"});
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->tags().count("team"), 0u);
  updated = Update(change, {});
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->lease_duration().seconds(), 60);
  EXPECT_EQ(updated->params().at("k"), "4");
  change.mutable_tags()->clear();
  updated = Update(change, {"tags"});
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->tags_size(), 0);
  EXPECT_EQ(GetRun(run.name()).tags_size(), 0);
}

TEST_F(RunLifeTest, AnUpdateIsRefusedForWhatItMayNotChange) {
  const v1::Run run = CreateRun();
  v1::Run change = run;
  change.clear_etag();
  ExpectError(Update(change, {"params"}).status(), StatusCode::kInvalidArgument,
              "UPDATE_MASK_INVALID");
  ExpectError(Update(change, {"nonsense"}).status(), StatusCode::kInvalidArgument,
              "UPDATE_MASK_INVALID");
  change.set_parent_run("experiments/0/runs/" + std::string(32, 'a'));
  EXPECT_THAT(Update(change, {"*"}), StatusIs(StatusCode::kInvalidArgument));
  change.clear_parent_run();
  for (const int64_t seconds : {int64_t{-1}, int64_t{30} * 86'400 + 1}) {
    change.mutable_lease_duration()->set_seconds(seconds);
    ExpectError(Update(change, {"lease_duration"}).status(), StatusCode::kInvalidArgument,
                "VALUE_INVALID");
  }
  change.mutable_lease_duration()->set_seconds(0);
  change.set_etag("\"stale\"");
  ExpectError(Update(change, {"lease_duration"}).status(), StatusCode::kAborted, "ETAG_MISMATCH");
  change.clear_etag();
  ASSERT_THAT(Delete(run.name()), IsOk());
  ExpectError(Update(change, {"lease_duration"}).status(), StatusCode::kFailedPrecondition,
              "RUN_DELETED");
}

TEST_F(RunLifeTest, AResumedRunRunsAgain) {
  const v1::Run run = CreateRun();
  ASSERT_THAT(Finish(run.name(), v1::Run::FAILED), IsOk());
  const auto resumed = Resume(run.name());
  ASSERT_THAT(resumed, IsOk());
  EXPECT_EQ(resumed->state(), v1::Run::RUNNING);
  EXPECT_FALSE(resumed->has_end_time());
  const storage::Revision before = Revision();
  EXPECT_THAT(Resume(run.name()), IsOk());
  EXPECT_EQ(Revision(), before);
  EXPECT_THAT(Finish(run.name()), IsOk());
  ASSERT_THAT(Delete(run.name()), IsOk());
  ExpectError(Resume(run.name()).status(), StatusCode::kFailedPrecondition, "RUN_DELETED");
}

TEST_F(RunLifeTest, OutputsMustExistAndAreKeptOnce) {
  const v1::Run run = CreateRun();
  const std::string dataset = PutDataset("made", "a,b\n");
  v1::LogBatchRequest request;
  request.set_run(run.name());
  request.add_outputs()->set_resource("datasets/made/versions/9");
  ExpectError(Log(request), StatusCode::kNotFound, "DATASET_VERSION_NOT_FOUND");
  request.mutable_outputs(0)->set_resource("models/m/versions/1");
  ExpectError(Log(request), StatusCode::kNotFound, "MODEL_VERSION_NOT_FOUND");
  request.mutable_outputs(0)->set_resource("runs/x");
  ExpectError(Log(request), StatusCode::kInvalidArgument, "NAME_INVALID");
  request.mutable_outputs(0)->set_resource(dataset);
  request.mutable_outputs(0)->set_step(3);
  ASSERT_THAT(Log(request), IsOk());
  ASSERT_THAT(Log(request), IsOk());
  ASSERT_EQ(GetRun(run.name()).outputs_size(), 1);
  EXPECT_EQ(GetRun(run.name()).outputs(0).step(), 3);
  v1::GetLineageRequest lineage;
  lineage.set_name(run.name());
  lineage.set_direction(v1::GetLineageRequest::DOWNSTREAM);
  EXPECT_EQ(datasets::GetLineage(*Now(), lineage)->nodes_size(), 2);
  lineage.set_name(dataset);
  lineage.set_direction(v1::GetLineageRequest::UPSTREAM);
  EXPECT_EQ(datasets::GetLineage(*Now(), lineage)->nodes_size(), 2);
}

TEST_F(RunLifeTest, APurgeLeavesNoKeyBehind) {
  const std::string input = PutDataset("retail", "a,b\n");
  const v1::Run run = CreateRun({{"lr", "0.1"}}, input);
  ASSERT_THAT(Log(Batch(run.name(), 3000)), IsOk());
  auto fold = metrics::PlanFold(*Now(), run.uid(), "loss");
  ASSERT_THAT(fold, IsOk());
  ASSERT_THAT(store_->CommitAndWait(std::move(fold->write_set)), IsOk());
  ASSERT_THAT(Log(Batch(run.name(), 2, 5000)), IsOk());
  ASSERT_THAT(LogArtifacts(run.name(), {PutFile("a/b.txt", "text")}), IsOk());
  PutDataset("derived", "c\n", {}, run.name());
  ASSERT_GT(KeysWith(run.uid()).size(), 10u);

  ExpectError(Purge(run.name()), StatusCode::kFailedPrecondition, "DELETE_FIRST");
  ASSERT_THAT(Delete(run.name()), IsOk());
  ExpectError(Purge(run.name(), "\"stale\""), StatusCode::kAborted, "ETAG_MISMATCH");
  ASSERT_THAT(Purge(run.name()), IsOk());
  v1::GetRunRequest get;
  get.set_name(run.name());
  ExpectError(tracking::GetRun(*Now(), get).status(), StatusCode::kNotFound, "RUN_NOT_FOUND");
  ExpectError(Purge(run.name()), StatusCode::kNotFound, "RUN_NOT_FOUND");
  EXPECT_EQ(KeysWith(run.uid()).size(), 1u);  // the mark
  Sweep();
  EXPECT_EQ(KeysWith(run.uid()), std::vector<std::string>());
}

TEST_F(RunLifeTest, APurgeOfManyKeysTakesSeveralCommitsAndGoesOnAnywhere) {
  const v1::Run run = CreateRun();
  for (int i = 0; i < 50; ++i) {
    v1::LogBatchRequest request;
    request.set_run(run.name());
    (*request.mutable_tags())["t" + std::to_string(i)] = "v";
    auto* columns = request.add_metrics();
    columns->set_key("m" + std::to_string(i));
    columns->add_steps(i);
    columns->add_values(i);
    ASSERT_THAT(Log(request), IsOk());
  }
  ASSERT_THAT(Delete(run.name()), IsOk());
  v1::GetRunRequest get;
  get.set_name(run.name());
  const auto stored = ReadRunRecord(*Now(), "name", run.name());
  storage::WriteSet first;
  const auto deleted = AddPurge(*Now(), *stored, 7, first);
  ASSERT_THAT(deleted, IsOk());
  EXPECT_EQ(*deleted, 7u);
  ASSERT_THAT(store_->CommitAndWait(std::move(first)), IsOk());
  v1::CreateRunRequest again;
  again.set_run_id(run.uid());
  ExpectError(Create(again).status(), StatusCode::kAlreadyExists, "RUN_EXISTS");
  int commits = 0;
  for (bool more = true; more; ++commits) {
    storage::WriteSet next;
    const auto planned = PlanSweep(*Now(), run.uid(), 40, next);
    ASSERT_THAT(planned, IsOk());
    more = *planned;
    EXPECT_LE(next.deletes.size(), 41u);
    ASSERT_THAT(store_->CommitAndWait(std::move(next)), IsOk());
  }
  EXPECT_EQ(commits, 4);  // 50 tags, 50 summaries, 50 batches, 7 of them gone
  EXPECT_EQ(KeysWith(run.uid()), std::vector<std::string>());
  EXPECT_THAT(Create(again), IsOk());
}

// The same keys are written, deleted and written again: a store on disk must neither
// keep nor lose any of them.
TEST_F(RunLifeTest, OnDiskAPurgedRunsIdAndWriterCanBeUsedAgain) {
  const storage::ScratchDirectory scratch;
  const auto open = [&] {
    store_ = nullptr;
    storage::RocksOptions options;
    options.directory = scratch.Join("store");
    options.merge = MergeRecords;
    auto opened = storage::OpenRocksStore(std::move(options));
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  };
  open();
  ASSERT_THAT(EnsureDefaultExperiment(*store_, kStart), IsOk());
  const std::string writer = ids_->NewUuid4();
  for (int round = 1; round <= 3; ++round) {
    SCOPED_TRACE(round);
    v1::CreateRunRequest create;
    create.set_run_id(std::string(32, 'c'));
    const auto run = Create(create);
    ASSERT_THAT(run, IsOk());
    for (int64_t batch = 1; batch <= 3; ++batch) {
      v1::LogMetricsRequest request;
      request.set_batch_number(batch);
      *request.mutable_metrics() = Batch(run->name(), 1500 * round, batch * 10'000).metrics();
      ASSERT_THAT(Apply<v1::LogMetricsResponse>(
                      PlanLogMetrics(*Now(), run->name(), {writer, batch - 1}, request, Facts())),
                  IsOk());
      if (batch == 3) break;
      auto fold = metrics::PlanFold(*Now(), run->uid(), "loss");
      ASSERT_THAT(fold, IsOk());
      ASSERT_THAT(store_->CommitAndWait(std::move(fold->write_set)), IsOk());
      if (batch == round) open();  // what was in the log only is in files then
    }
    v1::ReadMetricsRequest read;
    read.set_run(run->name());
    read.set_key("loss");
    auto curve = MetricCurve::Open(Now(), read);
    ASSERT_THAT(curve, IsOk());
    int points = 0;
    v1::ReadMetricsResponse part;
    while (*curve->Next(part)) points += part.columns().values_size();
    EXPECT_EQ(points, 3 * 1500 * round);
    EXPECT_EQ(GetRun(run->name()).metrics(0).point_count(), 3 * 1500 * round);
    ASSERT_THAT(Delete(run->name()), IsOk());
    ASSERT_THAT(Purge(run->name()), IsOk());
    Sweep();
    EXPECT_EQ(KeysWith(run->uid()), std::vector<std::string>());
  }
  store_ = nullptr;  // before its directory
}

TEST_F(RunLifeTest, WhatWasPlannedBeforeAPurgeBringsNothingBack) {
  const v1::Run run = CreateRun();
  ASSERT_THAT(Log(Batch(run.name(), 2000)), IsOk());
  auto late_log = PlanLogBatch(*Now(), Batch(run.name(), 5, 100), Facts());
  auto late_fold = metrics::PlanFold(*Now(), run.uid(), "loss");
  v1::LogArtifactsRequest files;
  files.set_run(run.name());
  *files.add_files() = PutFile("x", "y");
  auto late_files = artifacts::PlanLogArtifacts(*Now(), files);
  ASSERT_THAT(Delete(run.name()), IsOk());
  ASSERT_THAT(Purge(run.name()), IsOk());
  for (storage::WriteSet* set :
       {&late_log->write_set, &late_fold->write_set, &late_files->write_set}) {
    ExpectError(store_->CommitAndWait(std::move(*set)).status(), StatusCode::kAborted,
                "COMMIT_CONFLICT");
  }
  Sweep();
  EXPECT_EQ(KeysWith(run.uid()), std::vector<std::string>());
}

TEST_F(RunLifeTest, ARunThatAModelVersionCameFromStays) {
  const v1::Run run = CreateRun();
  const std::string version = PutModelVersion(run.name());
  ASSERT_THAT(Delete(run.name()), IsOk());
  const absl::Status refused = Purge(run.name());
  ExpectError(refused, StatusCode::kFailedPrecondition, "RUN_IN_USE");
  EXPECT_EQ(MetadataOf(refused, "modelVersion"), version);
  // One that is only named as an output does not hold a run.
  const v1::Run other = CreateRun();
  v1::LogBatchRequest request;
  request.set_run(other.name());
  request.add_outputs()->set_resource(version);
  ASSERT_THAT(Log(request), IsOk());
  ASSERT_THAT(Delete(other.name()), IsOk());
  EXPECT_THAT(Purge(other.name()), IsOk());
}

TEST_F(RunLifeTest, AModelVersionThatComesBetweenStopsThePurge) {
  const v1::Run run = CreateRun();
  ASSERT_THAT(Delete(run.name()), IsOk());
  v1::PurgeRunRequest request;
  request.set_name(run.name());
  auto purge = PlanPurgeRun(*Now(), request);
  v1::UndeleteRunRequest undelete;
  undelete.set_name(run.name());
  ASSERT_THAT(Apply<v1::Run>(PlanUndeleteRun(*Now(), undelete, Facts())), IsOk());
  PutModelVersion(run.name());
  ASSERT_THAT(Delete(run.name()), IsOk());
  ExpectError(Apply<Empty>(std::move(purge)).status(), StatusCode::kAborted, "COMMIT_CONFLICT");
  ExpectError(Purge(run.name()), StatusCode::kFailedPrecondition, "RUN_IN_USE");
}

TEST_F(RunLifeTest, LineageGoesOnWithoutAPurgedRun) {
  const v1::Run run = CreateRun();
  const std::string made = PutDataset("derived", "c\n", {}, run.name());
  ASSERT_THAT(Delete(run.name()), IsOk());
  ASSERT_THAT(Purge(run.name()), IsOk());
  v1::GetLineageRequest request;
  request.set_name(made);
  const auto lineage = datasets::GetLineage(*Now(), request);
  ASSERT_THAT(lineage, IsOk());
  EXPECT_EQ(lineage->nodes_size(), 1);
}

}  // namespace
}  // namespace cairn::tracking
