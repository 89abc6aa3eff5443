#include "server/mlflow/chunked_blob.h"

#include <cstdint>
#include <utility>

namespace cairn::mlflow {
namespace {

constexpr int kMostReadDigests = 1000;
constexpr int64_t kReadAtOnceBytes = int64_t{2} << 20;

void Write(const Digest& digest, v1::BlobDigest& wire) {
  wire.set_sha256(digest.Hex());
  wire.set_size_bytes(digest.size_bytes);
}

// The digest of the chunks one after the other, read back a few at a time.
Task<absl::StatusOr<Digest>> DigestOfChunks(Session& session, const std::vector<Digest>& chunks) {
  Sha256Hasher whole;
  for (size_t next = 0; next < chunks.size();) {
    v1::BatchReadBlobsRequest read;
    for (int64_t bytes = 0; next < chunks.size() && read.digests_size() < kMostReadDigests;) {
      bytes += chunks[next].size_bytes;
      if (read.digests_size() > 0 && bytes > kReadAtOnceBytes) break;
      Write(chunks[next++], *read.add_digests());
    }
    const auto got = co_await session.Call(session.rows().batch_read_blobs, std::move(read));
    if (!got.ok()) co_return got.status();
    OnPool hop{session.environment().pools.compute};
    co_await hop;
    for (const auto& result : got->results()) {
      if (result.status().code() != 0) {
        co_return absl::Status(static_cast<absl::StatusCode>(result.status().code()),
                               result.status().message());
      }
      whole.Update(result.data());
    }
    session.TakeCharge();  // of what was just read
  }
  co_return whole.Finish();
}

}  // namespace

Task<absl::StatusOr<v1::BlobDigest>> BlobOfChunks(Session& session, std::vector<Digest> chunks) {
  const auto digest = co_await DigestOfChunks(session, chunks);
  if (!digest.ok()) co_return digest.status();
  v1::BlobDigest whole;
  Write(*digest, whole);
  if (chunks.size() == 1) co_return std::move(whole);
  v1::SpliceBlobRequest splice;
  *splice.mutable_digest() = whole;
  for (const Digest& chunk : chunks) Write(chunk, *splice.add_chunks());
  const auto spliced = co_await session.Call(session.rows().splice_blob, std::move(splice));
  if (!spliced.ok()) co_return spliced.status();
  co_return std::move(whole);
}

}  // namespace cairn::mlflow
