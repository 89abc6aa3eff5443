#include "server/storage/rocks_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "lib/base/status_macros.h"
#include "rocksdb/write_batch.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"
#include "server/storage/rocks_open.h"
#include "server/storage/rocks_snapshot.h"
#include "server/storage/store_directory.h"

namespace cairn::storage {
namespace {

constexpr int64_t kMaxReserveBytes = int64_t{512} << 20;
constexpr int64_t kReserveShare = 20;  // a twentieth: 5 %

// Writes groups into RocksDB. The committer's thread only.
class RocksBackend final : public CommitBackend {
 public:
  RocksBackend(const RocksDatabase& database, BackgroundHealth& health,
               std::function<absl::StatusOr<int64_t>()> free_bytes, int64_t reserve_bytes)
      : database_(database),
        health_(health),
        free_bytes_(std::move(free_bytes)),
        reserve_bytes_(reserve_bytes) {
    write_options_.sync = true;
    write_options_.protection_bytes_per_key = 8;
  }

  std::vector<absl::StatusOr<std::optional<Record>>> ReadLatest(
      const std::vector<const Key*>& keys) override {
    return ReadRecords(database_, nullptr, keys);
  }

  absl::Status Write(const CommitBatch& batch) override {
    CAIRN_RETURN_IF_ERROR(Recover());
    rocksdb::WriteBatch rocks_batch;
    CAIRN_RETURN_IF_ERROR(Fill(batch, &rocks_batch));
    const rocksdb::Status status = database_.db().Write(write_options_, &rocks_batch);
    if (status.ok()) return absl::OkStatus();
    paused_ = IsOutOfSpace(status);
    return FromRocks(status, "commit");
  }

  absl::Status Recover() override {
    const absl::StatusOr<int64_t> free_bytes = free_bytes_();
    if (free_bytes.ok() && *free_bytes < reserve_bytes_) return DiskFull();
    // A background flush may have met a full disk when no commit did.
    const bool full = paused_ || absl::IsResourceExhausted(health_.status());
    return full ? LeavePause() : absl::OkStatus();
  }

 private:
  // Clears RocksDB's error and starts a new log, because the present one may end
  // in half a record and anything behind it could not be replayed.
  absl::Status LeavePause() {
    if (!database_.db().Resume().ok()) return DiskFull();
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    if (!database_.db().Put(unlogged, database_.spare(), "log", "").ok()) return DiskFull();
    if (!database_.db().Flush(rocksdb::FlushOptions(), database_.spare()).ok()) return DiskFull();
    health_.Clear();
    paused_ = false;
    return absl::OkStatus();
  }

  absl::Status Fill(const CommitBatch& batch, rocksdb::WriteBatch* out) {
    rocksdb::Status status;
    for (const Change& change : batch.changes) {
      if (status.ok()) status = Put(*change.key, *change.record, out);
    }
    for (const KeyedEvent& event : batch.events) {
      const Key key = EventKey(event.revision, event.ordinal);
      if (!status.ok()) break;
      status = out->Put(database_.family(key.family), key.bytes, EncodeEvent(key, *event.event));
    }
    const Record last{1, batch.last_revision, batch.last_revision, {}};
    if (status.ok()) status = Put(LastRevisionKey(), last, out);
    return status.ok() ? absl::OkStatus() : FromRocks(status, "put a commit together");
  }

  rocksdb::Status Put(const Key& key, const std::optional<Record>& record,
                      rocksdb::WriteBatch* out) {
    rocksdb::ColumnFamilyHandle* family = database_.family(key.family);
    if (!record.has_value()) return out->Delete(family, key.bytes);
    const auto header = EncodeRecordHeader(key, *record);
    const rocksdb::Slice key_part(key.bytes);
    const std::array<rocksdb::Slice, 2> value_parts = {rocksdb::Slice(header.data(), header.size()),
                                                       rocksdb::Slice(record->payload)};
    return out->Put(family, rocksdb::SliceParts(&key_part, 1),
                    rocksdb::SliceParts(value_parts.data(), value_parts.size()));
  }

  const RocksDatabase& database_;
  BackgroundHealth& health_;
  const std::function<absl::StatusOr<int64_t>()> free_bytes_;
  const int64_t reserve_bytes_;
  rocksdb::WriteOptions write_options_;
  bool paused_ = false;  // RocksDB met a full disk
};

class RocksStore final : public KvStore {
 public:
  RocksStore(std::unique_ptr<StoreDirectory> directory, std::shared_ptr<BackgroundHealth> health,
             std::unique_ptr<RocksDatabase> database, std::unique_ptr<RocksBackend> backend,
             const RocksOptions& options, Revision last_revision)
      : directory_(std::move(directory)),
        health_(std::move(health)),
        database_(std::move(database)),
        backend_(std::move(backend)),
        committer_(*backend_, options.merge, last_revision, options.committer) {}

  std::unique_ptr<Snapshot> GetSnapshot() const override { return MakeRocksSnapshot(*database_); }
  void Commit(WriteSet write_set, CommitCallback done) override {
    committer_.Commit(std::move(write_set), std::move(done));
  }
  absl::Status ScanEvents(Revision from_revision,
                          const std::function<bool(const StoredEvent&)>& visitor) const override {
    return ScanStoredEvents(*database_, from_revision, visitor);
  }
  void SetCommitListener(CommitListener listener) override {
    committer_.SetListener(std::move(listener));
  }
  absl::Status Health() const override {
    CAIRN_RETURN_IF_ERROR(committer_.Health());
    return health_->status();
  }

 private:
  // Destroyed from the last to the first: the committer drains before the
  // database closes, and the directory is released after that.
  const std::unique_ptr<StoreDirectory> directory_;
  const std::shared_ptr<BackgroundHealth> health_;
  const std::unique_ptr<RocksDatabase> database_;
  const std::unique_ptr<RocksBackend> backend_;
  Committer committer_;
};

absl::StatusOr<int64_t> ReserveBytes(const RocksOptions& options) {
  if (options.reserve_bytes >= 0) return options.reserve_bytes;
  CAIRN_ASSIGN_OR_RETURN(const VolumeSpace space, SpaceAt(options.directory));
  return std::min(kMaxReserveBytes, space.total_bytes / kReserveShare);
}

std::function<absl::StatusOr<int64_t>()> FreeBytesProbe(const RocksOptions& options) {
  if (options.free_bytes) return options.free_bytes;
  return [directory = options.directory]() -> absl::StatusOr<int64_t> {
    CAIRN_ASSIGN_OR_RETURN(const VolumeSpace space, SpaceAt(directory));
    return space.free_bytes;
  };
}

}  // namespace

absl::StatusOr<std::unique_ptr<KvStore>> OpenRocksStore(RocksOptions options) {
  CAIRN_ASSIGN_OR_RETURN(auto directory, StoreDirectory::Acquire(options.directory));
  CAIRN_ASSIGN_OR_RETURN(const int64_t reserve, ReserveBytes(options));
  auto health = std::make_shared<BackgroundHealth>();
  CAIRN_ASSIGN_OR_RETURN(auto database, OpenDatabase(options, *directory, health));
  CAIRN_ASSIGN_OR_RETURN(const Revision last_revision,
                         VerifiedLastRevision(*database, options.directory));
  auto backend =
      std::make_unique<RocksBackend>(*database, *health, FreeBytesProbe(options), reserve);
  return std::make_unique<RocksStore>(std::move(directory), std::move(health), std::move(database),
                                      std::move(backend), options, last_revision);
}

}  // namespace cairn::storage
