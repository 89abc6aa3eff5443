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
#include "server/storage/old_event.h"

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

uint64_t LoadBigEndian64(const char* bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

uint32_t LoadBigEndian32(const char* bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// The envelope without a judgement of its counters.
absl::StatusOr<RecordView> Open(Family family, std::string_view key, std::string_view value) {
  if (value.size() < kEnvelopeHeaderBytes) return CorruptRecord(family, key, "it is too short");
  const auto format = static_cast<uint8_t>(value[0]);
  if (format != kEnvelopeFormat) {
    return CorruptRecord(family, key, fmt::format("its format {} is unknown", format));
  }
  const std::string_view counters = value.substr(kChecksumEnd, kEnvelopeHeaderBytes - kChecksumEnd);
  RecordView record;
  record.payload = value.substr(kEnvelopeHeaderBytes);
  if (ChecksumOf(family, key, counters, record.payload) != LoadBigEndian32(value.data() + 1)) {
    return CorruptRecord(family, key, "its checksum does not match");
  }
  record.create_revision = static_cast<Revision>(LoadBigEndian64(counters.data()));
  record.mod_revision = static_cast<Revision>(LoadBigEndian64(counters.data() + 8));
  record.version = static_cast<int64_t>(LoadBigEndian64(counters.data() + 16));
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

absl::StatusOr<RecordView> DecodeRecordView(Family family, std::string_view key,
                                            std::string_view value) {
  CAIRN_ASSIGN_OR_RETURN(const RecordView record, Open(family, key, value));
  if (record.create_revision < 1 || record.mod_revision < record.create_revision ||
      record.version < 1) {
    return CorruptRecord(family, key, "its counters are impossible");
  }
  return record;
}

absl::StatusOr<Record> DecodeRecord(Family family, std::string_view key, std::string_view value) {
  CAIRN_ASSIGN_OR_RETURN(const RecordView view, DecodeRecordView(family, key, value));
  return Record{view.create_revision, view.mod_revision, view.version, std::string(view.payload)};
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
  record.set_kind_number(event.kind);
  record.set_payload(event.image);
  record.set_principal(event.principal);
  record.set_commit_unix_nanos(event.commit_unix_nanos);
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
  CAIRN_ASSIGN_OR_RETURN(const RecordView record, Open(Family::kEvent, key, value));
  internal::EventRecord parsed;
  if (!parsed.ParseFromArray(record.payload.data(), static_cast<int>(record.payload.size()))) {
    return CorruptRecord(Family::kEvent, key, "it does not parse");
  }
  StoredEvent event{static_cast<Revision>(*revision), static_cast<int32_t>(*ordinal), {}};
  if (!parsed.kind().empty()) {
    event.event = FromOldEvent(parsed);
    return event;
  }
  event.event = {std::move(*parsed.mutable_resource()),
                 v1::Event::Kind_IsValid(parsed.kind_number())
                     ? static_cast<v1::Event::Kind>(parsed.kind_number())
                     : v1::Event::KIND_UNSPECIFIED,
                 std::move(*parsed.mutable_payload()), std::move(*parsed.mutable_principal()),
                 parsed.commit_unix_nanos()};
  return event;
}

Record FormatRecord(uint32_t format) {
  Record record{1, 1, 1, {}};
  AppendBigEndian32(&record.payload, format);
  return record;
}

std::optional<uint32_t> FormatOf(const Record& record) {
  KeyReader reader(record.payload);
  const auto format = reader.ReadBigEndian32();
  if (!format || !reader.AtEnd()) return std::nullopt;
  return *format;
}

absl::Status CorruptRecord(Family family, std::string_view key, std::string_view what) {
  const std::string hex = HexEncode(key);
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               fmt::format("the stored record {}:{} is damaged: {}", FamilyName(family), hex, what))
      .With("family", FamilyName(family))
      .With("key", hex)
      .With("damage", what);
}

absl::Status EventsCompacted(Revision first_revision) {
  return Error(absl::StatusCode::kOutOfRange, ErrorReason::EVENTS_COMPACTED,
               fmt::format("the event log begins at revision {}", first_revision))
      .With("oldestRevision", std::to_string(first_revision));
}

std::string_view FamilyName(Family family) { return kFamilyNames[static_cast<size_t>(family)]; }

}  // namespace cairn::storage
