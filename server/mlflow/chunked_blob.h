#ifndef CAIRN_SERVER_MLFLOW_CHUNKED_BLOB_H_
#define CAIRN_SERVER_MLFLOW_CHUNKED_BLOB_H_

#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/base/digest.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// One blob of chunks that are stored, one after the other, and whose SHA-256 nobody knows as a
// whole: reads them back once to learn it, some 2 MiB at a time, and has them put together
// (SpliceBlob), which reads them again. A blob of one chunk is that chunk. REQUIRES:
// !chunks.empty()
//   errors of BatchReadBlobs and SpliceBlob, also for a single chunk that cannot be read
Task<absl::StatusOr<v1::BlobDigest>> BlobOfChunks(Session& session, std::vector<Digest> chunks);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_CHUNKED_BLOB_H_
