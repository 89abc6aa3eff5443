#include "server/storage/mutation.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cairn/internal/storage.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/snapshot_free_store.h"

namespace cairn::storage {
namespace {

using google::protobuf::Message;
using testing::IsOk;
using testing::StatusIs;
using Answer = internal::UploadRecord;  // any message with a number and bytes
using Request = internal::EventRecord;

constexpr char kId[] = "7d444840-9dc0-41d1-b245-5ffdce74fad2";

class MutationTest : public ::testing::Test {
 protected:
  struct Outcome {
    absl::Status status;
    Answer answer;
  };

  // Adds one to a counter; the answer says what it was and, stamped, the revision.
  Planner Increment() {
    return [this](const Snapshot& snapshot) -> absl::StatusOr<Plan> {
      ++plans_;
      const Key key = CounterKey("n");
      const auto record = snapshot.Get(key).value();
      const int64_t old = record ? std::stoll(record->payload) : 0;
      Plan plan;
      plan.write_set.RequireRevision(key, record ? record->mod_revision : 0);
      plan.write_set.PutRecord(key, std::to_string(old + 1));
      auto answer = std::make_unique<Answer>();
      answer->set_size_bytes(old + 1);
      plan.response = std::move(answer);
      return plan;
    };
  }

  static void Stamp(Revision revision, Message& response) {
    static_cast<Answer&>(response).set_pack(revision);
  }

  Outcome Run(const std::string& id, const std::string& request_text, Planner planner,
              const std::string& principal = "p", bool validate_only = false) {
    Request request;
    request.set_resource(request_text);
    Mutex mutex;
    CondVar arrived;
    std::optional<Outcome> outcome;
    mutator_->Run({principal, "S/M", id, validate_only}, request, std::move(planner), Stamp,
                  [&](absl::StatusOr<std::unique_ptr<Message>> result) {
                    MutexLock lock(&mutex);
                    outcome.emplace();
                    outcome->status = result.status();
                    if (result.ok()) outcome->answer.CopyFrom(**result);
                    arrived.Signal();
                  });
    MutexLock lock(&mutex);
    while (!outcome) arrived.Wait(&mutex);
    return *outcome;
  }

  std::unique_ptr<KvStore> store_ = MakeMemoryStore();
  ManualClock clock_{1'000 * kNanosPerSecond};
  ThreadPool pool_{2, 1000};
  std::unique_ptr<Mutator> mutator_ = std::make_unique<Mutator>(*store_, clock_, pool_);
  std::atomic<int> plans_ = 0;
};

TEST_F(MutationTest, AnAnswerIsStampedWithTheRevision) {
  const Outcome outcome = Run("", "r", Increment());
  ASSERT_THAT(outcome.status, IsOk());
  EXPECT_EQ(outcome.answer.size_bytes(), 1);
  EXPECT_EQ(outcome.answer.pack(), 1);
}

TEST_F(MutationTest, NoSnapshotIsHeldWhileACommitIsWaitedFor) {
  SnapshotFreeStore watched(*store_);
  mutator_ = std::make_unique<Mutator>(watched, clock_, pool_);
  EXPECT_THAT(Run(kId, "r", Increment()).status, IsOk());
  EXPECT_THAT(Run("", "r", Increment()).status, IsOk());
}

TEST_F(MutationTest, ARepeatedRequestGetsTheFirstAnswerAndHasOneEffect) {
  const Outcome first = Run(kId, "r", Increment());
  Run("", "r", Increment());
  const Outcome again = Run(kId, "r", Increment());
  ASSERT_THAT(again.status, IsOk());
  EXPECT_EQ(again.answer.SerializeAsString(), first.answer.SerializeAsString());
  EXPECT_EQ(plans_, 2);
}

TEST_F(MutationTest, TheSameIdFromAnotherPrincipalIsAnotherRequest) {
  Run(kId, "r", Increment(), "alice");
  EXPECT_EQ(Run(kId, "r", Increment(), "bob").answer.size_bytes(), 2);
}

TEST_F(MutationTest, TheSameIdWithAnotherRequestIsRefused) {
  Run(kId, "r", Increment());
  const Outcome other = Run(kId, "different", Increment());
  EXPECT_THAT(other.status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_TRUE(HasReason(other.status, ErrorReason::REQUEST_ID_REUSED));
  EXPECT_EQ(MetadataOf(other.status, "requestId"), kId);
}

TEST_F(MutationTest, AfterADayTheIdIsFreeAgain) {
  Run(kId, "r", Increment());
  clock_.AdvanceNanos(Mutator::kRetentionNanos - 1);
  EXPECT_EQ(Run(kId, "r", Increment()).answer.size_bytes(), 1);
  clock_.AdvanceNanos(1);
  EXPECT_EQ(Run(kId, "different", Increment()).answer.size_bytes(), 2);
  EXPECT_EQ(Run(kId, "different", Increment()).answer.size_bytes(), 2);
}

TEST_F(MutationTest, AnIdThatIsNoUuidIsRefused) {
  for (const char* id : {"x", "7d444840-9dc0-11d1-b245-5ffdce74fad2"}) {
    EXPECT_TRUE(HasReason(Run(id, "r", Increment()).status, ErrorReason::REQUEST_ID_INVALID));
  }
}

TEST_F(MutationTest, AnErrorOfThePlanIsTheAnswerAndIsNotKept) {
  const Outcome failed = Run(
      kId, "r", [](const Snapshot&) -> absl::StatusOr<Plan> { return absl::NotFoundError("no"); });
  EXPECT_TRUE(absl::IsNotFound(failed.status));
  EXPECT_THAT(Run(kId, "r", Increment()).status, IsOk());
}

// A plan that writes nothing and answers `size` as it is.
Planner AnswerOnly(int64_t size) {
  return [size](const Snapshot&) -> absl::StatusOr<Plan> {
    auto answer = std::make_unique<Answer>();
    answer->set_size_bytes(size);
    answer->set_pack(77);
    Plan plan;
    plan.response = std::move(answer);
    plan.nothing_to_write = true;
    return plan;
  };
}

TEST_F(MutationTest, NothingToWriteWithoutAnIdWritesNothing) {
  EXPECT_THAT(Run("", "r", AnswerOnly(1)).status, IsOk());
  EXPECT_EQ(store_->GetSnapshot()->revision(), 0);
}

TEST_F(MutationTest, AnAnswerThatWroteNothingIsRememberedLikeOthers) {
  EXPECT_THAT(Run(kId, "r", AnswerOnly(1)).status, IsOk());
  const Outcome repeated = Run(kId, "r", AnswerOnly(2));
  EXPECT_EQ(repeated.answer.size_bytes(), 1);
  EXPECT_EQ(repeated.answer.pack(), 77);  // stamped by nobody, the first time as the second
  EXPECT_EQ(Run(kId, "r", Increment()).answer.size_bytes(), 1);
  EXPECT_TRUE(HasReason(Run(kId, "other", AnswerOnly(1)).status, ErrorReason::REQUEST_ID_REUSED));
}

TEST_F(MutationTest, ARequestThatIsOnlyValidatedChangesNothingAndLeavesItsIdFree) {
  const Outcome checked = Run(kId, "r", Increment(), "p", /*validate_only=*/true);
  EXPECT_THAT(checked.status, IsOk());
  EXPECT_EQ(checked.answer.size_bytes(), 1);
  EXPECT_EQ(store_->GetSnapshot()->revision(), 0);
  EXPECT_TRUE(HasReason(Run("no-uuid", "r", Increment(), "p", /*validate_only=*/true).status,
                        ErrorReason::REQUEST_ID_INVALID));
  EXPECT_EQ(Run(kId, "other", Increment()).answer.size_bytes(), 1);
}

TEST_F(MutationTest, ABrokenPlanIsMadeAnew) {
  int attempts = 0;
  const Outcome outcome = Run("", "r", [&](const Snapshot& snapshot) {
    auto plan = Increment()(snapshot);
    if (++attempts == 1) {  // somebody comes between
      EXPECT_THAT(store_->CommitAndWait(WriteSet().PutRecord(CounterKey("n"), "10")), IsOk());
    }
    return plan;
  });
  EXPECT_EQ(outcome.answer.size_bytes(), 11);
  EXPECT_EQ(attempts, 2);
}

TEST_F(MutationTest, APlanThatIsAlwaysBrokenGivesUp) {
  const Outcome outcome = Run("", "r", [&](const Snapshot&) -> absl::StatusOr<Plan> {
    ++plans_;
    Plan plan;
    plan.write_set.RequireExists(CounterKey("never"));
    plan.response = std::make_unique<Answer>();
    return plan;
  });
  EXPECT_TRUE(HasReason(outcome.status, ErrorReason::COMMIT_CONFLICT));
  EXPECT_EQ(plans_, Mutator::kMaxAttempts);
}

TEST_F(MutationTest, ContentionNamesTheResourceAndNeverAKey) {
  const auto on = [&](const Key& key) {
    return Run("", "r",
               [&](const Snapshot&) -> absl::StatusOr<Plan> {
                 Plan plan;
                 plan.write_set.RequireExists(key);
                 plan.response = std::make_unique<Answer>();
                 return plan;
               })
        .status;
  };
  for (const Key& key : {ChannelKey("m", "production"), DecisionKey("m", "production", "d"),
                         CounterKey("audit:models/m/channels/production")}) {
    const absl::Status status = on(key);
    EXPECT_EQ(MetadataOf(status, "resource"), "models/m/channels/production") << status;
    EXPECT_EQ(MetadataOf(status, "key"), "") << status;
  }
  EXPECT_EQ(MetadataOf(on(PolicyKey("p")), "resource"), "policies/p");
  EXPECT_EQ(MetadataOf(on(ModelVersionKey("m", 3)), "resource"), "models/m/versions/3");
  EXPECT_EQ(MetadataOf(on(CounterKey("n")), "resource"), "");
}

TEST_F(MutationTest, RacingDuplicatesHaveOneEffectAndOneAnswer) {
  std::vector<std::thread> threads;
  std::vector<Outcome> outcomes(8);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    threads.emplace_back([&, i] { outcomes[i] = Run(kId, "r", Increment()); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Outcome& outcome : outcomes) {
    ASSERT_THAT(outcome.status, IsOk());
    EXPECT_EQ(outcome.answer.size_bytes(), 1);
    EXPECT_EQ(outcome.answer.pack(), 1);
  }
}

TEST_F(MutationTest, RacingIncrementsAllCount) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50;) i += Run("", "r", Increment()).status.ok() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Run("", "r", Increment()).answer.size_bytes(), 201);
}

TEST_F(MutationTest, AKeptAnswerThatIsDamagedIsDataLoss) {
  ASSERT_THAT(store_->CommitAndWait(WriteSet().PutRecord(RequestKey("p", "S/M", kId), "\xFF\xFF")),
              IsOk());
  EXPECT_TRUE(HasReason(Run(kId, "r", Increment()).status, ErrorReason::RECORD_CORRUPT));
}

}  // namespace
}  // namespace cairn::storage
