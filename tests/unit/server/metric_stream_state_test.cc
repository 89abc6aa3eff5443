// What a stream of metric batches reads, acknowledges and waits for: decisions without a stream.

#include "server/calls/metric_stream_state.h"

#include <gtest/gtest.h>

#include <string>

namespace cairn::calls {
namespace {

using State = MetricStreamState;

// What is next, as letters: r(ead), a(cknowledge) with its number and points, e(nd) with its code.
std::string Next(State& state) {
  const State::Next next = state.TakeNext();
  std::string said;
  if (next.acknowledge.has_value()) {
    said += "a" + std::to_string(next.acknowledge->acknowledged_batch_number()) + "/" +
            std::to_string(next.acknowledge->point_count());
  }
  if (next.read) said += "r";
  if (next.end.has_value()) said += "e" + std::to_string(next.end->raw_code());
  return said;
}

// Takes a message in and hands its batch on.
void Take(State& state, size_t bytes = 1) {
  EXPECT_TRUE(state.Received(true));
  state.Began(bytes);
  state.Handled(absl::OkStatus());
}

void Store(State& state, int64_t number, size_t bytes = 1) {
  state.Stored(number, /*points=*/10, bytes, absl::OkStatus());
}

const absl::Status kGone = absl::CancelledError("gone");
const absl::Status kBad = absl::InvalidArgumentError("bad");
constexpr const char* kEndsWell = "e0";
constexpr const char* kEndsGone = "e1";
constexpr const char* kEndsBad = "e3";

TEST(MetricStreamStateTest, TheNextIsReadWhileTheOneBeforeIsBeingStored) {
  State state;
  EXPECT_EQ(Next(state), "r");
  EXPECT_EQ(Next(state), "") << "one read at a time";
  Take(state);
  EXPECT_EQ(Next(state), "r");
}

TEST(MetricStreamStateTest, OneAcknowledgementIsWrittenAtATimeAndNamesTheNewest) {
  State state;
  for (int i = 0; i < 3; ++i) {
    Next(state);
    Take(state);
  }
  Store(state, 1);
  EXPECT_EQ(Next(state), "a1/10r");
  Store(state, 2);
  Store(state, 3);
  EXPECT_EQ(Next(state), "");
  state.Written(absl::OkStatus());
  EXPECT_EQ(Next(state), "a3/30");
}

TEST(MetricStreamStateTest, NothingIsReadWhileTooManyBatchesAreUnderWay) {
  State state;
  for (int i = 0; i < State::kMaxBatches; ++i) {
    EXPECT_EQ(Next(state), "r");
    Take(state);
  }
  EXPECT_EQ(Next(state), "");
  Store(state, 1);
  EXPECT_EQ(Next(state), "a1/10r");
}

TEST(MetricStreamStateTest, NothingIsReadWhileTooManyBytesAreUnderWay) {
  State state;
  Next(state);
  Take(state, State::kMaxBytes);
  EXPECT_EQ(Next(state), "");
  Store(state, 1, State::kMaxBytes);
  EXPECT_EQ(Next(state), "a1/10r");
}

TEST(MetricStreamStateTest, AStreamThatHasReadAllEndsWhenAllIsStoredAndAcknowledged) {
  State state;
  Next(state);
  Take(state);
  Next(state);
  EXPECT_FALSE(state.Received(false));
  EXPECT_EQ(Next(state), "") << "a batch is under way";
  Store(state, 1);
  EXPECT_EQ(Next(state), "a1/10") << "the acknowledgement is under way";
  state.Written(absl::OkStatus());
  EXPECT_EQ(Next(state), kEndsWell);
  EXPECT_EQ(Next(state), "") << "ends once";
}

TEST(MetricStreamStateTest, WhatIsStoredBeforeABadMessageIsAcknowledgedBeforeTheEnd) {
  State state;
  Next(state);
  Take(state);
  Next(state);
  EXPECT_TRUE(state.Received(true));
  state.Handled(kBad);
  EXPECT_EQ(Next(state), "");
  Store(state, 1);
  EXPECT_EQ(Next(state), "a1/10");
  state.Written(absl::OkStatus());
  EXPECT_EQ(Next(state), kEndsBad);
}

TEST(MetricStreamStateTest, NothingIsAcknowledgedBehindABatchThatWasNotStored) {
  State state;
  for (int i = 0; i < 2; ++i) {
    Next(state);
    Take(state);
  }
  state.Stored(1, 10, 1, kBad);
  EXPECT_EQ(Next(state), "");
  Store(state, 2);
  EXPECT_EQ(Next(state), kEndsBad);
}

TEST(MetricStreamStateTest, AReadThatIsUnderWayDoesNotKeepAStreamThatFailed) {
  State state;
  EXPECT_EQ(Next(state), "r");
  state.Fail(kGone);
  EXPECT_EQ(Next(state), kEndsGone);
  EXPECT_FALSE(state.Received(true)) << "comes too late";
  EXPECT_EQ(Next(state), "");
}

TEST(MetricStreamStateTest, WhatIsBeingHandledKeepsAStreamThatFailed) {
  State state;
  Next(state);
  EXPECT_TRUE(state.Received(true));
  state.Fail(kGone);
  EXPECT_EQ(Next(state), "");
  state.Handled(absl::OkStatus());
  EXPECT_EQ(Next(state), kEndsGone);
}

TEST(MetricStreamStateTest, TheFirstFailureIsTheOneThatIsTold) {
  State state;
  Next(state);
  state.Fail(kBad);
  state.Fail(kGone);
  EXPECT_EQ(Next(state), kEndsBad);
}

TEST(MetricStreamStateTest, NothingIsReadBeforeRoomCame) {
  State state;
  Next(state);
  EXPECT_TRUE(state.Received(true));
  EXPECT_TRUE(state.WaitForRoom());
  state.SetRoomTicket(7);
  state.Handled(absl::OkStatus());
  EXPECT_EQ(Next(state), "");
  EXPECT_EQ(state.TakeUselessTicket(), std::nullopt) << "it is of use";
  state.RoomCame();
  EXPECT_EQ(Next(state), "r");
}

TEST(MetricStreamStateTest, AStreamThatFailsWhileItWaitsGivesItsTicketBackOnce) {
  State state;
  Next(state);
  EXPECT_TRUE(state.Received(true));
  EXPECT_TRUE(state.WaitForRoom());
  state.SetRoomTicket(7);
  state.Handled(absl::OkStatus());
  state.Fail(kGone);
  EXPECT_EQ(state.TakeUselessTicket(), 7u);
  EXPECT_EQ(state.TakeUselessTicket(), std::nullopt);
  EXPECT_EQ(Next(state), "") << "whoever was too late to take it back is called";
  state.RoomCame();
  EXPECT_EQ(Next(state), kEndsGone);
}

TEST(MetricStreamStateTest, RoomMayComeBeforeTheTicketIsKnown) {
  State state;
  Next(state);
  EXPECT_TRUE(state.Received(true));
  EXPECT_TRUE(state.WaitForRoom());
  state.RoomCame();
  state.SetRoomTicket(7);
  state.Handled(absl::OkStatus());
  EXPECT_EQ(Next(state), "r");
}

TEST(MetricStreamStateTest, WhoFailedDoesNotBeginToWait) {
  State state;
  Next(state);
  EXPECT_TRUE(state.Received(true));
  state.Fail(kGone);
  EXPECT_FALSE(state.WaitForRoom());
}

}  // namespace
}  // namespace cairn::calls
