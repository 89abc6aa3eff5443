// Leases: who is heard of lives, who is silent for too long is ended, and of two at once
// only one wins.

#include "server/tracking/run_leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "server/tracking/run_lease_keeper.h"
#include "server/tracking/run_searcher.h"
#include "server/tracking/run_update.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"
#include "tests/unit/storage/forwarding_store.h"
#include "tests/unit/storage/snapshot_free_store.h"

namespace cairn::tracking {
namespace {

using absl::StatusCode;
using testing::IsOk;

constexpr int64_t kSecond = kNanosPerSecond;

std::string Silent(RunLeases& leases, int64_t now) {
  std::string ids;
  for (const SilentRun& run : leases.TakeSilent(now, 100)) {
    ids += run.run_id + "@" + std::to_string(run.heard_nanos) + " ";
  }
  return ids;
}

TEST(RunLeasesTest, OnlyTheSilentAreTakenAndOnlyOnce) {
  RunLeases leases;
  EXPECT_FALSE(leases.NextDue().has_value());
  leases.Begin("a", 10, 0);
  leases.Begin("b", 10, 0);
  leases.Begin("c", 100, 0);
  EXPECT_EQ(leases.NextDue(), 10);
  EXPECT_FALSE(leases.Renew("b", 5));
  EXPECT_EQ(Silent(leases, 9), "");
  EXPECT_EQ(Silent(leases, 10), "a@0 ");
  EXPECT_EQ(Silent(leases, 14), "");
  EXPECT_EQ(Silent(leases, 15), "b@5 ");
  EXPECT_TRUE(leases.Renew("a", 16));
  leases.Keep("a", 16);
  EXPECT_FALSE(leases.Renew("a", 17));
  leases.Forget("b");
  EXPECT_EQ(Silent(leases, 26), "");
  EXPECT_EQ(Silent(leases, 27), "a@17 ");
  leases.Forget("a");
  EXPECT_EQ(leases.size(), 1u);
  EXPECT_FALSE(leases.Renew("a", 30));
}

TEST(RunLeasesTest, ALeaseThatBeginsAgainReplacesTheOldOne) {
  RunLeases leases;
  leases.Begin("a", 10, 0);
  leases.Begin("a", 100, 5);
  EXPECT_EQ(Silent(leases, 104), "");
  leases.Begin("a", 10, 104);
  EXPECT_EQ(leases.NextDue(), 114);
  EXPECT_EQ(Silent(leases, 114), "a@104 ");
  leases.Begin("a", 10, 115);
  EXPECT_FALSE(leases.Renew("a", 116));
}

TEST(RunLeasesTest, OneThatIsKeptWaitsForTheTimeItWasTold) {
  RunLeases leases;
  leases.Begin("a", 10, 0);
  EXPECT_EQ(Silent(leases, 10), "a@0 ");
  leases.Keep("a", 50);
  EXPECT_EQ(Silent(leases, 49), "");
  EXPECT_EQ(Silent(leases, 50), "a@0 ");
}

class RunLeaseKeeperTest : public UseCaseTest {
 protected:
  RunLeaseKeeperTest() {
    RunSearcherOptions options;
    options.tick_nanos = 0;
    searcher_ = std::make_unique<RunSearcher>(*store_, options);
    EXPECT_THAT(searcher_->Load(), IsOk());
    Restart();
  }

  // As after a start of the server: what was known of runs is forgotten.
  void Restart(int64_t default_lease_seconds = 0) {
    keeper_ = std::make_unique<RunLeaseKeeper>(
        watched_, *searcher_, RunLeaseOptions{default_lease_seconds * kSecond, &clock_, &forward_});
    EXPECT_THAT(keeper_->BeginAll(), IsOk());
  }

  void Pass(int64_t seconds) {
    clock_.AdvanceNanos(seconds * kSecond);
    forward_.AdvanceNanos(seconds * kSecond);
  }

  v1::Run RunWithLease(int64_t seconds) {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    request.mutable_run()->mutable_lease_duration()->set_seconds(seconds);
    const auto run = Apply<v1::Run>(PlanCreateRun(*Now(), request, Facts()));
    EXPECT_TRUE(run.ok()) << run.status();
    return *run;
  }

  absl::StatusOr<v1::HeartbeatRunResponse> Heartbeat(const std::string& run) {
    v1::HeartbeatRunRequest request;
    request.set_name(run);
    return Apply<v1::HeartbeatRunResponse>(keeper_->PlanHeartbeat(*Now(), request));
  }

  v1::Run Sweep(const v1::Run& run) {
    EXPECT_THAT(keeper_->Sweep(), IsOk());
    return GetRun(run.name());
  }

  ManualClock clock_{kStart};
  ManualClock forward_{kSecond};
  storage::SnapshotFreeStore watched_{*store_};
  std::unique_ptr<RunSearcher> searcher_;
  std::unique_ptr<RunLeaseKeeper> keeper_;
};

TEST_F(RunLeaseKeeperTest, ASilentRunIsKilledAtTheTimeItWasHeardOfLast) {
  const v1::Run run = RunWithLease(60);
  Pass(30);
  keeper_->Logged(run.uid());
  Pass(59);
  EXPECT_EQ(Sweep(run).state(), v1::Run::RUNNING);
  Pass(1);
  const v1::Run killed = Sweep(run);
  EXPECT_EQ(killed.state(), v1::Run::KILLED);
  EXPECT_EQ(killed.state_message(), "silent for 60 s");
  EXPECT_EQ(ToUnixNanos(killed.end_time()), kStart + 30 * kSecond);
  EXPECT_EQ(keeper_->size(), 0u);
  ExpectError(Heartbeat(run.name()).status(), StatusCode::kFailedPrecondition, "RUN_ENDED");
}

TEST_F(RunLeaseKeeperTest, HeartbeatsKeepARunAliveAndTellItsLease) {
  const v1::Run run = RunWithLease(60);
  for (int i = 0; i < 5; ++i) {
    Pass(50);
    const storage::Revision before = Revision();
    const auto answer = Heartbeat(run.name());
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->lease_duration().seconds(), 60);
    EXPECT_EQ(Revision(), before);
    EXPECT_EQ(Sweep(run).state(), v1::Run::RUNNING);
  }
  const v1::Run forever = CreateRun();
  EXPECT_FALSE(Heartbeat(forever.name())->has_lease_duration());
}

TEST_F(RunLeaseKeeperTest, AJumpOfTheMachinesClockEndsNoRun) {
  const v1::Run run = RunWithLease(60);
  clock_.AdvanceNanos(int64_t{86'400} * kSecond);
  EXPECT_EQ(Sweep(run).state(), v1::Run::RUNNING);
}

TEST_F(RunLeaseKeeperTest, AClockThatWasSetBackEndsNoRunBeforeItsStart) {
  for (const int64_t back : {int64_t{3600}, int64_t{25} * 3600, int64_t{10} * 365 * 24 * 3600}) {
    const v1::Run run = RunWithLease(60);
    clock_.AdvanceNanos(-back * kSecond);
    Pass(61);
    const v1::Run killed = Sweep(run);
    clock_.AdvanceNanos(back * kSecond);
    EXPECT_EQ(killed.state(), v1::Run::KILLED);
    EXPECT_EQ(ToUnixNanos(killed.end_time()), ToUnixNanos(run.start_time()));
    EXPECT_NE(killed.state_message().find("silent for 61 s; ended at "), std::string::npos)
        << killed.state_message();
    EXPECT_NE(killed.state_message().find("by the server's clock, before its start"),
              std::string::npos)
        << killed.state_message();
  }
}

// A store in which something happens right before a commit.
class HookedStore final : public storage::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  void Commit(storage::WriteSet write_set, storage::CommitCallback done) override {
    if (auto hook = std::exchange(before_commit, nullptr)) hook();
    ForwardingStore::Commit(std::move(write_set), std::move(done));
  }

  std::function<void()> before_commit;
};

TEST_F(RunLeaseKeeperTest, ACheckedHeartbeatTellsTheLeaseAndRenewsNothing) {
  const v1::Run run = RunWithLease(60);
  Pass(50);
  v1::HeartbeatRunRequest request;
  request.set_name(run.name());
  request.set_validate_only(true);
  const auto answer = Apply<v1::HeartbeatRunResponse>(keeper_->PlanHeartbeat(*Now(), request));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->lease_duration().seconds(), 60);
  Pass(20);
  EXPECT_EQ(Sweep(run).state(), v1::Run::KILLED);
}

TEST_F(RunLeaseKeeperTest, AHeartbeatThatComesBeforeTheEndIsCommittedWins) {
  HookedStore store(*store_);
  keeper_ =
      std::make_unique<RunLeaseKeeper>(store, *searcher_, RunLeaseOptions{0, &clock_, &forward_});
  const v1::Run run = RunWithLease(60);
  Pass(60);
  bool heard = false;
  store.before_commit = [&] { heard = Heartbeat(run.name()).ok(); };
  EXPECT_EQ(Sweep(run).state(), v1::Run::RUNNING);
  EXPECT_TRUE(heard);
  Pass(59);
  EXPECT_EQ(Sweep(run).state(), v1::Run::RUNNING);
  Pass(1);
  EXPECT_EQ(Sweep(run).state(), v1::Run::KILLED);
}

TEST_F(RunLeaseKeeperTest, AHeartbeatThatIsTooLateLearnsThatTheRunEnded) {
  HookedStore store(*store_);
  keeper_ =
      std::make_unique<RunLeaseKeeper>(store, *searcher_, RunLeaseOptions{0, &clock_, &forward_});
  const v1::Run run = RunWithLease(60);
  Pass(60);
  v1::HeartbeatRunRequest request;
  request.set_name(run.name());
  absl::StatusOr<storage::Plan> planned = absl::UnknownError("not planned");
  store.before_commit = [&] { planned = keeper_->PlanHeartbeat(*Now(), request); };
  EXPECT_EQ(Sweep(run).state(), v1::Run::KILLED);
  ExpectError(Apply<v1::HeartbeatRunResponse>(std::move(planned)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
  ExpectError(Heartbeat(run.name()).status(), StatusCode::kFailedPrecondition, "RUN_ENDED");
}

TEST_F(RunLeaseKeeperTest, AStateThatWasSetMeanwhileIsRespected) {
  const v1::Run run = RunWithLease(60);
  v1::FinishRunRequest finish;
  finish.set_name(run.name());
  finish.set_state(v1::Run::FAILED);
  ASSERT_TRUE(Apply<v1::Run>(PlanFinishRun(*Now(), finish, Facts())).ok());
  Pass(100);
  EXPECT_EQ(Sweep(run).state(), v1::Run::FAILED);
  EXPECT_EQ(keeper_->size(), 0u);
}

TEST_F(RunLeaseKeeperTest, LeasesFollowTheCommits) {
  const v1::Run run = RunWithLease(60);
  v1::FinishRunRequest finish;
  finish.set_name(run.name());
  const auto finished = Apply<v1::Run>(PlanFinishRun(*Now(), finish, Facts()));
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(keeper_->size(), 0u);
  v1::ResumeRunRequest resume;
  resume.set_name(run.name());
  ASSERT_TRUE(Apply<v1::Run>(PlanResumeRun(*Now(), resume)).ok());
  EXPECT_EQ(keeper_->size(), 1u);
  Pass(60);
  EXPECT_EQ(Sweep(run).state(), v1::Run::KILLED);
}

// Its event holds only its digest.
TEST_F(RunLeaseKeeperTest, ARunThatIsTooLargeForItsEventHasItsOwnLease) {
  v1::CreateRunRequest request;
  request.set_parent("experiments/0");
  request.mutable_run()->mutable_lease_duration()->set_seconds(60);
  for (int i = 0; i < 100; ++i) {
    (*request.mutable_run()->mutable_params())["p" + std::to_string(i)] = std::string(1000, 'x');
  }
  const auto run = Apply<v1::Run>(PlanCreateRun(*Now(), request, Facts()));
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(keeper_->size(), 1u);
  Pass(59);
  EXPECT_EQ(Sweep(*run).state(), v1::Run::RUNNING);
  Pass(1);
  EXPECT_EQ(Sweep(*run).state(), v1::Run::KILLED);
}

TEST_F(RunLeaseKeeperTest, AfterARestartTheLeasesOfRunningRunsBeginAnew) {
  const v1::Run run = RunWithLease(60);
  const v1::Run by_default = CreateRun();
  const v1::Run never = RunWithLease(0);
  Pass(59);
  Restart(/*default_lease_seconds=*/100);
  EXPECT_EQ(keeper_->size(), 2u);
  Pass(59);
  EXPECT_EQ(Sweep(run).state(), v1::Run::RUNNING);
  Pass(1);
  EXPECT_EQ(Sweep(run).state(), v1::Run::KILLED);
  EXPECT_EQ(Sweep(by_default).state(), v1::Run::RUNNING);
  Pass(40);
  EXPECT_EQ(Sweep(by_default).state(), v1::Run::KILLED);
  Pass(100'000);
  EXPECT_EQ(Sweep(never).state(), v1::Run::RUNNING);
}

TEST_F(RunLeaseKeeperTest, MetricsOfAKilledRunAreStillStored) {
  const v1::Run run = RunWithLease(1);
  Pass(1);
  ASSERT_EQ(Sweep(run).state(), v1::Run::KILLED);
  v1::LogBatchRequest batch;
  batch.set_run(run.name());
  auto* columns = batch.add_metrics();
  columns->set_key("loss");
  columns->add_steps(1);
  columns->add_values(0.5);
  EXPECT_THAT(Apply<v1::LogBatchResponse>(PlanLogBatch(*Now(), batch, Facts())), IsOk());
  EXPECT_EQ(GetRun(run.name()).metrics_size(), 1);
}

}  // namespace
}  // namespace cairn::tracking
