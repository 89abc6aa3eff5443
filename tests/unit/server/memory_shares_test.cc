#include "server/memory_shares.h"

#include "gtest/gtest.h"
#include "server/calls/replies.h"
#include "server/calls/waiting_room.h"
#include "server/core/limits.h"
#include "server/index/run_index.h"
#include "server/storage/rocks_store.h"
#include "server/tracking/run_searcher.h"

namespace cairn {
namespace {

constexpr int64_t kMebi = int64_t{1} << 20;

TEST(MemorySharesTest, WithoutALimitTheyAreWhatThePartsHaveByThemselves) {
  const MemoryShares shares = MemoryShares::For(0);
  const index::RunIndexOptions index;
  EXPECT_EQ(shares.index_column_bytes, static_cast<int64_t>(index.max_column_bytes));
  EXPECT_EQ(shares.index_bitmap_bytes, static_cast<int64_t>(index.max_bitmap_bytes));
  EXPECT_EQ(shares.index_order_bytes, static_cast<int64_t>(index.max_permutation_bytes));
  EXPECT_EQ(shares.run_cache_bytes,
            static_cast<int64_t>(tracking::RunSearcherOptions{}.max_cached_run_bytes));
  const storage::RocksOptions rocks;
  EXPECT_EQ(shares.block_cache_bytes, rocks.block_cache_bytes);
  EXPECT_EQ(shares.write_buffer_bytes, rocks.total_write_buffer_bytes);
  EXPECT_EQ(shares.commit_cache_bytes, rocks.committer.cache_bytes);
  EXPECT_EQ(shares.reply_bytes, calls::RepliesOptions{}.budget_bytes);
  EXPECT_EQ(shares.waiting_call_bytes, limits::kWaitingBytes);
  EXPECT_EQ(shares.folding_room_bytes, calls::WaitingRoomOptions{}.max_bytes);
}

TEST(MemorySharesTest, TogetherTheyLeaveAQuarterOfTheLimit) {
  for (int64_t limit = 64 * kMebi; limit <= 65'536 * kMebi; limit += limit / 7) {
    EXPECT_LE(MemoryShares::For(limit).total(), limit / 4 * 3) << limit;
  }
}

TEST(MemorySharesTest, NoBoundIsLeftAtItsDefaultUnderASmallLimit) {
  const MemoryShares none;
  const MemoryShares shares = MemoryShares::For(MemoryShares::kLeastLimit);
  EXPECT_LT(shares.waiting_call_bytes, none.waiting_call_bytes);
  EXPECT_LT(shares.folding_room_bytes, none.folding_room_bytes);
  // All that is part of it, so that whoever adds a bound adds it to the table.
  const auto* field = reinterpret_cast<const int64_t*>(&shares);
  const auto* default_field = reinterpret_cast<const int64_t*>(&none);
  int64_t sum = 0;
  for (size_t i = 0; i < sizeof(MemoryShares) / sizeof(int64_t); ++i) {
    EXPECT_LT(field[i], default_field[i]) << i;
    sum += field[i];
  }
  EXPECT_EQ(sum, shares.total());
}

TEST(MemorySharesTest, ReplyOfTheLargestMessageFitsUnderTheLeastLimit) {
  const MemoryShares shares = MemoryShares::For(MemoryShares::kLeastLimit);
  // Large replies get three quarters; see calls::Replies.
  EXPECT_GE(shares.reply_bytes / 4 * 3, 4 * kMebi);
  EXPECT_GE(shares.request_bytes, 4 * kMebi);
}

TEST(MemorySharesTest, AGreatLimitIsLikeNone) {
  EXPECT_EQ(MemoryShares::For(int64_t{1} << 40).total(), MemoryShares::For(0).total());
}

TEST(MemorySharesTest, MoreMemoryShrinksNoShare) {
  int64_t last = 0;
  for (int64_t limit = MemoryShares::kLeastLimit; limit < 16384 * kMebi; limit += 128 * kMebi) {
    const int64_t total = MemoryShares::For(limit).total();
    EXPECT_GE(total, last);
    last = total;
  }
}

}  // namespace
}  // namespace cairn
