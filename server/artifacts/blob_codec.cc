#include "server/artifacts/blob_codec.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/storage/crc32c.h"

namespace cairn::artifacts {

void PieceChecksums::Update(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = static_cast<size_t>(kPieceBytes - current_bytes_);
    const std::string_view part = bytes.substr(0, std::min(room, bytes.size()));
    current_ = storage::Crc32c(part, current_);
    current_bytes_ += static_cast<int64_t>(part.size());
    bytes.remove_prefix(part.size());
    if (current_bytes_ == kPieceBytes) {
      complete_.push_back(current_);
      current_ = 0;
      current_bytes_ = 0;
    }
  }
}

std::vector<uint32_t> PieceChecksums::Finish() const {
  std::vector<uint32_t> all = complete_;
  if (current_bytes_ > 0) all.push_back(current_);
  return all;
}

int64_t PieceCount(int64_t size_bytes) { return (size_bytes + kPieceBytes - 1) / kPieceBytes; }

internal::BlobEntryRecord InlineEntry(std::string_view bytes) {
  internal::BlobEntryRecord entry;
  entry.set_size_bytes(static_cast<int64_t>(bytes.size()));
  entry.set_inline_data(std::string(bytes));
  return entry;
}

internal::BlobEntryRecord PackedEntry(const Digest& digest, int64_t pack, int64_t data_offset,
                                      const std::vector<uint32_t>& piece_crc32c) {
  internal::BlobEntryRecord entry;
  entry.set_size_bytes(digest.size_bytes);
  entry.set_pack(pack);
  entry.set_data_offset(data_offset);
  entry.set_piece_size_bytes(static_cast<int32_t>(kPieceBytes));
  entry.mutable_piece_crc32c()->Add(piece_crc32c.begin(), piece_crc32c.end());
  return entry;
}

bool IsUsable(const internal::BlobEntryRecord& entry) {
  return !entry.condemned() && !entry.quarantined();
}

std::string BlobName(const Digest& digest) {
  return fmt::format("blobs/{}/{}", digest.Hex(), digest.size_bytes);
}

absl::Status BlobNotFound(const Digest& digest) {
  return NotFound(ErrorReason::BLOB_NOT_FOUND, "Blob", BlobName(digest));
}

absl::Status BlobCorrupt(const Digest& digest, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
               fmt::format("the stored bytes of {} are damaged: {}", BlobName(digest), what))
      .With("blob", BlobName(digest))
      .With("damage", what);
}

absl::Status BlobTooLarge(const Digest& digest, int64_t limit_bytes) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::BLOB_TOO_LARGE,
               fmt::format("{} is larger than {} bytes", BlobName(digest), limit_bytes))
      .With("blob", BlobName(digest))
      .With("limitBytes", std::to_string(limit_bytes))
      .Field("digest.size_bytes", fmt::format("must be at most {}", limit_bytes));
}

absl::Status DigestMismatch(const Digest& expected, const Digest& actual) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DIGEST_MISMATCH,
               fmt::format("the bytes sent as {} are {}", BlobName(expected), BlobName(actual)))
      .With("expected", BlobName(expected))
      .With("actual", BlobName(actual))
      .Field("digest", "must be the SHA-256 and the length of the bytes");
}

absl::Status OffsetMismatch(absl::StatusCode code, int64_t expected, int64_t actual) {
  return Error(code, ErrorReason::UPLOAD_OFFSET_MISMATCH,
               fmt::format("the upload stands at {}, not at {}; ask for its status and go on there",
                           expected, actual))
      .With("expectedOffset", std::to_string(expected))
      .With("actualOffset", std::to_string(actual))
      .Field("write_offset", fmt::format("must be {}", expected));
}

}  // namespace cairn::artifacts
