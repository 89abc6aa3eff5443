#ifndef CAIRN_LIB_BASE_FILES_H_
#define CAIRN_LIB_BASE_FILES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// Whole-file helpers for programs; the store has its own file layer.
//
// Errors carry the path and the system's message: NOT_FOUND when the file is
// absent, PERMISSION_DENIED, RESOURCE_EXHAUSTED when the disk is full, else
// INTERNAL.

// Reads a whole file of at most `max_bytes`; OUT_OF_RANGE when it is larger.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes = int64_t{1} << 32);

// Replaces `path` with `bytes`: a reader sees the old or the new content, never
// a part, and the disk has the new one at the end. What has the name and is no regular
// file keeps its place; see OutputFile.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes);

// Fills `buffer` with `size` bytes of an open file from `offset` on; returns how many there
// were, fewer only at the file's end. The file's position stays. `path` is for errors only.
absl::StatusOr<size_t> ReadAt(int fd, int64_t offset, char* buffer, size_t size,
                              std::string_view path);

// Writes all of `bytes` into an open file from `offset` on. The file's position stays. After
// an error a part of them may be there. `path` is for errors only.
absl::Status WriteAllAt(int fd, int64_t offset, std::string_view bytes, std::string_view path);

// Creates a directory and its parents; OK if it exists.
absl::Status MakeDirectories(const std::string& path);

// A status for the system error `error_number` met while doing `action` to `path`.
absl::Status FileError(int error_number, std::string_view action, std::string_view path);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_FILES_H_
