#include "server/storage/record_codec.h"

#include <cstring>
#include <limits>

#include "cairn/internal/storage.pb.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/crc32c.h"
#include "server/storage/key_codec.h"

namespace cairn::storage {
namespace {

constexpr std::array<std::string_view, kFamilyCount> kFamilyNames = {
    "meta", "record", "index", "metric", "event", "blob", "request"};
constexpr size_t kChecksumEnd = 1 + 4;

uint32_t ChecksumOf(Family family, std::string_view key, std::string_view counters,
                    std::string_view payload) {
  const char family_byte = static_cast<char>(family);
  uint32_t crc = Crc32c(std::string_view(&family_byte, 1));
  crc = Crc32c(key, crc);
  crc = Crc32c(counters, crc);
  return Crc32c(payload, crc);
}

std::array<char, kEnvelopeHeaderBytes> EncodeHeader(const Key& key, Revision create, Revision mod,
                                                    int64_t version, std::string_view payload) {
  std::string counters;
  counters.reserve(kEnvelopeHeaderBytes - kChecksumEnd);
  AppendBigEndian64(&counters, static_cast<uint64_t>(create));
  AppendBigEndian64(&counters, static_cast<uint64_t>(mod));
  AppendBigEndian64(&counters, static_cast<uint64_t>(version));
  std::string start(1, static_cast<char>(kEnvelopeFormat));
  AppendBigEndian32(&start, ChecksumOf(key.family, key.bytes, counters, payload));
  std::array<char, kEnvelopeHeaderBytes> header;
  std::memcpy(header.data(), start.data(), kChecksumEnd);
  std::memcpy(header.data() + kChecksumEnd, counters.data(), counters.size());
  return header;
}

// The envelope without a judgement of its counters.
absl::StatusOr<Record> Open(Family family, std::string_view key, std::string_view value) {
  if (value.size() < kEnvelopeHeaderBytes) return CorruptRecord(family, key, "it is too short");
  KeyReader reader(value.substr(0, kEnvelopeHeaderBytes));
  const uint8_t format = reader.ReadByte().value();
  if (format != kEnvelopeFormat) {
    return CorruptRecord(family, key, fmt::format("its format {} is unknown", format));
  }
  const uint32_t stored_crc = reader.ReadBigEndian32().value();
  const std::string_view counters = value.substr(kChecksumEnd, kEnvelopeHeaderBytes - kChecksumEnd);
  const std::string_view payload = value.substr(kEnvelopeHeaderBytes);
  if (ChecksumOf(family, key, counters, payload) != stored_crc) {
    return CorruptRecord(family, key, "its checksum does not match");
  }
  Record record;
  record.create_revision = static_cast<Revision>(reader.ReadBigEndian64().value());
  record.mod_revision = static_cast<Revision>(reader.ReadBigEndian64().value());
  record.version = static_cast<int64_t>(reader.ReadBigEndian64().value());
  record.payload = std::string(payload);
  return record;
}

}  // namespace

std::array<char, kEnvelopeHeaderBytes> EncodeRecordHeader(const Key& key, const Record& record) {
  return EncodeHeader(key, record.create_revision, record.mod_revision, record.version,
                      record.payload);
}

std::string EncodeRecord(const Key& key, const Record& record) {
  const auto header = EncodeRecordHeader(key, record);
  std::string value(header.data(), header.size());
  value += record.payload;
  return value;
}

absl::StatusOr<Record> DecodeRecord(Family family, std::string_view key, std::string_view value) {
  CAIRN_ASSIGN_OR_RETURN(Record record, Open(family, key, value));
  if (record.create_revision < 1 || record.mod_revision < record.create_revision ||
      record.version < 1) {
    return CorruptRecord(family, key, "its counters are impossible");
  }
  return record;
}

Key EventKey(Revision revision, int32_t ordinal) {
  Key key{Family::kEvent, {}};
  AppendBigEndian64(&key.bytes, static_cast<uint64_t>(revision));
  AppendBigEndian32(&key.bytes, static_cast<uint32_t>(ordinal));
  return key;
}

std::string EncodeEvent(const Key& key, const Event& event) {
  internal::EventRecord record;
  record.set_resource(event.resource);
  record.set_kind(event.kind);
  record.set_payload(event.payload);
  const std::string payload = record.SerializeAsString();
  const auto header = EncodeHeader(key, 0, 0, 0, payload);
  return std::string(header.data(), header.size()) + payload;
}

absl::StatusOr<StoredEvent> DecodeEvent(std::string_view key, std::string_view value) {
  KeyReader reader(key);
  const auto revision = reader.ReadBigEndian64();
  const auto ordinal = reader.ReadBigEndian32();
  if (!revision || !ordinal || !reader.AtEnd() ||
      *revision > static_cast<uint64_t>(std::numeric_limits<Revision>::max()) ||
      *ordinal > static_cast<uint32_t>(std::numeric_limits<int32_t>::max())) {
    return CorruptRecord(Family::kEvent, key, "it is no event key");
  }
  CAIRN_ASSIGN_OR_RETURN(const Record record, Open(Family::kEvent, key, value));
  internal::EventRecord parsed;
  if (!parsed.ParseFromString(record.payload)) {
    return CorruptRecord(Family::kEvent, key, "it does not parse");
  }
  StoredEvent event{static_cast<Revision>(*revision), static_cast<int32_t>(*ordinal), {}};
  event.event = {parsed.resource(), parsed.kind(), parsed.payload()};
  return event;
}

absl::Status CorruptRecord(Family family, std::string_view key, std::string_view what) {
  const std::string hex = HexEncode(key);
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               fmt::format("the stored record {}:{} is damaged: {}", FamilyName(family), hex, what))
      .With("family", FamilyName(family))
      .With("key", hex)
      .With("damage", what);
}

std::string_view FamilyName(Family family) { return kFamilyNames[static_cast<size_t>(family)]; }

}  // namespace cairn::storage
