#ifndef CAIRN_SERVER_STORAGE_STORE_READER_H_
#define CAIRN_SERVER_STORAGE_STORE_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"
#include "server/storage/rocks_store.h"

namespace cairn::storage {

// A store that is looked at and not changed, not even in its lock: what `cairnd check` reads.
//
// It is found as a start would find it. The log is replayed into memory, which takes about as much
// as the log has. For one thread; releases the directory when it is destroyed, after its snapshots.
class StoreReader {
 public:
  using Note = std::function<void(std::string_view)>;

  // Opens the store in `options.directory`; `on_warning` gets what a start would warn of, and
  // `known_revision` is asked for as by a start. Other options do not matter.
  //   NOT_FOUND (FILE_ERROR)              there is no store
  //   FAILED_PRECONDITION (STORE_LOCKED)  a server has it open: its files change
  //   else as OpenRocksStore
  static absl::StatusOr<std::unique_ptr<StoreReader>> Open(const RocksOptions& options);
  virtual ~StoreReader() = default;

  virtual std::unique_ptr<Snapshot> GetSnapshot() const = 0;

  // As KvStore::ScanEvents.
  virtual absl::Status ScanEvents(Revision from_revision,
                                  const std::function<bool(const StoredEvent&)>& visitor) const = 0;

  // Reads every block of every table with its checksum. `damage` gets a sentence for each table
  // that is damaged. Answers how many tables there are.
  virtual int64_t CheckTables(const Note& damage) const = 0;
};

// What CheckRecords read.
struct CheckedRecords {
  int64_t records = 0;
  int64_t events = 0;
};

// Reads every record and event of a store with its checksum, and whether it can be of this store:
// none is newer than the store's revision. `damage` gets a sentence for each fault; of a family
// that cannot be read on, the rest is left out.
CheckedRecords CheckRecords(const StoreReader& store, const StoreReader::Note& damage);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_STORE_READER_H_
