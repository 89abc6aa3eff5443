#ifndef CAIRN_SERVER_MLFLOW_BLOB_BATCH_H_
#define CAIRN_SERVER_MLFLOW_BLOB_BATCH_H_

#include <string>

#include "absl/status/status.h"
#include "cairn/v1/artifacts.pb.h"
#include "google/rpc/status.pb.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// Blobs that are stored and read several in a call, for routes that make files of them.

// Adds a blob of these bytes, and returns what names it.
v1::BlobDigest AddBlob(std::string bytes, v1::BatchUpdateBlobsRequest& batch);

// Stores all of them. The first error is that of the call, or of one of them.
Task<absl::Status> StoreBlobs(Session& session, v1::BatchUpdateBlobsRequest batch);

// What became of one blob of a batch.
absl::Status StatusOfBlob(const google::rpc::Status& status);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_BLOB_BATCH_H_
