#include "server/storage/audit_chain.h"

#include <utility>

#include "cairn/internal/audit.pb.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/hash_chain.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"

namespace cairn::storage {

std::string SerializeAuditEnd(const AuditEnd& end) {
  internal::AuditEndRecord record;
  record.set_sequence(end.sequence);
  record.set_sha256(end.sha256);
  return record.SerializeAsString();
}

absl::StatusOr<AuditEnd> ParseAuditEnd(std::string_view payload) {
  internal::AuditEndRecord record;
  const bool parsed = record.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
  if (!parsed || record.sequence() < 1 || record.sha256().size() != 32) {
    return Error(absl::StatusCode::kDataLoss, ErrorReason::AUDIT_CHAIN_BROKEN,
                 "the end of the audit's chain cannot be read")
        .ToStatus();
  }
  return AuditEnd{record.sequence(), record.sha256()};
}

absl::StatusOr<AuditEnd> ReadAuditEnd(const Snapshot& snapshot) {
  CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(AuditEndKey()));
  return record.has_value() ? ParseAuditEnd(record->payload) : AuditEnd();
}

ChainedEntry ChainEntry(const AuditNote& note, const std::string& principal, Revision revision,
                        int64_t unix_nanos, AuditEnd& end) {
  internal::AuditEntryRecord entry;
  entry.set_sequence(end.sequence + 1);
  entry.set_revision(revision);
  entry.set_unix_nanos(unix_nanos);
  entry.set_principal(principal);
  entry.set_kind(note.kind);
  entry.set_resource(note.resource);
  entry.set_rule_sha256(note.rule_sha256);
  ChainedEntry chained;
  if (!note.image.empty()) chained.value_sha256 = Sha256Hex(note.image);
  entry.set_value_sha256(chained.value_sha256);
  chained.is_large = note.image.size() > kMaxAuditImageBytes;
  if (!chained.is_large) entry.set_image(note.image);

  internal::AuditLinkRecord link;
  link.set_entry(entry.SerializeAsString());
  link.set_sha256(ChainHash(end.sequence == 0 ? ChainStart() : end.sha256, link.entry()));
  end = {entry.sequence(), link.sha256()};
  chained.link = link.SerializeAsString();
  return chained;
}

bool IsAuditChainKey(const Key& key) {
  static const Key end = AuditEndKey();
  static const Key entries = AuditEntryPrefix();
  static const char by_resource = static_cast<char>(KeyKind::kAuditByResource);
  return key == end || (key.family == Family::kRecord && key.bytes.starts_with(entries.bytes)) ||
         (key.family == Family::kIndex && key.bytes.starts_with(by_resource));
}

}  // namespace cairn::storage
