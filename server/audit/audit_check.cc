#include "server/audit/audit_check.h"

#include <utility>

#include "lib/audit/verifier.h"
#include "lib/base/status_macros.h"
#include "server/audit/audit_log.h"
#include "server/storage/audit_chain.h"

namespace cairn::audit {

absl::StatusOr<CheckedAudit> CheckAudit(std::unique_ptr<storage::Snapshot> snapshot) {
  CAIRN_ASSIGN_OR_RETURN(storage::AuditEnd end, storage::ReadAuditEnd(*snapshot));
  if (end.sequence == 0) return CheckedAudit();
  Verifier verifier;
  verifier.ExpectEnd(end.sequence, std::move(end.sha256));
  CAIRN_RETURN_IF_ERROR(
      Export(std::move(snapshot), nullptr).ForEach([&verifier](v1::AuditPart part) {
        return verifier.Take(std::move(part));
      }));
  CAIRN_ASSIGN_OR_RETURN(VerifiedAudit verified, verifier.Finish());
  return CheckedAudit{verified.entries, verified.decisions, std::move(verified.lost_keys)};
}

}  // namespace cairn::audit
