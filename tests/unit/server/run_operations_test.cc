// Operations on many runs: PurgeExperiment and BulkChangeRuns, step by step.

#include "server/tracking/run_operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "google/longrunning/operations.pb.h"
#include "lib/base/resource_names.h"
#include "server/operations/operations.h"
#include "server/storage/keyspace.h"
#include "server/tracking/run_purger.h"
#include "server/tracking/run_searcher.h"
#include "server/views/views.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::tracking {
namespace {

using absl::StatusCode;
using google::longrunning::Operation;
using testing::IsOk;
using v1::BulkChangeRunsMetadata;
using v1::BulkChangeRunsRequest;
using v1::PurgeExperimentMetadata;

class RunOperationsTest : public UseCaseTest {
 protected:
  RunOperationsTest() {
    RunSearcherOptions options;
    options.tick_nanos = 0;
    searcher_ = std::make_unique<RunSearcher>(*store_, options);
    EXPECT_THAT(searcher_->Load(), IsOk());
  }

  std::string CreateExperiment(const std::string& display_name) {
    v1::CreateExperimentRequest request;
    request.mutable_experiment()->set_display_name(display_name);
    return Apply<v1::Experiment>(PlanCreateExperiment(*Now(), request, NextTime()))->name();
  }

  std::vector<v1::Run> CreateRuns(const std::string& experiment, int count) {
    std::vector<v1::Run> runs;
    for (int i = 0; i < count; ++i) {
      v1::CreateRunRequest request;
      request.set_parent(experiment);
      (*request.mutable_run()->mutable_params())["k"] = std::to_string(i % 2);
      runs.push_back(*Apply<v1::Run>(PlanCreateRun(*Now(), request, Facts())));
    }
    return runs;
  }

  absl::Status DeleteExperiment(const std::string& name) {
    v1::DeleteExperimentRequest request;
    request.set_name(name);
    return Apply<v1::Experiment>(PlanDeleteExperiment(*Now(), request, NextTime())).status();
  }

  void Delete(const std::string& run) {
    v1::DeleteRunRequest request;
    request.set_name(run);
    EXPECT_THAT(Apply<v1::Run>(PlanDeleteRun(*Now(), request, Facts())), IsOk());
  }

  absl::StatusOr<Operation> Purge(const std::string& experiment) {
    v1::PurgeExperimentRequest request;
    request.set_name(experiment);
    return Apply<Operation>(PlanPurgeExperiment(*Now(), request, Facts()));
  }

  absl::StatusOr<Operation> Bulk(const std::string& filter, BulkChangeRunsRequest::Change change,
                                 const std::string& parent = "", bool validate_only = false) {
    BulkChangeRunsRequest request;
    request.set_filter(filter);
    request.set_change(change);
    request.set_validate_only(validate_only);
    if (!parent.empty()) request.add_parents(parent);
    return Apply<Operation>(PlanBulkChangeRuns(*Now(), *searcher_, request, Facts()));
  }

  // Takes steps until the work answers or fails; at most `steps`.
  absl::Status Work(operations::Work& work, Operation& operation, int steps = 1000,
                    std::string cursor = "") {
    for (int i = 0; i < steps; ++i) {
      auto step = work.Next(*Now(), operation.metadata(), cursor);
      if (!step.ok()) return step.status();
      if (!step->write_set.puts.empty() || !step->write_set.deletes.empty()) {
        EXPECT_THAT(store_->CommitAndWait(std::move(step->write_set)), IsOk());
      }
      *operation.mutable_metadata() = operations::Pack(*step->metadata);
      cursor = step->cursor;
      if (step->response != nullptr) {
        *operation.mutable_response() = operations::Pack(*step->response);
        return absl::OkStatus();
      }
    }
    return absl::OkStatus();
  }

  template <typename Message>
  static Message Unpack(const google::protobuf::Any& any) {
    Message message;
    EXPECT_TRUE(any.UnpackTo(&message));
    return message;
  }

  int64_t Count(const std::string& filter, bool show_deleted) {
    v1::CountRunsRequest request;
    request.set_filter(filter);
    request.set_show_deleted(show_deleted);
    const auto count = searcher_->Count(request);
    EXPECT_THAT(count, IsOk());
    return count.ok() ? count->run_count() : -1;
  }

  ManualClock clock_{kStart};
  std::unique_ptr<RunSearcher> searcher_;
};

// Whatever belongs to views has gone, also their number, and those of another experiment stay.
TEST_F(RunOperationsTest, APurgedExperimentTakesItsViewsAlong) {
  const std::string name = CreateExperiment("churn");
  const auto create = [this](const std::string& parent, const std::string& address) {
    v1::CreateViewRequest request;
    request.set_parent(parent);
    request.mutable_view()->set_address(address);
    request.mutable_view()->set_title("title");
    return Apply<v1::View>(views::PlanCreateView(*Now(), request, NextTime()))->name();
  };
  const std::string kept = create("experiments/0", "/a");
  std::vector<std::string> gone;
  for (const char* address : {"/a", "/b", "/c"}) gone.push_back(create(name, address));
  ASSERT_THAT(DeleteExperiment(name), IsOk());
  auto operation = Purge(name);
  ASSERT_TRUE(operation.ok()) << operation.status();
  ASSERT_TRUE(Work(*MakePurgeExperimentWork(*searcher_), *operation).ok());
  ASSERT_TRUE(operation->has_response());
  const int64_t id = *ParseExperimentName("name", name);
  for (const storage::Key& prefix :
       {storage::ViewPrefix(id), storage::ViewByTitlePrefix(id), storage::ViewCountKey(id)}) {
    EXPECT_THAT(Now()->Scan(storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
                            [](std::string_view, const storage::Record&) {
                              ADD_FAILURE() << "something is left";
                              return true;
                            }),
                IsOk());
  }
  v1::GetViewRequest get;
  get.set_name(kept);
  EXPECT_THAT(views::GetView(*Now(), get), IsOk());
  get.set_name(gone[0]);
  ExpectError(views::GetView(*Now(), get).status(), StatusCode::kNotFound, "VIEW_NOT_FOUND");
}

TEST_F(RunOperationsTest, APurgedExperimentIsGoneWithItsRunsAndItsNameIsFree) {
  const std::string name = CreateExperiment("churn");
  CreateRuns(name, 250);
  CreateRuns("experiments/0", 3);
  ExpectError(Purge(name).status(), StatusCode::kFailedPrecondition, "DELETE_FIRST");
  ExpectError(Purge("experiments/0").status(), StatusCode::kFailedPrecondition,
              "DEFAULT_EXPERIMENT");
  ExpectError(Purge("experiments/77").status(), StatusCode::kNotFound, "EXPERIMENT_NOT_FOUND");
  ASSERT_THAT(DeleteExperiment(name), IsOk());
  auto operation = Purge(name);
  ASSERT_TRUE(operation.ok()) << operation.status();
  const auto work = MakePurgeExperimentWork(*searcher_);
  ASSERT_TRUE(Work(*work, *operation).ok());
  const auto metadata = Unpack<PurgeExperimentMetadata>(operation->metadata());
  EXPECT_EQ(metadata.run_count(), 250);
  EXPECT_EQ(metadata.purged_run_count(), 250);
  EXPECT_EQ(Unpack<v1::PurgeExperimentResponse>(operation->response()).purged_run_count(), 250);
  v1::GetExperimentRequest get;
  get.set_name(name);
  ExpectError(GetExperiment(*Now(), get).status(), StatusCode::kNotFound, "EXPERIMENT_NOT_FOUND");
  EXPECT_EQ(Count("", true), 3);
  EXPECT_NE(CreateExperiment("churn"), name);
}

TEST_F(RunOperationsTest, APurgeThatWasCutShortGoesOnWhereItWas) {
  const std::string name = CreateExperiment("churn");
  CreateRuns(name, 250);
  ASSERT_THAT(DeleteExperiment(name), IsOk());
  auto operation = Purge(name);
  ASSERT_TRUE(operation.ok());
  ASSERT_TRUE(Work(*MakePurgeExperimentWork(*searcher_), *operation, /*steps=*/1).ok());
  EXPECT_FALSE(operation->has_response());
  EXPECT_EQ(Unpack<PurgeExperimentMetadata>(operation->metadata()).purged_run_count(), 100);
  ASSERT_TRUE(Work(*MakePurgeExperimentWork(*searcher_), *operation).ok());
  EXPECT_EQ(Unpack<v1::PurgeExperimentResponse>(operation->response()).purged_run_count(), 250);
  EXPECT_EQ(Unpack<PurgeExperimentMetadata>(operation->metadata()).run_count(), 250);
}

TEST_F(RunOperationsTest, AnExperimentThatWasRestoredOrIsInUseStays) {
  const std::string name = CreateExperiment("churn");
  const auto runs = CreateRuns(name, 3);
  v1::ModelVersion version;
  version.set_run(runs[1].name());
  *version.add_files() = PutFile("m.bin", "model");
  ASSERT_THAT(CreateModelVersion("m", version), IsOk());
  ASSERT_THAT(DeleteExperiment(name), IsOk());
  auto operation = Purge(name);
  ASSERT_TRUE(operation.ok());
  ExpectError(Work(*MakePurgeExperimentWork(*searcher_), *operation),
              StatusCode::kFailedPrecondition, "RUN_IN_USE");
  EXPECT_EQ(Unpack<PurgeExperimentMetadata>(operation->metadata()).purged_run_count(), 2);
  EXPECT_EQ(GetRun(runs[1].name()).name(), runs[1].name());
  v1::UndeleteExperimentRequest restore;
  restore.set_name(name);
  ASSERT_TRUE(Apply<v1::Experiment>(PlanUndeleteExperiment(*Now(), restore, NextTime())).ok());
  ExpectError(Work(*MakePurgeExperimentWork(*searcher_), *operation),
              StatusCode::kFailedPrecondition, "DELETE_FIRST");
}

TEST_F(RunOperationsTest, ABulkChangeDeletesRestoresAndPurgesWhatAFilterFinds) {
  CreateRuns("experiments/0", 301);
  auto operation = Bulk("params.k = 1", BulkChangeRunsRequest::DELETE);
  ASSERT_TRUE(operation.ok()) << operation.status();
  const auto work = MakeBulkChangeRunsWork(*searcher_);
  ASSERT_TRUE(Work(*work, *operation).ok());
  auto response = Unpack<v1::BulkChangeRunsResponse>(operation->response());
  EXPECT_EQ(response.run_count(), 150);
  EXPECT_EQ(response.changed_run_count(), 150);
  EXPECT_EQ(response.skipped_run_count(), 0);
  EXPECT_EQ(Count("", false), 151);

  operation = Bulk("params.k = 1", BulkChangeRunsRequest::UNDELETE);
  ASSERT_THAT(Work(*work, *operation), IsOk());
  EXPECT_EQ(Count("", false), 301);

  operation = Bulk("", BulkChangeRunsRequest::PURGE, "experiments/0");
  ASSERT_THAT(Work(*work, *operation), IsOk());
  EXPECT_EQ(Unpack<v1::BulkChangeRunsResponse>(operation->response()).changed_run_count(), 0);
  operation = Bulk("params.k = 0", BulkChangeRunsRequest::DELETE);
  ASSERT_THAT(Work(*work, *operation), IsOk());
  operation = Bulk("", BulkChangeRunsRequest::PURGE, "experiments/0");
  ASSERT_THAT(Work(*work, *operation), IsOk());
  EXPECT_EQ(Unpack<v1::BulkChangeRunsResponse>(operation->response()).changed_run_count(), 151);
  EXPECT_EQ(Count("", true), 150);
}

TEST_F(RunOperationsTest, RunsInUseAreSkippedAndCounted) {
  const auto runs = CreateRuns("experiments/0", 3);
  v1::ModelVersion version;
  version.set_run(runs[1].name());
  *version.add_files() = PutFile("m.bin", "model");
  ASSERT_THAT(CreateModelVersion("m", version), IsOk());
  for (const v1::Run& run : runs) Delete(run.name());
  auto operation = Bulk("", BulkChangeRunsRequest::PURGE, "experiments/0");
  ASSERT_TRUE(operation.ok());
  ASSERT_TRUE(Work(*MakeBulkChangeRunsWork(*searcher_), *operation).ok());
  const auto response = Unpack<v1::BulkChangeRunsResponse>(operation->response());
  EXPECT_EQ(response.run_count(), 3);
  EXPECT_EQ(response.changed_run_count(), 2);
  EXPECT_EQ(response.skipped_run_count(), 1);
}

TEST_F(RunOperationsTest, ABulkChangeThatWasCutShortCountsEachRunOnce) {
  CreateRuns("experiments/0", 250);
  auto operation = Bulk("params:k", BulkChangeRunsRequest::DELETE);
  ASSERT_TRUE(operation.ok());
  ASSERT_TRUE(Work(*MakeBulkChangeRunsWork(*searcher_), *operation, /*steps=*/2).ok());
  EXPECT_EQ(Unpack<BulkChangeRunsMetadata>(operation->metadata()).changed_run_count(), 200);
  ASSERT_TRUE(Work(*MakeBulkChangeRunsWork(*searcher_), *operation).ok());
  const auto response = Unpack<v1::BulkChangeRunsResponse>(operation->response());
  EXPECT_EQ(response.run_count(), 250);
  EXPECT_EQ(response.changed_run_count(), 250);
}

TEST_F(RunOperationsTest, ARequestIsCheckedBeforeItBecomesAnOperation) {
  CreateRuns("experiments/0", 4);
  for (const char* blank : {"", " ", "\t\n"}) {
    ExpectError(Bulk(blank, BulkChangeRunsRequest::DELETE).status(), StatusCode::kInvalidArgument,
                "FIELD_REQUIRED");
  }
  ExpectError(Bulk("params.k = 1", BulkChangeRunsRequest::CHANGE_UNSPECIFIED).status(),
              StatusCode::kInvalidArgument, "FIELD_REQUIRED");
  const auto bad = Bulk("nonsense = ", BulkChangeRunsRequest::DELETE);
  ExpectError(bad.status(), StatusCode::kInvalidArgument, "FILTER_INVALID");
  EXPECT_NE(MetadataOf(bad.status(), "position"), "");
  ExpectError(Bulk("", BulkChangeRunsRequest::DELETE, "experiments/9").status(),
              StatusCode::kNotFound, "EXPERIMENT_NOT_FOUND");
  const storage::Revision before = Revision();
  const auto tried = Bulk("params.k = 1", BulkChangeRunsRequest::DELETE, "", true);
  ASSERT_THAT(tried, IsOk());
  EXPECT_TRUE(tried->done());
  EXPECT_EQ(tried->name(), "");
  EXPECT_EQ(Unpack<v1::BulkChangeRunsResponse>(tried->response()).run_count(), 2);
  EXPECT_EQ(Revision(), before);
}

}  // namespace
}  // namespace cairn::tracking
