#include "server/artifacts/pack_batch.h"

#include <cstdint>
#include <string>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_reader.h"

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
  return PackedEntry(blob.digest, pack.number(), data_offset, pieces);
}

// Writes the large ones into `pack` from `end` on, durably, and adds their entries.
absl::Status AppendAll(PackFile& pack, const std::vector<const MissingBlob*>& large, int64_t& end,
                       storage::WriteSet& set) {
  for (const MissingBlob* missing : large) {
    CAIRN_ASSIGN_OR_RETURN(const auto entry, Append(pack, missing->blob, end));
    PutEntry(missing->blob.digest, missing->revision, entry, set);
  }
  return pack.Sync();
}

absl::Status StoreInPack(storage::KvStore& store, PackPool& packs,
                         const std::vector<const MissingBlob*>& large, storage::WriteSet set) {
  int64_t bytes = 0;
  for (const MissingBlob* missing : large) bytes += missing->blob.digest.size_bytes;
  CAIRN_RETURN_IF_ERROR(packs.CheckRoom(bytes, PackPool::RoomFor::kUpload));
  CAIRN_ASSIGN_OR_RETURN(PackPool::Place place, packs.Take());
  int64_t end = place.end;
  absl::Status stored = AppendAll(*place.pack, large, end, set);
  bool named = false;  // perhaps: what became of a commit may not be known before a restart
  if (stored.ok()) {
    stored = store.CommitAndWait(std::move(set)).status();
    named = stored.ok() || absl::IsUnavailable(stored);
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
                        const std::vector<MissingBlob>& blobs) {
  storage::WriteSet set;
  std::vector<const MissingBlob*> large;
  for (const MissingBlob& missing : blobs) {
    if (missing.blob.digest.size_bytes >= kInlineLimitBytes) {
      large.push_back(&missing);
    } else {
      PutEntry(missing.blob.digest, missing.revision, InlineEntry(missing.blob.bytes), set);
    }
  }
  if (!large.empty()) return StoreInPack(store, packs, large, std::move(set));
  return set.puts.empty() ? absl::OkStatus() : store.CommitAndWait(std::move(set)).status();
}

}  // namespace cairn::artifacts
