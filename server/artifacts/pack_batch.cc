#include "server/artifacts/pack_batch.h"

#include <cstdint>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_reader.h"

namespace cairn::artifacts {

absl::StatusOr<internal::BlobEntryRecord> AppendRecord(PackFile& pack, const Digest& digest,
                                                       std::string_view bytes, PackFile::Kind kind,
                                                       int64_t& end) {
  PieceChecksums checksums;
  checksums.Update(bytes);
  const std::vector<uint32_t> pieces = checksums.Finish();
  CAIRN_ASSIGN_OR_RETURN(const int64_t data_offset, pack.BeginRecord(end, digest, kind));
  CAIRN_RETURN_IF_ERROR(pack.WriteAt(data_offset, bytes));
  CAIRN_ASSIGN_OR_RETURN(end, pack.EndRecord(data_offset, digest, pieces));
  return PackedEntry(digest, pack.number(), data_offset, pieces);
}

absl::Status StoreInPack(storage::KvStore& store, PackPool& packs, int64_t bytes,
                         const PackWriter& write, storage::WriteSet set) {
  CAIRN_RETURN_IF_ERROR(packs.CheckRoom(bytes, PackPool::RoomFor::kUpload));
  CAIRN_ASSIGN_OR_RETURN(PackPool::Place place, packs.Take());
  int64_t end = place.end;
  absl::Status stored = write(*place.pack, end, set);
  if (stored.ok()) stored = place.pack->Sync();
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

absl::Status StoreBatch(storage::KvStore& store, PackPool& packs,
                        const std::vector<MissingBlob>& blobs) {
  storage::WriteSet set;
  std::vector<const MissingBlob*> large;
  for (const MissingBlob& missing : blobs) {
    if (missing.blob.digest.size_bytes >= kInlineLimitBytes || missing.was_packed) {
      large.push_back(&missing);
    } else {
      PutEntry(missing.blob.digest, missing.revision, InlineEntry(missing.blob.bytes), set);
    }
  }
  int64_t bytes = 0;
  for (const MissingBlob* missing : large) bytes += missing->blob.digest.size_bytes;
  const auto write = [&large](PackFile& pack, int64_t& end, storage::WriteSet& added) {
    for (const MissingBlob* missing : large) {
      const WholeBlob& blob = missing->blob;
      CAIRN_ASSIGN_OR_RETURN(const auto entry, AppendRecord(pack, blob.digest, blob.bytes,
                                                            PackFile::Kind::kBlob, end));
      PutEntry(blob.digest, missing->revision, entry, added);
    }
    return absl::OkStatus();
  };
  if (!large.empty()) return StoreInPack(store, packs, bytes, write, std::move(set));
  return set.puts.empty() ? absl::OkStatus() : store.CommitAndWait(std::move(set)).status();
}

}  // namespace cairn::artifacts
