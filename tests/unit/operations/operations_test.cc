// Long-running operations: steps that count once, restarts, cancelling, waiting.

#include "server/operations/operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/tracking.pb.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "server/operations/operation_runner.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/snapshot_free_store.h"

namespace cairn::operations {
namespace {

using testing::IsOk;
using v1::PurgeExperimentMetadata;
using v1::PurgeExperimentResponse;

constexpr int64_t kStart = 1'700'000'000 * kNanosPerSecond;

// Counts to `run_count` in the store, one number a step.
class Counting final : public Work {
 public:
  struct Control {
    std::atomic<int> steps{0};
    std::function<void(int64_t count)> before;  // each step
    absl::Status failure;                       // of the step after three
  };
  explicit Counting(Control& control) : control_(control) {}

  std::string metadata_type() const override { return "cairn.v1.PurgeExperimentMetadata"; }

  absl::StatusOr<Step> Next(const storage::Snapshot&, const google::protobuf::Any& any,
                            const std::string& cursor) override {
    PurgeExperimentMetadata metadata;
    any.UnpackTo(&metadata);
    ++control_.steps;
    if (control_.before) control_.before(metadata.purged_run_count());
    if (metadata.purged_run_count() == 3 && !control_.failure.ok()) return control_.failure;
    Step step;
    metadata.set_purged_run_count(metadata.purged_run_count() + 1);
    step.write_set.PutRecord(storage::CounterKey("n" + std::to_string(metadata.purged_run_count())),
                             "");
    step.cursor = cursor + "x";
    if (metadata.purged_run_count() == metadata.run_count()) {
      auto response = std::make_unique<PurgeExperimentResponse>();
      response->set_purged_run_count(metadata.purged_run_count());
      step.response = std::move(response);
    }
    step.metadata = std::make_unique<PurgeExperimentMetadata>(metadata);
    return step;
  }

 private:
  Control& control_;
};

// Is done with one step, of another kind than Counting.
class OneStep final : public Work {
 public:
  explicit OneStep(std::atomic<int>& steps) : steps_(steps) {}

  std::string metadata_type() const override { return "cairn.v1.BulkChangeRunsMetadata"; }

  absl::StatusOr<Step> Next(const storage::Snapshot&, const google::protobuf::Any&,
                            const std::string&) override {
    ++steps_;
    Step step;
    step.metadata = std::make_unique<v1::BulkChangeRunsMetadata>();
    step.response = std::make_unique<v1::BulkChangeRunsResponse>();
    return step;
  }

 private:
  std::atomic<int>& steps_;
};

class OperationsTest : public ::testing::Test {
 protected:
  std::unique_ptr<storage::Snapshot> Now() { return store_->GetSnapshot(); }

  std::string Create(int64_t run_count) {
    PurgeExperimentMetadata metadata;
    metadata.set_run_count(run_count);
    return CreateOf(metadata);
  }

  std::string CreateOf(const google::protobuf::Message& metadata) {
    clock_.AdvanceNanos(kNanosPerSecond);
    storage::Plan plan = PlanCreate(NewOperationId(clock_.NowUnixNanos(), ids_->NewHexId()),
                                    clock_.NowUnixNanos(), metadata);
    std::string name = static_cast<Operation&>(*plan.response).name();
    EXPECT_THAT(store_->CommitAndWait(std::move(plan.write_set)), IsOk());
    return name;
  }

  std::unique_ptr<OperationRunner> Runner() {
    auto runner = std::make_unique<OperationRunner>(*store_, clock_);
    runner->Add(std::make_unique<Counting>(control_));
    return runner;
  }

  Operation Get(const std::string& name) {
    const auto stored = ReadOperation(*Now(), name);
    EXPECT_THAT(stored, IsOk());
    return stored.ok() ? stored->value : Operation();
  }

  Operation Wait(OperationRunner& runner, const std::string& name) {
    std::promise<void> done;
    runner.WhenDone(name, [&done] { done.set_value(); });
    done.get_future().wait();
    return Get(name);
  }

  absl::Status Cancel(const std::string& name) {
    google::longrunning::CancelOperationRequest request;
    request.set_name(name);
    auto plan = PlanCancel(*Now(), request, clock_.NowUnixNanos());
    if (!plan.ok()) return plan.status();
    return plan->nothing_to_write ? absl::OkStatus()
                                  : store_->CommitAndWait(std::move(plan->write_set)).status();
  }

  static PurgeExperimentMetadata MetadataOf(const Operation& operation) {
    PurgeExperimentMetadata metadata;
    EXPECT_TRUE(operation.metadata().UnpackTo(&metadata));
    return metadata;
  }

  // How many numbers the store holds.
  int64_t Counted() {
    int64_t count = 0;
    const auto range = storage::KeyRange::Prefix({storage::Family::kMeta, "\x02"});
    EXPECT_THAT(Now()->Scan(range, storage::ScanOrder::kAscending,
                            [&count](std::string_view, const storage::Record&) {
                              ++count;
                              return true;
                            }),
                IsOk());
    return count;
  }

  std::unique_ptr<storage::KvStore> store_ = storage::MakeMemoryStore();
  std::unique_ptr<IdSource> ids_ = MakeSequentialIds(1);
  ManualClock clock_{kStart};
  Counting::Control control_;
};

TEST_F(OperationsTest, AnOperationRunsToItsResponse) {
  const auto runner = Runner();
  ASSERT_THAT(runner->Start(), IsOk());
  const std::string name = Create(5);
  const Operation done = Wait(*runner, name);
  ASSERT_TRUE(done.done());
  PurgeExperimentResponse response;
  ASSERT_TRUE(done.response().UnpackTo(&response));
  EXPECT_EQ(response.purged_run_count(), 5);
  EXPECT_EQ(Counted(), 5);
  EXPECT_EQ(control_.steps, 5);
  EXPECT_EQ(MetadataOf(done).create_time().seconds(), kStart / kNanosPerSecond + 1);
  EXPECT_TRUE(MetadataOf(done).has_end_time());
}

TEST_F(OperationsTest, NoSnapshotIsHeldWhileACommitIsWaitedFor) {
  storage::SnapshotFreeStore watched(*store_);
  OperationRunner runner(watched, clock_);
  runner.Add(std::make_unique<Counting>(control_));
  const std::string whole = Create(5), failing = Create(9);
  control_.before = [&](int64_t) {
    if (control_.steps > 5) control_.failure = absl::DataLossError("broken");
  };
  ASSERT_THAT(runner.Start(), IsOk());
  EXPECT_TRUE(Wait(runner, whole).has_response());
  EXPECT_TRUE(Wait(runner, failing).has_error());
  EXPECT_EQ(Counted(), 5);
}

TEST_F(OperationsTest, WhatAStopCutShortGoesOnWithTheNextStart) {
  std::promise<void> reached;
  control_.before = [&](int64_t count) {
    if (count == 3) reached.set_value();
  };
  const std::string name = Create(1'000'000'000);  // never gets there
  auto runner = Runner();
  ASSERT_THAT(runner->Start(), IsOk());
  reached.get_future().wait();
  runner = nullptr;
  const Operation half = Get(name);
  ASSERT_FALSE(half.done());
  const int64_t count = MetadataOf(half).purged_run_count();
  EXPECT_GE(count, 3);
  EXPECT_EQ(Counted(), count);
  int64_t first = -1;
  control_.before = [&](int64_t next) {
    if (first < 0) first = next;
    EXPECT_TRUE(next != count + 2 || Cancel(name).ok());
  };
  runner = Runner();
  ASSERT_THAT(runner->Start(), IsOk());
  EXPECT_TRUE(Wait(*runner, name).has_error());
  EXPECT_EQ(first, count);
  EXPECT_EQ(Counted(), count + 2);
}

TEST_F(OperationsTest, ACancelledOneKeepsWhatIsDoneAndTakesNoFurtherStep) {
  std::string name;
  control_.before = [&](int64_t count) {
    // Between the decision on the third step and its commit.
    const bool third = count == 2;
    EXPECT_TRUE(!third || Cancel(name).ok());
  };
  const auto runner = Runner();
  name = Create(100);
  ASSERT_THAT(runner->Start(), IsOk());
  std::promise<void> done;
  runner->WhenDone(name, [&done] { done.set_value(); });
  // The runner notices when its commit fails.
  done.get_future().wait();
  const Operation cancelled = Get(name);
  EXPECT_EQ(cancelled.error().code(), static_cast<int>(absl::StatusCode::kCancelled));
  EXPECT_EQ(MetadataOf(cancelled).purged_run_count(), 2);
  EXPECT_EQ(Counted(), 2);
  EXPECT_THAT(Cancel(name), IsOk());
}

TEST_F(OperationsTest, AnErrorInTheMiddleIsKeptWithWhatIsDone) {
  control_.failure = Error(absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_IN_USE, "in use")
                         .With("run", "r")
                         .ToStatus();
  const auto runner = Runner();
  ASSERT_THAT(runner->Start(), IsOk());
  const std::string name = Create(5);
  const Operation failed = Wait(*runner, name);
  EXPECT_EQ(failed.error().code(), static_cast<int>(absl::StatusCode::kFailedPrecondition));
  ASSERT_EQ(failed.error().details_size(), 1);
  EXPECT_EQ(MetadataOf(failed).purged_run_count(), 3);
  EXPECT_EQ(Counted(), 3);
}

// Kind of fault: one that takes long keeps others waiting that have nothing to do with it.
TEST_F(OperationsTest, AnotherKindRunsBesideOneThatTakesLongAndTheSameKindBehindIt) {
  std::promise<void> open;
  control_.before = [opened = open.get_future().share()](int64_t) { opened.wait(); };
  std::atomic<int> other_steps{0};
  const auto runner = Runner();
  runner->Add(std::make_unique<OneStep>(other_steps));
  ASSERT_TRUE(runner->Start().ok());
  for (int i = 0; i < 2; ++i) Create(1);
  const std::string beside = CreateOf(v1::BulkChangeRunsMetadata());
  std::promise<void> done;
  runner->WhenDone(beside, [&done] { done.set_value(); });
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(other_steps, 1);
  EXPECT_LE(control_.steps, 1) << "two of one kind at a time";
  open.set_value();
}

TEST_F(OperationsTest, OneOfAnUnknownKindFails) {
  storage::Plan plan =
      PlanCreate(NewOperationId(kStart, ids_->NewHexId()), kStart, v1::BulkChangeRunsMetadata());
  const auto name = static_cast<Operation&>(*plan.response).name();
  ASSERT_THAT(store_->CommitAndWait(std::move(plan.write_set)), IsOk());
  const auto runner = Runner();
  ASSERT_THAT(runner->Start(), IsOk());
  EXPECT_EQ(Wait(*runner, name).error().code(), static_cast<int>(absl::StatusCode::kInternal));
}

TEST_F(OperationsTest, WaitsEndWhenTheRunnerStops) {
  control_.before = nullptr;
  auto runner = std::make_unique<OperationRunner>(*store_, clock_);  // never started
  const std::string name = Create(1);
  bool called = false;
  runner->WhenDone(name, [&called] { called = true; });
  bool dropped = false;
  EXPECT_TRUE(runner->StopWaiting(runner->WhenDone(name, [&dropped] { dropped = true; })));
  EXPECT_FALSE(called);
  runner->ReleaseWaits();
  EXPECT_TRUE(called);
  EXPECT_FALSE(dropped);
  bool late = false;
  runner->WhenDone(name, [&late] { late = true; });
  EXPECT_TRUE(late);
}

TEST_F(OperationsTest, TheListIsOldestFirstAndHasPages) {
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.push_back(Create(1));
  google::longrunning::ListOperationsRequest request;
  request.set_name("operations");
  request.set_page_size(2);
  std::vector<std::string> listed;
  do {
    const auto page = ListOperations(*Now(), request);
    ASSERT_THAT(page, IsOk());
    for (const Operation& operation : page->operations()) listed.push_back(operation.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, names);
  request.set_filter("done = true");
  EXPECT_EQ(ReasonOf(ListOperations(*Now(), request).status()), "FILTER_INVALID");
  request.clear_filter();
  request.set_name("runs");
  EXPECT_EQ(ReasonOf(ListOperations(*Now(), request).status()), "NAME_INVALID");
}

TEST_F(OperationsTest, OnlyFinishedOnesAreDeletedAndOldOnesGoByThemselves) {
  const std::string first = Create(1);
  google::longrunning::DeleteOperationRequest request;
  request.set_name(first);
  EXPECT_TRUE(PlanDelete(*Now(), request)->nothing_to_write);
  ASSERT_THAT(Cancel(first), IsOk());
  auto plan = PlanDelete(*Now(), request);
  ASSERT_THAT(plan, IsOk());
  ASSERT_THAT(store_->CommitAndWait(std::move(plan->write_set)), IsOk());
  EXPECT_EQ(ReasonOf(ReadOperation(*Now(), first).status()), "OPERATION_NOT_FOUND");

  const std::string old = Create(1);
  const std::string waiting = Create(1);
  ASSERT_THAT(Cancel(old), IsOk());
  OperationRunner runner(*store_, clock_);
  clock_.AdvanceNanos(OperationRunner::kRetentionNanos);
  ASSERT_THAT(runner.RemoveOld(), IsOk());
  EXPECT_THAT(ReadOperation(*Now(), old), IsOk());
  clock_.AdvanceNanos(1);
  ASSERT_THAT(runner.RemoveOld(), IsOk());
  EXPECT_EQ(ReasonOf(ReadOperation(*Now(), old).status()), "OPERATION_NOT_FOUND");
  EXPECT_THAT(ReadOperation(*Now(), waiting), IsOk());
}

}  // namespace
}  // namespace cairn::operations
