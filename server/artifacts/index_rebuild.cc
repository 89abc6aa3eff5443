#include "server/artifacts/index_rebuild.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "server/artifacts/blob_check.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/chunk_list.h"
#include "server/artifacts/entry_walk.h"
#include "server/observability/log.h"
#include "server/storage/keyspace.h"

namespace cairn::artifacts {
namespace {

constexpr size_t kEntriesPerCommit = 1'000;
constexpr size_t kListBytesPerCommit = 4 << 20;

// There while a rebuild is not finished.
storage::Key UnfinishedKey() { return storage::CounterKey("blobIndexRebuild"); }

absl::StatusOr<bool> IsLost(const storage::Snapshot& snapshot) {
  CAIRN_ASSIGN_OR_RETURN(const auto unfinished, snapshot.Get(UnfinishedKey()));
  if (unfinished.has_value()) return true;
  EntryWalk walk(snapshot, "", EntryWalk::AtDamage::kStepOver);
  // The empty blob is put there by every start.
  while (walk.Valid() && walk.head().digest.sha256 == DigestOf("").sha256) walk.Next();
  CAIRN_RETURN_IF_ERROR(walk.status());
  return !walk.Valid();
}

class IndexRebuild {
 public:
  IndexRebuild(storage::KvStore& store, const PackPool& packs) : store_(store), packs_(packs) {}

  absl::StatusOr<RebuiltIndex> Run() {
    CAIRN_ASSIGN_OR_RETURN(const auto files, packs_.List());
    for (const PackPool::File& file : files) {
      CAIRN_RETURN_IF_ERROR(AddPack(file.number));
      CAIRN_RETURN_IF_ERROR(Flush());
    }
    for (const FoundList& list : lists_) CAIRN_RETURN_IF_ERROR(AddList(list));
    CAIRN_RETURN_IF_ERROR(Flush());
    CAIRN_RETURN_IF_ERROR(RemoveUnreadable());
    CAIRN_RETURN_IF_ERROR(Finish());
    return done_;
  }

 private:
  struct FoundList {
    int64_t pack = 0;
    PackFile::Record record;
  };
  // What the store has of a blob.
  struct Present {
    storage::Revision revision = 0;  // as PutEntry takes it
    internal::BlobEntryRecord entry;
    bool parsed = false;
  };

  absl::Status AddPack(int64_t number) {
    std::vector<PackFile::Record> records;
    done_.packs += 1;
    const auto pack = packs_.Reader(number);
    if (absl::IsDataLoss(pack.status())) {
      Damaged(number, 0);  // its header
      return absl::OkStatus();
    }
    CAIRN_RETURN_IF_ERROR(pack.status());
    CAIRN_ASSIGN_OR_RETURN(
        const PackFile::Tail tail,
        (*pack)->Scan([&records](const PackFile::Record& record) { records.push_back(record); }));
    if (tail.damaged) Damaged(number, tail.end);
    for (PackFile::Record& record : records) {
      if (record.kind == PackFile::Kind::kList) {
        lists_.push_back({number, std::move(record)});
      } else {
        CAIRN_RETURN_IF_ERROR(AddBlob(number, record));
      }
    }
    return absl::OkStatus();
  }

  void Damaged(int64_t pack, int64_t offset) {
    done_.damaged_packs += 1;
    observability::Log(observability::LogLevel::kError,
                       "a pack is damaged; what follows in it is lost",
                       {{"pack", std::to_string(pack)}, {"offset", std::to_string(offset)}});
  }

  absl::Status AddBlob(int64_t pack, const PackFile::Record& record) {
    const auto entry = PackedEntry(record.digest, pack, record.data_offset, record.piece_crc32c);
    CAIRN_ASSIGN_OR_RETURN(const Present present, Find(record.digest));
    if (!present.parsed) return Put(record.digest, present, entry, done_.blobs);
    if (IsSame(present.entry, entry)) return absl::OkStatus();
    // Two copies, or an entry that is wrong.
    CAIRN_ASSIGN_OR_RETURN(const bool sound, IsSound(record.digest, present.entry));
    if (sound) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const bool better, IsSound(record.digest, entry));
    return better ? Put(record.digest, present, entry, done_.blobs) : absl::OkStatus();
  }

  // Makes the entry of a list that is whole, of chunks that are there.
  absl::Status AddList(const FoundList& found) {
    const PackFile::Record& record = found.record;
    CAIRN_ASSIGN_OR_RETURN(const auto list, ReadList(found));
    CAIRN_RETURN_IF_ERROR(list_bytes_ > kListBytesPerCommit ? Flush() : absl::OkStatus());
    auto entry = PackedEntry(record.digest, found.pack, record.data_offset, record.piece_crc32c);
    if (list.has_value()) entry.MergeFrom(ChunkedEntry(*list));
    const bool whole = list.has_value() &&
                       ChunksAreSound(*store_.GetSnapshot(), list->digest, entry).value_or(false);
    if (!whole) {
      done_.incomplete_lists += 1;
      return absl::OkStatus();
    }
    CAIRN_ASSIGN_OR_RETURN(const Present present, Find(list->digest));
    if (present.parsed) {
      // A blob in one piece may be a chunk itself, and never becomes a list.
      if (present.entry.chunk_sizes_size() == 0) return absl::OkStatus();
      CAIRN_ASSIGN_OR_RETURN(const bool sound, IsSound(list->digest, present.entry));
      if (sound) return absl::OkStatus();
    }
    list_bytes_ += static_cast<size_t>(record.digest.size_bytes);
    return Put(list->digest, present, entry, done_.lists);
  }

  // Nullopt for bytes that are no list, or damaged.
  absl::StatusOr<std::optional<ChunkList>> ReadList(const FoundList& found) const {
    CAIRN_ASSIGN_OR_RETURN(const auto pack, packs_.Reader(found.pack));
    const PackFile::Record& record = found.record;
    std::string bytes;
    const absl::Status read = pack->ReadAt(record.data_offset, record.digest.size_bytes, &bytes);
    if (absl::IsDataLoss(read)) return std::nullopt;
    CAIRN_RETURN_IF_ERROR(read);
    PieceChecksums checksums;
    checksums.Update(bytes);
    if (checksums.Finish() != record.piece_crc32c) return std::nullopt;
    return ParseChunkList(record.digest.sha256, bytes);
  }

  static bool IsSame(const internal::BlobEntryRecord& present,
                     const internal::BlobEntryRecord& found) {
    return present.pack() == found.pack() && present.data_offset() == found.data_offset() &&
           present.size_bytes() == found.size_bytes() && present.chunk_sizes_size() == 0 &&
           present.piece_size_bytes() == found.piece_size_bytes() &&
           std::equal(present.piece_crc32c().begin(), present.piece_crc32c().end(),
                      found.piece_crc32c().begin(), found.piece_crc32c().end());
  }

  // Reads all bytes of a blob in one piece; of another one its list and the entries of its
  // chunks.
  absl::StatusOr<bool> IsSound(const Digest& digest, const internal::BlobEntryRecord& entry) {
    if (entry.quarantined() || entry.size_bytes() != digest.size_bytes) return false;
    if (entry.chunk_sizes_size() != 0) {
      CAIRN_ASSIGN_OR_RETURN(const bool whole,
                             ChunksAreSound(*store_.GetSnapshot(), digest, entry));
      CAIRN_ASSIGN_OR_RETURN(const bool listed, ListIsSound(packs_, digest, entry));
      return whole && listed;
    }
    BlobCheck check(packs_, digest, entry);
    int64_t budget = std::numeric_limits<int64_t>::max();
    CAIRN_RETURN_IF_ERROR(check.Read(budget).status());
    return !check.damaged();
  }

  absl::StatusOr<Present> Find(const Digest& digest) {
    if (pending_.contains(BlobKey(digest).bytes)) CAIRN_RETURN_IF_ERROR(Flush());
    Present present;
    auto entry = ReadEntryOfHash(*store_.GetSnapshot(), digest, &present.revision);
    present.parsed = entry.ok();
    if (entry.ok()) {
      present.entry = *std::move(entry);
    } else if (absl::IsDataLoss(entry.status())) {
      // One that is read but does not parse has a revision.
      if (present.revision == 0) present.revision = kUnreadableEntry;
    } else if (!absl::IsNotFound(entry.status())) {
      return entry.status();
    }
    return present;
  }

  absl::Status Put(const Digest& digest, const Present& present,
                   const internal::BlobEntryRecord& entry, int64_t& count) {
    count += 1;
    PutEntry(digest, present.revision, entry, set_);
    pending_.insert(BlobKey(digest).bytes);
    return pending_.size() < kEntriesPerCommit ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    list_bytes_ = 0;
    if (pending_.empty()) return absl::OkStatus();
    pending_.clear();
    set_.PutRecord(UnfinishedKey(), "");
    return store_.CommitAndWait(std::exchange(set_, {})).status();
  }

  // What cannot be read and was not found in a pack would stop every collection.
  absl::Status RemoveUnreadable() {
    CAIRN_ASSIGN_OR_RETURN(const std::vector<Digest> lost, FindUnreadable());
    for (const Digest& digest : lost) {
      observability::Log(observability::LogLevel::kError,
                         "the entry of a blob cannot be read and is removed",
                         {{"sha256", digest.Hex()}});
      CAIRN_RETURN_IF_ERROR(
          store_.CommitAndWait(storage::WriteSet().Delete(BlobKey(digest))).status());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Digest>> FindUnreadable() {
    const auto snapshot = store_.GetSnapshot();
    std::vector<Digest> lost;
    EntryWalk walk(*snapshot, "", EntryWalk::AtDamage::kStepOver);
    for (; walk.Valid(); walk.Next()) {
      if (!walk.is_lost()) continue;
      (walk.is_gap() ? done_.unreadable_ranges : done_.unreadable) += 1;
      if (!walk.is_gap()) lost.push_back(walk.head().digest);
    }
    CAIRN_RETURN_IF_ERROR(walk.status());
    return lost;
  }

  absl::Status Finish() {
    CAIRN_ASSIGN_OR_RETURN(const auto unfinished, store_.GetSnapshot()->Get(UnfinishedKey()));
    if (!unfinished.has_value()) return absl::OkStatus();
    return store_.CommitAndWait(storage::WriteSet().Delete(UnfinishedKey())).status();
  }

  storage::KvStore& store_;
  const PackPool& packs_;
  RebuiltIndex done_;
  std::vector<FoundList> lists_;
  storage::WriteSet set_;
  std::set<std::string> pending_;  // the keys in it
  size_t list_bytes_ = 0;          // of lists in it
};

}  // namespace

absl::StatusOr<RebuiltIndex> RebuildIndex(storage::KvStore& store, const PackPool& packs) {
  return IndexRebuild(store, packs).Run();
}

absl::StatusOr<RebuiltIndex> RebuildIndex(storage::KvStore& store, const std::string& directory) {
  // All packs count as full: none is opened for writing, none is cut off.
  CAIRN_ASSIGN_OR_RETURN(const auto packs, PackPool::Open(directory, /*pack_bytes=*/0, {}));
  return RebuildIndex(store, *packs);
}

absl::StatusOr<int64_t> RebuildIndexIfLost(storage::KvStore& store, const PackPool& packs) {
  CAIRN_ASSIGN_OR_RETURN(const bool lost, IsLost(*store.GetSnapshot()));
  if (!lost) return 0;
  CAIRN_ASSIGN_OR_RETURN(const RebuiltIndex done, RebuildIndex(store, packs));
  const int64_t count = done.blobs + done.lists;
  if (count > 0) {
    observability::Log(observability::LogLevel::kWarning,
                       "the index of blobs was gone and is rebuilt from the packs",
                       {{"blobs", std::to_string(done.blobs)},
                        {"lists", std::to_string(done.lists)},
                        {"incomplete_lists", std::to_string(done.incomplete_lists)}});
  }
  return count;
}

}  // namespace cairn::artifacts
