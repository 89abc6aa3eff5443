#include "server/artifacts/blob_check.h"

#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/chunk_list.h"
#include "server/storage/crc32c.h"

namespace cairn::artifacts {

absl::StatusOr<bool> BlobCheck::Read(int64_t& budget) {
  const absl::Status read = ReadSome(budget);
  // A pack that is not there is as bad as one that cannot be read.
  damaged_ = absl::IsDataLoss(read) || absl::IsNotFound(read);
  if (damaged_) return true;
  CAIRN_RETURN_IF_ERROR(read);
  return over_;
}

// DATA_LOSS or NOT_FOUND when the blob is damaged.
absl::Status BlobCheck::ReadSome(int64_t& budget) {
  if (entry_.pack() == 0) {
    budget -= digest_.size_bytes;
    over_ = true;
    return DigestOf(entry_.inline_data()) == digest_
               ? absl::OkStatus()
               : BlobCorrupt(digest_, "its SHA-256 does not match");
  }
  if (pack_ == nullptr) CAIRN_RETURN_IF_ERROR(Open());
  std::string bytes;
  while (done_bytes_ < digest_.size_bytes) {
    if (budget <= 0) return absl::OkStatus();
    const int64_t length = std::min(kPieceBytes, digest_.size_bytes - done_bytes_);
    CAIRN_RETURN_IF_ERROR(pack_->ReadAt(entry_.data_offset() + done_bytes_, length, &bytes));
    if (storage::Crc32c(bytes) !=
        entry_.piece_crc32c(static_cast<int>(done_bytes_ / kPieceBytes))) {
      return BlobCorrupt(digest_, "a piece does not match its checksum");
    }
    hasher_.Update(bytes);
    done_bytes_ += length;
    budget -= length;
  }
  over_ = true;
  return hasher_.Finish() == digest_ ? absl::OkStatus()
                                     : BlobCorrupt(digest_, "its SHA-256 does not match");
}

absl::Status BlobCheck::Open() {
  const bool sound = entry_.size_bytes() == digest_.size_bytes && digest_.size_bytes > 0 &&
                     entry_.piece_size_bytes() == kPieceBytes && entry_.inline_data().empty() &&
                     entry_.data_offset() >= PackFile::kRecordHeaderBytes &&
                     entry_.piece_crc32c_size() == PieceCount(digest_.size_bytes);
  if (!sound) return BlobCorrupt(digest_, "its entry is contradictory");
  CAIRN_ASSIGN_OR_RETURN(pack_, packs_.Reader(entry_.pack()));
  CAIRN_RETURN_IF_ERROR(
      pack_->CheckRecordHeader(entry_.data_offset() - PackFile::kRecordHeaderBytes, digest_));
  return pack_->CheckTrailer(entry_.data_offset(), digest_,
                             {entry_.piece_crc32c().begin(), entry_.piece_crc32c().end()});
}

absl::StatusOr<bool> ChunksAreSound(const storage::Snapshot& snapshot, const Digest& digest,
                                    const internal::BlobEntryRecord& entry) {
  const auto chunks = ChunksOf(digest, entry);
  if (!chunks.ok()) return false;
  CAIRN_ASSIGN_OR_RETURN(const auto states, LookUpEntries(snapshot, *chunks));
  // A chunk that is condemned is there as long as the blob is.
  return std::all_of(states.begin(), states.end(),
                     [](const EntryState& state) { return state.is_sound && !state.is_chunked; });
}

absl::StatusOr<bool> ListIsSound(const PackPool& packs, const Digest& digest,
                                 const internal::BlobEntryRecord& entry) {
  if (entry.pack() == 0) return true;
  const auto chunks = ChunksOf(digest, entry);
  const auto pack = packs.Reader(entry.pack());
  if (!chunks.ok() || absl::IsDataLoss(pack.status()) || absl::IsNotFound(pack.status()) ||
      entry.piece_size_bytes() != kPieceBytes ||
      entry.data_offset() < PackFile::kRecordHeaderBytes) {
    return false;
  }
  CAIRN_RETURN_IF_ERROR(pack.status());
  const std::string expected = EncodeChunkList({digest, *chunks});
  PieceChecksums checksums;
  checksums.Update(expected);
  const std::vector<uint32_t> pieces = checksums.Finish();
  const Digest record = ListRecordDigest(digest, static_cast<int64_t>(chunks->size()));
  std::string bytes;
  absl::Status read = (*pack)->ReadAt(entry.data_offset(), record.size_bytes, &bytes);
  if (read.ok()) {
    read = (*pack)->CheckRecordHeader(entry.data_offset() - PackFile::kRecordHeaderBytes, record,
                                      PackFile::Kind::kList);
  }
  if (read.ok()) read = (*pack)->CheckTrailer(entry.data_offset(), record, pieces);
  if (!read.ok()) return absl::IsDataLoss(read) ? absl::StatusOr<bool>(false) : read;
  return bytes == expected && std::equal(pieces.begin(), pieces.end(), entry.piece_crc32c().begin(),
                                         entry.piece_crc32c().end());
}

}  // namespace cairn::artifacts
