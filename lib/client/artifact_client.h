#ifndef CAIRN_LIB_CLIENT_ARTIFACT_CLIENT_H_
#define CAIRN_LIB_CLIENT_ARTIFACT_CLIENT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "google/longrunning/operations.pb.h"
#include "google/rpc/status.pb.h"
#include "lib/base/digest.h"
#include "lib/base/wire_digest.h"
#include "lib/client/transport.h"

namespace cairn::client {

// Gives the bytes of a blob that is being sent: up to `max_bytes` from
// `offset`, which may go back after a break. Fewer than asked for only at the
// end.
using ByteReader = std::function<absl::StatusOr<std::string>(int64_t offset, int64_t max_bytes)>;

// Hears how far a blob that is being sent is: bytes before `position` are safely on their
// way, and `kept` of them an earlier process had sent. May go back after a break.
using WriteProgress = std::function<void(int64_t position, int64_t kept)>;

// Takes the bytes of a blob that is being read, in order, each once.
using ByteSink = std::function<absl::Status(std::string_view bytes)>;

// Blobs and artifact trees: the calls of ArtifactService, and the transfer of
// single blobs. Whole files and directories are the business of Uploader and
// Downloader.
//
// The transport must outlive the object. Safe to call from any thread.
class ArtifactClient {
 public:
  explicit ArtifactClient(Transport& transport) : transport_(transport) {}

  absl::StatusOr<v1::FindMissingBlobsResponse> FindMissingBlobs(
      v1::FindMissingBlobsRequest request);
  absl::StatusOr<v1::BatchUpdateBlobsResponse> BatchUpdateBlobs(
      v1::BatchUpdateBlobsRequest request);
  absl::StatusOr<v1::BatchReadBlobsResponse> BatchReadBlobs(v1::BatchReadBlobsRequest request);
  absl::StatusOr<v1::QueryWriteStatusResponse> QueryWriteStatus(
      v1::QueryWriteStatusRequest request);
  absl::StatusOr<v1::LogArtifactsResponse> LogArtifacts(v1::LogArtifactsRequest request);
  absl::StatusOr<v1::ListArtifactsResponse> ListArtifacts(v1::ListArtifactsRequest request);
  absl::StatusOr<v1::DeleteArtifactsResponse> DeleteArtifacts(v1::DeleteArtifactsRequest request);
  absl::StatusOr<v1::SplitBlobResponse> SplitBlob(v1::SplitBlobRequest request);
  absl::StatusOr<v1::BlobUsage> GetBlobUsage(v1::GetBlobUsageRequest request);

  // Begin an operation; operation_waiter.h waits for it.
  absl::StatusOr<google::longrunning::Operation> CollectGarbage(v1::CollectGarbageRequest request);
  absl::StatusOr<google::longrunning::Operation> ScrubBlobs(v1::ScrubBlobsRequest request);

  // Without a deadline, as streams are: the server reads the whole blob.
  absl::StatusOr<v1::SpliceBlobResponse> SpliceBlob(const v1::SpliceBlobRequest& request);

  // Every file of a run, data set version or model version, by path.
  absl::StatusOr<std::vector<v1::ArtifactFile>> ListAllArtifacts(const std::string& parent);

  // Sends one blob in parts of 256 KiB. When the connection breaks, asks how
  // much was kept and goes on from there; gives up after as many breaks without
  // progress as the back-off allows. `on_progress` may be empty. Succeeds early
  // when somebody else completes the same blob.
  //
  // From 4 MiB on it also goes on where an earlier process of the same user on
  // this machine stopped (upload_id.h): after a cut at most 16 MiB are sent again.
  //
  // - INVALID_ARGUMENT (DIGEST_MISMATCH): the bytes do not have the digest,
  //   which for a file means that it changed meanwhile.
  absl::Status WriteBlob(const Digest& digest, const ByteReader& source,
                         const WriteProgress& on_progress = nullptr);

  // Reads one blob into `sink`, going on where it stopped when the connection
  // breaks, and verifies digest and size at the end: whatever `sink` was given
  // must be thrown away unless this returns OK.
  //
  // - NOT_FOUND (BLOB_NOT_FOUND)
  // - DATA_LOSS (BLOB_CORRUPT): the bytes received do not have the digest.
  absl::Status ReadBlob(const Digest& digest, const ByteSink& sink);

  // Reads `size` bytes of a blob from `offset` on, the server having checked them, and as
  // ReadBlob otherwise. What arrived is checked for its length only: the digest is of the
  // whole blob, and whoever fetches all ranges compares it. REQUIRES: the range lies in the
  // blob.
  //
  // - DATA_LOSS (BLOB_CORRUPT): fewer or more bytes than asked for arrived.
  absl::Status ReadRange(const Digest& digest, int64_t offset, int64_t size, const ByteSink& sink);

  // Reads one blob into memory. OUT_OF_RANGE (FILE_TOO_LARGE) above `max_bytes`.
  absl::StatusOr<std::string> ReadBlobToString(const Digest& digest,
                                               int64_t max_bytes = int64_t{256} << 20);

 private:
  Transport& transport_;
};

// Conversions between the wire's digest and ours. Parsing fails with
// INVALID_ARGUMENT (DIGEST_INVALID).
using cairn::ToWire;
absl::StatusOr<Digest> FromWire(const v1::BlobDigest& digest);

// What became of one blob of a batch, with the details as payloads.
absl::Status FromWire(const google::rpc::Status& status);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_ARTIFACT_CLIENT_H_
