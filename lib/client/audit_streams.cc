#include "cairn/v1/audit.grpc.pb.h"
#include "lib/client/services.h"
#include "lib/client/transport_impl.h"

namespace cairn::client {

absl::Status AuditClient::ExportAudit(const std::function<absl::Status(v1::AuditPart)>& on_part) {
  const auto stub = v1::AuditService::NewStub(transport_.impl().channel);
  ScopedContext context(transport_.impl());
  const auto reader = stub->ExportAudit(context.get(), v1::ExportAuditRequest());
  absl::Status refused;
  for (v1::AuditPart part; refused.ok() && reader->Read(&part);) refused = on_part(std::move(part));
  if (!refused.ok()) context.get()->TryCancel();
  const grpc::Status status = reader->Finish();
  return refused.ok() ? transport_.impl().Convert(status) : refused;
}

}  // namespace cairn::client
