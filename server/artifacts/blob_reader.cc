#include "server/artifacts/blob_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/entry_walk.h"
#include "server/storage/crc32c.h"

namespace cairn::artifacts {
namespace {

constexpr size_t kLookUpChunk = 64;  // entries may hold 64 KiB each
constexpr int kMaxMoves = 8;         // of a blob while it is being opened

// A blob in its entry. Its SHA-256 is checked once.
class InlineReader final : public BlobReader {
 public:
  explicit InlineReader(internal::BlobEntryRecord entry) : entry_(std::move(entry)) {}

  absl::Status Read(int64_t offset, int64_t length, const BlobSink& sink) override {
    if (length == 0) return absl::OkStatus();
    return sink(std::string_view(entry_.inline_data())
                    .substr(static_cast<size_t>(offset), static_cast<size_t>(length)));
  }
  int64_t HeldBytes() const override { return static_cast<int64_t>(entry_.inline_data().size()); }

 private:
  const internal::BlobEntryRecord entry_;
};

// A blob in a pack. Its pieces are checked as they are read.
class PackReader final : public BlobReader {
 public:
  PackReader(const Digest& digest, internal::BlobEntryRecord entry,
             std::shared_ptr<const PackFile> pack)
      : digest_(digest), entry_(std::move(entry)), pack_(std::move(pack)) {}

  absl::Status Read(int64_t offset, int64_t length, const BlobSink& sink) override {
    const int64_t piece_bytes = entry_.piece_size_bytes();
    for (int64_t at = offset; at < offset + length;) {
      const int64_t begin = at / piece_bytes * piece_bytes;
      CAIRN_RETURN_IF_ERROR(Load(begin));
      const int64_t end = std::min(begin + static_cast<int64_t>(piece_.size()), offset + length);
      CAIRN_RETURN_IF_ERROR(sink(std::string_view(piece_).substr(static_cast<size_t>(at - begin),
                                                                 static_cast<size_t>(end - at))));
      at = end;
    }
    return absl::OkStatus();
  }

  void Forget() override {
    std::string().swap(piece_);  // assigning an empty one would keep the room
    piece_begin_ = -1;
  }
  int64_t HeldBytes() const override {
    return entry_.piece_crc32c_size() * static_cast<int64_t>(sizeof(uint32_t));
  }

 private:
  // Makes `piece_` the piece that begins at `begin`.
  absl::Status Load(int64_t begin) {
    if (begin == piece_begin_) return absl::OkStatus();
    piece_begin_ = -1;
    const int64_t index = begin / entry_.piece_size_bytes();
    const int64_t size = std::min<int64_t>(entry_.piece_size_bytes(), digest_.size_bytes - begin);
    const absl::Status read = pack_->ReadAt(entry_.data_offset() + begin, size, &piece_);
    if (absl::IsDataLoss(read)) return BlobCorrupt(digest_, std::string(read.message()));
    CAIRN_RETURN_IF_ERROR(read);
    if (storage::Crc32c(piece_) != entry_.piece_crc32c(static_cast<int>(index))) {
      return BlobCorrupt(digest_, fmt::format("piece {} does not match its checksum", index));
    }
    piece_begin_ = begin;
    return absl::OkStatus();
  }

  const Digest digest_;
  const internal::BlobEntryRecord entry_;
  const std::shared_ptr<const PackFile> pack_;
  std::string piece_;
  int64_t piece_begin_ = -1;
};

// NOT_FOUND (FILE_ERROR) when its pack is not there.
absl::StatusOr<std::unique_ptr<BlobReader>> OpenAt(const PackPool& packs, const Digest& digest,
                                                   internal::BlobEntryRecord entry) {
  if (entry.chunk_sizes_size() != 0) return BlobCorrupt(digest, "it has no bytes of its own");
  if (entry.pack() == 0) {
    if (static_cast<int64_t>(entry.inline_data().size()) != digest.size_bytes ||
        DigestOf(entry.inline_data()) != digest) {
      return BlobCorrupt(digest, "its SHA-256 does not match");
    }
    return std::make_unique<InlineReader>(std::move(entry));
  }
  const int64_t piece_bytes = entry.piece_size_bytes();
  if (piece_bytes <= 0 ||
      entry.piece_crc32c_size() != (digest.size_bytes + piece_bytes - 1) / piece_bytes) {
    return BlobCorrupt(digest, "its entry is contradictory");
  }
  auto pack = packs.Reader(entry.pack());
  if (absl::IsDataLoss(pack.status())) {
    return BlobCorrupt(digest, std::string(pack.status().message()));
  }
  if (!pack.ok()) return pack.status();
  return std::make_unique<PackReader>(digest, std::move(entry), *std::move(pack));
}

// Opens a blob in one piece. Between reading its entry and opening its pack it may be
// moved and the pack be removed: then the entry says where it is now.
absl::StatusOr<std::unique_ptr<BlobReader>> OpenWhole(const storage::KvStore& store,
                                                      const PackPool& packs, const Digest& digest,
                                                      internal::BlobEntryRecord entry,
                                                      storage::Revision* revision) {
  for (int moves = 0;; ++moves) {
    const int64_t pack = entry.pack();
    auto reader = OpenAt(packs, digest, std::move(entry));
    if (!absl::IsNotFound(reader.status())) return reader;
    CAIRN_ASSIGN_OR_RETURN(entry, ReadBlobEntry(*store.GetSnapshot(), digest, revision));
    if (entry.pack() == pack || moves == kMaxMoves) {
      return BlobCorrupt(digest, std::string(reader.status().message()));
    }
  }
}

bool IsDamage(const absl::Status& status) { return HasReason(status, ErrorReason::BLOB_CORRUPT); }

// A blob at the revision its entry had when it was opened, and who hears that it is damaged.
struct Watched {
  Digest digest;
  storage::Revision revision = 0;
  DamageSink damaged;

  // Passes `status` on, and tells what it says.
  absl::Status Told(absl::Status status) const {
    if (damaged && IsDamage(status)) damaged(digest, revision);
    return status;
  }
};

// A blob in one piece whose damage is told.
class WatchedReader final : public BlobReader {
 public:
  WatchedReader(Watched watched, std::unique_ptr<BlobReader> reader)
      : watched_(std::move(watched)), reader_(std::move(reader)) {}

  absl::Status Read(int64_t offset, int64_t length, const BlobSink& sink) override {
    return watched_.Told(reader_->Read(offset, length, sink));
  }
  void Forget() override { reader_->Forget(); }
  int64_t HeldBytes() const override { return reader_->HeldBytes(); }

 private:
  const Watched watched_;
  const std::unique_ptr<BlobReader> reader_;
};

// A blob that is put together of others. A chunk that is missing is damage: whoever made
// the blob required it.
class ChunkedReader final : public BlobReader {
 public:
  ChunkedReader(const storage::KvStore& store, const PackPool& packs, Watched watched,
                std::vector<Digest> chunks)
      : store_(store), packs_(packs), watched_(std::move(watched)), chunks_(std::move(chunks)) {
    int64_t begin = 0;
    for (const Digest& chunk : chunks_) {
      begins_.push_back(begin);
      begin += chunk.size_bytes;
    }
  }

  absl::Status Read(int64_t offset, int64_t length, const BlobSink& sink) override {
    for (int64_t at = offset; at < offset + length;) {
      const auto after = std::upper_bound(begins_.begin(), begins_.end(), at);
      const auto index = static_cast<size_t>(after - begins_.begin()) - 1;
      const int64_t end = std::min(begins_[index] + chunks_[index].size_bytes, offset + length);
      CAIRN_RETURN_IF_ERROR(watched_.Told(ReadChunk(index, at, end, sink)));
      at = end;
    }
    return absl::OkStatus();
  }

  void Forget() override { chunk_ = nullptr; }
  int64_t HeldBytes() const override {
    return static_cast<int64_t>(chunks_.size() * (sizeof(Digest) + sizeof(int64_t)));
  }

 private:
  // Reads from `begin` to `end`, which lie within the chunk.
  absl::Status ReadChunk(size_t index, int64_t begin, int64_t end, const BlobSink& sink) {
    CAIRN_RETURN_IF_ERROR(Open(index));
    return chunk_->Read(begin - begins_[index], end - begin, sink);
  }

  absl::Status Open(size_t index) {
    if (chunk_ != nullptr && index == open_index_) return absl::OkStatus();
    chunk_ = nullptr;
    const Digest& digest = chunks_[index];
    Watched chunk{digest, 0, watched_.damaged};
    auto entry = ReadBlobEntry(*store_.GetSnapshot(), digest, &chunk.revision);
    if (absl::IsNotFound(entry.status())) {
      return BlobCorrupt(watched_.digest, fmt::format("chunk {} is missing", digest.Hex()));
    }
    if (!entry.ok()) return entry.status();
    auto opened = OpenWhole(store_, packs_, digest, *std::move(entry), &chunk.revision);
    if (!opened.ok()) return chunk.Told(opened.status());
    chunk_ = std::make_unique<WatchedReader>(std::move(chunk), *std::move(opened));
    open_index_ = index;
    return absl::OkStatus();
  }

  const storage::KvStore& store_;
  const PackPool& packs_;
  const Watched watched_;
  const std::vector<Digest> chunks_;
  std::vector<int64_t> begins_;  // where each chunk begins in the blob
  size_t open_index_ = 0;
  std::unique_ptr<BlobReader> chunk_;
};

using MaybeRecord = std::optional<storage::Record>;

// The records of `keys`, each by itself when one of them is damaged.
absl::StatusOr<std::vector<absl::StatusOr<MaybeRecord>>> ReadEach(
    const storage::Snapshot& snapshot, const std::vector<storage::Key>& keys) {
  std::vector<absl::StatusOr<MaybeRecord>> each;
  auto all = snapshot.MultiGet(keys);
  if (all.ok()) {
    for (MaybeRecord& record : *all) each.emplace_back(std::move(record));
    return each;
  }
  if (!absl::IsDataLoss(all.status())) return all.status();
  for (const storage::Key& key : keys) {
    each.push_back(snapshot.Get(key));
    if (!each.back().ok() && !absl::IsDataLoss(each.back().status())) return each.back().status();
  }
  return each;
}

EntryState StateOf(const Digest& digest, const absl::StatusOr<MaybeRecord>& record) {
  EntryState state;
  if (!record.ok()) {
    state.revision = kUnreadableEntry;
    return state;
  }
  if (!record->has_value()) return state;
  state.revision = (*record)->mod_revision;
  EntryHead head;
  if (!ParseEntryHead((*record)->payload, &head)) return state;
  state.is_chunked = head.is_chunked();
  state.is_packed = head.pack != 0;
  state.is_sound = !head.quarantined && head.digest.size_bytes == digest.size_bytes;
  state.there = state.is_sound && !head.condemned;
  return state;
}

}  // namespace

absl::StatusOr<std::vector<EntryState>> LookUpEntries(const storage::Snapshot& snapshot,
                                                      const std::vector<Digest>& digests) {
  std::vector<EntryState> states;
  for (size_t begin = 0; begin < digests.size(); begin += kLookUpChunk) {
    std::vector<storage::Key> keys;
    for (size_t i = begin; i < std::min(digests.size(), begin + kLookUpChunk); ++i) {
      keys.push_back(BlobKey(digests[i]));
    }
    CAIRN_ASSIGN_OR_RETURN(const auto records, ReadEach(snapshot, keys));
    for (size_t i = 0; i < records.size(); ++i) {
      states.push_back(StateOf(digests[begin + i], records[i]));
    }
  }
  return states;
}

void PutEntry(const Digest& digest, storage::Revision revision,
              const internal::BlobEntryRecord& entry, storage::WriteSet& set) {
  if (revision == kUnreadableEntry) {
    set.PutOnce(BlobKey(digest), entry.SerializeAsString());
  } else {
    set.RequireRevision(BlobKey(digest), revision)
        .PutRecord(BlobKey(digest), entry.SerializeAsString());
  }
}

absl::StatusOr<internal::BlobEntryRecord> ReadEntryOfHash(const storage::Snapshot& snapshot,
                                                          const Digest& digest,
                                                          storage::Revision* revision) {
  const auto record = snapshot.Get(BlobKey(digest));
  if (absl::IsDataLoss(record.status())) {
    return BlobCorrupt(digest, "its entry cannot be read");
  }
  CAIRN_RETURN_IF_ERROR(record.status());
  if (!record->has_value()) return BlobNotFound(digest);
  if (revision != nullptr) *revision = (*record)->mod_revision;
  internal::BlobEntryRecord entry;
  if (!entry.ParseFromString((*record)->payload)) {
    return BlobCorrupt(digest, "its entry does not parse");
  }
  return entry;
}

absl::StatusOr<internal::BlobEntryRecord> ReadBlobEntry(const storage::Snapshot& snapshot,
                                                        const Digest& digest,
                                                        storage::Revision* revision) {
  CAIRN_ASSIGN_OR_RETURN(auto entry, ReadEntryOfHash(snapshot, digest, revision));
  if (entry.size_bytes() != digest.size_bytes) return BlobNotFound(digest);
  return entry;
}

absl::StatusOr<std::vector<Digest>> ChunksOf(const Digest& digest,
                                             const internal::BlobEntryRecord& entry) {
  const std::string_view hashes = entry.chunk_sha256s();
  const auto count = static_cast<size_t>(entry.chunk_sizes_size());
  if (hashes.size() != count * kSha256Bytes) {
    return BlobCorrupt(digest, "its list of chunks is contradictory");
  }
  std::vector<Digest> chunks(count);
  int64_t left = digest.size_bytes;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view hash = hashes.substr(i * kSha256Bytes, kSha256Bytes);
    std::copy(hash.begin(), hash.end(), chunks[i].sha256.begin());
    chunks[i].size_bytes = entry.chunk_sizes(static_cast<int>(i));
    // Compared by subtraction: a stored length may be anything.
    if (chunks[i].size_bytes <= 0 || chunks[i].size_bytes > left) {
      return BlobCorrupt(digest, "its chunks have other lengths");
    }
    left -= chunks[i].size_bytes;
  }
  if (count != 0 && left != 0) return BlobCorrupt(digest, "its chunks have other lengths");
  return chunks;
}

absl::StatusOr<std::unique_ptr<BlobReader>> OpenBlobReader(const storage::KvStore& store,
                                                           const PackPool& packs,
                                                           const Digest& digest,
                                                           DamageSink damaged) {
  Watched watched{digest, 0, std::move(damaged)};
  auto entry = ReadBlobEntry(*store.GetSnapshot(), digest, &watched.revision);
  if (!entry.ok()) return watched.Told(entry.status());
  auto chunks = ChunksOf(digest, *entry);
  if (!chunks.ok()) return watched.Told(chunks.status());
  if (!chunks->empty()) {
    return std::make_unique<ChunkedReader>(store, packs, std::move(watched), *std::move(chunks));
  }
  auto opened = OpenWhole(store, packs, digest, *std::move(entry), &watched.revision);
  if (!opened.ok()) return watched.Told(opened.status());
  return std::make_unique<WatchedReader>(std::move(watched), *std::move(opened));
}

absl::StatusOr<std::unique_ptr<BlobReader>> OpenWholeBlobReader(const storage::KvStore& store,
                                                                const PackPool& packs,
                                                                const Digest& digest,
                                                                internal::BlobEntryRecord entry) {
  return OpenWhole(store, packs, digest, std::move(entry), nullptr);
}

}  // namespace cairn::artifacts
