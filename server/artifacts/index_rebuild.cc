#include "server/artifacts/index_rebuild.h"

#include <map>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/entry_walk.h"
#include "server/observability/log.h"
#include "server/storage/keyspace.h"

namespace cairn::artifacts {
namespace {

constexpr size_t kEntriesPerCommit = 1'000;

// There while a rebuild is not finished.
storage::Key UnfinishedKey() { return storage::CounterKey("blobIndexRebuild"); }

absl::StatusOr<bool> IsLost(const storage::Snapshot& snapshot) {
  CAIRN_ASSIGN_OR_RETURN(const auto unfinished, snapshot.Get(UnfinishedKey()));
  if (unfinished.has_value()) return true;
  EntryWalk walk(snapshot, "");
  // The empty blob is put there by every start.
  while (walk.Valid() && walk.head().digest.sha256 == DigestOf("").sha256) walk.Next();
  CAIRN_RETURN_IF_ERROR(walk.status());
  return !walk.Valid();
}

using Entries = std::map<Digest, internal::BlobEntryRecord>;

absl::Status Store(storage::KvStore& store, const Entries& entries) {
  storage::WriteSet set;
  for (const auto& [digest, entry] : entries) {
    set.PutRecord(BlobKey(digest), entry.SerializeAsString());
  }
  set.PutRecord(UnfinishedKey(), "");
  return store.CommitAndWait(std::move(set)).status();
}

absl::StatusOr<int64_t> AddPack(storage::KvStore& store, const PackFile& pack) {
  std::vector<PackFile::Record> records;
  CAIRN_ASSIGN_OR_RETURN(
      const PackFile::Tail tail,
      pack.Scan([&records](const PackFile::Record& record) { records.push_back(record); }));
  if (tail.damaged) {
    observability::Log(
        observability::LogLevel::kError, "a pack is damaged; what follows in it is lost",
        {{"pack", std::to_string(pack.number())}, {"offset", std::to_string(tail.end)}});
  }
  Entries entries;
  for (const PackFile::Record& record : records) {
    entries[record.digest] =
        PackedEntry(record.digest, pack.number(), record.data_offset, record.piece_crc32c);
    if (entries.size() == kEntriesPerCommit) {
      CAIRN_RETURN_IF_ERROR(Store(store, std::exchange(entries, {})));
    }
  }
  if (!entries.empty()) CAIRN_RETURN_IF_ERROR(Store(store, entries));
  return static_cast<int64_t>(records.size());
}

}  // namespace

absl::StatusOr<int64_t> RebuildIndexIfLost(storage::KvStore& store, const PackPool& packs) {
  CAIRN_ASSIGN_OR_RETURN(const bool lost, IsLost(*store.GetSnapshot()));
  if (!lost) return 0;
  CAIRN_ASSIGN_OR_RETURN(const auto files, packs.List());
  int64_t count = 0;
  for (const PackPool::File& file : files) {
    const auto pack = packs.Reader(file.number);
    if (absl::IsDataLoss(pack.status())) continue;  // its header is damaged
    CAIRN_RETURN_IF_ERROR(pack.status());
    CAIRN_ASSIGN_OR_RETURN(const int64_t found, AddPack(store, **pack));
    count += found;
  }
  CAIRN_ASSIGN_OR_RETURN(const auto unfinished, store.GetSnapshot()->Get(UnfinishedKey()));
  if (unfinished.has_value()) {
    storage::WriteSet set;
    set.Delete(UnfinishedKey());
    CAIRN_RETURN_IF_ERROR(store.CommitAndWait(std::move(set)).status());
  }
  if (count > 0) {
    observability::Log(observability::LogLevel::kWarning,
                       "the index of blobs was gone and is rebuilt from the packs",
                       {{"blobs", std::to_string(count)}});
  }
  return count;
}

}  // namespace cairn::artifacts
