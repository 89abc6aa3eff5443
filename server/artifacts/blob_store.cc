#include "server/artifacts/blob_store.h"

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/storage/keyspace.h"

namespace cairn::artifacts {

storage::Key BlobKey(const Digest& digest) { return storage::BlobEntryKey(digest.Hex()); }

absl::StatusOr<storage::Put> InlineBlobPut(const SmallBlob& blob) {
  if (static_cast<int64_t>(blob.bytes.size()) >= kInlineLimitBytes) {
    return BlobTooLarge(blob.digest, kInlineLimitBytes - 1);
  }
  const Digest actual = DigestOf(blob.bytes);
  if (actual != blob.digest) return DigestMismatch(blob.digest, actual);
  internal::BlobEntryRecord entry;
  entry.set_size_bytes(actual.size_bytes);
  entry.set_inline_data(std::string(blob.bytes));
  return storage::Put{BlobKey(actual), entry.SerializeAsString(), true};
}

absl::Status BlobStore::CheckPresent(const std::vector<Digest>& digests) const {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<Digest> missing, FindMissing(digests));
  return missing.empty() ? absl::OkStatus() : BlobNotFound(missing.front());
}

absl::StatusOr<std::string> BlobStore::ReadAll(const Digest& digest, int64_t max_bytes) const {
  if (digest.size_bytes > max_bytes) {
    return Error(absl::StatusCode::kOutOfRange, ErrorReason::TOO_LARGE,
                 fmt::format("{} has more than {} bytes", BlobName(digest), max_bytes))
        .With("blob", BlobName(digest))
        .With("limitBytes", std::to_string(max_bytes))
        .ToStatus();
  }
  std::string bytes;
  bytes.reserve(static_cast<size_t>(digest.size_bytes));
  CAIRN_RETURN_IF_ERROR(Read(digest, 0, 0, [&bytes](std::string_view piece) {
    bytes += piece;
    return absl::OkStatus();
  }));
  return bytes;
}

}  // namespace cairn::artifacts
