#include "lib/client/parallel_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace cairn::client {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(ParallelCallsTest, EachCallIsMadeOnce) {
  std::vector<std::atomic<int>> made(144);
  const absl::Status status = ParallelCalls(made.size(), 16, [&](size_t i) {
    made[i].fetch_add(1);
    return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
  for (const auto& count : made) EXPECT_EQ(count.load(), 1);
}

TEST(ParallelCallsTest, NothingToDoIsOk) {
  EXPECT_THAT(ParallelCalls(0, 4, [](size_t) { return absl::InternalError("called"); }), IsOk());
}

TEST(ParallelCallsTest, AnErrorStopsWhatHasNotBegun) {
  std::atomic<int> made{0};
  const absl::Status status = ParallelCalls(1000, 1, [&](size_t i) {
    made.fetch_add(1);
    return i == 5 ? absl::AbortedError("five") : absl::OkStatus();
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(made.load(), 6);
}

TEST(ParallelCallsTest, TheErrorWithTheSmallestIndexIsReturned) {
  const absl::Status status =
      ParallelCalls(64, 8, [](size_t i) { return absl::InternalError(std::to_string(i)); });
  EXPECT_EQ(std::string(status.message()), "0");
}

}  // namespace
}  // namespace cairn::client
