#ifndef CAIRN_SERVER_SERVICE_BLOB_STREAMS_H_
#define CAIRN_SERVER_SERVICE_BLOB_STREAMS_H_

#include <atomic>
#include <memory>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "server/artifacts/blob_store.h"
#include "server/service/method.h"

namespace cairn::service {

// The two streams of ArtifactService. Both read and write files, so their rows are served by the
// pool for blobs (Effort::kIo), and neither holds more of a blob than one piece.

// How many reads are under way in all. Up to so many keep the piece they are reading from; the
// others read it again for each part, so that a thousand slow clients do not hold one each.
inline constexpr int kReadsThatKeep = 64;

// A blob, or a range of it, one part after the other; each part is a read of its own, so that a
// slow client holds no more than one. `blobs` and `reads` outlive it.
//   OUT_OF_RANGE (VALUE_INVALID)  the range lies outside the blob
//   errors of artifacts::ToDigest and BlobStore::OpenReader
absl::StatusOr<std::unique_ptr<PartSource>> OpenBlob(const artifacts::BlobStore& blobs,
                                                     std::atomic<int>& reads,
                                                     const v1::ReadRequest& request);

// Takes a blob as WriteRequests, from where an earlier attempt left it. Errors are those of
// ArtifactService.Write. What a broken call sent is made durable when it is let go.
std::unique_ptr<MessageSink> TakeBlob(artifacts::BlobStore& blobs);

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_BLOB_STREAMS_H_
