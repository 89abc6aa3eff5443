#ifndef CAIRN_SERVER_STORAGE_ROCKS_LOG_H_
#define CAIRN_SERVER_STORAGE_ROCKS_LOG_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::storage {

// The record framing of RocksDB's logs and MANIFESTs, read by ourselves and strictly. RocksDB's
// own reader takes a damaged header for the end of a file that was being written, and says OK.
//
// A file is a sequence of blocks of 32 KiB, a block a sequence of fragments (little-endian):
//
//   crc32c (4, masked) | length (2) | type (1) | bytes (length)      crc over type and bytes
//
// and up to 6 zero bytes where no header fits. A record is one fragment of type FULL, or FIRST,
// any number of MIDDLE, LAST. Recycled logs have another header; Cairn's stores never recycle.
// Source: RocksDB, db/log_format.h; LevelDB, doc/log_format.md.

// How the records of a file end.
struct RocksLogEnd {
  // Where the last whole record ends.
  uint64_t valid_bytes = 0;
  // Where the zeros begin that the file ends with; its size without any.
  uint64_t data_bytes = 0;
  uint64_t file_bytes = 0;
  // What stands behind the last whole record, when that is not nothing or zeros: "a record with a
  // wrong checksum at 1234". A write that was under way when the machine stopped looks like that,
  // and so does damage.
  std::string break_reason;
  // The last record goes on behind `data_bytes`, by its header.
  bool cut_off = false;
  // Where a record begins behind the break; set only if there is one. Of a log one record is
  // written before each sync, so there this is damage.
  std::optional<uint64_t> record_behind;

  bool clean() const { return break_reason.empty(); }
};

// Gets each whole record, in order, with the place of its first fragment. An error ends the scan.
using RocksLogVisitor = std::function<absl::Status(uint64_t offset, std::string_view record)>;

// Whether a record found behind a break can be one of this file; nullptr: any can.
using RocksLogPlausible = std::function<bool(std::string_view first_fragment)>;

// Walks the records of the bytes of a file. Pure. Errors: the visitor's.
absl::StatusOr<RocksLogEnd> ScanRocksLog(std::string_view file, const RocksLogVisitor& visitor,
                                         const RocksLogPlausible& plausible = nullptr);

// The begin of a write batch in a log: the sequence number of its first entry and how many
// entries it has. nullopt when `record` is too short to be one.
struct BatchHeader {
  uint64_t sequence = 0;
  uint32_t count = 0;
};
std::optional<BatchHeader> ReadBatchHeader(std::string_view record);

// Little-endian numbers of RocksDB's formats. REQUIRES: `bytes` has that many.
uint32_t LittleEndian32(std::string_view bytes);
uint64_t LittleEndian64(std::string_view bytes);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_ROCKS_LOG_H_
