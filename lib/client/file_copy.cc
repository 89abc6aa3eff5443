#include "lib/client/file_copy.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

constexpr int64_t kCopyBufferBytes = 1 << 20;

// Reads `size_bytes` of `source`; each part goes to `hasher`, and to `target` if that is not -1.
absl::Status ReadThrough(int source, int target, int64_t size_bytes, Sha256Hasher& hasher) {
  std::string buffer(static_cast<size_t>(std::min(size_bytes, kCopyBufferBytes)), '\0');
  for (int64_t offset = 0; offset < size_bytes;) {
    const auto wanted =
        static_cast<size_t>(std::min(static_cast<int64_t>(buffer.size()), size_bytes - offset));
    CAIRN_ASSIGN_OR_RETURN(const size_t have,
                           ReadAt(source, offset, buffer.data(), wanted, "a file to copy"));
    if (have == 0) {
      return Error(absl::StatusCode::kOutOfRange, ErrorReason::FILE_ERROR,
                   "a file became shorter while it was copied");
    }
    const std::string_view part(buffer.data(), have);
    hasher.Update(part);
    if (target >= 0) CAIRN_RETURN_IF_ERROR(WriteAllAt(target, offset, part, "a copy"));
    offset += static_cast<int64_t>(have);
  }
  return absl::OkStatus();
}

// Makes `target` share the blocks of `source`; false where that cannot be done.
bool ShareBlocks(int source, int target) { return ::ioctl(target, FICLONE, source) == 0; }

}  // namespace

absl::Status CopyBytes(int source, int target, int64_t size_bytes) {
  if (ShareBlocks(source, target)) {
    if (::ftruncate(target, size_bytes) != 0) return FileError(errno, "cut", "a copy");
    return absl::OkStatus();
  }
  off_t from = 0;
  off_t to = 0;
  while (from < size_bytes) {
    const ssize_t n =
        ::copy_file_range(source, &from, target, &to, static_cast<size_t>(size_bytes - from), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
  }
  if (from >= size_bytes) return absl::OkStatus();
  // Other file systems than the source's, and old kernels.
  return CopyAndHash(source, target, size_bytes).status();
}

absl::StatusOr<Digest> CopyAndHash(int source, int target, int64_t size_bytes) {
  Sha256Hasher hasher;
  if (ShareBlocks(source, target)) {
    if (::ftruncate(target, size_bytes) != 0) return FileError(errno, "cut", "a copy");
    CAIRN_RETURN_IF_ERROR(ReadThrough(target, -1, size_bytes, hasher));
  } else {
    CAIRN_RETURN_IF_ERROR(ReadThrough(source, target, size_bytes, hasher));
  }
  return hasher.Finish();
}

}  // namespace cairn::client
