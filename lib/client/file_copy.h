#ifndef CAIRN_LIB_CLIENT_FILE_COPY_H_
#define CAIRN_LIB_CLIENT_FILE_COPY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"

namespace cairn::client {

// Copies between open files, with shared blocks where the file system has them. Internal to
// lib/client. Both work on places, not on the files' positions.

// Copies the first `size_bytes` bytes of `source` to `target`, an empty file. The system's
// errors (FILE_ERROR, DISK_FULL); OUT_OF_RANGE (FILE_ERROR) when the source is shorter.
absl::Status CopyBytes(int source, int target, int64_t size_bytes);

// The same, and the digest of what `target` then holds. `target` must be open for reading.
absl::StatusOr<Digest> CopyAndHash(int source, int target, int64_t size_bytes);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_FILE_COPY_H_
