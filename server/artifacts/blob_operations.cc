#include "server/artifacts/blob_operations.h"

#include "server/operations/operations.h"

namespace cairn::artifacts {

storage::Plan PlanCollectGarbage(const cairn::v1::CollectGarbageRequest& request,
                                 int64_t now_unix_nanos, std::string_view random_hex,
                                 const std::string& principal) {
  cairn::v1::CollectGarbageMetadata metadata;
  metadata.set_dry_run(request.dry_run());
  metadata.set_principal(principal);
  return operations::PlanCreate(operations::NewOperationId(now_unix_nanos, random_hex),
                                now_unix_nanos, metadata);
}

storage::Plan PlanScrubBlobs(int64_t now_unix_nanos, std::string_view random_hex,
                             const std::string& principal) {
  cairn::v1::ScrubBlobsMetadata metadata;
  metadata.set_principal(principal);
  return operations::PlanCreate(operations::NewOperationId(now_unix_nanos, random_hex),
                                now_unix_nanos, metadata);
}

}  // namespace cairn::artifacts
