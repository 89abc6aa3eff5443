#ifndef CAIRN_SERVER_STORAGE_STORE_DIRECTORY_H_
#define CAIRN_SERVER_STORAGE_STORE_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::storage {

// The number of the on-disk format this build writes. An older one is opened and brought to this
// one before it is served (server/migrations); a newer one is refused.
inline constexpr uint32_t kFormatVersion = 2;

// Refuses a store of a format that this build does not know. FAILED_PRECONDITION (STORE_NEWER,
// metadata "storeFormat" and "supportedFormat") for a newer one, DATA_LOSS (STORE_CORRUPT) for a
// number that was never used.
absl::Status CheckFormat(uint32_t format, std::string_view directory);

// DATA_LOSS (STORE_CORRUPT) for the store in `directory`.
absl::Status CorruptStore(std::string_view directory, std::string_view what);

// The directory of a store, held for this process:
//
//   cairn.lock    locked while a process has the store open; holds its number
//   CAIRN         marks a Cairn store and names its format: "cairn store, format 1"
//   kv/           the RocksDB database
//   kv.creating/  a database that is being made; removed when found at start
//
// Other names in the directory belong to others (packs/ to the blob store) and
// are left alone. Not thread-safe; the lock is released by the destructor.
class StoreDirectory {
 public:
  // Creates the directory if it is absent and takes the lock.
  //   FAILED_PRECONDITION (STORE_LOCKED, metadata "directory" and "pid")
  //   FAILED_PRECONDITION (STORE_NEWER)   the marker names a newer format
  //   DATA_LOSS (STORE_CORRUPT)           something of a store is there but not
  //                                       the rest, or it is another program's
  //
  // `lost_database` says what becomes of a directory whose database is gone: whoever knows
  // it, and wants to begin with an empty one beside what is left, says kReplace.
  enum class LostDatabase { kRefuse, kReplace };
  static absl::StatusOr<std::unique_ptr<StoreDirectory>> Acquire(
      const std::string& path, LostDatabase lost_database = LostDatabase::kRefuse);
  // Takes the lock of a store that is there and changes nothing. NOT_FOUND (FILE_ERROR) when there
  // is no store, else as Acquire. is_new() is false.
  static absl::StatusOr<std::unique_ptr<StoreDirectory>> AcquireToRead(const std::string& path);
  ~StoreDirectory();
  StoreDirectory(const StoreDirectory&) = delete;
  StoreDirectory& operator=(const StoreDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string database_path() const { return path_ + "/kv"; }
  std::string creating_path() const { return path_ + "/kv.creating"; }

  // True when there is no database yet.
  bool is_new() const { return is_new_; }

  // Puts the finished database from creating_path() in its place, durably.
  absl::Status PublishDatabase();

  // Says that this process has opened the store to write: writes its number into the lock, and the
  // marker if it is absent or names an older format, which from now on no older build opens. Until
  // then nothing in the directory is changed.
  absl::Status Mark();

 private:
  StoreDirectory(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  absl::Status Inspect(LostDatabase lost_database);

  const std::string path_;
  const int lock_fd_;
  bool is_new_ = false;
  bool is_marked_ = false;  // with this format
};

// Bytes an unprivileged process may still write to the volume of `path`, and the
// volume's size. INTERNAL (FILE_ERROR) when the system does not tell.
struct VolumeSpace {
  int64_t free_bytes = 0;
  int64_t total_bytes = 0;
};
absl::StatusOr<VolumeSpace> SpaceAt(const std::string& path);

// How much of a volume the store leaves free if it is not told otherwise: see VolumeBudget.
int64_t DefaultReserveBytes(const VolumeSpace& space);

// Makes the names in a directory durable.
absl::Status SyncDirectory(const std::string& path);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_STORE_DIRECTORY_H_
