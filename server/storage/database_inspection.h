#ifndef CAIRN_SERVER_STORAGE_DATABASE_INSPECTION_H_
#define CAIRN_SERVER_STORAGE_DATABASE_INSPECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"
#include "server/storage/synced_files.h"

namespace cairn::storage {

// What was found in a sound database before it is opened.
struct DatabaseInspection {
  // The logs that are needed and the MANIFEST as far as they have whole records: what a
  // SyncedFiles goes on from, and all of them that RocksDB may see.
  SyncedState synced;
  // The newest revision, by the last batch in the logs; nullopt when they have none.
  std::optional<Revision> revision;
  // What is no damage but unusual, for the log: a last record that was being written when the
  // machine stopped.
  std::vector<std::string> notes;
};

// Looks at a store's database before RocksDB does, and changes nothing.
//
// RocksDB opens many damaged databases as older ones: it takes damage to a record's header for
// the end of its log, does not miss a log that is gone, and after a shortened MANIFEST removes the
// tables that it then does not know. So this reads CURRENT, the MANIFEST and all logs that are
// needed, and refuses when they are not what several witnesses say, each of another origin:
//
//   - framing and checksums of every record, and no record behind one that is damaged;
//   - sequence numbers: batches follow on each other without a gap, from log to log too;
//   - every table that the MANIFEST names is there, with its size;
//   - SyncedFiles: what was synced is there to the last byte, bit for bit. Less is taken only for a
//     file that was plainly copied while it was being written, before its record was: then the
//     store is opened as it was at that moment, with a note.
//
// `directory` is the store's; its database is in kv/ and must exist. Reads about 2 GB/s from the
// page cache; memory is that of the largest of these files. The store must be locked.
//   DATA_LOSS (STORE_CORRUPT) names the file, the place and what is wrong
//   INTERNAL (FILE_ERROR), PERMISSION_DENIED when a file cannot be read
absl::StatusOr<DatabaseInspection> InspectDatabase(const std::string& directory);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_DATABASE_INSPECTION_H_
