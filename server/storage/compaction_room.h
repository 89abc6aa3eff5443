#ifndef CAIRN_SERVER_STORAGE_COMPACTION_ROOM_H_
#define CAIRN_SERVER_STORAGE_COMPACTION_ROOM_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "rocksdb/file_system.h"
#include "rocksdb/listener.h"

namespace cairn::storage {

// Private to the RocksDB store, as rocks_open.h is.

// Keeps compactions from taking the last room of a volume.
//
// RocksDB begins a compaction whatever room there is, writes until the volume is full, removes
// what it wrote a second later and begins again. On a volume that is nearly full that second is
// nearly always, so that nothing else, not even a deletion, finds room any more. Here the
// writes of a compaction are refused as NoSpace while less than `kept_bytes` would be left, and
// those that follow are refused before they take anything, until there is more room than the
// failed one began with or kPause is over: how little one writes whose records are mostly
// deleted shows only when it is tried. Writes go on meanwhile, flushes above all.
//
// Register it as a listener and put its files under the database. A compaction's files are
// told by RocksDB before it makes them. Safe to call from any thread.
class CompactionRoom final : public rocksdb::EventListener,
                             public std::enable_shared_from_this<CompactionRoom> {
 public:
  using FreeBytes = std::function<absl::StatusOr<int64_t>()>;

  static constexpr std::chrono::seconds kPause{10};

  // A volume whose `free_bytes` cannot be asked has room.
  CompactionRoom(FreeBytes free_bytes, int64_t kept_bytes);

  // `target`, with the files of compactions held to what may be taken. The result keeps
  // this alive. Other files pass through as they are.
  std::shared_ptr<rocksdb::FileSystem> Files(const std::shared_ptr<rocksdb::FileSystem>& target);

  // NoSpace if a compaction may not make a file, or not write `bytes`, now.
  rocksdb::IOStatus CheckBegin() const CAIRN_EXCLUDES(mutex_);
  // A write that is refused ends the compaction; RocksDB removes what it wrote.
  rocksdb::IOStatus CheckWrite(int64_t bytes) CAIRN_EXCLUDES(mutex_);

  // Whether `path` is the file a compaction is about to make; true once for each.
  bool Takes(const std::string& path) CAIRN_EXCLUDES(mutex_);

  void OnTableFileCreationStarted(const rocksdb::TableFileCreationBriefInfo& info) override
      CAIRN_EXCLUDES(mutex_);

  void OnCompactionBegin(rocksdb::DB* db, const rocksdb::CompactionJobInfo& info) override
      CAIRN_EXCLUDES(mutex_);

  // A compaction that found no room stops nothing else.
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;

 private:
  const FreeBytes free_bytes_;
  const int64_t kept_bytes_;
  mutable Mutex mutex_;
  int64_t begun_with_ CAIRN_GUARDED_BY(mutex_) = 0;   // free bytes of the last that began
  int64_t failed_with_ CAIRN_GUARDED_BY(mutex_) = 0;  // and of the last that failed
  std::chrono::steady_clock::time_point next_try_ CAIRN_GUARDED_BY(mutex_);
  // Paths that a compaction is about to make.
  std::set<std::string> announced_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_COMPACTION_ROOM_H_
