#include "server/storage/rocks_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/status_macros.h"
#include "rocksdb/convenience.h"
#include "rocksdb/write_batch.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"
#include "server/storage/rocks_open.h"
#include "server/storage/rocks_snapshot.h"
#include "server/storage/space_reclaimer.h"
#include "server/storage/store_directory.h"

namespace cairn::storage {
namespace {

// Writes groups into RocksDB. The committer's thread only.
class RocksBackend final : public CommitBackend {
 public:
  RocksBackend(DatabaseHolder& holder, const BackgroundHealth& health,
               std::function<absl::StatusOr<int64_t>()> free_bytes, int64_t reserve_bytes)
      : holder_(holder),
        health_(health),
        free_bytes_(std::move(free_bytes)),
        reserve_bytes_(reserve_bytes),
        reclaimer_(holder) {
    if (HasRoom(reserve_bytes_)) reclaimer_.FlushSoon();
    write_options_.sync = true;
    write_options_.protection_bytes_per_key = 8;
  }

  std::vector<absl::StatusOr<std::optional<Record>>> ReadLatest(
      const std::vector<const Key*>& keys) override {
    return ReadRecords(*holder_.Get(), nullptr, keys);
  }

  absl::Status Health() const override {
    return absl::IsResourceExhausted(health_.status()) ? DiskFull() : absl::OkStatus();
  }

  // What frees space stands aside below half of the reserve for a pass of the reclaimer, which
  // takes up to the other half for a moment, and below a quarter for one that has not begun.
  bool ShouldPostpone(int64_t bytes) override {
    const int64_t extra_bytes = ExtraBytes(bytes);
    if (HasRoom(reserve_bytes_ / 2 + extra_bytes)) return false;
    return reclaimer_.HasPass(/*also_wanted=*/!HasRoom(reserve_bytes_ / 4 + extra_bytes));
  }

  WriteResult Write(const CommitBatch& batch) override {
    // A flush in the background may have met a full disk when no commit did.
    must_reopen_ = absl::IsResourceExhausted(health_.status());
    if (must_reopen_ || !FindRoom(batch.frees_space, ExtraBytes(batch))) {
      return {DiskFull(), true, true};
    }
    const auto database = holder_.Get();
    rocksdb::WriteBatch rocks_batch;
    rocksdb::Status status = Fill(*database, batch, &rocks_batch);
    if (status.ok()) status = database->db().Write(write_options_, &rocks_batch);
    if (status.ok()) {
      if (batch.first_event_revision > 0) DropEventFiles(*database, batch.first_event_revision);
      if (batch.frees_space) reclaimer_.Observe(batch);
      if (batch.frees_space && !HasRoom(2 * reserve_bytes_)) reclaimer_.ReclaimSoon();
      return {};
    }
    must_reopen_ = IsOutOfSpace(status);
    return {FromRocks(status, "commit"), false, must_reopen_};
  }

  // RocksDB 7.8 can clear the error of a full disk but not write to the log that
  // met it, nor leave that log: only opening again does.
  absl::StatusOr<Recovery> Recover(Revision last_revision, bool frees_space) override {
    if (!FindRoom(frees_space, 0)) return DiskFull();
    must_reopen_ = must_reopen_ || !Health().ok();
    Recovery recovery{last_revision, {}};
    if (!must_reopen_) return recovery;
    CAIRN_ASSIGN_OR_RETURN(recovery.last_revision, holder_.Reopen());
    if (!frees_space) reclaimer_.FlushSoon();
    CAIRN_RETURN_IF_ERROR(
        ScanStoredEvents(*holder_.Get(), last_revision + 1, [&recovery](const StoredEvent& event) {
          recovery.events.push_back(event);
          return true;
        }));
    must_reopen_ = false;  // only now: else what was found behind would never be told of
    return recovery;
  }

 private:
  // Whether there is room for a commit; what frees space is refused below a quarter only.
  bool FindRoom(bool frees_space, int64_t extra_bytes) {
    if (frees_space) return HasRoom(reserve_bytes_ / 4 + extra_bytes);
    const bool has_room = HasRoom(reserve_bytes_ + extra_bytes);
    if (!has_room) reclaimer_.ReclaimSoon();
    return has_room;
  }

  // What a large batch takes beyond what the reserve is made for, in the log and again
  // in a file.
  static int64_t ExtraBytes(const CommitBatch& batch) {
    int64_t bytes = 0;
    for (const Change& change : batch.changes) {
      if (change.record->has_value())
        bytes += static_cast<int64_t>((*change.record)->payload.size());
    }
    return ExtraBytes(bytes);
  }
  static int64_t ExtraBytes(int64_t bytes) {
    return 2 * std::max(int64_t{0}, bytes - CommitterOptions().max_group_bytes);
  }

  // One that cannot be asked is found out by writing.
  bool HasRoom(int64_t kept) const {
    const absl::StatusOr<int64_t> free_bytes = free_bytes_();
    return !free_bytes.ok() || *free_bytes >= kept;
  }

  static rocksdb::Status Fill(const RocksDatabase& database, const CommitBatch& batch,
                              rocksdb::WriteBatch* out) {
    rocksdb::Status status;
    for (const Change& change : batch.changes) {
      if (status.ok()) status = Put(database, *change.key, *change.record, out);
    }
    for (const KeyedEvent& event : batch.events) {
      if (!status.ok()) break;
      const Key key = EventKey(event.revision, event.ordinal);
      status = out->Put(database.family(key.family), key.bytes, EncodeEvent(key, *event.event));
    }
    if (status.ok()) status = TrimEvents(database, batch, out);
    if (status.ok() && batch.format > 0) {
      status = Put(database, FormatKey(), FormatRecord(batch.format), out);
    }
    const Record last{1, batch.last_revision, batch.last_revision, {}};
    return status.ok() ? Put(database, LastRevisionKey(), last, out) : status;
  }

  // Removes the events before the batch's first one and notes where the log begins now.
  static rocksdb::Status TrimEvents(const RocksDatabase& database, const CommitBatch& batch,
                                    rocksdb::WriteBatch* out) {
    if (batch.first_event_revision == 0) return rocksdb::Status::OK();
    const absl::StatusOr<Revision> begin = FirstEventRevision(database);
    if (!begin.ok()) return rocksdb::Status::Corruption(std::string(begin.status().message()));
    if (*begin >= batch.first_event_revision) return rocksdb::Status::OK();
    const rocksdb::Status status =
        out->DeleteRange(database.family(Family::kEvent), EventKey(*begin, 0).bytes,
                         EventKey(batch.first_event_revision, 0).bytes);
    internal::EventLogStartRecord start;
    start.set_first_revision(batch.first_event_revision);
    const Record record{1, batch.last_revision, batch.last_revision, start.SerializeAsString()};
    return status.ok() ? Put(database, EventLogStartKey(), record, out) : status;
  }

  // Gives the room of removed events back at once where it can: files that hold nothing
  // else. The rest is left to compaction, and so is what fails here.
  static void DropEventFiles(const RocksDatabase& database, Revision first_event_revision) {
    const std::string end_key = EventKey(first_event_revision, 0).bytes;
    const rocksdb::Slice end(end_key);
    rocksdb::DeleteFilesInRange(&database.db(), database.family(Family::kEvent), nullptr, &end,
                                /*include_end=*/false)
        .PermitUncheckedError();
  }

  static rocksdb::Status Put(const RocksDatabase& database, const Key& key,
                             const std::optional<Record>& record, rocksdb::WriteBatch* out) {
    rocksdb::ColumnFamilyHandle* family = database.family(key.family);
    if (!record.has_value()) {
      // Most batches of points are folded while they are still in memory: a single
      // delete makes both vanish there instead of leaving a mark to step over.
      return IsWrittenOnce(key) ? out->SingleDelete(family, key.bytes)
                                : out->Delete(family, key.bytes);
    }
    const auto header = EncodeRecordHeader(key, *record);
    const rocksdb::Slice key_part(key.bytes);
    const std::array<rocksdb::Slice, 2> value_parts = {rocksdb::Slice(header.data(), header.size()),
                                                       rocksdb::Slice(record->payload)};
    return out->Put(family, rocksdb::SliceParts(&key_part, 1),
                    rocksdb::SliceParts(value_parts.data(), value_parts.size()));
  }

  DatabaseHolder& holder_;
  const BackgroundHealth& health_;
  const std::function<absl::StatusOr<int64_t>()> free_bytes_;
  const int64_t reserve_bytes_;
  rocksdb::WriteOptions write_options_;
  bool must_reopen_ = false;  // RocksDB met a full disk
  SpaceReclaimer reclaimer_;  // stops before the rest goes
};

// What a store consists of; destroyed from the last to the first.
struct Parts {
  RocksOptions options;
  std::unique_ptr<StoreDirectory> directory;
  std::shared_ptr<BackgroundHealth> health;
  std::unique_ptr<DatabaseHolder> holder;
  std::unique_ptr<RocksBackend> backend;
};

class RocksStore final : public KvStore {
 public:
  RocksStore(std::unique_ptr<Parts> parts, Revision last_revision)
      : parts_(std::move(parts)),
        committer_(*parts_->backend, parts_->options.merge, last_revision,
                   parts_->options.committer) {}

  std::unique_ptr<Snapshot> GetSnapshot() const override {
    return MakeRocksSnapshot(parts_->holder->Get());
  }
  void Commit(WriteSet write_set, CommitCallback done) override {
    committer_.Commit(std::move(write_set), std::move(done));
  }
  absl::Status ScanEvents(Revision from_revision,
                          const std::function<bool(const StoredEvent&)>& visitor) const override {
    const auto database = parts_->holder->Get();
    return database == nullptr ? StoreClosed()
                               : ScanStoredEvents(*database, from_revision, visitor);
  }
  absl::StatusOr<int64_t> EventBytes(Revision from_revision) const override {
    const auto database = parts_->holder->Get();
    if (database == nullptr) return StoreClosed();
    return StoredEventBytes(*database, from_revision);
  }
  int64_t AddCommitListener(CommitListener listener) override {
    return committer_.AddListener(std::move(listener));
  }
  void RemoveCommitListener(int64_t number) override { committer_.RemoveListener(number); }
  absl::Status Health() const override {
    CAIRN_RETURN_IF_ERROR(committer_.Health());
    return parts_->health->status();
  }

 private:
  const std::unique_ptr<Parts> parts_;
  Committer committer_;  // drains before the parts go
};

absl::Status LookAtVolume(RocksOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(const VolumeSpace space, SpaceAt(options.directory));
  options.budget = VolumeBudget::For(space.total_bytes);
  if (options.max_log_bytes > 0) {
    options.budget.max_log_bytes = std::min(options.budget.max_log_bytes, options.max_log_bytes);
  }
  if (options.reserve_bytes < 0) options.reserve_bytes = options.budget.reserve_bytes;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<KvStore>> OpenRocksStore(RocksOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(options);
  const auto lost = parts->options.replace_lost_database ? StoreDirectory::LostDatabase::kReplace
                                                         : StoreDirectory::LostDatabase::kRefuse;
  CAIRN_ASSIGN_OR_RETURN(parts->directory, StoreDirectory::Acquire(parts->options.directory, lost));
  CAIRN_RETURN_IF_ERROR(LookAtVolume(parts->options));
  parts->health = std::make_shared<BackgroundHealth>();
  parts->holder =
      std::make_unique<DatabaseHolder>(parts->options, *parts->directory, parts->health);
  CAIRN_ASSIGN_OR_RETURN(const Revision last_revision, parts->holder->Reopen());
  parts->backend = std::make_unique<RocksBackend>(
      *parts->holder, *parts->health, FreeBytesProbe(parts->options), parts->options.reserve_bytes);
  return std::make_unique<RocksStore>(std::move(parts), last_revision);
}

}  // namespace cairn::storage
