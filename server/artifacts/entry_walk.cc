#include "server/artifacts/entry_walk.h"

#include <climits>
#include <optional>

#include "cairn/internal/storage.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
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

EntryWalk::EntryWalk(const storage::Snapshot& snapshot, std::string_view after) {
  const storage::Key prefix = storage::BlobEntryPrefix();
  const storage::KeyRange range = storage::KeyRange::Prefix(prefix);
  cursor_ = snapshot.NewCursor(prefix.family);
  cursor_->Seek(after.empty() ? range.begin : std::string(after) + '\0', range.end);
  Load();
}

void EntryWalk::Next() {
  cursor_->Next();
  Load();
}

void EntryWalk::Load() {
  if (!Valid()) return;
  head_ = EntryHead();
  const std::optional<Digest> named = DigestOfKey(key());
  readable_ = named.has_value() && ParseEntryHead(payload(), &head_);
  if (named.has_value()) head_.digest.sha256 = named->sha256;
  head_.revision = cursor_->record().mod_revision;
}

}  // namespace cairn::artifacts
