#ifndef CAIRN_LIB_TABLES_BYTE_SOURCE_H_
#define CAIRN_LIB_TABLES_BYTE_SOURCE_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::tables {

// Bytes that come in pieces: fills up to `capacity` (> 0) bytes at `out` and returns how
// many, 0 at the end. After an error it must not be called again. Not thread-safe.
using ByteSource = std::function<absl::StatusOr<size_t>(char* out, size_t capacity)>;

// Opens the same bytes from their beginning, as often as it is called.
using ByteOpener = std::function<absl::StatusOr<ByteSource>()>;

// The bytes of a file, which stays open as long as the source lives. NOT_FOUND and the
// system's other errors, with the path (files.h).
absl::StatusOr<ByteSource> OpenFile(const std::string& path);

// What `packed` unpacks to; zstd frames that follow each other read as one. DATA_LOSS
// (VALUE_INVALID) when the frames are damaged or cut off.
ByteSource Unzstd(ByteSource packed);

// Bytes that are in memory and outlive the source, at most `piece_bytes` at a time.
ByteSource FromText(std::string_view text, size_t piece_bytes = SIZE_MAX);

// Whether a file of this name is a table to us: `….csv` or `….csv.zst`, in any case.
bool IsTableName(std::string_view name);

// Opens the table at `path`, unpacking it if `name` ends with `.zst`. The name is told
// apart from the path because a fetched file lies at a path without a meaning.
absl::StatusOr<ByteSource> OpenTable(const std::string& path, std::string_view name);

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_BYTE_SOURCE_H_
