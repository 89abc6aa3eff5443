#ifndef CAIRN_LIB_CLIENT_PARTIAL_FILE_H_
#define CAIRN_LIB_CLIENT_PARTIAL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"

namespace cairn::client {

// A file that is being fetched: written beside its place under another name, and moved
// there when it is complete. Internal to lib/client.
//
// A large one remembers how far it is. Behind the place of its last byte stands a record of
// 56 bytes: "CAIRNPRT", the SHA-256 of the blob, its size and how many bytes from the
// beginning are there, the numbers little-endian. A later fetch of the same blob to the
// same place goes on from there; whatever a crash made of the record or the bytes, the
// digest is compared over all of them before the file is moved.
//
// One process writes such a file at a time, by a lock on it; another that wants the same
// place writes a file of its own that is not kept.
//
// WriteAt is safe from several threads for ranges that do not overlap, ReadAt for ranges
// that are written; the rest is for one thread. Movable only.
class PartialFile {
 public:
  // Makes the file, or finds what was left of it. `keep` says whether it is large enough to
  // be kept when it is interrupted. The system's errors (FILE_ERROR, DISK_FULL).
  static absl::StatusOr<PartialFile> Open(const std::string& target, const Digest& digest,
                                          bool keep);

  // Removes the file unless it was moved, or is to be kept and has something in it.
  ~PartialFile();
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;

  // How many bytes from the beginning are there, as the record said at first and Mark later.
  int64_t ready_bytes() const { return ready_bytes_; }
  int fd() const { return fd_; }

  absl::Status WriteAt(int64_t offset, std::string_view bytes);
  absl::StatusOr<size_t> ReadAt(int64_t offset, char* buffer, size_t size) const;

  // Notes that all bytes before `ready_bytes` are there. Costs one small write.
  absl::Status Mark(int64_t ready_bytes);

  // Forgets what is there: the bytes turned out to be wrong.
  absl::Status StartOver();

  // Moves the file to its place; then it is as long as the digest says.
  absl::Status MoveToTarget();

  // From now on the file disappears even if it has something in it.
  void Discard() { keep_ = false; }

 private:
  PartialFile(std::string target, std::string path, const Digest& digest, int fd, bool keep)
      : target_(std::move(target)), path_(std::move(path)), digest_(digest), fd_(fd), keep_(keep) {}

  std::string Record() const;
  // Takes over what an earlier fetch left.
  void Recall();

  std::string target_;
  std::string path_;
  Digest digest_;
  int fd_;
  bool keep_;
  bool moved_ = false;
  int64_t ready_bytes_ = 0;
  // The system lets one thread at a time write into a file, and the others spin.
  std::unique_ptr<Mutex> writing_ = std::make_unique<Mutex>();
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_PARTIAL_FILE_H_
