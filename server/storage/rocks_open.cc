#include "server/storage/rocks_open.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "server/storage/ballast.h"
#include "server/storage/database_inspection.h"
#include "server/storage/key_codec.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"
#include "server/storage/rocks_logger.h"
#include "server/storage/witnessed_files.h"

namespace cairn::storage {
namespace {

constexpr int kReaderWaitMillis = 100;

rocksdb::DBOptions DatabaseOptions(const RocksOptions& options,
                                   std::shared_ptr<BackgroundHealth> health) {
  rocksdb::DBOptions db;
  if (options.env != nullptr) db.env = options.env;
  // The default mode stops at a damaged record in the middle of the log and
  // opens as if nothing had followed; this one refuses, and forgives only a
  // last record that was being written when the process died.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.recycle_log_file_num = 0;  // old bytes behind the tail would look like damage
  db.paranoid_checks = true;
  db.verify_sst_unique_id_in_manifest = true;
  db.flush_verify_memtable_count = true;
  // Safe because every write syncs by itself and SyncWAL is never called.
  db.track_and_verify_wals_in_manifest = true;
  db.max_total_wal_size = static_cast<uint64_t>(options.budget.max_log_bytes);
  // It is allocated at once, of the room that the ballast gave up when there is no other.
  db.manifest_preallocation_size = static_cast<size_t>(options.budget.ballast_bytes / 4);
  // A flush takes as much room as the log, which a full volume does not have. Whoever opens
  // asks for one when there is room.
  db.avoid_flush_during_recovery = true;
  db.db_write_buffer_size = static_cast<size_t>(options.total_write_buffer_bytes);
  db.max_background_jobs = 2;
  db.max_open_files = options.max_open_files == 0 ? -1 : options.max_open_files;
  // What flushes and compactions write goes to the disk bit by bit: the sync of a commit
  // would else wait behind all of it.
  db.bytes_per_sync = uint64_t{1} << 20;
  db.unordered_write = false;  // would break snapshots
  db.atomic_flush = false;
  // No file of its own: a store that is refused must stay as it was.
  db.info_log = MakeRocksLogger(options.on_warning);
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.listeners.push_back(std::move(health));
  return db;
}

// The families whose records are read here and there, one run at a time.
bool ReadAtRandom(Family family) { return family == Family::kRecord || family == Family::kIndex; }

rocksdb::ColumnFamilyOptions FamilyOptions(const RocksOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache,
                                           bool read_at_random) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = read_at_random ? 4 << 10 : 16 << 10;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  const VolumeBudget& budget = options.budget;
  family.write_buffer_size = static_cast<size_t>(
      options.write_buffer_bytes > 0 ? options.write_buffer_bytes : budget.write_buffer_bytes);
  family.target_file_size_base = static_cast<uint64_t>(budget.file_bytes);
  family.max_bytes_for_level_base = static_cast<uint64_t>(budget.level_bytes);
  family.max_compaction_bytes = static_cast<uint64_t>(budget.compaction_bytes);
  family.level0_file_num_compaction_trigger = budget.l0_files;
  // A compaction that finds no room (CompactionRoom) must not stop the deletions that give some.
  family.level0_stop_writes_trigger = 400;
  family.compression = rocksdb::kLZ4Compression;
  // Of a random read nearly all would be the unpacking of a large, dense block.
  family.bottommost_compression = read_at_random ? rocksdb::kLZ4Compression : rocksdb::kZSTD;
  // Most reads are of what is there, so filters of the last level would be memory for
  // nothing.
  family.optimize_filters_for_hits = read_at_random;
  // Keys of a commit arrive in order, kind by kind: where the last one of a kind went
  // is near where the next one goes.
  family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  return family;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families(const RocksOptions& options) {
  const auto cache = rocksdb::NewLRUCache(static_cast<size_t>(options.block_cache_bytes));
  const rocksdb::ColumnFamilyOptions family = FamilyOptions(options, cache, false);
  const rocksdb::ColumnFamilyOptions at_random = FamilyOptions(options, cache, true);
  // Blocks of points are compressed by their own codecs already.
  rocksdb::ColumnFamilyOptions points = family;
  points.compression = rocksdb::kNoCompression;
  points.bottommost_compression = rocksdb::kNoCompression;
  // Ranges of it are deleted, and RocksDB would take the place where a range went as the
  // hint for a key, which is in another list. Keys that only ascend need no hint.
  rocksdb::ColumnFamilyOptions events = family;
  events.memtable_insert_with_hint_prefix_extractor.reset();
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, family);
  for (int i = 0; i < kFamilyCount; ++i) {
    const auto which = static_cast<Family>(i);
    families.emplace_back(std::string(FamilyName(which)), which == Family::kMetric  ? points
                                                          : which == Family::kEvent ? events
                                                          : ReadAtRandom(which)     ? at_random
                                                                                    : family);
  }
  return families;
}

absl::Status OpenError(const rocksdb::Status& status, std::string_view directory) {
  if (status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound()) {
    return CorruptStore(directory, status.ToString());
  }
  return FromRocks(status, "open the store");
}

enum class Access { kWrite, kReadOnly };

absl::StatusOr<std::unique_ptr<RocksDatabase>> OpenAt(const std::string& path,
                                                      const rocksdb::DBOptions& db_options,
                                                      const RocksOptions& options, Access access,
                                                      std::unique_ptr<WitnessedEnv> files) {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status =
      access == Access::kWrite
          ? rocksdb::DB::Open(db_options, path, Families(options), &handles, &db)
          : rocksdb::DB::OpenForReadOnly(db_options, path, Families(options), &handles, &db);
  if (!status.ok()) return OpenError(status, options.directory);
  return std::make_unique<RocksDatabase>(std::move(files), std::unique_ptr<rocksdb::DB>(db),
                                         std::move(handles));
}

// Inspects the database and goes on from what it found.
absl::StatusOr<std::unique_ptr<WitnessedEnv>> WitnessFiles(const RocksOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(DatabaseInspection inspection, InspectDatabase(options.directory));
  if (inspection.revision) {
    CAIRN_RETURN_IF_ERROR(CheckKnownRevision(options, *inspection.revision));
  }
  if (options.on_warning) {
    for (const std::string& note : inspection.notes) options.on_warning(note);
  }
  auto files = std::make_unique<WitnessedEnv>();
  files->ballast = std::make_unique<Ballast>(options.directory, options.budget.ballast_bytes);
  files->revision = inspection.revision;
  const auto on_failure = [warn = options.on_warning](const absl::Status& status) {
    if (warn)
      warn(fmt::format("what was synced is not recorded any more: {}",
                       std::string(status.message())));
  };
  std::vector<SyncedFile> readable = inspection.synced.files;
  files->synced =
      std::make_unique<SyncedFiles>(options.directory, std::move(inspection.synced), on_failure);
  // More than what frees space needs (RocksOptions::reserve_bytes), for a flush beside it.
  const int64_t kept_bytes = options.reserve_bytes < 0 ? 0 : options.reserve_bytes / 8 * 3;
  files->room = std::make_shared<CompactionRoom>(FreeBytesProbe(options), kept_bytes);
  rocksdb::Env* base = options.env != nullptr ? options.env : rocksdb::Env::Default();
  files->env = rocksdb::NewCompositeEnv(files->room->Files(
      MakeWitnessedFiles(base->GetFileSystem(), *files->synced, std::move(readable),
                         [ballast = files->ballast.get()] { ballast->RestoreIfWanted(); })));
  return files;
}

absl::Status WriteFormat(RocksDatabase& database) {
  const Key key = FormatKey();
  const Record record = FormatRecord(kFormatVersion);
  rocksdb::WriteOptions write;
  write.sync = true;
  const rocksdb::Status status = database.db().Put(write, database.family(Family::kMeta), key.bytes,
                                                   EncodeRecord(key, record));
  return status.ok() ? absl::OkStatus() : FromRocks(status, "create the store");
}

// Makes the database beside its place, so that it is there whole or not at all.
absl::Status CreateDatabase(const RocksOptions& options, const rocksdb::DBOptions& db_options,
                            StoreDirectory& directory) {
  // Of a database that is gone; the one inside it went with it.
  ::unlink(SyncedStatePaths(directory.path())[0].c_str());
  rocksdb::DBOptions creating = db_options;
  creating.info_log = MakeRocksLogger(nullptr);  // it warns that there is nothing yet
  creating.create_if_missing = true;
  creating.create_missing_column_families = true;
  {
    CAIRN_ASSIGN_OR_RETURN(auto database, OpenAt(directory.creating_path(), creating, options,
                                                 Access::kWrite, nullptr));
    CAIRN_RETURN_IF_ERROR(WriteFormat(*database));
  }
  return directory.PublishDatabase();
}

absl::Status CheckFamilies(const RocksOptions& options, const rocksdb::DBOptions& db_options,
                           const StoreDirectory& directory) {
  std::vector<std::string> names;
  const rocksdb::Status status =
      rocksdb::DB::ListColumnFamilies(db_options, directory.database_path(), &names);
  if (!status.ok()) return OpenError(status, options.directory);
  const auto has = [&names](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!has(FamilyName(Family::kMeta))) {
    return CorruptStore(options.directory, "kv is a RocksDB database of another program");
  }
  for (int i = 0; i < kFamilyCount; ++i) {
    const std::string_view name = FamilyName(static_cast<Family>(i));
    if (!has(name)) {
      return CorruptStore(options.directory, fmt::format("its family {} is missing", name));
    }
  }
  return names.size() == kFamilyCount + 1
             ? absl::OkStatus()
             : CorruptStore(options.directory, "it has families this server does not know");
}

absl::StatusOr<std::optional<Record>> ReadMeta(const RocksDatabase& database, const Key& key) {
  std::string value;
  const rocksdb::Status status =
      database.db().Get(rocksdb::ReadOptions(), database.family(key.family), key.bytes, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return FromRocks(status, "read the store's state");
  CAIRN_ASSIGN_OR_RETURN(Record record, DecodeRecord(key.family, key.bytes, value));
  return record;
}

absl::Status CheckStoredFormat(const RocksDatabase& database, std::string_view directory) {
  const auto record = ReadMeta(database, FormatKey());
  if (!record.ok()) return CorruptStore(directory, std::string(record.status().message()));
  if (!record->has_value()) return CorruptStore(directory, "it has no format number");
  const auto format = FormatOf(**record);
  if (!format) return CorruptStore(directory, "its format number is damaged");
  return CheckFormat(*format, directory);
}

// The revision of the newest event; 0 when there is none.
absl::StatusOr<Revision> NewestEvent(const RocksDatabase& database) {
  const std::unique_ptr<rocksdb::Iterator> it(
      database.db().NewIterator(rocksdb::ReadOptions(), database.family(Family::kEvent)));
  it->SeekToLast();
  if (!it->status().ok()) return FromRocks(it->status(), "read the event log");
  if (!it->Valid()) return 0;
  CAIRN_ASSIGN_OR_RETURN(const StoredEvent event,
                         DecodeEvent(ToView(it->key()), ToView(it->value())));
  return event.revision;
}

absl::StatusOr<bool> HasRecords(const RocksDatabase& database) {
  for (int i = 0; i < kFamilyCount; ++i) {
    if (static_cast<Family>(i) == Family::kMeta) continue;
    const std::unique_ptr<rocksdb::Iterator> it(
        database.db().NewIterator(rocksdb::ReadOptions(), database.family(static_cast<Family>(i))));
    it->SeekToFirst();
    if (!it->status().ok()) return FromRocks(it->status(), "look for records");
    if (it->Valid()) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckKnownRevision(const RocksOptions& options, Revision last) {
  if (last >= options.known_revision) return absl::OkStatus();
  return CorruptStore(options.directory,
                      fmt::format("commits are missing: {} is of revision {}, the store ends at {}",
                                  options.known_from, options.known_revision, last));
}

std::function<absl::StatusOr<int64_t>()> FreeBytesProbe(const RocksOptions& options) {
  if (options.free_bytes) return options.free_bytes;
  return [directory = options.directory]() -> absl::StatusOr<int64_t> {
    CAIRN_ASSIGN_OR_RETURN(const VolumeSpace space, SpaceAt(directory));
    return space.free_bytes;
  };
}

absl::Status BackgroundHealth::status() const {
  MutexLock lock(&mutex_);
  return status_;
}

void BackgroundHealth::Clear() {
  MutexLock lock(&mutex_);
  status_ = absl::OkStatus();
}

void BackgroundHealth::OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) {
  if (error->ok()) return;
  MutexLock lock(&mutex_);
  status_ = FromRocks(*error, "write in the background");
}

void BackgroundHealth::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                                            bool* auto_recovery) {
  *auto_recovery = false;
}

void BackgroundHealth::OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) {
  if (info.new_bg_error.ok()) Clear();
}

RocksDatabase::RocksDatabase(std::unique_ptr<WitnessedEnv> files, std::unique_ptr<rocksdb::DB> db,
                             std::vector<rocksdb::ColumnFamilyHandle*> handles)
    : files_(std::move(files)), db_(std::move(db)), handles_(std::move(handles)) {}

RocksDatabase::~RocksDatabase() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  // Everything acknowledged is in the log already; a failure to close loses nothing.
  db_->Close().PermitUncheckedError();
}

absl::StatusOr<std::unique_ptr<RocksDatabase>> OpenDatabase(
    const RocksOptions& options, StoreDirectory& directory,
    std::shared_ptr<BackgroundHealth> health) {
  rocksdb::DBOptions db_options = DatabaseOptions(options, std::move(health));
  if (directory.is_new()) CAIRN_RETURN_IF_ERROR(CreateDatabase(options, db_options, directory));
  CAIRN_ASSIGN_OR_RETURN(auto files, WitnessFiles(options));
  db_options.env = files->env.get();
  // Before the one that keeps errors: what it forgives is none.
  db_options.listeners.insert(db_options.listeners.begin(), files->room);
  CAIRN_RETURN_IF_ERROR(CheckFamilies(options, db_options, directory));
  // Where the logs do not tell the newest revision the tables do. They are read before anything is
  // changed, which takes little without a log.
  if (options.known_revision > 0 && !files->revision) {
    CAIRN_ASSIGN_OR_RETURN(const auto reader, OpenAt(directory.database_path(), db_options, options,
                                                     Access::kReadOnly, nullptr));
    CAIRN_RETURN_IF_ERROR(CheckStoredFormat(*reader, options.directory));
    CAIRN_ASSIGN_OR_RETURN(const Revision last, VerifiedLastRevision(*reader, options.directory));
    CAIRN_RETURN_IF_ERROR(CheckKnownRevision(options, last));
  }
  Ballast& ballast = *files->ballast;
  ballast.Release();
  CAIRN_ASSIGN_OR_RETURN(auto database, OpenAt(directory.database_path(), db_options, options,
                                               Access::kWrite, std::move(files)));
  ballast.Restore();
  CAIRN_RETURN_IF_ERROR(CheckStoredFormat(*database, options.directory));
  CAIRN_RETURN_IF_ERROR(directory.Mark());
  return database;
}

absl::StatusOr<std::unique_ptr<RocksDatabase>> OpenDatabaseToRead(const RocksOptions& options,
                                                                  const StoreDirectory& directory) {
  rocksdb::DBOptions db_options = DatabaseOptions(options, std::make_shared<BackgroundHealth>());
  CAIRN_ASSIGN_OR_RETURN(auto files, WitnessFiles(options));
  db_options.env = files->env.get();
  CAIRN_RETURN_IF_ERROR(CheckFamilies(options, db_options, directory));
  CAIRN_ASSIGN_OR_RETURN(auto database, OpenAt(directory.database_path(), db_options, options,
                                               Access::kReadOnly, std::move(files)));
  CAIRN_RETURN_IF_ERROR(CheckStoredFormat(*database, options.directory));
  return database;
}

absl::StatusOr<Revision> VerifiedLastRevision(const RocksDatabase& database,
                                              std::string_view directory) {
  const auto record = ReadMeta(database, LastRevisionKey());
  if (!record.ok()) return CorruptStore(directory, std::string(record.status().message()));
  const Revision last = record->has_value() ? (*record)->mod_revision : 0;
  const auto newest_event = NewestEvent(database);
  if (!newest_event.ok())
    return CorruptStore(directory, std::string(newest_event.status().message()));
  if (*newest_event > last) {
    return CorruptStore(directory, fmt::format("commits are missing: the event log ends at "
                                               "revision {}, the store at {}",
                                               *newest_event, last));
  }
  if (last == 0) {
    CAIRN_ASSIGN_OR_RETURN(const bool has_records, HasRecords(database));
    if (has_records) return CorruptStore(directory, "it has records but no revision");
  }
  return last;
}

std::shared_ptr<const RocksDatabase> DatabaseHolder::Get() const {
  MutexLock lock(&mutex_);
  return database_;
}

absl::StatusOr<Revision> DatabaseHolder::Reopen() {
  MutexLock lock(&mutex_);  // keeps new readers waiting
  for (int i = 0; database_.use_count() > 1; ++i) {
    if (i == kReaderWaitMillis) return StoreClosed();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  database_.reset();
  CAIRN_ASSIGN_OR_RETURN(std::shared_ptr<const RocksDatabase> database,
                         OpenDatabase(options_, directory_, health_));
  CAIRN_ASSIGN_OR_RETURN(const Revision last, VerifiedLastRevision(*database, options_.directory));
  CAIRN_RETURN_IF_ERROR(CheckKnownRevision(options_, last));
  database_ = std::move(database);
  health_->Clear();
  return last;
}

absl::Status StoreClosed() {
  return Error(absl::StatusCode::kUnavailable, ErrorReason::STORE_UNAVAILABLE,
               "the store is being opened again; try again")
      .RetryAfterSeconds(1);
}

absl::Status DiskFull() {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::DISK_FULL,
               "the disk of the server is full; reads go on, writes wait for space")
      .RetryAfterSeconds(1);
}

bool IsOutOfSpace(const rocksdb::Status& status) {
  return status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kSpaceLimit;
}

absl::Status FromRocks(const rocksdb::Status& status, std::string_view action) {
  if (IsOutOfSpace(status)) return DiskFull();
  const std::string cause = status.ToString();
  if (status.IsCorruption()) {
    return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
                 fmt::format("cannot {}: {}", action, cause))
        .With("action", action)
        .With("damage", cause);
  }
  return Error(absl::StatusCode::kUnavailable, ErrorReason::STORE_UNAVAILABLE,
               fmt::format("cannot {}: {}", action, cause))
      .With("action", action)
      .With("cause", cause)
      .RetryAfterSeconds(1);
}

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace cairn::storage
