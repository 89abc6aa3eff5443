#ifndef CAIRN_SERVER_STORAGE_RECORD_CODEC_H_
#define CAIRN_SERVER_STORAGE_RECORD_CODEC_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"

namespace cairn::storage {

// How records and events stand on disk (docs/storage-format.md draws them).
//
// Every value is an envelope: one byte of format, a CRC-32C, three counters and
// the payload. The checksum covers the family and the key as well, so a value
// that turns up under another key is found out, and so is a bit that flipped in
// memory before RocksDB computed its own checksums. All functions are pure.

inline constexpr uint8_t kEnvelopeFormat = 1;
inline constexpr size_t kEnvelopeHeaderBytes = 1 + 4 + 8 + 8 + 8;

// The bytes that stand before the payload of `record` at `key`.
std::array<char, kEnvelopeHeaderBytes> EncodeRecordHeader(const Key& key, const Record& record);

// Header and payload in one string.
std::string EncodeRecord(const Key& key, const Record& record);

// Reads an envelope back. DATA_LOSS (RECORD_CORRUPT, metadata "family" and "key"
// in hexadecimal) when it is short, of an unknown format, fails its checksum or
// holds counters that no commit writes.
absl::StatusOr<Record> DecodeRecord(Family family, std::string_view key, std::string_view value);

// The same without a copy: the payload is a part of `value`.
absl::StatusOr<RecordView> DecodeRecordView(Family family, std::string_view key,
                                            std::string_view value);

// Event keys: revision, then ordinal, both big-endian; 12 bytes.
Key EventKey(Revision revision, int32_t ordinal);

// The value of an event: an envelope whose three counters are 0 and whose
// payload is a cairn.internal.EventRecord.
std::string EncodeEvent(const Key& key, const Event& event);

// Reads key and value back. DATA_LOSS (RECORD_CORRUPT) as for DecodeRecord.
absl::StatusOr<StoredEvent> DecodeEvent(std::string_view key, std::string_view value);

// The record at FormatKey: the number of the store's format, big-endian.
Record FormatRecord(uint32_t format);

// Its inverse; nullopt for another payload.
std::optional<uint32_t> FormatOf(const Record& record);

// The error of DecodeRecord, for other readers of stored bytes: `what` says
// what is wrong.
absl::Status CorruptRecord(Family family, std::string_view key, std::string_view what);

// OUT_OF_RANGE (EVENTS_COMPACTED): the event log begins at `first_revision` only.
absl::Status EventsCompacted(Revision first_revision);

// The name of a family: "meta", "record", … ; on disk as the column family's name.
std::string_view FamilyName(Family family);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_RECORD_CODEC_H_
