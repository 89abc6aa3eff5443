#include "server/artifacts/pack_batch.h"

#include <cstdint>
#include <string>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"

namespace cairn::artifacts {
namespace {

// Appends one blob at `end`, moves `end` behind it and answers its entry.
absl::StatusOr<internal::BlobEntryRecord> Append(PackFile& pack, const WholeBlob& blob,
                                                 int64_t& end) {
  PieceChecksums checksums;
  checksums.Update(blob.bytes);
  const std::vector<uint32_t> pieces = checksums.Finish();
  CAIRN_ASSIGN_OR_RETURN(const int64_t data_offset, pack.BeginRecord(end, blob.digest));
  CAIRN_RETURN_IF_ERROR(pack.WriteAt(data_offset, blob.bytes));
  CAIRN_ASSIGN_OR_RETURN(end, pack.EndRecord(data_offset, blob.digest, pieces));
  internal::BlobEntryRecord entry;
  entry.set_size_bytes(blob.digest.size_bytes);
  entry.set_pack(pack.number());
  entry.set_data_offset(data_offset);
  entry.set_piece_size_bytes(static_cast<int32_t>(kPieceBytes));
  entry.mutable_piece_crc32c()->Add(pieces.begin(), pieces.end());
  return entry;
}

// Writes the large ones into `pack` from `end` on, durably, and adds their entries.
absl::Status AppendAll(PackFile& pack, const std::vector<const WholeBlob*>& large, int64_t& end,
                       storage::WriteSet& set) {
  for (const WholeBlob* blob : large) {
    CAIRN_ASSIGN_OR_RETURN(const auto entry, Append(pack, *blob, end));
    set.RequireAbsent(BlobKey(blob->digest))
        .PutOnce(BlobKey(blob->digest), entry.SerializeAsString());
  }
  return pack.Sync();
}

absl::Status StoreInPack(storage::KvStore& store, PackPool& packs,
                         const std::vector<const WholeBlob*>& large, storage::WriteSet set) {
  CAIRN_ASSIGN_OR_RETURN(PackPool::Place place, packs.Take());
  int64_t end = place.end;
  absl::Status stored = AppendAll(*place.pack, large, end, set);
  bool named = false;  // perhaps: a commit that failed may still be found after a restart
  if (stored.ok()) {
    stored = store.CommitAndWait(std::move(set)).status();
    named = !HasReason(stored, ErrorReason::COMMIT_CONFLICT);
  }
  if (named) {
    place.end = end;
    packs.GiveBack(std::move(place));
  } else if (place.pack->Truncate(place.end).ok()) {
    packs.GiveBack(std::move(place));
  }
  // A pack that cannot even be cut off is not written again before the next start.
  return stored;
}

}  // namespace

absl::Status StoreBatch(storage::KvStore& store, PackPool& packs,
                        const std::vector<WholeBlob>& blobs) {
  storage::WriteSet set;
  std::vector<const WholeBlob*> large;
  for (const WholeBlob& blob : blobs) {
    if (blob.digest.size_bytes >= kInlineLimitBytes) {
      large.push_back(&blob);
    } else {
      CAIRN_ASSIGN_OR_RETURN(storage::Put put, InlineBlobPut({blob.digest, blob.bytes}));
      set.puts.push_back(std::move(put));
    }
  }
  if (!large.empty()) return StoreInPack(store, packs, large, std::move(set));
  return set.puts.empty() ? absl::OkStatus() : store.CommitAndWait(std::move(set)).status();
}

}  // namespace cairn::artifacts
