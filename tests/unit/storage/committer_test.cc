#include "server/storage/committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_open.h"
#include "tests/testing/tally.h"

namespace cairn::storage {
namespace {

// Holds nothing; without room it refuses what frees space and says whether that is to be tried
// later.
class BackendWithoutRoom final : public CommitBackend {
 public:
  std::atomic<bool> has_room{false};
  std::atomic<bool> makes_room{true};
  testing::Tally asked;
  std::atomic<bool> ails_in_background{false};

  std::vector<absl::StatusOr<std::optional<Record>>> ReadLatest(
      const std::vector<const Key*>& keys) override {
    return std::vector<absl::StatusOr<std::optional<Record>>>(keys.size(), std::optional<Record>());
  }
  bool ShouldPostpone(int64_t) override {
    asked.Add();
    return !has_room && makes_room;
  }
  WriteResult Write(const CommitBatch& batch) override {
    if (ails_in_background) return {DiskFull(), true, true};
    if (batch.frees_space && !has_room) return {DiskFull(), true, true};
    return {};
  }
  absl::Status Health() const override {
    return ails_in_background ? absl::ResourceExhaustedError("full") : absl::OkStatus();
  }
  absl::StatusOr<Recovery> Recover(Revision last_revision, bool) override {
    ails_in_background = false;
    return Recovery{last_revision, {}};
  }
};

// What was answered, in that order: "put 1", "delete 1 refused".
class Answers {
 public:
  CommitCallback For(std::string what) {
    return [this, what = std::move(what)](const CommitResult& result) {
      MutexLock lock(&mutex_);
      answered_.push_back(what + (result.ok() ? "" : " refused"));
      arrived_.SignalAll();
    };
  }
  std::vector<std::string> Wait(size_t count) {
    MutexLock lock(&mutex_);
    while (answered_.size() < count) arrived_.Wait(&mutex_);
    return answered_;
  }

 private:
  Mutex mutex_;
  CondVar arrived_;
  std::vector<std::string> answered_ CAIRN_GUARDED_BY(mutex_);
};

class PostponedCommitTest : public ::testing::Test {
 protected:
  void Open(CommitterOptions options = {}) {
    committer_ = std::make_unique<Committer>(backend_, nullptr, 0, options);
  }
  void Put(int64_t i) {
    committer_->Commit(WriteSet().PutRecord(ExperimentKey(i), "x"),
                       answers_.For("put " + std::to_string(i)));
  }
  void Delete(int64_t i) {
    committer_->Commit(WriteSet().Delete(ExperimentKey(i)).FreesSpace(),
                       answers_.For("delete " + std::to_string(i)));
  }

  using Strings = std::vector<std::string>;
  BackendWithoutRoom backend_;
  Answers answers_;
  std::unique_ptr<Committer> committer_;
};

TEST_F(PostponedCommitTest, OthersDoNotWaitBehindADeletionThatWaitsForRoom) {
  Open();
  Delete(1);
  Put(2);
  EXPECT_EQ(answers_.Wait(1), Strings{"put 2"});
  backend_.has_room = true;
  EXPECT_EQ(answers_.Wait(2), (Strings{"put 2", "delete 1"}));
}

TEST_F(PostponedCommitTest, DeletionsStayInTheirOrder) {
  Open();
  Delete(1);
  Put(2);
  answers_.Wait(1);
  Delete(3);
  Put(4);
  answers_.Wait(2);
  backend_.has_room = true;
  EXPECT_EQ(answers_.Wait(4), (Strings{"put 2", "put 4", "delete 1", "delete 3"}));
}

TEST_F(PostponedCommitTest, ADeletionIsRefusedWhenRoomIsNotMadeAnyMore) {
  Open();
  Delete(1);
  backend_.asked.WaitFor(2);
  backend_.makes_room = false;
  EXPECT_EQ(answers_.Wait(1), Strings{"delete 1 refused"});
}

TEST_F(PostponedCommitTest, ADeletionDoesNotWaitForever) {
  CommitterOptions options;
  options.longest_postponement = std::chrono::milliseconds(0);
  Open(options);
  Delete(1);
  EXPECT_EQ(answers_.Wait(1), Strings{"delete 1 refused"});
}

TEST_F(PostponedCommitTest, ClosingAnswersWhatIsPostponed) {
  Open();
  Delete(1);
  Put(2);
  answers_.Wait(1);
  committer_.reset();
  EXPECT_EQ(answers_.Wait(2), (Strings{"put 2", "delete 1 refused"}));
}

TEST_F(PostponedCommitTest, AFlushThatMetAFullDiskCostsNoCommitWhenThereIsRoomAgain) {
  Open();
  backend_.ails_in_background = true;
  Put(1);
  EXPECT_EQ(answers_.Wait(1), Strings{"put 1"});
  backend_.has_room = true;
  backend_.ails_in_background = true;
  Delete(2);
  EXPECT_EQ(answers_.Wait(2), (Strings{"put 1", "delete 2"}));
}

TEST_F(PostponedCommitTest, WhatIsPostponedTakesItsPlacesInTheQueue) {
  CommitterOptions options;
  options.max_queued_sets = 2;
  Open(options);
  for (int64_t i = 0; i < 100; ++i) Delete(i);
  EXPECT_FALSE(answers_.Wait(0).empty()) << "answered at once";
}

}  // namespace
}  // namespace cairn::storage
