#include "server/memory_shares.h"

#include <algorithm>

#include "fmt/format.h"

namespace cairn {

MemoryShares MemoryShares::For(int64_t limit_bytes) {
  MemoryShares shares;
  if (limit_bytes == 0) return shares;
  const auto limit_to = [limit_bytes](int64_t& share, int64_t sixty_fourths) {
    share = std::min(share, limit_bytes / 64 * sixty_fourths);
  };
  limit_to(shares.index_column_bytes, 14);
  limit_to(shares.index_bitmap_bytes, 1);
  limit_to(shares.index_order_bytes, 2);
  limit_to(shares.run_cache_bytes, 2);
  limit_to(shares.commit_cache_bytes, 1);
  limit_to(shares.block_cache_bytes, 2);
  limit_to(shares.write_buffer_bytes, 4);
  limit_to(shares.reply_bytes, 4);
  // gRPC charges to it what connections and calls take besides, and ends calls above it.
  limit_to(shares.request_bytes, 10);
  return shares;
}

int64_t MemoryShares::total() const {
  return index_column_bytes + index_bitmap_bytes + index_order_bytes + run_cache_bytes +
         commit_cache_bytes + block_cache_bytes + write_buffer_bytes + reply_bytes + request_bytes;
}

std::string MemoryShares::Describe() const {
  const auto mebi = [](int64_t bytes) { return bytes >> 20; };
  return fmt::format(
      "run index {} MiB, its conditions {} and orders {}, runs {}, records {}, blocks {}, write "
      "buffers {}, replies {}, requests {}",
      mebi(index_column_bytes), mebi(index_bitmap_bytes), mebi(index_order_bytes),
      mebi(run_cache_bytes), mebi(commit_cache_bytes), mebi(block_cache_bytes),
      mebi(write_buffer_bytes), mebi(reply_bytes), mebi(request_bytes));
}

}  // namespace cairn
