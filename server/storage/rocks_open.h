#ifndef CAIRN_SERVER_STORAGE_ROCKS_OPEN_H_
#define CAIRN_SERVER_STORAGE_ROCKS_OPEN_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/listener.h"
#include "server/storage/ballast.h"
#include "server/storage/compaction_room.h"
#include "server/storage/kv_store.h"
#include "server/storage/rocks_store.h"
#include "server/storage/store_directory.h"
#include "server/storage/synced_files.h"

namespace cairn::storage {

// Private to the RocksDB store: the only headers with rocksdb types are this one
// and rocks_snapshot.h.

// Private to the RocksDB store. The only headers with rocksdb types are this one,
// rocks_snapshot.h, rocks_logger.h, compaction_room.h and witnessed_files.h.
//
// The file layer under a database: tells a SyncedFiles what was synced. Members go in
// the opposite order: the environment before what its files report to.
struct WitnessedEnv {
  std::unique_ptr<Ballast> ballast;  // made whole again whenever a file goes
  std::unique_ptr<SyncedFiles> synced;
  std::shared_ptr<CompactionRoom> room;  // a listener too
  std::unique_ptr<rocksdb::Env> env;     // goes first
  std::optional<Revision> revision;      // DatabaseInspection's
};

// Remembers what RocksDB's background threads report. Safe to call from any
// thread; kept alive by the database.
class BackgroundHealth final : public rocksdb::EventListener {
 public:
  // Why RocksDB stopped writing, as it was reported last, or OK.
  absl::Status status() const CAIRN_EXCLUDES(mutex_);
  // After the database was opened again.
  void Clear() CAIRN_EXCLUDES(mutex_);

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  // Recovery is the committer's: it must start a new log before it writes again.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override;

 private:
  mutable Mutex mutex_;
  absl::Status status_ CAIRN_GUARDED_BY(mutex_);
};

// An open database, its column families and the file system that they are on. Safe to call from any
// thread as far as RocksDB is; closing it is the destructor's work and needs quiet.
class RocksDatabase {
 public:
  // `files` may be null: then the system's are used, unwitnessed.
  RocksDatabase(std::unique_ptr<WitnessedEnv> files, std::unique_ptr<rocksdb::DB> db,
                std::vector<rocksdb::ColumnFamilyHandle*> handles);
  ~RocksDatabase();
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;

  // For this folder only.
  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return handles_[static_cast<size_t>(family) + 1];  // [0] is RocksDB's own "default"
  }
  // RocksDB's "default" family holds nothing of ours.
  rocksdb::ColumnFamilyHandle* spare() const { return handles_[0]; }

 private:
  std::unique_ptr<WitnessedEnv> files_;  // the database's threads use it to the end
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

// Opens, creating first when the directory is new, and checks that the content is a store of our
// format. A database that is there is inspected first (database_inspection.h), so that one that is
// refused stays as it was. Errors as for OpenRocksStore.
absl::StatusOr<std::unique_ptr<RocksDatabase>> OpenDatabase(
    const RocksOptions& options, StoreDirectory& directory,
    std::shared_ptr<BackgroundHealth> health);

// The same for one that is there and is only looked at: nothing is changed.
absl::StatusOr<std::unique_ptr<RocksDatabase>> OpenDatabaseToRead(const RocksOptions& options,
                                                                  const StoreDirectory& directory);

// The database of a store, which is closed and opened again after a full disk. Safe to
// call from any thread. Readers hold the database by a shared pointer for as long as
// they read, so it is never closed under one.
class DatabaseHolder {
 public:
  // All of them must outlive the holder.
  DatabaseHolder(const RocksOptions& options, StoreDirectory& directory,
                 std::shared_ptr<BackgroundHealth> health)
      : options_(options), directory_(directory), health_(std::move(health)) {}

  // Opens, or closes and opens again. Waits a moment for readers to go;
  // UNAVAILABLE (STORE_UNAVAILABLE) when they do not, and the database stays as
  // it is. Answers the newest revision. Errors as for OpenDatabase.
  absl::StatusOr<Revision> Reopen() CAIRN_EXCLUDES(mutex_);

  // The open database; null if it could not be opened again.
  std::shared_ptr<const RocksDatabase> Get() const CAIRN_EXCLUDES(mutex_);

 private:
  const RocksOptions& options_;
  StoreDirectory& directory_;
  const std::shared_ptr<BackgroundHealth> health_;
  mutable Mutex mutex_;
  std::shared_ptr<const RocksDatabase> database_ CAIRN_GUARDED_BY(mutex_);
};

// The newest revision, after a check that nothing in the store is newer.
// DATA_LOSS (STORE_CORRUPT) otherwise.
absl::StatusOr<Revision> VerifiedLastRevision(const RocksDatabase& database,
                                              std::string_view directory);

// DATA_LOSS (STORE_CORRUPT) if something outside the database knows of a later revision
// (RocksOptions::known_revision) than its newest.
absl::Status CheckKnownRevision(const RocksOptions& options, Revision last);

// Asks for the free bytes of the store's volume (RocksOptions::free_bytes). May be
// called from any thread; where the options have a probe of their own, it is asked.
std::function<absl::StatusOr<int64_t>()> FreeBytesProbe(const RocksOptions& options);

// Translates a failed status: no space → DISK_FULL, damage → RECORD_CORRUPT, anything
// else → STORE_UNAVAILABLE. REQUIRES: not ok. `action` completes "cannot …" in the
// message.
absl::Status FromRocks(const rocksdb::Status& status, std::string_view action);

// True when `status` says that the disk, or the share of it RocksDB may use, is full.
bool IsOutOfSpace(const rocksdb::Status& status);

// UNAVAILABLE (STORE_UNAVAILABLE): the database is closed for the moment.
absl::Status StoreClosed();

// RESOURCE_EXHAUSTED (DISK_FULL) with a retry delay.
absl::Status DiskFull();

// Views of the same bytes: nothing is copied.
rocksdb::Slice ToSlice(std::string_view bytes);
std::string_view ToView(const rocksdb::Slice& slice);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_ROCKS_OPEN_H_
