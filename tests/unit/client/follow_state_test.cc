#include "lib/client/follow_state.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

namespace cairn::client {
namespace {

ChannelHead HeadAt(int64_t epoch) {
  return {epoch, "models/m/versions/" + std::to_string(epoch % 3 + 1), std::to_string(epoch % 3)};
}

TEST(FollowState, BeginsOfflineWithWhatWasKept) {
  FollowState state(HeadAt(4));
  EXPECT_EQ(state.phase(), FollowState::Phase::kOffline);
  EXPECT_EQ(state.shown().epoch, 4);
  EXPECT_FALSE(state.ToFetch());
  state.Told(HeadAt(4));
  EXPECT_EQ(state.phase(), FollowState::Phase::kFollowing);
}

TEST(FollowState, AHeadThatMovedOnWhileItWasFetchedIsNotShown) {
  FollowState state({});
  state.Told(HeadAt(1));
  ASSERT_EQ(state.ToFetch(), HeadAt(1));
  state.Told(HeadAt(2));
  EXPECT_FALSE(state.Fetched(HeadAt(1)));
  EXPECT_EQ(state.ToFetch(), HeadAt(2));
  EXPECT_TRUE(state.Fetched(HeadAt(2)));
  EXPECT_EQ(state.phase(), FollowState::Phase::kFollowing);
}

TEST(FollowState, AnOlderEpochIsNeverFetched) {
  FollowState state(HeadAt(7));
  state.Told(HeadAt(5));
  EXPECT_FALSE(state.ToFetch());
  EXPECT_FALSE(state.Fetched(HeadAt(5)));
  EXPECT_EQ(state.shown(), HeadAt(7));
}

TEST(FollowState, AChannelWithoutAVersionHasNothingToFetch) {
  FollowState state({});
  state.Told({1, "", ""});
  EXPECT_FALSE(state.ToFetch());
}

TEST(FollowState, WhatWasOnItsWayIsNotShownOnceTheChannelServesNothing) {
  FollowState state(HeadAt(1));
  state.Told(HeadAt(2));
  ASSERT_EQ(state.ToFetch(), HeadAt(2));
  state.Told({3, "", ""});
  EXPECT_FALSE(state.ToFetch());
  EXPECT_FALSE(state.Fetched(HeadAt(2)));
  EXPECT_EQ(state.shown(), HeadAt(1));
  EXPECT_EQ(state.phase(), FollowState::Phase::kFollowing);
  // It may come back with an older version, at a newer epoch.
  state.Told(HeadAt(4));
  EXPECT_EQ(state.ToFetch(), HeadAt(4));
}

TEST(FollowState, KnowsFilesThatItHas) {
  const FollowState state(HeadAt(3));
  EXPECT_TRUE(state.HasFilesOf(HeadAt(6)));
  EXPECT_FALSE(state.HasFilesOf(HeadAt(5)));
}

// Heads are told late, twice and out of order, fetches fail or come late: epochs that are shown
// only grow, and when all is told and fetched the newest is shown.
TEST(FollowState, ShownEpochsOnlyGrowAndEndAtTheHead) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    FollowState state(random() % 2 == 0 ? ChannelHead{} : HeadAt(3));
    std::optional<ChannelHead> fetching;
    int64_t shown = state.shown().epoch;
    for (int step = 0; step < 200; ++step) {
      switch (random() % 4) {
        case 0:
          state.Told(HeadAt(static_cast<int64_t>(1 + random() % 20)));
          break;
        case 1:
          state.Lost();
          break;
        case 2:
          if (!fetching) fetching = state.ToFetch();
          break;
        default:
          if (fetching && random() % 3 != 0) {
            const bool show = state.Fetched(*fetching);
            ASSERT_TRUE(!show || fetching->epoch > shown) << "seed " << seed;
            ASSERT_TRUE(!show || state.shown() == *fetching) << "seed " << seed;
          }
          fetching.reset();
      }
      ASSERT_GE(state.shown().epoch, shown) << "seed " << seed;
      shown = state.shown().epoch;
    }
    state.Told(HeadAt(21));
    ASSERT_TRUE(state.Fetched(state.ToFetch().value()));
    ASSERT_EQ(state.shown(), HeadAt(21));
    ASSERT_EQ(state.phase(), FollowState::Phase::kFollowing);
  }
}

}  // namespace
}  // namespace cairn::client
