#ifndef CAIRN_PIPELINE_DATA_ZIP_ARCHIVE_H_
#define CAIRN_PIPELINE_DATA_ZIP_ARCHIVE_H_

// Read-only view of a zip archive in memory: enough for data sets and .xlsx files.
//
// Stored and deflated members, zip64 sizes and data descriptors are understood. Encrypted
// members, other methods and archives split over several files are refused by name. Names are
// keys of a list and never become paths of the file system.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/data/byte_source.h"

namespace cairn::pipeline {

// One member as the central directory describes it. Sizes in bytes. Nothing here is to
// be trusted: OpenEntry checks it against the bytes.
struct ZipEntry {
  std::string name;
  uint16_t method = 0;  // 0 stored, 8 deflated.
  bool encrypted = false;
  uint32_t crc32 = 0;
  uint64_t packed_size = 0;
  uint64_t size = 0;
  uint64_t header_offset = 0;
};

// The directory of an archive. Immutable after Open, so it may be shared between threads; the
// streams it opens are for one thread each.
class ZipArchive {
 public:
  // The most members an archive may have; more is kResourceExhausted.
  static constexpr uint64_t kMaxEntries = 10'000;

  // Reads the central directory of `bytes`, which must outlive the archive and its streams.
  // kInvalidArgument, kind INPUT_UNREADABLE, when there is no directory (not a zip, or cut
  // off), when it contradicts itself, or when two members have one name.
  static absl::StatusOr<ZipArchive> Open(std::string_view bytes, const InputLimits& limits);

  // Members in the order of the directory; folders are left out.
  const std::vector<ZipEntry>& entries() const { return entries_; }

  // The member of that exact name, or null. Owned by the archive.
  const ZipEntry* Find(std::string_view name) const;

  // Opens a member of this archive. kInvalidArgument for an encrypted one, an unsupported
  // method, or a header outside the file; kResourceExhausted when its announced size passes
  // the limits. The stream checks the real size and the CRC-32 and ends in kDataLoss when
  // either differs.
  absl::StatusOr<std::unique_ptr<ByteStream>> OpenEntry(const ZipEntry& entry) const;

 private:
  ZipArchive(std::string_view bytes, const InputLimits& limits) : bytes_(bytes), limits_(limits) {}

  absl::Status ReadDirectory();

  std::string_view bytes_;
  InputLimits limits_;
  std::vector<ZipEntry> entries_;
};

// True when the archive has the parts of a workbook ([Content_Types].xml and xl/).
bool IsWorkbook(const ZipArchive& archive);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_ZIP_ARCHIVE_H_
