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
#include "lib/client/chunk_survey.h"
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

// Sends a large blob in chunks, of which only those travel that the server lacks, and has
// them put together there. Internal to lib/client.
//
// It may begin to cut and hash (ChunkSurvey) while the caller still hashes the whole and asks
// for it. Send then needs a batch in memory for each call, and the digests of all chunks.
//
// What the constructor gets outlives the object, which is for one thread.
class ChunkedUpload {
 public:
  // REQUIRES: plan.Covers(source.size_bytes())
  ChunkedUpload(ArtifactClient& artifacts, const UploadSource& source, const ChunkPlan& plan);

  // Begins ahead of Send, on a thread: in vain if the server has the blob.
  void Begin();

  // Sends the blob, which the server lacks, with up to `calls_in_flight` calls that carry
  // bytes under way. When the server has lost chunks that were there a moment ago, all of it
  // is done again, which sends only those. To be called once.
  //
  // `meter` gets what was sent and what was there already; together that is the blob's size
  // when the result is OK.
  //
  // - INVALID_ARGUMENT (DIGEST_MISMATCH): the source changed meanwhile.
  // - OUT_OF_RANGE (TOO_LARGE): more than max_chunk_count chunks; nothing is stored as the
  //   blob, and `meter` is as it was before.
  // - errors of the calls and of the source
  absl::Status Send(const Digest& digest, int calls_in_flight, ProgressMeter& meter);

 private:
  absl::Status SendOnce(const Digest& digest, int calls_in_flight, ProgressTally& tally);

  ArtifactClient& artifacts_;
  const UploadSource& source_;
  const ChunkPlan plan_;
  std::optional<ChunkSurvey> survey_;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_CHUNKED_UPLOAD_H_
