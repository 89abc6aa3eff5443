#ifndef CAIRN_LIB_CLIENT_BATCH_LIMITS_H_
#define CAIRN_LIB_CLIENT_BATCH_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace cairn::client {

// How the uploader and the downloader group blobs into calls. Internal to
// lib/client.

// Blobs up to this size travel many to a message; larger ones in chunks or streams.
inline constexpr int64_t kSmallBlobBytes = 1 << 20;

// What one message carries at most: contents in bytes, and digests.
inline constexpr int64_t kBatchBytes = 3 << 20;
inline constexpr size_t kBatchEntries = 1000;

// When a message with chunks of a large blob is full. The server syncs once a message: less
// is too little for a sync, and more would hold more memory, here and there, for each call
// under way: an upload stays below 4 MiB, or 6 from 64 MiB on, where it has more calls.
inline constexpr int64_t kChunkBatchBytes = 640 << 10;

// One range of a large blob that is fetched in several at a time, and how far ranges may be
// ahead of the first that is not there yet: what an interrupted fetch has to fetch again.
inline constexpr int64_t kRangeBytes = 4 << 20;
inline constexpr int64_t kRangesAheadBytes = 16 << 20;

static_assert(kBatchBytes + (kBatchEntries * 128) < (4 << 20),
              "a batch with its digests must fit gRPC's default message size");

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_BATCH_LIMITS_H_
