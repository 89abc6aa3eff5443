#include "server/artifacts/splice.h"

#include <map>
#include <string>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_look_up.h"
#include "server/artifacts/blob_reader.h"

namespace cairn::artifacts {
namespace {

constexpr int kMaxConflicts = 16;  // each means that the blob or a chunk changed

// Of the entries of the chunks and of the blob itself.
using Revisions = std::map<Digest, storage::Revision>;

// Gives the bytes of a chunk to `sink` and notes the revision of its entry.
absl::Status ReadChunk(const SpliceParts& parts, const Digest& chunk, Revisions& revisions,
                       const BlobSink& sink) {
  CAIRN_ASSIGN_OR_RETURN(auto entry,
                         ReadBlobEntry(*parts.store.GetSnapshot(), chunk, &revisions[chunk]));
  if (!IsUsable(entry)) return BlobNotFound(chunk);
  if (entry.chunk_sizes_size() != 0 || chunk.size_bytes == 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "chunks", BlobName(chunk),
                        "must be at least one byte long and stored in one piece");
  }
  CAIRN_ASSIGN_OR_RETURN(const auto reader,
                         OpenBlobReader(parts.store, parts.packs, chunk, std::move(entry)));
  return reader->Read(0, chunk.size_bytes, sink);
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

absl::StatusOr<Revisions> CheckConcatenation(const SpliceParts& parts, const Digest& digest,
                                             const std::vector<Digest>& chunks) {
  CAIRN_RETURN_IF_ERROR(CheckSizes(digest, chunks));
  Revisions revisions;
  Sha256Hasher hasher;
  for (const Digest& chunk : chunks) {
    CAIRN_RETURN_IF_ERROR(ReadChunk(parts, chunk, revisions, [&hasher](std::string_view bytes) {
      hasher.Update(bytes);
      return absl::OkStatus();
    }));
  }
  const Digest actual = hasher.Finish();
  if (actual != digest) return DigestMismatch(digest, actual);
  return revisions;
}

// ABORTED (COMMIT_CONFLICT) when an entry is not at its revision any more.
absl::Status Commit(const SpliceParts& parts, const Digest& digest,
                    const std::vector<Digest>& chunks, const Revisions& revisions) {
  parts.leases.Storing();
  internal::BlobEntryRecord entry;
  entry.set_size_bytes(digest.size_bytes);
  for (const Digest& chunk : chunks) {
    entry.mutable_chunk_sha256s()->append(chunk.sha256.begin(), chunk.sha256.end());
    entry.add_chunk_sizes(chunk.size_bytes);
  }
  storage::WriteSet set;
  for (const auto& [chunk, revision] : revisions) {
    if (chunk != digest) set.RequireRevision(BlobKey(chunk), revision);
  }
  PutEntry(digest, revisions.at(digest), entry, set);
  return parts.store.CommitAndWait(std::move(set)).status();
}

// Finds the revisions of now; whether the blob is there.
//   NOT_FOUND (BLOB_NOT_FOUND)  a chunk is not there any more, or not in one piece
absl::StatusOr<bool> LookAgain(const SpliceParts& parts, const Digest& digest,
                               Revisions& revisions) {
  std::vector<Digest> digests;
  for (const auto& [blob, revision] : revisions) digests.push_back(blob);
  CAIRN_ASSIGN_OR_RETURN(const auto states, LookUpAndLease(parts.store, parts.leases, digests));
  bool there = false;
  for (size_t i = 0; i < digests.size(); ++i) {
    revisions[digests[i]] = states[i].revision;
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
  Revisions unused;
  int64_t offset = 0;
  const auto write = [&](std::string_view bytes) {
    absl::Status written = upload->Write(offset, bytes);
    offset += static_cast<int64_t>(bytes.size());
    return written;
  };
  for (const Digest& chunk : chunks) {
    CAIRN_RETURN_IF_ERROR(ReadChunk(parts, chunk, unused, write));
  }
  return upload->Finish();
}

}  // namespace

absl::Status SpliceBlob(const SpliceParts& parts, const Digest& digest,
                        const std::vector<Digest>& chunks) {
  CAIRN_ASSIGN_OR_RETURN(const auto known, LookUpAndLease(parts.store, parts.leases, {digest}));
  if (known.front().there) return absl::OkStatus();
  if (known.front().revision != 0 && !known.front().is_chunked) {
    return StoreInOnePiece(parts, digest, chunks);
  }
  CAIRN_ASSIGN_OR_RETURN(Revisions revisions, CheckConcatenation(parts, digest, chunks));
  revisions[digest] = known.front().revision;
  absl::Status stored;
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    stored = Commit(parts, digest, chunks, revisions);
    if (!HasReason(stored, ErrorReason::COMMIT_CONFLICT)) return stored;
    CAIRN_ASSIGN_OR_RETURN(const bool there, LookAgain(parts, digest, revisions));
    if (there) return absl::OkStatus();
  }
  return stored;
}

}  // namespace cairn::artifacts
