#ifndef CAIRN_SERVER_STORAGE_ROCKS_SNAPSHOT_H_
#define CAIRN_SERVER_STORAGE_ROCKS_SNAPSHOT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "rocksdb/db.h"
#include "server/storage/kv_store.h"
#include "server/storage/rocks_open.h"

namespace cairn::storage {

// Reads the newest state of `keys` if `snapshot` is null, else the state at the
// snapshot. One result for each key, in their order. Safe to call from any thread. More
// than one key is one MultiGet, across families too.
std::vector<absl::StatusOr<std::optional<Record>>> ReadRecords(const RocksDatabase& database,
                                                               const rocksdb::Snapshot* snapshot,
                                                               const std::vector<const Key*>& keys);

// A view of the store, held by a RocksDB snapshot; it keeps the database open. With a
// null `database` every read is UNAVAILABLE (STORE_UNAVAILABLE). While it lives RocksDB
// keeps what was overwritten since, so it should not live for long.
std::unique_ptr<Snapshot> MakeRocksSnapshot(std::shared_ptr<const RocksDatabase> database);

// KvStore::ScanEvents.
absl::Status ScanStoredEvents(const RocksDatabase& database, Revision from_revision,
                              const std::function<bool(const StoredEvent&)>& visitor);

// Where the event log begins: the record at EventLogStartKey, 0 without one.
absl::StatusOr<Revision> FirstEventRevision(const RocksDatabase& database);

// KvStore::EventBytes.
absl::StatusOr<int64_t> StoredEventBytes(const RocksDatabase& database, Revision from_revision);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_ROCKS_SNAPSHOT_H_
