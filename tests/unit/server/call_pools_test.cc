#include "server/calls/call_pools.h"

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "server/calls/waiting_room.h"
#include "tests/testing/status_matchers.h"

namespace cairn::calls {
namespace {

using testing::StatusIs;

const service::Method kMethod;

absl::Status Goes() { return absl::OkStatus(); }

TEST(CallPoolsTest, ABlockedDiskDoesNotDelayWhatComputes) {
  LongCalls calls(10);
  std::promise<void> open;
  std::promise<void> answered;
  std::atomic<int> on_disk{0};
  {
    ThreadPool compute(1, 10);
    ThreadPool disk(1, 10);
    const CallPools pools{compute, disk, calls};
    const auto opened = open.get_future().share();
    for (int i = 0; i < 5; ++i) {
      pools.Run(kMethod, Effort::kIo, 0, Goes, [&on_disk, opened](const absl::Status&) {
        opened.wait();
        ++on_disk;
      });
    }
    pools.Run(kMethod, Effort::kCpu, 0, Goes, [&answered](const absl::Status& status) {
      if (status.ok()) answered.set_value();
    });
    EXPECT_EQ(answered.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
    EXPECT_EQ(on_disk, 0);
    open.set_value();
  }
  EXPECT_EQ(on_disk, 5);
}

TEST(CallPoolsTest, ACallThatEndedWhileItWaitedIsNotBegun) {
  LongCalls calls(10);
  std::atomic<bool> gone{false};
  std::promise<void> open;
  absl::Status heard;
  {
    ThreadPool compute(1, 10);
    ThreadPool disk(1, 10);
    const CallPools pools{compute, disk, calls};
    const auto opened = open.get_future().share();
    pools.Run(kMethod, Effort::kCpu, 0, Goes, [opened](const absl::Status&) { opened.wait(); });
    pools.Run(
        kMethod, Effort::kCpu, 0,
        [&gone] { return gone ? absl::CancelledError("gone") : absl::OkStatus(); },
        [&heard](const absl::Status& status) { heard = status; });
    gone = true;
    open.set_value();
  }
  EXPECT_THAT(heard, StatusIs(absl::StatusCode::kCancelled));
}

TEST(CallPoolsTest, WaitingRequestsHoldOnlySoManyBytesButOneThatIsAlone) {
  LongCalls calls(10, 100);
  std::promise<void> open;
  std::vector<std::string> reasons;
  {
    ThreadPool compute(1, 10);
    ThreadPool disk(1, 10);
    const CallPools pools{compute, disk, calls};
    const auto opened = open.get_future().share();
    pools.Run(kMethod, Effort::kIo, 200, Goes, [opened](const absl::Status&) { opened.wait(); });
    pools.Run(kMethod, Effort::kIo, 1, Goes,
              [&reasons](const absl::Status& status) { reasons.emplace_back(ReasonOf(status)); });
    open.set_value();
  }
  EXPECT_EQ(reasons, std::vector<std::string>{"QUEUE_FULL"});
}

TEST(CallPoolsTest, AMethodWithABoundOfItsOwnHasNoMoreUnderWay) {
  LongCalls calls(10);
  service::Method bounded;
  bounded.index = 1;
  bounded.rule.set_max_in_flight(2);
  std::promise<void> open;
  std::vector<std::string> reasons;
  std::atomic<int> others{0};
  {
    ThreadPool compute(1, 20);
    ThreadPool disk(1, 20);
    const CallPools pools{compute, disk, calls};
    const auto opened = open.get_future().share();
    for (int i = 0; i < 5; ++i) {
      pools.Run(bounded, Effort::kCpu, 0, Goes, [&reasons, opened](const absl::Status& status) {
        if (status.ok()) return opened.wait();
        reasons.emplace_back(ReasonOf(status));
      });
    }
    pools.Run(kMethod, Effort::kCpu, 0, Goes,
              [&others](const absl::Status& status) { others += status.ok() ? 1 : 0; });
    open.set_value();
  }
  EXPECT_EQ(reasons, std::vector<std::string>(3, "QUEUE_FULL"));
  EXPECT_EQ(others, 1);
}

// What one who waits is told, once.
class Told {
 public:
  WaitingRoom::Answer Hears() {
    return [this](const absl::Status& status) { told_.set_value(status); };
  }
  absl::Status Wait() {
    auto told = told_.get_future();
    if (told.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
      return absl::UnknownError("nothing was told");
    }
    return told.get();
  }

 private:
  std::promise<absl::Status> told_;
};

TEST(WaitingRoomTest, ThoseWhoWaitAreLetInInTheirOrderWhenThereIsRoom) {
  std::atomic<bool> full{true};
  std::vector<int> order;
  Told last;
  WaitingRoom room([&full] { return full.load(); }, {});
  EXPECT_TRUE(room.MustWait());
  for (int i = 0; i < 3; ++i) {
    room.Wait(1, Goes, [&order, i](const absl::Status& status) {
      if (status.ok()) order.push_back(i);
    });
  }
  room.Wait(1, Goes, last.Hears());
  EXPECT_EQ(room.waiting(), 4);
  full = false;
  EXPECT_EQ(last.Wait(), absl::OkStatus());
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_FALSE(room.MustWait());
}

TEST(WaitingRoomTest, OneMoreThanFitsIsRefusedAtOnceAndTheOthersWhenTheRoomCloses) {
  Told first;
  Told by_bytes;
  Told by_calls;
  {
    WaitingRoom room([] { return true; }, {.max_calls = 2, .max_bytes = 10});
    room.Wait(9, Goes, first.Hears());
    room.Wait(2, Goes, by_bytes.Hears());
    EXPECT_EQ(ReasonOf(by_bytes.Wait()), "QUEUE_FULL");
    room.Wait(1, Goes, [](const absl::Status&) {});
    room.Wait(0, Goes, by_calls.Hears());
    EXPECT_EQ(ReasonOf(by_calls.Wait()), "QUEUE_FULL");
  }
  EXPECT_EQ(ReasonOf(first.Wait()), "QUEUE_FULL");
}

TEST(WaitingRoomTest, WhoIsGoneLeavesAndWhoWaitedTooLongIsRefused) {
  Told gone;
  WaitingRoom room([] { return true; }, {});
  room.Wait(
      1, [] { return absl::CancelledError("gone"); }, gone.Hears());
  EXPECT_THAT(gone.Wait(), StatusIs(absl::StatusCode::kCancelled));
  Told tired;
  WaitingRoom hasty([] { return true; }, {.patience = std::chrono::milliseconds(1)});
  hasty.Wait(1, Goes, tired.Hears());
  EXPECT_EQ(ReasonOf(tired.Wait()), "QUEUE_FULL");
}

}  // namespace
}  // namespace cairn::calls
