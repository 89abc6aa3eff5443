#include "server/memory_shares.h"

#include <algorithm>

#include "fmt/format.h"

namespace cairn {
namespace {

struct Share {
  int64_t MemoryShares::*bytes;
  int64_t sixty_fourths;  // of the limit; 47 in all
  const char* name;
};

constexpr Share kTable[] = {
    {&MemoryShares::index_column_bytes, 14, "run index"},
    {&MemoryShares::index_bitmap_bytes, 1, "its conditions"},
    {&MemoryShares::index_order_bytes, 2, "its orders"},
    {&MemoryShares::run_cache_bytes, 2, "runs"},
    {&MemoryShares::commit_cache_bytes, 1, "records"},
    {&MemoryShares::block_cache_bytes, 2, "blocks"},
    {&MemoryShares::write_buffer_bytes, 4, "write buffers"},
    {&MemoryShares::reply_bytes, 4, "replies"},
    // gRPC charges to it what connections and calls take besides, and ends calls above it.
    {&MemoryShares::request_bytes, 10, "requests"},
    {&MemoryShares::waiting_call_bytes, 5, "waiting calls"},
    {&MemoryShares::folding_room_bytes, 2, "calls that wait for folding"},
};

}  // namespace

MemoryShares MemoryShares::For(int64_t limit_bytes) {
  MemoryShares shares;
  if (limit_bytes == 0) return shares;
  for (const Share& share : kTable) {
    int64_t& bytes = shares.*share.bytes;
    bytes = std::min(bytes, limit_bytes / 64 * share.sixty_fourths);
  }
  return shares;
}

int64_t MemoryShares::total() const {
  int64_t total = 0;
  for (const Share& share : kTable) total += this->*share.bytes;
  return total;
}

std::string MemoryShares::Describe() const {
  std::string text;
  for (const Share& share : kTable) {
    text +=
        fmt::format("{}{} {} MiB", text.empty() ? "" : ", ", share.name, this->*share.bytes >> 20);
  }
  return text;
}

}  // namespace cairn
