#ifndef CAIRN_BENCH_SERVING_TRANSFERS_H_
#define CAIRN_BENCH_SERVING_TRANSFERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "grpcpp/channel.h"

namespace cairn::bench {

// Large blobs over a connection, as one stream each. A failed call ends the program.

inline constexpr int64_t kTransferBytes = int64_t{64} << 20;
inline constexpr size_t kUploadPartBytes = size_t{1} << 20;  // of one message

struct Transfer {
  std::string sha256;
  double bytes_per_second = 0;
};

// Sends a blob that the server has not got; `number` tells it from the others of this run. The
// blob is made and digested before the time begins; it ends when the blob is durable.
Transfer Upload(const std::shared_ptr<grpc::Channel>& channel, int64_t number, int64_t bytes);

// Reads a blob to its end; what comes is not verified.
Transfer Download(const std::shared_ptr<grpc::Channel>& channel, const std::string& sha256,
                  int64_t bytes);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_TRANSFERS_H_
