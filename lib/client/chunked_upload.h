#ifndef CAIRN_LIB_CLIENT_CHUNKED_UPLOAD_H_
#define CAIRN_LIB_CLIENT_CHUNKED_UPLOAD_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/server.pb.h"
#include "lib/base/digest.h"
#include "lib/chunking/chunker.h"
#include "lib/client/artifact_client.h"
#include "lib/client/transfer_progress.h"
#include "lib/client/upload_source.h"

namespace cairn::client {

// How a server wants large blobs to be cut. Internal to lib/client. Value type.
struct ChunkPlan {
  chunking::ChunkerParams params;
  int64_t max_chunk_count = 0;

  // What GetServerInfo says; nullopt for a server that takes no chunks, or wants them in
  // lengths that this client cannot make or send.
  static std::optional<ChunkPlan> FromServer(const v1::ServerInfo& info);

  // Whether a blob of this size is worth cutting and will not have too many chunks.
  bool Covers(int64_t size_bytes) const;
};

// Sends a blob that the server lacks in chunks, and has them put together there.
//
// One thread reads and finds the boundaries; `calls_in_flight` others hash the chunks,
// ask which of a batch are missing and send those. In memory are a read buffer of 1 MiB,
// the batch that is being filled and one for each call. When the server has lost chunks
// that were there a moment ago, all of it is done again, which sends only those.
//
// `meter` gets what was sent and what was there already; together that is the blob's size
// when the result is OK.
//
// - INVALID_ARGUMENT (DIGEST_MISMATCH): the source changed meanwhile.
// - OUT_OF_RANGE (TOO_LARGE): more than max_chunk_count chunks; nothing is stored as the
//   blob, and `meter` is as it was before.
// - errors of the calls and of the source
absl::Status UploadInChunks(ArtifactClient& artifacts, const Digest& digest,
                            const UploadSource& source, const ChunkPlan& plan, int calls_in_flight,
                            ProgressMeter& meter);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_CHUNKED_UPLOAD_H_
