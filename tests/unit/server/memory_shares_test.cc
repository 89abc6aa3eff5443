#include "server/memory_shares.h"

#include "gtest/gtest.h"
#include "server/index/run_index.h"
#include "server/rpc/replies.h"
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
  EXPECT_EQ(shares.reply_bytes, rpc::RepliesOptions{}.budget_bytes);
}

TEST(MemorySharesTest, TogetherTheyLeaveThreeEighthsOfTheLimit) {
  for (const int64_t limit : {256 * kMebi, 512 * kMebi, 1000 * kMebi, 4096 * kMebi}) {
    EXPECT_LE(MemoryShares::For(limit).total(), limit / 8 * 5) << limit;
  }
}

TEST(MemorySharesTest, ReplyOfTheLargestMessageFitsUnderTheLeastLimit) {
  const MemoryShares shares = MemoryShares::For(MemoryShares::kLeastLimit);
  // Large replies get three quarters; see rpc::Replies.
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
