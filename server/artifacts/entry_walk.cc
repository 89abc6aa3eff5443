#include "server/artifacts/entry_walk.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <limits>
#include <optional>

#include "cairn/internal/storage.pb.h"
#include "fmt/format.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "server/artifacts/short_names.h"
#include "server/storage/keyspace.h"

namespace cairn::artifacts {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using internal::BlobEntryRecord;

bool ReadNumber(CodedInputStream& input, uint32_t tag, uint64_t* number) {
  return WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_VARINT &&
         input.ReadVarint64(number);
}

// The bytes of a field, where they stand in `payload`.
bool ReadBytes(CodedInputStream& input, uint32_t tag, std::string_view payload,
               std::string_view* bytes) {
  uint32_t length = 0;
  if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED ||
      !input.ReadVarint32(&length) || length > INT_MAX) {
    return false;
  }
  const auto begin = static_cast<size_t>(input.CurrentPosition());
  if (!input.Skip(static_cast<int>(length))) return false;
  *bytes = payload.substr(begin, length);
  return true;
}

// The hash in an entry's key; nullopt for another key.
std::optional<Digest> DigestOfKey(std::string_view key) {
  static const storage::Key prefix = storage::BlobEntryPrefix();
  const auto hex = storage::LastStringOf(prefix, key);
  if (!hex.ok()) return std::nullopt;
  const auto digest = ParseDigest(*hex, 0);
  return digest.ok() ? std::optional<Digest>(*digest) : std::nullopt;
}

constexpr size_t kNameDigits = 16;
constexpr uint64_t kLastName = std::numeric_limits<uint64_t>::max();

size_t BlobPrefixBytes() { return storage::BlobEntryPrefix().bytes.size(); }

// A key that stands before the entries whose hashes begin with `name`, and behind all lower
// ones.
std::string KeyBefore(uint64_t name) {
  return storage::BlobEntryPrefix().bytes + fmt::format("{:016x}", name);
}

// How the hash in a key begins, also in one of those made here.
uint64_t NameIn(std::string_view key) {
  const std::string_view digits = key.substr(std::min(key.size(), BlobPrefixBytes()), kNameDigits);
  uint64_t name = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), name, 16);
  const bool whole = error == std::errc() && end == digits.data() + kNameDigits;
  return whole ? name : kLastName;
}

// A key that stands behind all entries.
std::string BehindAll() { return storage::BlobEntryPrefix().bytes + "g"; }

}  // namespace

bool ParseEntryHead(std::string_view payload, EntryHead* head) {
  CodedInputStream input(reinterpret_cast<const uint8_t*>(payload.data()),
                         static_cast<int>(payload.size()));
  std::string_view inline_data;
  while (const uint32_t tag = input.ReadTag()) {
    uint64_t number = 0;
    bool read = true;
    switch (WireFormatLite::GetTagFieldNumber(tag)) {
      case BlobEntryRecord::kInlineDataFieldNumber:
        read = ReadBytes(input, tag, payload, &inline_data);
        break;
      case BlobEntryRecord::kChunkSha256SFieldNumber:
        read = ReadBytes(input, tag, payload, &head->chunk_sha256s);
        break;
      case BlobEntryRecord::kSizeBytesFieldNumber:
        read = ReadNumber(input, tag, &number);
        head->digest.size_bytes = static_cast<int64_t>(number);
        break;
      case BlobEntryRecord::kPackFieldNumber:
        read = ReadNumber(input, tag, &number);
        head->pack = static_cast<int64_t>(number);
        break;
      case BlobEntryRecord::kDataOffsetFieldNumber:
        read = ReadNumber(input, tag, &number);
        head->data_offset = static_cast<int64_t>(number);
        break;
      case BlobEntryRecord::kQuarantinedFieldNumber:
        read = ReadNumber(input, tag, &number);
        head->quarantined = number != 0;
        break;
      case BlobEntryRecord::kCondemnedFieldNumber:
        read = ReadNumber(input, tag, &number);
        head->condemned = number != 0;
        break;
      default:
        read = WireFormatLite::SkipField(&input, tag);
    }
    if (!read) return false;
  }
  return input.ConsumedEntireMessage();
}

EntryWalk::EntryWalk(const storage::Snapshot& snapshot, std::string_view after, AtDamage at_damage)
    : snapshot_(snapshot), at_damage_(at_damage) {
  if (!after.empty()) last_ = NameIn(after);
  SeekBehind(after);
  Load();
}

void EntryWalk::SeekBehind(std::string_view after) {
  const storage::KeyRange range = storage::KeyRange::Prefix(storage::BlobEntryPrefix());
  cursor_ = snapshot_.NewCursor(range.family);
  cursor_->Seek(after.empty() ? range.begin : std::string(after) + '\0', range.end);
}

void EntryWalk::Next() {
  if (lost_ == Lost::kNothing) {
    cursor_->Next();
  } else {
    if (is_gap()) last_ = gap_end_;
    SeekBehind(lost_key_);
  }
  Load();
}

void EntryWalk::Load() {
  head_ = EntryHead();
  readable_ = false;
  lost_ = Lost::kNothing;
  if (!cursor_->Valid()) {
    status_ = cursor_->status();
    if (absl::IsDataLoss(status_) && at_damage_ == AtDamage::kStepOver && StepOver()) {
      status_ = absl::OkStatus();
    }
    return;
  }
  const std::optional<Digest> named = DigestOfKey(cursor_->key());
  readable_ = named.has_value() && ParseEntryHead(payload(), &head_);
  if (named.has_value()) {
    head_.digest.sha256 = named->sha256;
    last_ = ShortNameOf(*named);
  }
  head_.revision = cursor_->record().mod_revision;
}

// Makes what the cursor stopped at the place of the walk; false when it is not known.
bool EntryWalk::StepOver() {
  // A record that was read and is damaged is named by the error; a block that cannot be read
  // is not.
  const auto key = HexDecode(MetadataOf(status_, "key"));
  if (key.has_value() && !key->empty()) {
    const auto named = DigestOfKey(*key);
    if (!named.has_value()) return false;
    lost_ = Lost::kRecord;
    lost_key_ = *key;
    head_.digest.sha256 = named->sha256;
    last_ = ShortNameOf(*named);
    return true;
  }
  if (last_ == kLastName) return false;
  lost_ = Lost::kRange;
  gap_end_ = EndOfGap();
  lost_key_ = gap_end_ == kLastName ? BehindAll() : KeyBefore(gap_end_);
  return true;
}

// Whether a walk could go on at the first entry whose hash does not begin below `name`. A
// damaged record there counts: it is stepped over by itself.
bool EntryWalk::CanSeek(uint64_t name) const {
  const storage::KeyRange range = storage::KeyRange::Prefix(storage::BlobEntryPrefix());
  const auto cursor = snapshot_.NewCursor(range.family);
  cursor->Seek(KeyBefore(name), range.end);
  return cursor->status().ok() || !MetadataOf(cursor->status(), "key").empty();
}

// Tries ever farther places, then halves the distance to the last one that failed. Good
// entries between two damaged blocks may be passed over with them.
uint64_t EntryWalk::EndOfGap() const {
  uint64_t bad = last_;
  uint64_t good = kLastName;
  for (uint64_t step = 1; step != 0 && step < kLastName - last_; step <<= 1) {
    const uint64_t name = last_ + step;
    if (CanSeek(name)) {
      good = name;
      break;
    }
    bad = name;
  }
  while (good - bad > 1) {
    const uint64_t middle = bad + (good - bad) / 2;
    (CanSeek(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace cairn::artifacts
