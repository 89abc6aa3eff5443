#ifndef CAIRN_SERVER_STORAGE_WITNESSED_FILES_H_
#define CAIRN_SERVER_STORAGE_WITNESSED_FILES_H_

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "rocksdb/file_system.h"
#include "server/storage/synced_files.h"

namespace cairn::storage {

// Private to the RocksDB store, as rocks_open.h is.

// A file system that tells a SyncedFiles what RocksDB synced of its logs and MANIFESTs, and shows
// of those that are there already just the whole records: `readable` says how many bytes they are.
// RocksDB's own reader refuses some ends of files that a power cut leaves, and misses others.
//
// Everything else goes to `target` unchanged. Bytes are summed up as they are written (about
// 8 GB/s), so a sync costs one small write more. A file with a failed write stays at what was
// synced of it before. RocksDB cuts the last log to what it read before it writes anything: not
// before that is on record, for a copy of an earlier moment has less than its record says. A file
// that is open is kept longer than what was written (kFileStepBytes), and gets its size when it is
// closed. `on_removed` hears of each file that went, in RocksDB's thread. Safe to call as a
// FileSystem is; `synced` must outlive it and its files.
std::shared_ptr<rocksdb::FileSystem> MakeWitnessedFiles(
    const std::shared_ptr<rocksdb::FileSystem>& target, SyncedFiles& synced,
    std::vector<SyncedFile> readable, std::function<void()> on_removed = [] {});

// The kind and number of a file by the last part of its path: "000012.log", "MANIFEST-000005".
// nullopt for any other.
std::optional<std::pair<SyncedKind, uint64_t>> ParseSyncedName(std::string_view path);

// The number in the content of CURRENT, "MANIFEST-000005\n"; nullopt for anything else.
std::optional<uint64_t> ParseCurrent(std::string_view content);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_WITNESSED_FILES_H_
