#include "server/storage/rocks_manifest.h"

#include <algorithm>
#include <limits>
#include <string>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/rocks_log.h"

namespace cairn::storage {
namespace {

// Tags of the fields of an edit; on disk for ever.
enum Tag : uint32_t {
  kComparator = 1,
  kLogNumber = 2,
  kNextFileNumber = 3,
  kLastSequence = 4,
  kCompactCursor = 5,
  kDeletedFile = 6,
  kPreviousLogNumber = 9,
  kMinLogNumberToKeep = 10,
  kNewFile4 = 103,
  kFamily = 200,
  kFamilyAdd = 201,
  kFamilyDrop = 202,
  kMaxFamily = 203,
  kInAtomicGroup = 300,
};
constexpr uint32_t kMayBeSkipped = 1 << 13;
// Fields of a new file.
constexpr uint32_t kEndOfFileFields = 1;
constexpr uint32_t kFirstKeptLog = 3;  // kMinLogNumberToKeep, where old readers step over it

absl::Status NoEdit() {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::STORE_CORRUPT,
               "an edit in MANIFEST does not parse");
}

}  // namespace

// Reads one edit. Every method is a no-op after the bytes turned out to be none.
class RocksManifest::Parser {
 public:
  explicit Parser(std::string_view bytes) : rest_(bytes) {}

  absl::Status Parse(Edit& edit) {
    while (ok_ && !rest_.empty()) {
      const uint64_t tag = Varint();
      if (ok_ && !Field(tag, edit)) {
        return Error(absl::StatusCode::kUnimplemented, ErrorReason::STORE_CORRUPT,
                     fmt::format("MANIFEST has the unknown field {}", tag));
      }
    }
    return ok_ ? absl::OkStatus() : NoEdit();
  }

 private:
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }

  std::string_view String() {
    const uint64_t size = Varint();
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view string = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return string;
  }

  // False for a field that is not known and may not be skipped.
  bool Field(uint64_t tag, Edit& edit) {
    switch (tag) {
      case kLogNumber:
        edit.log_number = Varint();
        return true;
      case kMinLogNumberToKeep:
        edit.first_kept_log = Varint();
        return true;
      case kFamily:
        edit.family = static_cast<uint32_t>(Varint());
        return true;
      case kFamilyAdd:
        edit.adds_family = true;
        String();
        return true;
      case kFamilyDrop:
        edit.drops_family = true;
        return true;
      case kInAtomicGroup:
        edit.remaining_in_group = static_cast<uint32_t>(Varint());
        return true;
      case kDeletedFile:
        Varint();  // level
        edit.deleted_tables.push_back(Varint());
        return true;
      case kNewFile4:
        NewTable(edit);
        return true;
      default:
        return Skip(tag);
    }
  }

  bool Skip(uint64_t tag) {
    switch (tag) {
      case kNextFileNumber:
      case kLastSequence:
      case kPreviousLogNumber:
      case kMaxFamily:
        Varint();
        return true;
      case kComparator:
        String();
        return true;
      case kCompactCursor:
        Varint();  // level
        String();
        return true;
      default:
        if ((tag & kMayBeSkipped) == 0) return false;
        String();
        return true;
    }
  }

  void NewTable(Edit& edit) {
    Varint();  // level
    const uint64_t number = Varint();
    const uint64_t size = Varint();
    String();  // smallest key
    String();  // largest key
    Varint();  // smallest sequence number
    Varint();  // largest sequence number
    for (uint64_t field = Varint(); ok_ && field != kEndOfFileFields; field = Varint()) {
      const std::string_view value = String();
      if (field == kFirstKeptLog && value.size() == 8) edit.first_kept_log = LittleEndian64(value);
    }
    edit.new_tables.emplace_back(number, size);
  }

  std::string_view rest_;
  bool ok_ = true;
};

absl::Status RocksManifest::Apply(std::string_view bytes) {
  Edit edit;
  CAIRN_RETURN_IF_ERROR(Parser(bytes).Parse(edit));
  if (!edit.remaining_in_group) {
    Take(edit);
    return absl::OkStatus();
  }
  group_.push_back(std::move(edit));
  if (*group_.back().remaining_in_group == 0) {
    for (const Edit& member : group_) Take(member);
    group_.clear();
  }
  return absl::OkStatus();
}

void RocksManifest::Take(const Edit& edit) {
  if (edit.first_kept_log) first_kept_log_ = std::max(first_kept_log_, *edit.first_kept_log);
  if (edit.drops_family) {
    families_.erase(edit.family);
    return;
  }
  FamilyFiles& family = families_[edit.family];
  if (edit.log_number) family.log_number = std::max(family.log_number, *edit.log_number);
  for (const uint64_t number : edit.deleted_tables) family.tables.erase(number);
  for (const auto& [number, size] : edit.new_tables) family.tables[number] = size;
}

uint64_t RocksManifest::first_needed_log() const {
  uint64_t first = std::numeric_limits<uint64_t>::max();
  for (const auto& [id, family] : families_) first = std::min(first, family.log_number);
  // A family that nothing was written to says the log of when it was made.
  return std::max(families_.empty() ? 0 : first, first_kept_log_);
}

std::map<uint64_t, uint64_t> RocksManifest::tables() const {
  std::map<uint64_t, uint64_t> all;
  for (const auto& [id, family] : families_) all.insert(family.tables.begin(), family.tables.end());
  return all;
}

}  // namespace cairn::storage
