#include "server/artifacts/splice.h"

#include <map>
#include <string>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/background_hasher.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_look_up.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/chunk_list.h"
#include "server/artifacts/pack_batch.h"
#include "server/artifacts/quarantine.h"

namespace cairn::artifacts {
namespace {

constexpr int kMaxConflicts = 16;  // each means that the blob or a chunk changed

// What is known of the entry of a chunk, or of the blob itself.
struct KnownEntry {
  storage::Revision revision = 0;
  bool is_packed = false;
};
using SpliceEntries = std::map<Digest, KnownEntry>;

// Gives the bytes of a chunk to `sink` and notes its entry.
absl::Status ReadChunk(const SpliceParts& parts, const Digest& chunk, KnownEntry& known,
                       const BlobSink& sink) {
  CAIRN_ASSIGN_OR_RETURN(auto entry,
                         ReadBlobEntry(*parts.store.GetSnapshot(), chunk, &known.revision));
  if (!IsUsable(entry)) return BlobNotFound(chunk);
  if (entry.chunk_sizes_size() != 0 || chunk.size_bytes == 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "chunks", BlobName(chunk),
                        "must be at least one byte long and stored in one piece");
  }
  known.is_packed = entry.pack() != 0;
  CAIRN_ASSIGN_OR_RETURN(const auto reader,
                         OpenWholeBlobReader(parts.store, parts.packs, chunk, std::move(entry)));
  return reader->Read(0, chunk.size_bytes, sink);
}

// Reads the chunks in order. Those that are damaged are put in quarantine: they count as
// missing, and the client sends them again. All of them are found, not only the first.
//   NOT_FOUND (BLOB_NOT_FOUND)  one is damaged or not there
absl::StatusOr<SpliceEntries> ReadChunks(const SpliceParts& parts,
                                         const std::vector<Digest>& chunks, const BlobSink& sink) {
  SpliceEntries entries;
  absl::Status lost;
  for (const Digest& chunk : chunks) {
    KnownEntry& known = entries[chunk];
    absl::Status read = ReadChunk(parts, chunk, known, [&](std::string_view bytes) {
      return lost.ok() ? sink(bytes) : absl::OkStatus();
    });
    if (HasReason(read, ErrorReason::BLOB_CORRUPT)) {
      read = Quarantine(parts.store, chunk, known.revision);
      lost.Update(BlobNotFound(chunk));
    }
    CAIRN_RETURN_IF_ERROR(read);
  }
  CAIRN_RETURN_IF_ERROR(lost);
  return entries;
}

absl::Status CheckSizes(const Digest& digest, const std::vector<Digest>& chunks) {
  Digest actual;
  for (const Digest& chunk : chunks) {
    // Compared by subtraction: a length may be anything.
    if (chunk.size_bytes > digest.size_bytes - actual.size_bytes) {
      actual.size_bytes = digest.size_bytes;
      return DigestMismatch(digest, actual);
    }
    actual.size_bytes += chunk.size_bytes;
  }
  return absl::OkStatus();
}

absl::StatusOr<SpliceEntries> CheckConcatenation(const SpliceParts& parts, const Digest& digest,
                                                 const std::vector<Digest>& chunks) {
  CAIRN_RETURN_IF_ERROR(CheckSizes(digest, chunks));
  BackgroundHasher hasher;
  CAIRN_ASSIGN_OR_RETURN(SpliceEntries entries,
                         ReadChunks(parts, chunks, [&hasher](std::string_view bytes) {
                           hasher.Update(bytes);
                           return absl::OkStatus();
                         }));
  const Digest actual = hasher.Finish();
  if (actual != digest) return DigestMismatch(digest, actual);
  return entries;
}

// Copies a chunk that is kept in its entry into `pack`, and adds the entry that names it
// there.
absl::Status MoveChunk(const SpliceParts& parts, const Digest& chunk, storage::Revision revision,
                       PackFile& pack, int64_t& end, storage::WriteSet& set) {
  std::string bytes;
  KnownEntry now;
  CAIRN_RETURN_IF_ERROR(ReadChunk(parts, chunk, now, [&bytes](std::string_view part) {
    bytes += part;
    return absl::OkStatus();
  }));
  CAIRN_ASSIGN_OR_RETURN(const auto entry,
                         AppendRecord(pack, chunk, bytes, PackFile::Kind::kBlob, end));
  PutEntry(chunk, revision, entry, set);
  return absl::OkStatus();
}

absl::Status AppendList(const ChunkList& list, storage::Revision revision, PackFile& pack,
                        int64_t& end, storage::WriteSet& set) {
  const Digest name = ListRecordDigest(list.digest, static_cast<int64_t>(list.chunks.size()));
  // Where the list is stands in the fields that say it of a blob's own bytes.
  CAIRN_ASSIGN_OR_RETURN(
      internal::BlobEntryRecord entry,
      AppendRecord(pack, name, EncodeChunkList(list), PackFile::Kind::kList, end));
  entry.MergeFrom(ChunkedEntry(list));
  PutEntry(list.digest, revision, entry, set);
  return absl::OkStatus();
}

// Stores the list, and with it in the pack those chunks that are in no pack yet, so that the
// packs alone have all of the blob.
//   ABORTED (COMMIT_CONFLICT)  an entry is not at its revision any more
absl::Status Commit(const SpliceParts& parts, const ChunkList& list, const SpliceEntries& entries) {
  parts.leases.Storing();
  int64_t bytes =
      ListRecordDigest(list.digest, static_cast<int64_t>(list.chunks.size())).size_bytes;
  for (const auto& [chunk, known] : entries) {
    if (chunk != list.digest && !known.is_packed) bytes += chunk.size_bytes;
  }
  const auto write = [&](PackFile& pack, int64_t& end, storage::WriteSet& set) -> absl::Status {
    for (const auto& [chunk, known] : entries) {
      if (chunk == list.digest) continue;
      if (known.is_packed) {
        set.RequireRevision(BlobKey(chunk), known.revision);
      } else {
        CAIRN_RETURN_IF_ERROR(MoveChunk(parts, chunk, known.revision, pack, end, set));
      }
    }
    return AppendList(list, entries.at(list.digest).revision, pack, end, set);
  };
  return StoreInPack(parts.store, parts.packs, bytes, write, storage::WriteSet());
}

// Finds the entries of now; whether the blob is there.
//   NOT_FOUND (BLOB_NOT_FOUND)  a chunk is not there any more, or not in one piece
absl::StatusOr<bool> LookAgain(const SpliceParts& parts, const Digest& digest,
                               SpliceEntries& entries) {
  std::vector<Digest> digests;
  for (const auto& [blob, known] : entries) digests.push_back(blob);
  CAIRN_ASSIGN_OR_RETURN(const auto states, LookUpAndLease(parts.store, parts.leases, digests));
  bool there = false;
  for (size_t i = 0; i < digests.size(); ++i) {
    entries[digests[i]] = {states[i].revision, states[i].is_packed};
    if (digests[i] == digest) {
      there = states[i].there;
    } else if (!states[i].there || states[i].is_chunked) {
      return BlobNotFound(digests[i]);
    }
  }
  return there;
}

absl::Status StoreInOnePiece(const SpliceParts& parts, const Digest& digest,
                             const std::vector<Digest>& chunks) {
  CAIRN_RETURN_IF_ERROR(CheckSizes(digest, chunks));
  CAIRN_ASSIGN_OR_RETURN(const auto upload, parts.open_upload(digest));
  int64_t offset = 0;
  const auto write = [&](std::string_view bytes) {
    absl::Status written = upload->Write(offset, bytes);
    offset += static_cast<int64_t>(bytes.size());
    return written;
  };
  CAIRN_RETURN_IF_ERROR(ReadChunks(parts, chunks, write).status());
  return upload->Finish();
}

}  // namespace

absl::Status SpliceBlob(const SpliceParts& parts, const Digest& digest,
                        const std::vector<Digest>& chunks) {
  CAIRN_ASSIGN_OR_RETURN(const auto states, LookUpAndLease(parts.store, parts.leases, {digest}));
  const EntryState& state = states.front();
  if (state.there) return absl::OkStatus();
  if (state.revision != 0 && !state.is_chunked) return StoreInOnePiece(parts, digest, chunks);
  CAIRN_ASSIGN_OR_RETURN(SpliceEntries entries, CheckConcatenation(parts, digest, chunks));
  entries[digest] = {state.revision, state.is_packed};
  absl::Status stored;
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    stored = Commit(parts, {digest, chunks}, entries);
    // A chunk in its entry may also have vanished while it was copied.
    const bool changed = HasReason(stored, ErrorReason::COMMIT_CONFLICT) ||
                         HasReason(stored, ErrorReason::BLOB_NOT_FOUND);
    if (!changed) return stored;
    CAIRN_ASSIGN_OR_RETURN(const bool there, LookAgain(parts, digest, entries));
    if (there) return absl::OkStatus();
  }
  return stored;
}

}  // namespace cairn::artifacts
