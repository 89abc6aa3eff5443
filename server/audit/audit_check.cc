#include "server/audit/audit_check.h"

#include <utility>

#include "lib/audit/verifier.h"
#include "lib/base/status_macros.h"
#include "server/audit/audit_log.h"
#include "server/storage/audit_chain.h"

namespace cairn::audit {

absl::StatusOr<CheckedAudit> CheckAudit(
    const std::function<std::unique_ptr<storage::Snapshot>()>& make_snapshot) {
  CAIRN_ASSIGN_OR_RETURN(storage::AuditEnd end, storage::ReadAuditEnd(*make_snapshot()));
  Verifier verifier;
  if (end.sequence == 0) return CheckedAudit();
  verifier.ExpectEnd(end.sequence, std::move(end.sha256));
  Export parts(make_snapshot(), nullptr);
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(auto part, parts.Next());
    if (!part.has_value()) break;
    CAIRN_RETURN_IF_ERROR(verifier.Take(*std::move(part)));
  }
  CAIRN_ASSIGN_OR_RETURN(VerifiedAudit verified, verifier.Finish());
  return CheckedAudit{verified.entries, verified.decisions, std::move(verified.lost_keys)};
}

}  // namespace cairn::audit
