#ifndef CAIRN_SERVER_MLFLOW_ARTIFACT_UPLOAD_H_
#define CAIRN_SERVER_MLFLOW_ARTIFACT_UPLOAD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/base/digest.h"
#include "lib/base/shared_budget.h"
#include "lib/chunking/chunker.h"
#include "lib/http/exchange.h"
#include "server/mlflow/artifact_path.h"
#include "server/mlflow/part_uploads.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// A body that becomes a blob while it comes, of any length, known or not.
//
// Nobody says the digest before the end, which a Write stream would need to begin. So what is above
// 512 KiB is cut where its content says so, as the C++ client cuts, each batch of chunks is stored
// when it is full (BatchUpdateBlobs), and at the end the chunks are put together (SpliceBlob). What
// was stored before shares its chunks, and a body that breaks off leaves chunks that nobody names,
// which the next collections take. Behind the first 16,384 chunks, about 2 GiB, chunks of 2 MiB
// follow, so that the list of them has room for some 34 GiB.
//
// Holds a batch, twice while it is stored, and the chunks' digests. Of one call; one thread at a
// time.
class ArtifactUpload {
 public:
  // What is held beyond gateway::kUncountedBytes is charged to `budget` for `holder`. Both outlive
  // it.
  ArtifactUpload(Session& session, SharedBudget& budget, std::string holder)
      : session_(session), budget_(budget), holder_(std::move(holder)) {}

  // Reads all of the body and stores it.
  //   RESOURCE_EXHAUSTED (QUEUE_FULL)  there is no room for another one now
  //   INVALID_PARAMETER_VALUE          it is larger than a blob may be
  //   errors of the exchange and of the calls
  Task<absl::StatusOr<v1::BlobDigest>> Receive(http::Exchange& exchange);

  // The same for a part of a file that is put together later: its chunks are stored and stay apart.
  // Where there is no room it waits for some, as clients send a part once only. `begin` is where in
  // the file the part may begin if others are as large.
  Task<absl::StatusOr<ReceivedPart>> ReceivePart(http::Exchange& exchange, int64_t begin);

 private:
  // Stores all of the body as chunks; `whole_` and `splice_` know of it then.
  Task<absl::Status> ReadAll(http::Exchange& exchange);
  // Keeps a piece; a part waits for room for a minute.
  Task<absl::Status> TakeInTime(std::string piece, http::Exchange& exchange);
  // Whether chunks are cut where the content says so.
  bool CutsByContent() const;
  // So much is stored at once.
  size_t BatchBytes() const;
  // Room for what is held now and a batch more.
  absl::Status MakeRoom();
  // Cuts what came, and stores the chunks that are complete; at the end the rest too.
  Task<absl::Status> Flush(bool last);
  void Cut(bool last, v1::BatchUpdateBlobsRequest& batch);
  void AddChunk(size_t begin, size_t end, v1::BatchUpdateBlobsRequest& batch);
  // Names all chunks as one blob.
  Task<absl::StatusOr<v1::BlobDigest>> Splice();

  Session& session_;
  SharedBudget& budget_;
  const std::string holder_;
  SharedCharge charge_;
  std::string buffer_;  // begins with the current chunk
  size_t seen_ = 0;     // so much of it was hashed and looked at
  Sha256Hasher whole_;
  chunking::Chunker chunker_;
  v1::SpliceBlobRequest splice_;
  bool waits_ = false;  // for room
  bool large_ = false;  // chunks are batches from the first one on
};

// Makes the blob stand at the place, whatever stood there. Errors are those of LogArtifacts.
Task<absl::Status> NameBlob(Session& session, ArtifactPlace place, v1::BlobDigest digest);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ARTIFACT_UPLOAD_H_
