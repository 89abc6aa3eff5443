#include "server/storage/rocks_log.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "server/storage/crc32c.h"

namespace cairn::storage {
namespace {

constexpr size_t kBlockBytes = 32 << 10;
constexpr size_t kHeaderBytes = 7;

enum FragmentType : uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

// RocksDB stores checksums rotated and shifted, so that a checksum of bytes that hold
// checksums is no special value.
uint32_t Unmask(uint32_t masked) {
  const uint32_t rotated = masked - 0xa282ead8U;
  return (rotated >> 17) | (rotated << 15);
}

bool AllZero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// A fragment as its header describes it, or why there is none.
struct Fragment {
  uint8_t type = kZero;
  std::string_view bytes;
  const char* fault = nullptr;
  size_t end = 0;  // by its header

  bool begins() const { return type == kFull || type == kFirst; }
};

// The fragment at `offset`; it must end in its block, as far as the file has it.
Fragment FragmentAt(std::string_view file, size_t offset) {
  const size_t block_end = offset / kBlockBytes * kBlockBytes + kBlockBytes;
  const std::string_view rest =
      file.substr(offset, std::min(block_end, file.size()) - std::min(offset, file.size()));
  if (rest.size() < kHeaderBytes) {
    return {kZero, {}, "a record that is cut off", offset + kHeaderBytes};
  }
  Fragment fragment;
  const size_t length = static_cast<uint8_t>(rest[4]) | (static_cast<uint8_t>(rest[5]) << 8);
  fragment.type = static_cast<uint8_t>(rest[6]);
  fragment.end = offset + kHeaderBytes + length;
  if (fragment.end > block_end) {
    fragment.fault = "a record with an impossible length";
  } else if (kHeaderBytes + length > rest.size()) {
    fragment.fault = "a record that is cut off";
  } else if (Crc32c(rest.substr(6, 1 + length)) != Unmask(LittleEndian32(rest))) {
    fragment.fault = "a record with a wrong checksum";
  } else {
    fragment.bytes = rest.substr(kHeaderBytes, length);
  }
  return fragment;
}

// Puts fragments together to records.
class Scanner {
 public:
  Scanner(std::string_view file, const RocksLogVisitor& visitor) : file_(file), visitor_(visitor) {}

  absl::StatusOr<RocksLogEnd> Run() {
    end_.file_bytes = file_.size();
    end_.data_bytes = file_.find_last_not_of('\0') + 1;  // npos + 1 is 0
    while (end_.clean() && SkipBlockTrailer()) {
      if (AtZeros()) break;
      CAIRN_RETURN_IF_ERROR(TakeFragment(FragmentAt(file_, offset_)));
    }
    if (end_.clean() && in_record_) {
      end_.cut_off = true;
      Break("a record that is cut off");
    }
    return std::move(end_);
  }

  size_t offset() const { return offset_; }

 private:
  // False at the end of the file.
  bool SkipBlockTrailer() {
    const size_t left = kBlockBytes - offset_ % kBlockBytes;
    if (left < kHeaderBytes) {
      const std::string_view trailer = file_.substr(offset_, left);
      if (!AllZero(trailer)) {
        Break("bytes between two blocks");
        return false;
      }
      offset_ += trailer.size();
    }
    return offset_ < file_.size();
  }

  // Where a file was made longer than what was written into it.
  bool AtZeros() const { return offset_ >= end_.data_bytes; }

  absl::Status TakeFragment(const Fragment& fragment) {
    if (fragment.fault != nullptr) {
      end_.cut_off = fragment.end > end_.data_bytes;
      return Stop(fragment.fault);
    }
    const size_t begin = offset_;
    switch (fragment.type) {
      case kFull:
      case kFirst:
        if (in_record_) return Stop("a record inside another");
        record_offset_ = begin;
        record_.assign(fragment.bytes);
        break;
      case kMiddle:
      case kLast:
        if (!in_record_) return Stop("a record without its begin");
        record_.append(fragment.bytes);
        break;
      case kZero:
      default:
        return Stop(fmt::format("a record of the unknown type {}", fragment.type));
    }
    offset_ += kHeaderBytes + fragment.bytes.size();
    in_record_ = fragment.type == kFirst || fragment.type == kMiddle;
    if (in_record_) return absl::OkStatus();
    end_.valid_bytes = offset_;
    return visitor_(record_offset_, record_);
  }

  void Break(std::string_view reason) {
    end_.break_reason = fmt::format("{} at {}", reason, offset_);
  }
  absl::Status Stop(std::string_view reason) {
    Break(reason);
    return absl::OkStatus();
  }

  const std::string_view file_;
  const RocksLogVisitor& visitor_;
  size_t offset_ = 0;
  bool in_record_ = false;
  size_t record_offset_ = 0;
  std::string record_;
  RocksLogEnd end_;
};

// The first place from `from` on where a record begins. Every place of the block of the break is
// tried, since what is damaged may be a length; further blocks begin with a fragment.
std::optional<uint64_t> FindRecord(std::string_view file, size_t from,
                                   const RocksLogPlausible& plausible) {
  const auto found = [&](const Fragment& fragment) {
    return fragment.fault == nullptr && fragment.begins() &&
           (plausible == nullptr || plausible(fragment.bytes));
  };
  const size_t block_end = from / kBlockBytes * kBlockBytes + kBlockBytes;
  for (size_t at = from; at < std::min(block_end, file.size()); ++at) {
    const bool can_begin =
        at + kHeaderBytes <= file.size() &&
        (file[at + 6] == static_cast<char>(kFull) || file[at + 6] == static_cast<char>(kFirst));
    if (can_begin && found(FragmentAt(file, at))) return at;
  }
  for (size_t block = block_end; block < file.size(); block += kBlockBytes) {
    for (size_t at = block; at < std::min(block + kBlockBytes, file.size());) {
      const Fragment fragment = FragmentAt(file, at);
      if (fragment.fault != nullptr || fragment.type == kZero) break;
      if (found(fragment)) return at;
      at += kHeaderBytes + fragment.bytes.size();
    }
  }
  return std::nullopt;
}

}  // namespace

uint32_t LittleEndian32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<uint8_t>(bytes[i]);
  return value;
}

uint64_t LittleEndian64(std::string_view bytes) {
  return LittleEndian32(bytes) | (uint64_t{LittleEndian32(bytes.substr(4))} << 32);
}

absl::StatusOr<RocksLogEnd> ScanRocksLog(std::string_view file, const RocksLogVisitor& visitor,
                                         const RocksLogPlausible& plausible) {
  Scanner scanner(file, visitor);
  CAIRN_ASSIGN_OR_RETURN(RocksLogEnd end, scanner.Run());
  if (!end.clean()) end.record_behind = FindRecord(file, scanner.offset(), plausible);
  return end;
}

std::optional<BatchHeader> ReadBatchHeader(std::string_view record) {
  if (record.size() < 12) return std::nullopt;
  return BatchHeader{LittleEndian64(record), LittleEndian32(record.substr(8))};
}

}  // namespace cairn::storage
