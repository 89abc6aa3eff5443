#ifndef CAIRN_SERVER_MIGRATIONS_MIGRATIONS_H_
#define CAIRN_SERVER_MIGRATIONS_MIGRATIONS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"

namespace cairn::migrations {

// Brings a store of an older format to the one that this build writes, before anything else reads
// it. Where a store was opened to write, its marker names the new format already, so that no older
// build opens what is half migrated.
//
// A step is a row of kSteps: it leads from one format to the next by commits that may be repeated,
// and its last one raises the format's number. A crash between them loses nothing: the next start
// does what is left. Steps are kept for ever, and tests/fixtures has a store of every format.

// What a migration did.
struct Migrated {
  uint32_t from = 0;    // the format that the store had; that of this build if nothing was done
  int64_t records = 0;  // that were written anew
};

// Not to be called while others write to the store. DATA_LOSS (RECORD_CORRUPT) for a record that
// cannot be read, and errors of Snapshot and KvStore::Commit; what was done until then stays.
absl::StatusOr<Migrated> Migrate(storage::KvStore& store);

// From format 1 to 2: what was measured of a model version stood in its record, and stands in
// evaluations of their own now, one for each data set that values were measured on. Answers how
// many versions were written anew. The number is raised by Migrate.
absl::StatusOr<int64_t> MoveEvidence(storage::KvStore& store);

}  // namespace cairn::migrations

#endif  // CAIRN_SERVER_MIGRATIONS_MIGRATIONS_H_
