#include "server/mlflow/blob_batch.h"

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/wire_digest.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {

v1::BlobDigest AddBlob(std::string bytes, v1::BatchUpdateBlobsRequest& batch) {
  v1::BlobDigest digest = ToWire(DigestOf(bytes));
  auto& entry = *batch.add_entries();
  *entry.mutable_digest() = digest;
  entry.set_data(std::move(bytes));
  return digest;
}

Task<absl::Status> StoreBlobs(Session& session, v1::BatchUpdateBlobsRequest batch) {
  const auto stored = co_await session.Call(session.rows().batch_update_blobs, std::move(batch));
  if (!stored.ok()) co_return stored.status();
  for (const auto& result : stored->results()) {
    CAIRN_CO_RETURN_IF_ERROR(StatusOfBlob(result.status()));
  }
  co_return absl::OkStatus();
}

absl::Status StatusOfBlob(const google::rpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.code()), status.message());
}

}  // namespace cairn::mlflow
