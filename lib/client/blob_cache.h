#ifndef CAIRN_LIB_CLIENT_BLOB_CACHE_H_
#define CAIRN_LIB_CLIENT_BLOB_CACHE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"

namespace cairn::client {

// Blobs on the local disk by digest, shared by all programs of one user.
//
//   DIRECTORY/CACHEDIR.TAG       says that the directory is such a cache
//   DIRECTORY/ab/abcdef…-12345   a blob: its SHA-256 and its size
//   DIRECTORY/tmp/…              blobs that are being written, each under 32 hexadecimal digits
//
// Only a directory that was empty becomes a cache, and only files with exactly these names are
// ever removed: whatever else is put there stays.
//
// A blob appears by a rename, complete, and is read-only. Nobody trusts it: its bytes are
// hashed each time they are used, and a damaged one is removed and counts as absent. Files
// are copied in and out (sharing blocks where the file system can), never linked, so that
// writing to a fetched file cannot damage the cache, nor the other way round.
//
// The cache keeps to a number of bytes by removing what was not used for longest, as the
// modification times say, which each use renews. Processes need no lock: a file that is
// removed stays readable to whoever has it open, and the bound holds but for what several
// write at the same moment.
//
// Safe to call from any thread, and from any number of processes.
class BlobCache {
 public:
  // Opens the cache in `directory`, which is made, for its owner only, if it does not exist.
  // INVALID_ARGUMENT (VALUE_INVALID) for an empty name, and for a directory that is neither
  // empty nor a cache; the system's errors (FILE_ERROR).
  static absl::StatusOr<std::unique_ptr<BlobCache>> Open(std::string directory, int64_t max_bytes);

  // $CAIRN_CACHE_DIR, else cairn/blobs in $XDG_CACHE_HOME, else in ~/.cache; empty when none
  // of the three variables is set.
  static std::string DefaultDirectory();

  // Writes the blob to `fd`, an empty file open for reading and writing. True when it is
  // there with the right digest; false, with the file empty again, when the cache does not
  // have it. Errors are those of writing to `fd` (FILE_ERROR, DISK_FULL).
  absl::StatusOr<bool> CopyTo(const Digest& digest, int fd);

  // Takes a copy of the first digest.size_bytes bytes of `fd`, which the caller has checked,
  // unless the blob is there or larger than the whole cache. That it fails, for a full disk or
  // anything else, is of no consequence but that the blob is fetched again next time.
  void Insert(const Digest& digest, int fd) CAIRN_EXCLUDES(mutex_);

 private:
  BlobCache(std::string directory, int64_t max_bytes)
      : directory_(std::move(directory)), max_bytes_(max_bytes) {}

  std::string PathOf(const Digest& digest) const;
  // Adds to the count of bytes, and removes what is too much.
  void Account(int64_t bytes) CAIRN_EXCLUDES(mutex_);
  // Counts what is there, and removes the oldest beyond `limit`. Returns what is left.
  int64_t Sweep(int64_t limit);

  const std::string directory_;
  const int64_t max_bytes_;
  Mutex mutex_;
  // What is there as far as this process knows; -1 before it looked.
  int64_t known_bytes_ CAIRN_GUARDED_BY(mutex_) = -1;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_BLOB_CACHE_H_
