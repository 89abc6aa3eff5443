#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_CODEC_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_CODEC_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cairn/internal/storage.pb.h"
#include "lib/base/digest.h"

namespace cairn::artifacts {

// A blob in a pack is checked in pieces of this length, so that a range can be
// served without reading all of it and a damaged byte never is.
inline constexpr int64_t kPieceBytes = 256 << 10;

// Checksums of the pieces of a blob that arrives in parts of any length. Value
// type; not thread-safe.
class PieceChecksums {
 public:
  void Update(std::string_view bytes);

  // The checksum of every piece begun so far, the last perhaps a short one.
  std::vector<uint32_t> Finish() const;

 private:
  std::vector<uint32_t> complete_;
  uint32_t current_ = 0;
  int64_t current_bytes_ = 0;
};

// How many pieces a blob of `size_bytes` has.
int64_t PieceCount(int64_t size_bytes);

// The entry of a blob that is kept in it.
internal::BlobEntryRecord InlineEntry(std::string_view bytes);

// The entry of a blob in pack `pack`.
internal::BlobEntryRecord PackedEntry(const Digest& digest, int64_t pack, int64_t data_offset,
                                      const std::vector<uint32_t>& piece_crc32c);

// Whether a blob with this entry is there for whoever asks: neither condemned nor in
// quarantine.
bool IsUsable(const internal::BlobEntryRecord& entry);

// "blobs/{sha256}/{size_bytes}"
std::string BlobName(const Digest& digest);

// NOT_FOUND (BLOB_NOT_FOUND)
absl::Status BlobNotFound(const Digest& digest);
// DATA_LOSS (BLOB_CORRUPT); `what` says what is wrong.
absl::Status BlobCorrupt(const Digest& digest, std::string_view what);
// INVALID_ARGUMENT (BLOB_TOO_LARGE)
absl::Status BlobTooLarge(const Digest& digest, int64_t limit_bytes);
// INVALID_ARGUMENT (DIGEST_MISMATCH)
absl::Status DigestMismatch(const Digest& expected, const Digest& actual);
// `code` (UPLOAD_OFFSET_MISMATCH)
absl::Status OffsetMismatch(absl::StatusCode code, int64_t expected, int64_t actual);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_CODEC_H_
