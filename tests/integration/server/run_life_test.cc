// Runs from start to purge over a real socket: leases, operations, restarts in between.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "google/longrunning/operations.grpc.pb.h"
#include "lib/base/errors.h"
#include "lib/client/client.h"
#include "lib/client/grpc_status.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using google::longrunning::Operation;
using google::longrunning::Operations;
using testing::IsOk;
using testing::ServerProcess;
using testing::StatusIs;
using testing::TempFolder;
using v1::BulkChangeRunsRequest;

class RunLifeWireTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(); }
  void TearDown() override { ::unsetenv("CAIRND_DEFAULT_RUN_LEASE"); }

  void Start() {
    ASSERT_TRUE(server_.Start());
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    auto connected = client::Client::Connect(options);
    ASSERT_THAT(connected, IsOk());
    client_ = *std::move(connected);
    operations_ = Operations::NewStub(
        grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials()));
  }

  client::TrackingClient& tracking() { return client_->tracking(); }

  std::string CreateExperiment(const std::string& name) {
    v1::CreateExperimentRequest request;
    request.mutable_experiment()->set_display_name(name);
    const auto created = tracking().CreateExperiment(request);
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->name() : "";
  }

  v1::Run CreateRun(const std::string& experiment, int64_t lease_seconds = -1) {
    v1::CreateRunRequest request;
    request.set_parent(experiment);
    if (lease_seconds >= 0) {
      request.mutable_run()->mutable_lease_duration()->set_seconds(lease_seconds);
    }
    const auto run = tracking().CreateRun(request);
    EXPECT_THAT(run, IsOk());
    return run.ok() ? *run : v1::Run();
  }

  absl::StatusOr<v1::Run> Get(const std::string& name) {
    v1::GetRunRequest request;
    request.set_name(name);
    return tracking().GetRun(request);
  }

  absl::Status Delete(const std::string& run) {
    v1::DeleteRunRequest request;
    request.set_name(run);
    return tracking().DeleteRun(request).status();
  }

  absl::Status Purge(const std::string& run) {
    v1::PurgeRunRequest request;
    request.set_name(run);
    return tracking().PurgeRun(request).status();
  }

  absl::Status DeleteExperiment(const std::string& name) {
    v1::DeleteExperimentRequest request;
    request.set_name(name);
    return tracking().DeleteExperiment(request).status();
  }

  absl::Status Heartbeat(const std::string& run) {
    v1::HeartbeatRunRequest request;
    request.set_name(run);
    return tracking().HeartbeatRun(request).status();
  }

  absl::Status Log(const std::string& run, int64_t step) {
    v1::LogBatchRequest batch;
    batch.set_run(run);
    auto* columns = batch.add_metrics();
    columns->set_key("loss");
    columns->add_steps(step);
    columns->add_values(0.5);
    return tracking().LogBatch(batch).status();
  }

  int64_t CountDeleted(const std::string& experiment) {
    v1::CountRunsRequest request;
    request.add_parents(experiment);
    const auto live = tracking().CountRuns(request);
    request.set_show_deleted(true);
    const auto all = tracking().CountRuns(request);
    EXPECT_THAT(live, IsOk());
    EXPECT_THAT(all, IsOk());
    return live.ok() && all.ok() ? all->run_count() - live->run_count() : -1;
  }

  absl::StatusOr<Operation> Bulk(const std::string& parent, BulkChangeRunsRequest::Change change) {
    BulkChangeRunsRequest request;
    request.add_parents(parent);
    request.set_change(change);
    return tracking().BulkChangeRuns(request);
  }

  absl::StatusOr<Operation> Wait(const std::string& name, int64_t seconds = 60) {
    grpc::ClientContext context;
    google::longrunning::WaitOperationRequest request;
    request.set_name(name);
    request.mutable_timeout()->set_seconds(seconds);
    Operation operation;
    const grpc::Status status = operations_->WaitOperation(&context, request, &operation);
    if (!status.ok()) return client::FromGrpcStatus(status);
    return operation;
  }

  absl::Status Cancel(const std::string& name) {
    grpc::ClientContext context;
    google::longrunning::CancelOperationRequest request;
    request.set_name(name);
    google::protobuf::Empty answer;
    return client::FromGrpcStatus(operations_->CancelOperation(&context, request, &answer));
  }

  // Asks until the run is in `state`; the last answer.
  v1::Run WaitForState(const std::string& name, v1::Run::State state) {
    absl::StatusOr<v1::Run> run;
    EXPECT_TRUE(testing::Eventually([&] {
      run = Get(name);
      return !run.ok() || run->state() == state;
    })) << name
        << " is not " << v1::Run::State_Name(state);
    return run.ok() ? *run : v1::Run();
  }

  template <typename Message>
  static Message Unpack(const google::protobuf::Any& any) {
    Message message;
    EXPECT_TRUE(any.UnpackTo(&message));
    return message;
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::unique_ptr<client::Client> client_;
  std::unique_ptr<Operations::Stub> operations_;
};

TEST_F(RunLifeWireTest, ASilentRunIsKilledAndComesBackWhenItIsResumed) {
  const v1::Run run = CreateRun("experiments/0", 1);
  const v1::Run killed = WaitForState(run.name(), v1::Run::KILLED);
  EXPECT_THAT(killed.state_message(), ::testing::MatchesRegex("silent for [0-9]+ s"));
  EXPECT_TRUE(killed.has_end_time());
  EXPECT_EQ(ReasonOf(Heartbeat(run.name())), "RUN_ENDED");
  EXPECT_THAT(Log(run.name(), 1), IsOk());
  v1::ResumeRunRequest resume;
  resume.set_name(run.name());
  const auto resumed = tracking().ResumeRun(resume);
  ASSERT_THAT(resumed, IsOk());
  EXPECT_EQ(resumed->state(), v1::Run::RUNNING);
  EXPECT_EQ(resumed->state_message(), "");
  EXPECT_FALSE(resumed->has_end_time());
  EXPECT_THAT(Heartbeat(run.name()), IsOk());
  WaitForState(run.name(), v1::Run::KILLED);
}

TEST_F(RunLifeWireTest, HeartbeatsAndLoggingKeepARunAliveBesideASilentOne) {
  const v1::Run beating = CreateRun("experiments/0", 3);
  const v1::Run logging = CreateRun("experiments/0", 3);
  const v1::Run streaming = CreateRun("experiments/0", 3);
  const v1::Run silent = CreateRun("experiments/0", 3);
  for (int64_t step = 0;; ++step) {
    v1::LogMetricsRequest batch;
    batch.set_run(streaming.name());
    auto* columns = batch.add_metrics();
    columns->set_key("loss");
    columns->add_steps(step);
    columns->add_values(0.5);
    ASSERT_THAT(tracking().LogMetrics({batch}), IsOk());
    ASSERT_THAT(Heartbeat(beating.name()), IsOk());
    ASSERT_THAT(Log(logging.name(), step), IsOk());
    const auto run = Get(silent.name());
    ASSERT_THAT(run, IsOk());
    if (run->state() == v1::Run::KILLED) break;
  }
  EXPECT_EQ(Get(beating.name())->state(), v1::Run::RUNNING);
  EXPECT_EQ(Get(logging.name())->state(), v1::Run::RUNNING);
  EXPECT_EQ(Get(streaming.name())->state(), v1::Run::RUNNING);
}

TEST_F(RunLifeWireTest, TheServersDefaultLeaseAlsoEndsRunsThatAnEarlierProcessLeft) {
  const v1::Run old = CreateRun("experiments/0");
  const v1::Run never = CreateRun("experiments/0", 0);
  server_.Kill();
  ::setenv("CAIRND_DEFAULT_RUN_LEASE", "1s", 1);
  Start();
  WaitForState(old.name(), v1::Run::KILLED);
  EXPECT_EQ(Get(never.name())->state(), v1::Run::RUNNING);
}

TEST_F(RunLifeWireTest, AnUpdateChangesTagsAndNameByItsMask) {
  v1::Run run = CreateRun("experiments/0");
  v1::UpdateRunRequest request;
  request.mutable_run()->set_name(run.name());
  request.mutable_run()->set_etag(run.etag());
  request.mutable_run()->set_display_name("renamed");
  (*request.mutable_run()->mutable_tags())["odd key"] = "x";
  request.mutable_update_mask()->add_paths("display_name");
  request.mutable_update_mask()->add_paths("tags.`odd key`");
  const auto updated = tracking().UpdateRun(request);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->display_name(), "renamed");
  EXPECT_EQ(updated->tags().at("odd key"), "x");
  EXPECT_NE(updated->etag(), run.etag());
  EXPECT_EQ(Get(run.name())->etag(), updated->etag());
  EXPECT_EQ(ReasonOf(tracking().UpdateRun(request).status()), "ETAG_MISMATCH");
}

TEST_F(RunLifeWireTest, APurgedRunIsGoneAlsoFromTheSearchAndAfterAKill) {
  const v1::Run run = CreateRun("experiments/0");
  const v1::Run other = CreateRun("experiments/0");
  ASSERT_THAT(Log(run.name(), 1), IsOk());
  EXPECT_EQ(ReasonOf(Purge(run.name())), "DELETE_FIRST");
  ASSERT_THAT(Delete(run.name()), IsOk());
  ASSERT_THAT(Purge(run.name()), IsOk());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(ReasonOf(Get(run.name()).status()), "RUN_NOT_FOUND");
    EXPECT_EQ(ReasonOf(Log(run.name(), 2)), "RUN_NOT_FOUND");
    v1::SearchRunsRequest search;
    search.set_show_deleted(true);
    const auto found = tracking().SearchRuns(search);
    ASSERT_THAT(found, IsOk());
    ASSERT_EQ(found->runs_size(), 1);
    EXPECT_EQ(found->runs(0).name(), other.name());
    server_.Kill();
    Start();
  }
}

TEST_F(RunLifeWireTest, ANewRunWithThePurgedOnesIdHasNothingOfItThoughManyWereLogging) {
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  create.set_run_id(std::string(32, 'e'));
  const auto run = tracking().CreateRun(create);
  ASSERT_THAT(run, IsOk());
  std::vector<std::future<void>> writers;
  for (int w = 0; w < 4; ++w) {
    writers.push_back(std::async(std::launch::async, [&, w] {
      v1::LogBatchRequest batch;
      batch.set_run(run->name());
      (*batch.mutable_tags())["writer"] = std::to_string(w);
      for (int64_t step = 0;; ++step) {
        if (!tracking().LogBatch(batch).ok() || !Log(run->name(), step).ok()) return;
      }
    }));
  }
  ASSERT_TRUE(testing::Eventually([&] { return Get(run->name())->metrics_size() > 0; }));
  ASSERT_THAT(Delete(run->name()), IsOk());
  ASSERT_THAT(Purge(run->name()), IsOk());
  for (auto& writer : writers) writer.get();
  // The id is free when the last key is gone.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  auto again = tracking().CreateRun(create);
  while (ReasonOf(again.status()) == "RUN_EXISTS" && std::chrono::steady_clock::now() < deadline) {
    again = tracking().CreateRun(create);
  }
  ASSERT_THAT(again, IsOk());
  const auto empty = Get(run->name());
  ASSERT_THAT(empty, IsOk());
  EXPECT_EQ(empty->tags_size(), 0);
  EXPECT_EQ(empty->metrics_size(), 0);
}

TEST_F(RunLifeWireTest, ARunThatAModelVersionCameFromIsNotPurged) {
  const v1::Run run = CreateRun("experiments/0");
  v1::CreateModelVersionRequest request;
  request.set_parent("models/m");
  request.mutable_model_version()->set_run(run.name());
  auto* file = request.mutable_model_version()->add_files();
  file->set_path("empty");
  file->mutable_digest()->set_sha256(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const auto version = client_->registry().CreateModelVersion(request);
  ASSERT_THAT(version, IsOk());
  ASSERT_THAT(Delete(run.name()), IsOk());
  const absl::Status refused = Purge(run.name());
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(refused), "RUN_IN_USE");
  EXPECT_THAT(Get(run.name()), IsOk());
}

TEST_F(RunLifeWireTest, APurgedExperimentIsGoneWithItsRuns) {
  const std::string experiment = CreateExperiment("churn");
  for (int i = 0; i < 120; ++i) CreateRun(experiment);
  ASSERT_THAT(DeleteExperiment(experiment), IsOk());
  v1::PurgeExperimentRequest request;
  request.set_name(experiment);
  const auto asked = tracking().PurgeExperiment(request);
  ASSERT_THAT(asked, IsOk());
  const auto done = Wait(asked->name());
  ASSERT_THAT(done, IsOk());
  ASSERT_TRUE(done->has_response()) << done->DebugString();
  EXPECT_EQ(Unpack<v1::PurgeExperimentResponse>(done->response()).purged_run_count(), 120);
  v1::GetExperimentRequest get;
  get.set_name(experiment);
  EXPECT_EQ(ReasonOf(tracking().GetExperiment(get).status()), "EXPERIMENT_NOT_FOUND");
  EXPECT_NE(CreateExperiment("churn"), "");
}

TEST_F(RunLifeWireTest, AnOperationGoesOnAfterAKillAndChangesEachRunOnce) {
  const std::string experiment = CreateExperiment("many");
  constexpr int kRuns = 1200;
  std::vector<std::future<void>> writers;
  for (int w = 0; w < 8; ++w) {
    writers.push_back(std::async(std::launch::async, [&] {
      for (int i = 0; i < kRuns / 8; ++i) CreateRun(experiment);
    }));
  }
  for (auto& writer : writers) writer.get();
  const auto asked = Bulk(experiment, BulkChangeRunsRequest::DELETE);
  ASSERT_THAT(asked, IsOk());
  server_.Kill();
  Start();
  const auto done = Wait(asked->name());
  ASSERT_THAT(done, IsOk());
  ASSERT_TRUE(done->has_response()) << done->DebugString();
  const auto response = Unpack<v1::BulkChangeRunsResponse>(done->response());
  EXPECT_EQ(response.run_count(), kRuns);
  EXPECT_EQ(response.changed_run_count(), kRuns);
  EXPECT_EQ(CountDeleted(experiment), kRuns);
}

TEST_F(RunLifeWireTest, ACancelledOperationKeepsWhatIsDone) {
  const std::string experiment = CreateExperiment("some");
  for (int i = 0; i < 250; ++i) CreateRun(experiment);
  const auto asked = Bulk(experiment, BulkChangeRunsRequest::DELETE);
  ASSERT_THAT(asked, IsOk());
  ASSERT_THAT(Cancel(asked->name()), IsOk());
  const auto done = Wait(asked->name());
  ASSERT_THAT(done, IsOk());
  ASSERT_TRUE(done->done());
  // It may have been quicker than the cancellation; either way the count is exact.
  const auto metadata = Unpack<v1::BulkChangeRunsMetadata>(done->metadata());
  if (!done->has_response()) {
    EXPECT_EQ(done->error().code(), static_cast<int>(absl::StatusCode::kCancelled));
  }
  EXPECT_EQ(CountDeleted(experiment), metadata.changed_run_count());
}

TEST_F(RunLifeWireTest, OperationsAreListedGotAndDeleted) {
  const std::string experiment = CreateExperiment("some");
  CreateRun(experiment);
  std::vector<std::string> names;
  for (const auto change : {BulkChangeRunsRequest::DELETE, BulkChangeRunsRequest::UNDELETE}) {
    const auto asked = Bulk(experiment, change);
    ASSERT_THAT(asked, IsOk());
    ASSERT_TRUE(Wait(asked->name())->done());
    names.push_back(asked->name());
  }
  google::longrunning::ListOperationsRequest list;
  list.set_page_size(1);
  google::longrunning::ListOperationsResponse page;
  grpc::ClientContext first;
  ASSERT_THAT(operations_->ListOperations(&first, list, &page), IsOk());
  ASSERT_EQ(page.operations_size(), 1);
  EXPECT_EQ(page.operations(0).name(), names[0]);
  google::longrunning::DeleteOperationRequest remove;
  remove.set_name(names[0]);
  google::protobuf::Empty empty;
  grpc::ClientContext second;
  ASSERT_THAT(operations_->DeleteOperation(&second, remove, &empty), IsOk());
  google::longrunning::GetOperationRequest get;
  get.set_name(names[0]);
  Operation operation;
  grpc::ClientContext third;
  EXPECT_EQ(ReasonOf(client::FromGrpcStatus(operations_->GetOperation(&third, get, &operation))),
            "OPERATION_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Wait(names[0]).status()), "OPERATION_NOT_FOUND");
  get.set_name("operations");
  grpc::ClientContext fourth;
  EXPECT_EQ(ReasonOf(client::FromGrpcStatus(operations_->GetOperation(&fourth, get, &operation))),
            "NAME_INVALID");
}

TEST_F(RunLifeWireTest, AWaitEndsWithItsTimeAndWithItsCaller) {
  const std::string experiment = CreateExperiment("some");
  CreateRun(experiment);
  const auto asked = Bulk(experiment, BulkChangeRunsRequest::DELETE);
  ASSERT_THAT(asked, IsOk());
  const auto now = Wait(asked->name(), 0);
  ASSERT_THAT(now, IsOk());
  EXPECT_EQ(now->name(), asked->name());
  EXPECT_EQ(ReasonOf(Wait(asked->name(), -1).status()), "VALUE_INVALID");
  EXPECT_EQ(ReasonOf(Wait("operations/none").status()), "OPERATION_NOT_FOUND");
  EXPECT_EQ(server_.Stop(), 0);
}

TEST_F(RunLifeWireTest, ARepeatedRequestDoesNotMakeASecondOperation) {
  const std::string experiment = CreateExperiment("some");
  CreateRun(experiment);
  BulkChangeRunsRequest request;
  request.add_parents(experiment);
  request.set_change(BulkChangeRunsRequest::DELETE);
  request.set_request_id("0b54a1f4-9f0e-4a6c-8f2b-0d1a2b3c4d5e");
  const auto once = tracking().BulkChangeRuns(request);
  const auto twice = tracking().BulkChangeRuns(request);
  ASSERT_THAT(once, IsOk());
  ASSERT_THAT(twice, IsOk());
  EXPECT_EQ(once->name(), twice->name());
}

}  // namespace
}  // namespace cairn
