#include "server/tracking/merge_records.h"

#include <cstdint>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/core/metric_summary.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::tracking {
namespace {

using cairn::internal::MetricRecord;
using cairn::internal::MetricWriterAdvance;
using cairn::internal::MetricWriterRecord;
using storage::Key;
using storage::KeyKind;

absl::StatusOr<std::string> MergeSummary(const Key& key, std::optional<std::string_view> existing,
                                         std::string_view operand) {
  CAIRN_ASSIGN_OR_RETURN(auto added,
                         storage::ParseRecord<MetricRecord>(key.bytes, std::string(operand)));
  if (!existing.has_value()) return std::string(operand);
  CAIRN_ASSIGN_OR_RETURN(auto current,
                         storage::ParseRecord<MetricRecord>(key.bytes, std::string(*existing)));
  MetricRecord merged;
  *merged.mutable_summary() = core::MergeSummaries(current.summary(), added.summary());
  return merged.SerializeAsString();
}

absl::Status AlreadyStored(int64_t batch_number) {
  return Error(absl::StatusCode::kAlreadyExists, ErrorReason::BATCH_STORED,
               fmt::format("batch {} is stored", batch_number))
      .With("batchNumber", std::to_string(batch_number));
}

absl::Status EarlierIsMissing(int64_t batch_number, int64_t last_batch_number) {
  return Error(absl::StatusCode::kAborted, ErrorReason::BATCH_MISSING,
               fmt::format("batch {} follows one that was not stored; the last one that was is {}",
                           batch_number, last_batch_number))
      .With("batchNumber", std::to_string(batch_number))
      .With("lastBatchNumber", std::to_string(last_batch_number));
}

absl::StatusOr<std::string> AdvanceWriter(const Key& key, std::optional<std::string_view> existing,
                                          std::string_view operand) {
  CAIRN_ASSIGN_OR_RETURN(const auto advance, storage::ParseRecord<MetricWriterAdvance>(
                                                 key.bytes, std::string(operand)));
  MetricWriterRecord record;
  if (existing.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(
        record, storage::ParseRecord<MetricWriterRecord>(key.bytes, std::string(*existing)));
  }
  const int64_t last = record.last_batch_number();
  const int64_t previous = advance.previous_batch_number();
  if (advance.batch_number() <= last) return AlreadyStored(advance.batch_number());
  if (previous != 0 && previous != last) return EarlierIsMissing(advance.batch_number(), last);
  record.set_last_batch_number(advance.batch_number());
  return record.SerializeAsString();
}

}  // namespace

absl::StatusOr<std::string> MergeRecords(const Key& key, std::optional<std::string_view> existing,
                                         std::string_view operand) {
  const auto kind = key.bytes.empty() ? uint8_t{0} : static_cast<uint8_t>(key.bytes[0]);
  if (kind == static_cast<uint8_t>(KeyKind::kRunMetric)) {
    return MergeSummary(key, existing, operand);
  }
  if (kind == static_cast<uint8_t>(KeyKind::kMetricWriter)) {
    return AdvanceWriter(key, existing, operand);
  }
  return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
               "records of this kind do not merge")
      .With("key", HexEncode(key.bytes))
      .ToStatus();
}

}  // namespace cairn::tracking
