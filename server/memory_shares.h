#ifndef CAIRN_SERVER_MEMORY_SHARES_H_
#define CAIRN_SERVER_MEMORY_SHARES_H_

#include <cstdint>
#include <string>

namespace cairn {

// What the parts of a server may hold that hold much and can do with less.
//
// Together at most three quarters of the limit: the rest is for the program itself, its threads,
// what each connection and call takes beside its messages, work under way, and what the
// allocator has not given back yet. A limit is kept by these shares, not by counting what
// the process takes. Plain values; the defaults are for a server without a limit.
struct MemoryShares {
  static constexpr int64_t kLeastLimit = int64_t{256} << 20;

  int64_t index_column_bytes = int64_t{900} << 20;  // the run index: beyond it, columns go
  int64_t index_bitmap_bytes = int64_t{32} << 20;   // conditions that it remembers
  int64_t index_order_bytes = int64_t{96} << 20;    // orders that it remembers
  int64_t run_cache_bytes = int64_t{64} << 20;      // whole runs that were read lately
  int64_t commit_cache_bytes = int64_t{16} << 20;   // records that commits looked at lately
  int64_t block_cache_bytes = int64_t{64} << 20;    // blocks of the database
  // What the database has not written to tables yet. A start holds as much as the log has,
  // so the log is kept as short.
  int64_t write_buffer_bytes = int64_t{256} << 20;
  int64_t reply_bytes = int64_t{128} << 20;    // replies that clients have not taken
  int64_t request_bytes = int64_t{192} << 20;  // what gRPC has read of requests
  // Requests that were read and wait for a thread, and those that wait for folding room.
  int64_t waiting_call_bytes = int64_t{96} << 20;
  int64_t folding_room_bytes = int64_t{32} << 20;

  // Those below `limit_bytes`; 0: the defaults. Below kLeastLimit, which no server has, the
  // largest reply does not fit. None is above its
  // default, and none shrinks when the limit grows.
  static MemoryShares For(int64_t limit_bytes);

  int64_t total() const;

  // For the log: "run index 128 MiB, …".
  std::string Describe() const;
};

}  // namespace cairn

#endif  // CAIRN_SERVER_MEMORY_SHARES_H_
