#include "server/mlflow/chunked_blob.h"

#include <cstdint>
#include <utility>

#include "lib/base/wire_digest.h"
#include "server/mlflow/blob_batch.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

constexpr int kMostReadDigests = 1000;
constexpr int64_t kReadAtOnceBytes = int64_t{2} << 20;

// The digest of the chunks one after the other, read back a few at a time.
Task<absl::StatusOr<Digest>> DigestOfChunks(Session& session, const std::vector<Digest>& chunks) {
  Sha256Hasher whole;
  for (size_t next = 0; next < chunks.size();) {
    v1::BatchReadBlobsRequest read;
    for (int64_t bytes = 0; next < chunks.size() && read.digests_size() < kMostReadDigests;) {
      bytes += chunks[next].size_bytes;
      if (read.digests_size() > 0 && bytes > kReadAtOnceBytes) break;
      *read.add_digests() = ToWire(chunks[next++]);
    }
    const auto got = co_await session.Call(session.rows().batch_read_blobs, std::move(read));
    if (!got.ok()) co_return got.status();
    OnPool hop{session.environment().pools.compute};
    co_await hop;
    for (const auto& result : got->results()) {
      CAIRN_CO_RETURN_IF_ERROR(StatusOfBlob(result.status()));
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
  v1::BlobDigest whole = ToWire(*digest);
  if (chunks.size() == 1) co_return std::move(whole);
  v1::SpliceBlobRequest splice;
  *splice.mutable_digest() = whole;
  for (const Digest& chunk : chunks) *splice.add_chunks() = ToWire(chunk);
  const auto spliced = co_await session.Call(session.rows().splice_blob, std::move(splice));
  if (!spliced.ok()) co_return spliced.status();
  co_return std::move(whole);
}

}  // namespace cairn::mlflow
