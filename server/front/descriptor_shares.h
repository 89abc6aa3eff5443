#ifndef CAIRN_SERVER_FRONT_DESCRIPTOR_SHARES_H_
#define CAIRN_SERVER_FRONT_DESCRIPTOR_SHARES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace cairn::front {

// How the descriptors that the process may open are shared out among those who hold many. Made
// once at the start; each part keeps to its share by itself, so that none takes what another
// needs to go on. Plain values.
//
// Three quarters or so are for connections to the gRPC port. The reserve is for what everybody
// needs a few of: the store's log and what a compaction writes, checkpoints, packs that are
// read on after they left the cache, listening sockets, epoll and eventfd.
struct DescriptorShares {
  // With fewer nothing could be served beside what the process itself has open.
  static constexpr int64_t kLeastLimit = 128;
  // A store with so many files has a terabyte: from here on it may keep all of them open.
  static constexpr int64_t kAllStoreFiles = 16'384;

  int64_t limit = 0;
  int64_t grpc_connections = 0;  // at most 65,536
  // Those that are served; as many again may be open to be told that there are too many.
  int64_t http_connections = 0;
  int64_t store_files = 0;  // of RocksDB; kAllStoreFiles or more: no bound is needed
  int64_t pack_readers = 0;
  int64_t uploads = 0;  // each has one file open
  int64_t reserve = 0;

  // FAILED_PRECONDITION (CONFIG_INVALID) below kLeastLimit. Pure.
  static absl::StatusOr<DescriptorShares> Of(int64_t limit);

  // All of them together; not above the limit.
  int64_t total() const;

  // "144 gRPC connections, 8 HTTP connections, ...", for the log.
  std::string Describe() const;
};

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_DESCRIPTOR_SHARES_H_
