#include "lib/client/metric_log_format.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

constexpr std::string_view kMagic = "CAIRNMLG";
constexpr uint8_t kFormat = 1;
constexpr size_t kWriterIdBytes = 36;
constexpr size_t kSlotBytes = 12;
// magic, format, length of the run's name, writer id; then the name, a checksum, the slot.
constexpr size_t kRunLengthAt = 9;
constexpr size_t kHeaderFixedBytes = 10 + kWriterIdBytes;
constexpr size_t kMaxRunBytes = 255;
constexpr size_t kMaxHeaderBytes = kHeaderFixedBytes + kMaxRunBytes + 4 + kSlotBytes;

constexpr uint8_t kBatchKind = 1;
constexpr uint8_t kWriterKind = 2;
constexpr int64_t kSectorBytes = 512;
// So many zeros at the end are no accident of the data.
constexpr int64_t kFewestZeros = 32;
constexpr size_t kHeadBytes = 13;  // kind, length, checksum of the payload, checksum of these
constexpr size_t kBatchFixedBytes = 12;
constexpr size_t kSearchBytes = 1 << 20;

void PutBigEndian(std::string& out, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
}

uint64_t GetBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = (value << 8) | static_cast<uint8_t>(c);
  return value;
}

uint32_t Checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

bool EndsWithChecksum(std::string_view bytes) {
  const size_t covered = bytes.size() - 4;
  return GetBigEndian(bytes.substr(covered)) == Checksum(bytes.substr(0, covered));
}

std::string EncodeRecord(uint8_t kind, std::string_view payload) {
  std::string record;
  record.reserve(kHeadBytes + payload.size());
  record += static_cast<char>(kind);
  PutBigEndian(record, payload.size(), 4);
  PutBigEndian(record, Checksum(payload), 4);
  PutBigEndian(record, Checksum(record), 4);
  record += payload;
  return record;
}

bool IsHead(std::string_view bytes) {
  const auto kind = static_cast<uint8_t>(bytes[0]);
  return (kind == kBatchKind || kind == kWriterKind) &&
         EndsWithChecksum(bytes.substr(0, kHeadBytes));
}

absl::Status DamagedAt(int64_t offset) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               fmt::format("the metric log is damaged at byte {}", offset))
      .With("offset", std::to_string(offset));
}

// Fills `record` from a payload whose checksum was right; false if it makes no sense.
bool DecodePayload(uint8_t kind, std::string_view payload, MetricLogRecord* record) {
  record->is_batch = kind == kBatchKind;
  if (!record->is_batch) {
    if (payload.size() < kWriterIdBytes) return false;
    record->writer = {std::string(payload.substr(0, kWriterIdBytes)),
                      std::string(payload.substr(kWriterIdBytes))};
    return record->writer.run.size() <= kMaxRunBytes;
  }
  if (payload.size() < kBatchFixedBytes) return false;
  record->number = static_cast<int64_t>(GetBigEndian(payload.substr(0, 8)));
  record->points = static_cast<int64_t>(GetBigEndian(payload.substr(8, 4)));
  record->columns = payload.substr(kBatchFixedBytes);
  return record->number >= 1;
}

// Reads the record at `offset`; false unless a whole, undamaged one stands there.
absl::StatusOr<bool> ReadWhole(const MetricLogSource& source, int64_t offset,
                               MetricLogRecord* record) {
  if (source.size - offset < static_cast<int64_t>(kHeadBytes)) return false;
  CAIRN_ASSIGN_OR_RETURN(const std::string head, source.read(offset, kHeadBytes));
  if (head.size() != kHeadBytes || !IsHead(head)) return false;
  const auto length = static_cast<int64_t>(GetBigEndian(std::string_view(head).substr(1, 4)));
  const int64_t begin = offset + static_cast<int64_t>(kHeadBytes);
  if (length > kMaxMetricLogPayloadBytes || length > source.size - begin) return false;
  CAIRN_ASSIGN_OR_RETURN(const std::string payload,
                         source.read(begin, static_cast<size_t>(length)));
  if (static_cast<int64_t>(payload.size()) != length) return false;
  if (Checksum(payload) != GetBigEndian(std::string_view(head).substr(5, 4))) return false;
  record->offset = offset;
  record->end = begin + length;
  return DecodePayload(static_cast<uint8_t>(head[0]), payload, record);
}

}  // namespace

std::string EncodeMetricLogHeader(const MetricLogWriter& writer) {
  std::string header(kMagic);
  header += static_cast<char>(kFormat);
  header += static_cast<char>(writer.run.size());
  header += writer.writer_id;
  header += writer.run;
  PutBigEndian(header, Checksum(header), 4);
  return header + EncodeMetricLogSlot(static_cast<int64_t>(header.size() + kSlotBytes));
}

std::string EncodeMetricLogSlot(int64_t end) {
  std::string slot;
  PutBigEndian(slot, static_cast<uint64_t>(end), 8);
  PutBigEndian(slot, Checksum(slot), 4);
  return slot;
}

int64_t MetricLogSlotOffset(const MetricLogWriter& writer) {
  return static_cast<int64_t>(kHeaderFixedBytes + writer.run.size() + 4);
}

std::string EncodeMetricLogWriterRecord(const MetricLogWriter& writer) {
  return EncodeRecord(kWriterKind, writer.writer_id + writer.run);
}

std::string EncodeMetricLogBatch(int64_t number, int64_t points,
                                 const v1::LogMetricsRequest& batch) {
  std::string payload;
  PutBigEndian(payload, static_cast<uint64_t>(number), 8);
  PutBigEndian(payload, static_cast<uint64_t>(points), 4);
  batch.AppendToString(&payload);
  return EncodeRecord(kBatchKind, payload);
}

absl::StatusOr<bool> MetricLogScanner::ReadHeader() {
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, source_.read(0, kMaxHeaderBytes));
  const std::string_view head = bytes;
  const std::string_view magic = head.substr(0, kMagic.size());
  if (magic != kMagic.substr(0, magic.size())) {
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
                 "the file is not a metric log")
        .ToStatus();
  }
  if (head.size() > kMagic.size() && static_cast<uint8_t>(head[kMagic.size()]) > kFormat) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::STORE_NEWER,
                 "the metric log was written by a newer program")
        .With("format", std::to_string(static_cast<uint8_t>(head[kMagic.size()])))
        .ToStatus();
  }
  size_t checked = kMaxHeaderBytes;  // the bytes that the checksum ends
  if (head.size() > kRunLengthAt) {
    checked = kHeaderFixedBytes + static_cast<uint8_t>(head[kRunLengthAt]) + 4;
  }
  const bool whole = head.size() >= checked + kSlotBytes;
  if (!whole || head[kMagic.size()] != kFormat || !EndsWithChecksum(head.substr(0, checked))) {
    CAIRN_ASSIGN_OR_RETURN(const bool followed, IsFollowed(0));
    if (whole || followed) return Damaged();
    return false;
  }
  const size_t run_bytes = checked - 4 - kHeaderFixedBytes;
  writer_ = {std::string(head.substr(kRunLengthAt + 1, kWriterIdBytes)),
             std::string(head.substr(kHeaderFixedBytes, run_bytes))};
  offset_ = static_cast<int64_t>(checked + kSlotBytes);
  const std::string_view slot = head.substr(checked, kSlotBytes);
  acknowledged_ = offset_;
  if (EndsWithChecksum(slot)) {
    const auto end = static_cast<int64_t>(GetBigEndian(slot.substr(0, 8)));
    acknowledged_ = std::clamp(end, offset_, std::max(offset_, source_.size));
  }
  return true;
}

absl::StatusOr<bool> MetricLogScanner::Next(MetricLogRecord* record) {
  *record = {};
  CAIRN_ASSIGN_OR_RETURN(const bool whole, ReadWhole(source_, offset_, record));
  if (whole) {
    offset_ = record->end;
    return true;
  }
  CAIRN_ASSIGN_OR_RETURN(const bool torn, IsTorn(offset_));
  if (!torn) return Damaged();
  CAIRN_ASSIGN_OR_RETURN(const bool followed, IsFollowed(offset_));
  if (followed) return Damaged();
  return false;
}

// Whether what stands at `offset` is the beginning of a record whose rest was not written:
// the file ends within it, or holds zeros in place of the rest. A record that is there to its
// end and does not match its checksum was written, and changed later.
absl::StatusOr<bool> MetricLogScanner::IsTorn(int64_t offset) const {
  const int64_t left = source_.size - offset;
  if (left < static_cast<int64_t>(kHeadBytes)) return true;
  CAIRN_ASSIGN_OR_RETURN(const std::string head, source_.read(offset, kHeadBytes));
  if (head.size() == kHeadBytes && IsHead(head)) {
    const auto length = static_cast<int64_t>(GetBigEndian(std::string_view(head).substr(1, 4)));
    if (length <= kMaxMetricLogPayloadBytes && length > left - static_cast<int64_t>(kHeadBytes)) {
      return true;
    }
  }
  // Disks write whole sectors.
  const int64_t sector = (source_.size - kFewestZeros) / kSectorBytes * kSectorBytes;
  const int64_t from = std::max(offset, sector);
  CAIRN_ASSIGN_OR_RETURN(const std::string rest,
                         source_.read(from, static_cast<size_t>(source_.size - from)));
  return rest.find_first_not_of('\0') == std::string::npos;
}

// Whether a whole record stands anywhere behind `offset`, which then was not the last
// thing that was written.
absl::StatusOr<bool> MetricLogScanner::IsFollowed(int64_t offset) const {
  for (int64_t begin = offset + 1; begin < source_.size;
       begin += static_cast<int64_t>(kSearchBytes)) {
    CAIRN_ASSIGN_OR_RETURN(const std::string bytes, source_.read(begin, kSearchBytes + kHeadBytes));
    const std::string_view view = bytes;
    for (size_t at = 0; at < kSearchBytes && at + kHeadBytes <= view.size(); ++at) {
      if (!IsHead(view.substr(at, kHeadBytes))) continue;
      MetricLogRecord record;
      CAIRN_ASSIGN_OR_RETURN(const bool whole,
                             ReadWhole(source_, begin + static_cast<int64_t>(at), &record));
      if (whole) return true;
    }
  }
  return false;
}

absl::Status MetricLogScanner::Damaged() const { return DamagedAt(offset_); }

absl::StatusOr<MetricLogRecord> ReadMetricLogRecord(const MetricLogSource& source, int64_t offset) {
  MetricLogRecord record;
  CAIRN_ASSIGN_OR_RETURN(const bool whole, ReadWhole(source, offset, &record));
  if (!whole) return DamagedAt(offset);
  return record;
}

}  // namespace cairn::client
