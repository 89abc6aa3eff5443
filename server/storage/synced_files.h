#ifndef CAIRN_SERVER_STORAGE_SYNCED_FILES_H_
#define CAIRN_SERVER_STORAGE_SYNCED_FILES_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/mutex.h"

namespace cairn::storage {

// The two kinds of file in which RocksDB takes a damaged end for the end.
enum class SyncedKind : uint8_t { kLog = 1, kManifest = 2 };

// What was synced of a file: its first `bytes` bytes, whose CRC-32C is `crc`.
struct SyncedFile {
  SyncedKind kind = SyncedKind::kLog;
  uint64_t number = 0;
  uint64_t bytes = 0;
  uint32_t crc = 0;

  friend bool operator==(const SyncedFile&, const SyncedFile&) = default;
};

// What a database must hold: everything here was synced, so no later state has less of
// it. Compared by the ordinal: the greater one is the later.
struct SyncedState {
  uint64_t ordinal = 0;           // states since the store was made
  std::vector<SyncedFile> files;  // by kind and number

  // Null if nothing is known of the file. O(log n).
  const SyncedFile* Find(SyncedKind kind, uint64_t number) const;
};

// The bytes of a state in a slot, and back; nullopt for anything but such bytes.
// docs/storage-format.md, "What was synced", has the layout and a vector.
std::string EncodeSyncedState(const SyncedState& state);
std::optional<SyncedState> DecodeSyncedState(std::string_view slot);

// A slot holds so many files; of more, the logs with the least numbers are left out.
inline constexpr size_t kSyncedSlotBytes = size_t{16} << 10;
inline constexpr size_t kMaxSyncedFiles = 700;

// The newer whole state of the two slots of the file at `path`; nullopt when there is
// none. A file that cannot be read counts as none, as one that is damaged does.
std::optional<SyncedState> ReadSyncedState(const std::string& path);

// The paths of the two copies of a store in `directory`. One stands outside the database, so
// that they do not go together.
std::array<std::string, 2> SyncedStatePaths(const std::string& directory);

// The newer of the two copies; nullopt when neither is there and whole.
std::optional<SyncedState> ReadNewestSyncedState(const std::string& directory);

// Files that are being written are longer than what was written, by zeros up to a multiple of
// this. So a file that was cut off is told from one that was copied earlier than its record.
inline constexpr uint64_t kFileStepBytes = uint64_t{1} << 20;

// Keeps the two copies of a SyncedState beside the database that it is about.
//
// It stands outside RocksDB's own files because a reader of these cannot tell a log whose end
// was lost from one that ended there. Told after each sync and before anybody is answered, so a
// process that dies leaves exactly what it acknowledged. Its own writes are not synced with every
// commit, which would double the cost of one: after a power cut it may say less than is there,
// never more.
//
// A copy that cannot be written loses the protection, not the data: that is told to `on_failure`
// once. Safe to call from any thread.
class SyncedFiles {
 public:
  using OnFailure = std::function<void(const absl::Status&)>;

  // Goes on from `state` in `directory`. Nothing is opened or written before there is something
  // to tell: a database that RocksDB refuses to open stays as it was.
  SyncedFiles(std::string directory, SyncedState state, OnFailure on_failure);
  // Syncs both.
  ~SyncedFiles();
  SyncedFiles(const SyncedFiles&) = delete;
  SyncedFiles& operator=(const SyncedFiles&) = delete;

  // `file` was synced so far; replaces what was known of it.
  void Record(const SyncedFile& file) CAIRN_EXCLUDES(mutex_);
  // The file is about to be removed.
  void Forget(SyncedKind kind, uint64_t number) CAIRN_EXCLUDES(mutex_);

  // Makes what was told so far durable.
  void Sync() CAIRN_EXCLUDES(mutex_);

  // Writes what it goes on from and makes it durable, though nothing new was told: before a file
  // that has less than the record says gets another size. The record would refuse it then.
  absl::Status Checkpoint() CAIRN_EXCLUDES(mutex_);

 private:
  struct Copy {
    std::string path;
    int fd = -1;
  };

  // Opens both once, with room for both slots.
  absl::Status OpenCopies() CAIRN_REQUIRES(mutex_);
  absl::Status Write() CAIRN_REQUIRES(mutex_);
  static absl::Status SyncCopies(const std::array<Copy, 2>& copies);
  // Tells the first error.
  void Report(const absl::Status& status) CAIRN_REQUIRES(mutex_);

  const std::string directory_;
  const OnFailure on_failure_;
  Mutex mutex_;
  std::array<Copy, 2> copies_ CAIRN_GUARDED_BY(mutex_);
  SyncedState state_ CAIRN_GUARDED_BY(mutex_);
  bool opened_ CAIRN_GUARDED_BY(mutex_) = false;
  bool failed_ CAIRN_GUARDED_BY(mutex_) = false;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_SYNCED_FILES_H_
