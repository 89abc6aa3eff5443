#include "server/events/event_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/registry.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "server/storage/event_image.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::events {
namespace {

using storage::Revision;
using storage::WriteSet;
using ::testing::ElementsAre;
using testing::IsOk;

// Waits for one call of a Ready.
class Call {
 public:
  EventFeed::Ready Take() {
    return [this](Revision passed) {
      MutexLock lock(&mutex_);
      passed_ = passed;
      came_.SignalAll();
    };
  }
  Revision Wait() {
    MutexLock lock(&mutex_);
    while (passed_ < 0) came_.Wait(&mutex_);
    return passed_;
  }
  bool came() {
    MutexLock lock(&mutex_);
    return passed_ >= 0;
  }

 private:
  Mutex mutex_;
  CondVar came_;
  Revision passed_ = -1;
};

class EventFeedTest : public ::testing::Test {
 protected:
  static constexpr int64_t kNever = int64_t{1} << 62;

  EventFeedTest() : store_(storage::MakeMemoryStore()) {}

  Revision Commit(const std::string& resource, v1::Event::Kind kind = v1::Event::MODEL_CREATED) {
    return *store_->CommitAndWait(WriteSet().Emit(resource, kind));
  }

  EventFeed& Start(EventFeedOptions options = {}) {
    feed_ = std::make_unique<EventFeed>(*store_, options);
    feed_->Start();
    return *feed_;
  }

  std::vector<std::string> Read(Revision from) {
    std::vector<std::string> seen;
    const auto read = feed_->Read(from, [&seen](const ToldCommit& commit) {
      for (const EncodedEvent& event : commit.events) {
        seen.push_back(std::to_string(commit.revision) + " " + event.resource);
      }
      return true;
    });
    EXPECT_THAT(read, IsOk());
    EXPECT_EQ(*read, feed_->newest());
    return seen;
  }

  const std::unique_ptr<storage::KvStore> store_;
  std::unique_ptr<EventFeed> feed_;
};

TEST_F(EventFeedTest, WhoComesLateReadsTheLogAndThenTheRing) {
  Commit("models/a");
  Commit("models/b");
  Start().Join();
  Commit("models/c");
  EXPECT_THAT(Read(1), ElementsAre("1 models/a", "2 models/b", "3 models/c"));
  EXPECT_THAT(Read(3), ElementsAre("3 models/c"));
  EXPECT_THAT(Read(4), ElementsAre());
  feed_->Leave();
}

TEST_F(EventFeedTest, WhoIsSlowerThanTheRingMissesNothing) {
  EventFeedOptions tiny;
  tiny.ring_bytes = 1;  // one commit
  Start(tiny).Join();
  std::vector<std::string> expected;
  for (int i = 1; i <= 50; ++i) {
    expected.push_back(std::to_string(i) + " models/m" + std::to_string(i));
    Commit("models/m" + std::to_string(i));
  }
  EXPECT_EQ(Read(1), expected);
  feed_->Leave();
}

TEST_F(EventFeedTest, AReaderThatStopsGoesOnWhereItStopped) {
  Start().Join();
  for (int i = 0; i < 5; ++i) Commit("models/m");
  Revision from = 1;
  std::vector<Revision> seen;
  while (from <= 5) {
    const auto read = feed_->Read(from, [&seen](const ToldCommit& commit) {
      seen.push_back(commit.revision);
      return false;
    });
    ASSERT_THAT(read, IsOk());
    from = *read + 1;
  }
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5));
  feed_->Leave();
}

TEST_F(EventFeedTest, EventsThatAreGoneAreToldOf) {
  for (int i = 0; i < 4; ++i) Commit("models/m");
  ASSERT_THAT(store_->CommitAndWait(WriteSet().TrimEventsBefore(3)), IsOk());
  Start().Join();
  const auto read = feed_->Read(1, [](const ToldCommit&) { return true; });
  EXPECT_TRUE(HasReason(read.status(), ErrorReason::EVENTS_COMPACTED));
  EXPECT_EQ(MetadataOf(read.status(), "oldestRevision"), "3");
  EXPECT_THAT(Read(3), ElementsAre("3 models/m", "4 models/m"));
  feed_->Leave();
}

TEST_F(EventFeedTest, AWaitEndsWithWhatPassesItsFilterOnly) {
  Start().Join();
  EventFilter filter;
  filter.resources = {"models/b"};
  Call call;
  feed_->WhenTold(1, filter, kNever, call.Take());
  Commit("models/a");
  Commit("models/bb");
  EXPECT_FALSE(call.came());
  const Revision at = Commit("models/b/versions/1");
  EXPECT_LT(call.Wait(), at);
  feed_->Leave();
}

TEST_F(EventFeedTest, AWaitEndsAtItsDeadlineAndSaysWhatItPassed) {
  ManualClock clock(0);
  EventFeedOptions options;
  options.forward = &clock;
  Start(options).Join();
  EventFilter nothing;
  nothing.kinds = {v1::Event::ALIAS_SET};
  Call late;
  feed_->WhenTold(1, nothing, 100, late.Take());
  const Revision passed = Commit("models/a");
  clock.AdvanceNanos(100);
  EXPECT_EQ(late.Wait(), passed);
  feed_->Leave();
}

TEST_F(EventFeedTest, AForgottenWaitIsNotCalled) {
  Start().Join();
  const EventFilter all;
  Call forgotten;
  Call heard;
  const int64_t wait = feed_->WhenTold(1, all, kNever, forgotten.Take());
  feed_->WhenTold(1, all, kNever, heard.Take());
  feed_->Forget(wait);
  Commit("models/a");
  heard.Wait();
  EXPECT_FALSE(forgotten.came());
  feed_->Leave();
}

TEST_F(EventFeedTest, ClosingEndsAllWaitsAndTheLaterOnesAtOnce) {
  Start().Join();
  const EventFilter all;
  Call before;
  Call after;
  feed_->WhenTold(1, all, kNever, before.Take());
  feed_->Close();
  before.Wait();
  EXPECT_TRUE(feed_->closed());
  feed_->WhenTold(1, all, kNever, after.Take());
  EXPECT_TRUE(after.came());
  feed_->Leave();
}

// Followers of different speed see every commit once and in order, whatever is committed meanwhile.
TEST_F(EventFeedTest, EveryFollowerSeesEachCommitOnceInOrder) {
  EventFeedOptions small;
  small.ring_bytes = 4096;
  Start(small);
  constexpr Revision kCommits = 2000;
  std::vector<std::thread> followers;
  for (int f = 0; f < 4; ++f) {
    followers.emplace_back([this, f] {
      feed_->Join();
      std::mt19937_64 random(static_cast<uint64_t>(f));
      const EventFilter all;
      Revision next = 1;
      while (next <= kCommits) {
        int64_t most = 1 + static_cast<int64_t>(random() % 100);
        const auto read = feed_->Read(next, [&](const ToldCommit& commit) {
          EXPECT_EQ(commit.revision, next);
          next = commit.revision + 1;
          return --most > 0;
        });
        ASSERT_THAT(read, IsOk());
        if (next > kCommits || most <= 0) continue;
        Call call;
        feed_->WhenTold(next, all, kNever, call.Take());
        call.Wait();
      }
      feed_->Leave();
    });
  }
  for (Revision r = 1; r <= kCommits; ++r) {
    store_->Commit(WriteSet().Emit("models/m", v1::Event::MODEL_CREATED), [](const auto&) {});
  }
  for (std::thread& follower : followers) follower.join();
}

TEST(EncodedEvent, HasTheRevisionTheImageAndItsEtag) {
  v1::Alias alias;
  alias.set_name("models/m/aliases/a");
  alias.set_version(2);
  storage::Event event{alias.name(), v1::Event::ALIAS_SET, storage::ImageOf(alias), "ada",
                       1'500'000'000};
  v1::Event told;
  ASSERT_TRUE(told.ParseFromString(EncodeEvent(36, event).bytes));
  EXPECT_EQ(told.revision(), 36);
  EXPECT_EQ(told.kind(), v1::Event::ALIAS_SET);
  EXPECT_EQ(told.resource(), alias.name());
  EXPECT_EQ(told.principal(), "ada");
  EXPECT_EQ(told.commit_time().seconds(), 1);
  EXPECT_EQ(told.alias().version(), 2);
  EXPECT_EQ(told.alias().etag(), "\"10\"");
}

TEST(EventFilterTest, APrefixEndsWithASegment) {
  EXPECT_TRUE(IsAtOrBelow("models/m", "models/m"));
  EXPECT_TRUE(IsAtOrBelow("models/m/versions/3", "models/m"));
  EXPECT_TRUE(IsAtOrBelow("models/m", "models"));
  EXPECT_FALSE(IsAtOrBelow("models/m2", "models/m"));
  EXPECT_FALSE(IsAtOrBelow("models", "models/m"));
}

TEST(EventFilterTest, KindResourceAndPermissionMustAllAgree) {
  EventFilter filter;
  EXPECT_TRUE(filter.Passes("models/m", v1::Event::MODEL_CREATED));
  filter.kinds = {v1::Event::ALIAS_SET};
  EXPECT_FALSE(filter.Passes("models/m", v1::Event::MODEL_CREATED));
  EXPECT_TRUE(filter.Passes("models/m", v1::Event::ALIAS_SET));
  filter.resources = {"experiments"};
  EXPECT_FALSE(filter.Passes("models/m", v1::Event::ALIAS_SET));
  filter.resources.push_back("models");
  EXPECT_TRUE(filter.Passes("models/m", v1::Event::ALIAS_SET));
  filter.may_read = [](std::string_view resource) { return resource == "models/n"; };
  EXPECT_FALSE(filter.Passes("models/m", v1::Event::ALIAS_SET));
}

}  // namespace
}  // namespace cairn::events
