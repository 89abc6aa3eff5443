#include "pipeline/data/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/input_error.h"

namespace cairn::pipeline {
namespace {

constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kLocator64Signature = 0x07064b50;
constexpr uint32_t kDirectorySignature = 0x02014b50;
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr size_t kEndSize = 22;
constexpr size_t kLocatorSize = 20;
constexpr size_t kEnd64Size = 56;
constexpr size_t kDirectoryEntrySize = 46;
constexpr size_t kLocalHeaderSize = 30;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;

// Little-endian number of `width` bytes; the caller has checked that it lies inside.
uint64_t Get(std::string_view bytes, uint64_t at, int width) {
  uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) {
    value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<uint64_t>(i)]);
  }
  return value;
}

// Whether [at, at + length) lies inside `bytes`, without overflow.
bool Inside(std::string_view bytes, uint64_t at, uint64_t length) {
  return at <= bytes.size() && length <= bytes.size() - at;
}

absl::Status BadZip(std::string_view what) {
  return InputError(absl::StatusCode::kInvalidArgument, kInputUnreadable,
                    fmt::format("the zip archive cannot be read: {}", what));
}

struct Directory {
  uint64_t entries = 0;
  uint64_t size = 0;
  uint64_t offset = 0;
};

// The end record stands last, followed by at most 65,535 bytes of comment.
absl::StatusOr<uint64_t> FindEnd(std::string_view bytes) {
  if (bytes.size() < kEndSize) return BadZip("it is too short");
  const uint64_t last = bytes.size() - kEndSize;
  const uint64_t first = last > 0xffff ? last - 0xffff : 0;
  for (uint64_t at = last + 1; at-- > first;) {
    if (Get(bytes, at, 4) == kEndSignature &&
        at + kEndSize + Get(bytes, at + 20, 2) <= bytes.size()) {
      return at;
    }
  }
  return BadZip("it has no directory (is it cut off?)");
}

// Large archives keep their true numbers in a second record in front of the end record.
absl::Status ReadZip64(std::string_view bytes, uint64_t end, Directory* directory) {
  if (end < kLocatorSize || Get(bytes, end - kLocatorSize, 4) != kLocator64Signature) {
    return absl::OkStatus();
  }
  const uint64_t at = Get(bytes, end - kLocatorSize + 8, 8);
  if (!Inside(bytes, at, kEnd64Size) || Get(bytes, at, 4) != kEnd64Signature) {
    return BadZip("its zip64 record is missing");
  }
  directory->entries = Get(bytes, at + 32, 8);
  directory->size = Get(bytes, at + 40, 8);
  directory->offset = Get(bytes, at + 48, 8);
  return absl::OkStatus();
}

absl::StatusOr<Directory> FindDirectory(std::string_view bytes) {
  CAIRN_ASSIGN_OR_RETURN(const uint64_t end, FindEnd(bytes));
  const uint64_t disk = Get(bytes, end + 4, 2);
  if (disk != 0 && disk != 0xffff) return BadZip("it is one part of several");
  Directory directory{Get(bytes, end + 10, 2), Get(bytes, end + 12, 4), Get(bytes, end + 16, 4)};
  CAIRN_RETURN_IF_ERROR(ReadZip64(bytes, end, &directory));
  if (directory.entries > ZipArchive::kMaxEntries) {
    return InputError(absl::StatusCode::kResourceExhausted, kInputTooLarge,
                      fmt::format("the zip archive has {} members, more than {}", directory.entries,
                                  ZipArchive::kMaxEntries));
  }
  if (!Inside(bytes, directory.offset, directory.size)) {
    return BadZip("its directory lies outside the file");
  }
  return directory;
}

// Replaces the sizes that are all ones by those of the zip64 extra field, in its fixed order.
absl::Status ApplyZip64(std::string_view extra, ZipEntry* entry) {
  constexpr uint64_t kElsewhere = 0xffffffff;
  uint64_t at = 0;
  while (Inside(extra, at, 4)) {
    const uint64_t id = Get(extra, at, 2);
    const uint64_t length = Get(extra, at + 2, 2);
    at += 4;
    if (!Inside(extra, at, length)) return BadZip("an extra field is cut off");
    if (id == 1) {
      uint64_t field = at;
      for (uint64_t* value : {&entry->size, &entry->packed_size, &entry->header_offset}) {
        if (*value != kElsewhere) continue;
        if (field + 8 > at + length) return BadZip("a zip64 field is cut off");
        *value = Get(extra, field, 8);
        field += 8;
      }
    }
    at += length;
  }
  return absl::OkStatus();
}

// Shared by both methods: counts, limits and checksum of what a member yields.
class EntryStream : public ByteStream {
 public:
  EntryStream(std::string_view packed, const ZipEntry& entry, const InputLimits& limits)
      : packed_(packed), entry_(entry), limits_(limits) {}

  uint64_t consumed() const override { return consumed_; }

 protected:
  absl::StatusOr<size_t> Account(const char* out, size_t produced, bool finished) {
    unpacked_ += produced;
    crc_ = ::crc32_z(crc_, reinterpret_cast<const Bytef*>(out), produced);
    CAIRN_RETURN_IF_ERROR(CheckUnpacked(unpacked_, packed_.size(), limits_));
    if (unpacked_ > entry_.size || (finished && unpacked_ != entry_.size)) {
      return Damaged("has another size than announced");
    }
    if (finished && crc_ != entry_.crc32) return Damaged("fails its checksum");
    return produced;
  }

  absl::Status Damaged(std::string_view what) const {
    return InputError(absl::StatusCode::kDataLoss, kInputDamaged,
                      fmt::format("member \"{}\" of the zip archive {}", entry_.name, what),
                      entry_.name);
  }

  std::string_view packed_;
  const ZipEntry entry_;
  const InputLimits limits_;
  size_t consumed_ = 0;

 private:
  uint64_t unpacked_ = 0;
  uLong crc_ = ::crc32(0, nullptr, 0);
};

class StoredStream : public EntryStream {
 public:
  using EntryStream::EntryStream;

  absl::StatusOr<size_t> Read(char* out, size_t capacity) override {
    const size_t count = std::min(capacity, packed_.size() - consumed_);
    std::memcpy(out, packed_.data() + consumed_, count);
    consumed_ += count;
    return Account(out, count, consumed_ == packed_.size());
  }
};

class DeflatedStream : public EntryStream {
 public:
  DeflatedStream(std::string_view packed, const ZipEntry& entry, const InputLimits& limits)
      : EntryStream(packed, entry, limits) {
    // Negative: deflate without a header of its own.
    ready_ = inflateInit2(&stream_, -15) == Z_OK;
  }
  ~DeflatedStream() override {
    if (ready_) inflateEnd(&stream_);
  }
  DeflatedStream(const DeflatedStream&) = delete;
  DeflatedStream& operator=(const DeflatedStream&) = delete;

  absl::StatusOr<size_t> Read(char* out, size_t capacity) override {
    if (!ready_) return Damaged("cannot be opened");
    if (finished_) return size_t{0};
    const size_t piece = std::min<size_t>(packed_.size() - consumed_, 1u << 30);
    const size_t room = std::min<size_t>(capacity, 1u << 30);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed_.data() + consumed_));
    stream_.avail_in = static_cast<uInt>(piece);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    consumed_ += piece - stream_.avail_in;
    const size_t produced = room - stream_.avail_out;
    finished_ = result == Z_STREAM_END;
    if (!finished_ && produced == 0) {
      return Damaged(result == Z_OK || result == Z_BUF_ERROR ? "ends too early" : "is damaged");
    }
    if (result != Z_OK && !finished_) return Damaged("is damaged");
    return Account(out, produced, finished_);
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool finished_ = false;
};

}  // namespace

absl::StatusOr<ZipArchive> ZipArchive::Open(std::string_view bytes, const InputLimits& limits) {
  ZipArchive archive(bytes, limits);
  CAIRN_RETURN_IF_ERROR(archive.ReadDirectory());
  return archive;
}

absl::Status ZipArchive::ReadDirectory() {
  CAIRN_ASSIGN_OR_RETURN(const Directory directory, FindDirectory(bytes_));
  const std::string_view area = bytes_.substr(directory.offset, directory.size);
  std::unordered_set<std::string> names;
  uint64_t at = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    if (!Inside(area, at, kDirectoryEntrySize) || Get(area, at, 4) != kDirectorySignature) {
      return BadZip("its directory is damaged");
    }
    ZipEntry entry;
    entry.encrypted = (Get(area, at + 8, 2) & 1) != 0;
    entry.method = static_cast<uint16_t>(Get(area, at + 10, 2));
    entry.crc32 = static_cast<uint32_t>(Get(area, at + 16, 4));
    entry.packed_size = Get(area, at + 20, 4);
    entry.size = Get(area, at + 24, 4);
    entry.header_offset = Get(area, at + 42, 4);
    const uint64_t name_size = Get(area, at + 28, 2);
    const uint64_t extra_size = Get(area, at + 30, 2);
    const uint64_t comment_size = Get(area, at + 32, 2);
    at += kDirectoryEntrySize;
    if (!Inside(area, at, name_size + extra_size + comment_size)) {
      return BadZip("its directory is cut off");
    }
    entry.name = std::string(area.substr(at, name_size));
    CAIRN_RETURN_IF_ERROR(ApplyZip64(area.substr(at + name_size, extra_size), &entry));
    at += name_size + extra_size + comment_size;
    if (entry.name.empty() || entry.name.back() == '/') continue;
    if (!names.insert(entry.name).second) return BadZip("two members have one name");
    entries_.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

const ZipEntry* ZipArchive::Find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const ZipEntry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

absl::StatusOr<std::unique_ptr<ByteStream>> ZipArchive::OpenEntry(const ZipEntry& entry) const {
  if (entry.encrypted) return BadZip(fmt::format("member \"{}\" is encrypted", entry.name));
  if (entry.method != kStored && entry.method != kDeflated) {
    return BadZip(fmt::format("member \"{}\" is packed with the unsupported method {}", entry.name,
                              entry.method));
  }
  if (!Inside(bytes_, entry.header_offset, kLocalHeaderSize) ||
      Get(bytes_, entry.header_offset, 4) != kLocalSignature) {
    return BadZip(fmt::format("member \"{}\" is not where the directory says", entry.name));
  }
  // Names and extra fields may differ in length from those of the directory.
  const uint64_t start = entry.header_offset + kLocalHeaderSize +
                         Get(bytes_, entry.header_offset + 26, 2) +
                         Get(bytes_, entry.header_offset + 28, 2);
  if (!Inside(bytes_, start, entry.packed_size)) {
    return BadZip(fmt::format("member \"{}\" reaches beyond the file", entry.name));
  }
  CAIRN_RETURN_IF_ERROR(CheckUnpacked(entry.size, entry.packed_size, limits_));
  const std::string_view packed = bytes_.substr(start, entry.packed_size);
  std::unique_ptr<ByteStream> stream;
  if (entry.method == kStored) {
    stream = std::make_unique<StoredStream>(packed, entry, limits_);
  } else {
    stream = std::make_unique<DeflatedStream>(packed, entry, limits_);
  }
  return stream;
}

bool IsWorkbook(const ZipArchive& archive) {
  return archive.Find("[Content_Types].xml") != nullptr &&
         archive.Find("xl/workbook.xml") != nullptr;
}

}  // namespace cairn::pipeline
