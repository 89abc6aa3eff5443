#include "server/artifacts/blob_operations.h"

#include "server/operations/operations.h"

namespace cairn::artifacts {

storage::Plan PlanCollectGarbage(const cairn::v1::CollectGarbageRequest& request,
                                 int64_t now_unix_nanos, std::string_view random_hex) {
  cairn::v1::CollectGarbageMetadata metadata;
  metadata.set_dry_run(request.dry_run());
  return operations::PlanCreate(operations::NewOperationId(now_unix_nanos, random_hex),
                                now_unix_nanos, metadata);
}

storage::Plan PlanScrubBlobs(int64_t now_unix_nanos, std::string_view random_hex) {
  return operations::PlanCreate(operations::NewOperationId(now_unix_nanos, random_hex),
                                now_unix_nanos, cairn::v1::ScrubBlobsMetadata());
}

}  // namespace cairn::artifacts
