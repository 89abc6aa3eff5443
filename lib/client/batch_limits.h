#ifndef CAIRN_LIB_CLIENT_BATCH_LIMITS_H_
#define CAIRN_LIB_CLIENT_BATCH_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace cairn::client {

// How the uploader and the downloader group blobs into calls. Internal to
// lib/client.

// Blobs up to this size travel many to a message; larger ones in a stream each.
inline constexpr int64_t kSmallBlobBytes = 1 << 20;

// What one message carries at most: contents in bytes, and digests.
inline constexpr int64_t kBatchBytes = 3 << 20;
inline constexpr size_t kBatchEntries = 1000;

static_assert(kBatchBytes + (kBatchEntries * 128) < (4 << 20),
              "a batch with its digests must fit gRPC's default message size");

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_BATCH_LIMITS_H_
