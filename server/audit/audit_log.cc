#include "server/audit/audit_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cairn/internal/audit.pb.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/stored_candidates.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/record_codec.h"
#include "server/storage/typed_record.h"

namespace cairn::audit {
namespace {

using internal::AuditCheckpointRecord;
using internal::AuditEntryRecord;
using internal::AuditLinkRecord;
using storage::Family;
using storage::KeyRange;
using storage::Record;
using storage::ScanOrder;
using storage::Snapshot;

constexpr size_t kPieceBytes = size_t{48} << 10;
// With the place of a candidate the key of its record ends.
constexpr size_t kPlaceBytes = 8;

v1::AuditEntry ToResource(const AuditEntryRecord& record, const std::string& chain_sha256) {
  v1::AuditEntry entry;
  entry.set_sequence(record.sequence());
  entry.set_revision(record.revision());
  *entry.mutable_commit_time() = ToTimestamp(record.unix_nanos());
  entry.set_principal(record.principal());
  entry.set_kind(static_cast<v1::Event::Kind>(record.kind()));
  entry.set_resource(record.resource());
  entry.set_value_sha256(record.value_sha256());
  entry.set_chain_sha256(HexEncode(chain_sha256));
  return entry;
}

bool IsWanted(const AuditEntryRecord& entry, const v1::ListAuditEntriesRequest& request,
              const auth::Sight& sight) {
  const auto& kinds = request.kinds();
  return entry.resource().starts_with(request.resource_prefix()) &&
         (kinds.empty() || std::find(kinds.begin(), kinds.end(), entry.kind()) != kinds.end()) &&
         sight.Sees(entry.resource());
}

}  // namespace

absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(
    const Snapshot& snapshot, const v1::ListAuditEntriesRequest& request,
    const auth::Sight& sight) {
  v1::ListAuditEntriesResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<AuditLinkRecord>(
          snapshot, request, KeyRange::Prefix(storage::AuditEntryPrefix()), ScanOrder::kDescending,
          {}, [&](std::string_view, const auto& link, storage::PageRoom& room) {
            AuditEntryRecord entry;
            if (!entry.ParseFromString(link.value.entry())) return false;
            if (!IsWanted(entry, request, sight)) return false;
            v1::AuditEntry row = ToResource(entry, link.value.sha256());
            if (!room.Take(row.ByteSizeLong())) return false;
            *response.add_entries() = std::move(row);
            return true;
          }));
  return response;
}

Export::Export(std::unique_ptr<Snapshot> snapshot, const Auditor* auditor)
    : snapshot_(std::move(snapshot)), auditor_(auditor) {}

absl::StatusOr<std::optional<Record>> Export::NextRecord(const storage::Key& prefix, Stage after) {
  KeyRange range = KeyRange::Prefix(prefix);
  if (!last_key_.empty()) range = storage::RangeAfter(range, last_key_, ScanOrder::kAscending);
  std::optional<Record> next;
  CAIRN_RETURN_IF_ERROR(snapshot_->Scan(range, ScanOrder::kAscending,
                                        [&](std::string_view key, const Record& record) {
                                          last_key_ = key;
                                          next = record;
                                          return false;
                                        }));
  if (!next) {
    stage_ = after;
    last_key_.clear();
  }
  return next;
}

absl::StatusOr<bool> Export::LoadKeptValue() {
  CAIRN_ASSIGN_OR_RETURN(auto record, NextRecord(storage::KeptValuePrefix(), Stage::kCandidates));
  if (!record) return false;
  CAIRN_ASSIGN_OR_RETURN(value_sha256_,
                         storage::LastStringOf(storage::KeptValuePrefix(), last_key_));
  value_ = std::move(record->payload);
  return true;
}

absl::StatusOr<bool> Export::LoadCandidates() {
  KeyRange range = KeyRange::Prefix(storage::AllDecisionCandidatesPrefix());
  if (!last_key_.empty()) range = storage::RangeAfter(range, last_key_, ScanOrder::kAscending);
  std::vector<std::string> records;
  std::string decision;
  CAIRN_RETURN_IF_ERROR(snapshot_->Scan(
      range, ScanOrder::kAscending, [&](std::string_view key, const Record& record) {
        const std::string_view of = key.substr(0, key.size() - kPlaceBytes);
        if (!records.empty() && of != decision) return false;
        decision = of;
        last_key_ = key;
        records.push_back(record.payload);
        return true;
      }));
  if (records.empty()) {
    stage_ = Stage::kEntries;
    last_key_.clear();
    return false;
  }
  value_ = promotion::CandidatesValue(records);
  value_sha256_ = Sha256Hex(value_);
  return true;
}

absl::StatusOr<std::optional<v1::AuditPart>> Export::NextValue() {
  if (value_sha256_.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const bool loaded,
                           stage_ == Stage::kValues ? LoadKeptValue() : LoadCandidates());
    if (!loaded) return std::optional<v1::AuditPart>();
  }
  v1::AuditPart part;
  part.mutable_value()->set_sha256(value_sha256_);
  part.mutable_value()->set_data(value_.substr(0, kPieceBytes));
  value_.erase(0, kPieceBytes);
  part.mutable_value()->set_more(!value_.empty());
  if (value_.empty()) value_sha256_.clear();
  return part;
}

absl::StatusOr<std::optional<v1::AuditPart>> Export::NextEntry() {
  CAIRN_ASSIGN_OR_RETURN(const auto record, NextRecord(storage::AuditEntryPrefix(), Stage::kNotes));
  if (!record) return std::optional<v1::AuditPart>();
  AuditLinkRecord link;
  if (!link.ParseFromString(record->payload)) {
    return storage::CorruptRecord(Family::kRecord, last_key_, "it is no entry of the audit");
  }
  v1::AuditPart part;
  part.set_entry(std::move(*link.mutable_entry()));
  return part;
}

absl::StatusOr<std::optional<v1::AuditPart>> Export::NextNote() {
  CAIRN_ASSIGN_OR_RETURN(const auto record,
                         NextRecord(storage::AuditCheckpointPrefix(), Stage::kNewest));
  if (!record) return std::optional<v1::AuditPart>();
  AuditCheckpointRecord checkpoint;
  if (!checkpoint.ParseFromString(record->payload)) {
    return storage::CorruptRecord(Family::kRecord, last_key_, "it is no checkpoint of the audit");
  }
  v1::AuditPart part;
  part.set_note(checkpoint.note());
  return part;
}

absl::StatusOr<std::optional<v1::AuditPart>> Export::Next() {
  v1::AuditPart part;
  if (stage_ == Stage::kKey && auditor_ == nullptr) stage_ = Stage::kValues;
  if (stage_ == Stage::kKey) {
    CAIRN_ASSIGN_OR_RETURN(newest_, auditor_->Sign(*snapshot_));
    stage_ = Stage::kValues;
    part.set_verifier_key(newest_.verifier_key());
    return part;
  }
  while (stage_ < Stage::kNewest) {
    CAIRN_ASSIGN_OR_RETURN(auto next, stage_ < Stage::kEntries    ? NextValue()
                                      : stage_ == Stage::kEntries ? NextEntry()
                                                                  : NextNote());
    if (next) return next;
  }
  if (stage_ == Stage::kEnd || auditor_ == nullptr) return std::optional<v1::AuditPart>();
  stage_ = Stage::kEnd;
  part.set_note(newest_.note());
  return part;
}

absl::Status Export::ForEach(const std::function<absl::Status(v1::AuditPart)>& take) {
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(auto part, Next());
    if (!part) return absl::OkStatus();
    CAIRN_RETURN_IF_ERROR(take(*std::move(part)));
  }
}

}  // namespace cairn::audit
