#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "cairn/v1/audit.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/audit/audit_log.h"
#include "server/audit/auditor.h"
#include "server/service/methods.h"
#include "server/service/stream.h"

namespace cairn::service {
namespace {

absl::Status NoKey() {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::AUDIT_KEY_UNUSABLE,
               "the server has no key that signs the audit")
      .ToStatus();
}

// An export as a stream: a part a message.
class ExportSource final : public PartSource {
 public:
  explicit ExportSource(audit::Export parts) : export_(std::move(parts)) {}

  absl::StatusOr<Part> Next(const std::function<int64_t()>&, std::string& part) override {
    CAIRN_ASSIGN_OR_RETURN(const auto next, export_.Next());
    if (!next) return Part::kEnd;
    part = next->SerializeAsString();
    return Part::kFilled;
  }

 private:
  audit::Export export_;
};

}  // namespace

void AddAuditMethods(const Backends& backends, MethodTableBuilder& table) {
  const audit::Auditor* const auditor = backends.auditor;
  table.Of(*v1::AuditEntry::descriptor()->file()->FindServiceByName("AuditService"));
  table.Filters<v1::ListAuditEntriesRequest>("ListAuditEntries", audit::ListAuditEntries,
                                             backends.access);
  table.Answers<v1::GetAuditCheckpointRequest>(
      "GetAuditCheckpoint",
      [auditor, &store = backends.store](const Caller&, const v1::GetAuditCheckpointRequest&)
          -> absl::StatusOr<v1::AuditCheckpoint> {
        if (auditor == nullptr) return NoKey();
        return auditor->Sign(*store.GetSnapshot());
      });
  table.Streams<v1::ExportAuditRequest>(
      "ExportAudit",
      [auditor, &store = backends.store](const Caller&, const v1::ExportAuditRequest&)
          -> absl::StatusOr<std::unique_ptr<PartSource>> {
        if (auditor == nullptr) return NoKey();
        return std::make_unique<ExportSource>(audit::Export(store.GetSnapshot(), auditor));
      });
}

}  // namespace cairn::service
