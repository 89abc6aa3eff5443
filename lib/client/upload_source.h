#ifndef CAIRN_LIB_CLIENT_UPLOAD_SOURCE_H_
#define CAIRN_LIB_CLIENT_UPLOAD_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::client {

// The bytes of one item that is being sent, read at any place: a file that is open, or
// memory of somebody else's. Internal to lib/client.
//
// Reading at several places at once is safe; moving and destroying are not. A file that
// changes meanwhile is noticed by whoever checks the digest.
class UploadSource {
 public:
  // Opens a regular file. NOT_FOUND, PERMISSION_DENIED and the system's other errors
  // (FILE_ERROR), also for a directory and for what has no length, like a pipe.
  static absl::StatusOr<UploadSource> OpenFile(const std::string& path);

  // `bytes` must outlive the source.
  static UploadSource Memory(std::string_view bytes) { return UploadSource(bytes); }

  ~UploadSource();
  UploadSource(UploadSource&& other) noexcept;
  UploadSource& operator=(UploadSource&&) = delete;

  // The length when it was opened.
  int64_t size_bytes() const { return size_bytes_; }

  // Fills `buffer` from `offset` on; returns how many bytes, fewer only at the end.
  absl::StatusOr<size_t> ReadAt(int64_t offset, char* buffer, size_t size) const;

  // Visits all that was there when it was opened, from the beginning, in parts of `part_bytes`,
  // the last shorter; ends early when `visit` answers false, and when the source has become
  // shorter, which the digest will tell. Errors of reading and of `visit`.
  absl::Status ForEachPart(
      size_t part_bytes, const std::function<absl::StatusOr<bool>(std::string_view)>& visit) const;

  // The same as ReadAt as a string.
  absl::StatusOr<std::string> ReadString(int64_t offset, int64_t max_bytes) const;

 private:
  explicit UploadSource(std::string_view bytes)
      : bytes_(bytes), size_bytes_(static_cast<int64_t>(bytes.size())) {}

  std::string_view bytes_;
  std::string path_;
  int fd_ = -1;  // -1 for memory
  int64_t size_bytes_ = 0;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_UPLOAD_SOURCE_H_
