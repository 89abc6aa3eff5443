#ifndef CAIRN_SERVER_STORAGE_BALLAST_H_
#define CAIRN_SERVER_STORAGE_BALLAST_H_

#include <cstdint>
#include <string>

#include "lib/base/mutex.h"

namespace cairn::storage {

// A file without content that holds room for opening the database: RocksDB begins each
// time with a new MANIFEST, which a volume without a free byte has no place for. The
// file goes when there is too little room and comes back when the database is open.
//
// Best effort, and never an error: without it a start works wherever there is room.
// Safe to call from any thread; the directory must be there before anything is called.
class Ballast {
 public:
  Ballast(const std::string& directory, int64_t bytes);

  // Removes the file if less than its size is free.
  void Release() CAIRN_EXCLUDES(mutex_);

  // Makes the file as large as it should be and room allows. It leaves the last quarter of its
  // size to others, so that the log that was just begun is not the first that has no room;
  // but what was released is taken back whole, or each start on a full volume would leave less.
  void Restore() CAIRN_EXCLUDES(mutex_);

  // The same after a Restore that may have found too little room; nothing before one. For
  // whenever room is given back: what is left free others may take, and the next start would
  // have less than this one.
  void RestoreIfWanted() CAIRN_EXCLUDES(mutex_);

 private:
  void Make() CAIRN_REQUIRES(mutex_);

  const std::string directory_;
  const std::string path_;
  const int64_t bytes_;
  Mutex mutex_;
  bool wanted_ CAIRN_GUARDED_BY(mutex_) = false;
  int64_t released_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_BALLAST_H_
