#include "server/artifacts/blob_store.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/storage/keyspace.h"

namespace cairn::artifacts {
namespace {

absl::Status RangeError(std::string_view field, int64_t value, const Digest& digest) {
  const std::string rule = fmt::format("must be from 0 to {}", digest.size_bytes);
  return Error(absl::StatusCode::kOutOfRange, ErrorReason::VALUE_INVALID,
               fmt::format("{} {} is outside {}", field, value, BlobName(digest)))
      .With("field", field)
      .With("value", std::to_string(value))
      .With("blob", BlobName(digest))
      .With("rule", rule)
      .Field(field, rule);
}

}  // namespace

storage::Key BlobKey(const Digest& digest) { return storage::BlobEntryKey(digest.Hex()); }

absl::StatusOr<storage::Put> InlineBlobPut(const WholeBlob& blob) {
  if (static_cast<int64_t>(blob.bytes.size()) >= kInlineLimitBytes) {
    return BlobTooLarge(blob.digest, kInlineLimitBytes - 1);
  }
  const Digest actual = DigestOf(blob.bytes);
  if (actual != blob.digest) return DigestMismatch(blob.digest, actual);
  return storage::Put{BlobKey(actual), InlineEntry(blob.bytes).SerializeAsString(), true};
}

absl::Status BlobStore::CheckPresent(const std::vector<Digest>& digests) const {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<Digest> missing, FindMissing(digests));
  return missing.empty() ? absl::OkStatus() : BlobNotFound(missing.front());
}

absl::Status BlobStore::Read(const Digest& digest, int64_t offset, int64_t limit,
                             const BlobSink& sink) const {
  if (offset < 0 || offset > digest.size_bytes) return RangeError("read_offset", offset, digest);
  if (limit < 0) return RangeError("read_limit", limit, digest);
  CAIRN_ASSIGN_OR_RETURN(const auto reader, OpenReader(digest));
  const int64_t rest = digest.size_bytes - offset;
  const int64_t length = limit == 0 ? rest : std::min(limit, rest);
  if (length < digest.size_bytes) return reader->Read(offset, length, sink);
  Sha256Hasher hasher;
  CAIRN_RETURN_IF_ERROR(reader->Read(offset, length, [&](std::string_view bytes) {
    hasher.Update(bytes);
    return sink(bytes);
  }));
  return hasher.Finish() == digest ? absl::OkStatus()
                                   : BlobCorrupt(digest, "its SHA-256 does not match");
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
