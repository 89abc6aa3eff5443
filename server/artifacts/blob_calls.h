#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_CALLS_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_CALLS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/base/digest.h"
#include "server/artifacts/blob_store.h"

namespace cairn::artifacts {

// What ArtifactService answers of single blobs, from the store of blobs alone. Every function may
// block on the disk and may be called from any thread; errors are those of the method of its name,
// beside those of BlobStore.

// INVALID_ARGUMENT (DIGEST_INVALID).
absl::StatusOr<Digest> ToDigest(const v1::BlobDigest& digest);

// `uploads/{uuid4}/blobs/{sha256}/{size_bytes}`: an upload, which its client named.
struct UploadName {
  std::string uuid;
  Digest digest;
};

// INVALID_ARGUMENT (NAME_INVALID, DIGEST_INVALID) naming the field resource_name.
absl::StatusOr<UploadName> ParseUploadName(std::string_view name);

absl::StatusOr<v1::FindMissingBlobsResponse> FindMissingBlobs(
    const BlobStore& blobs, const v1::FindMissingBlobsRequest& request);

// Stores each entry on its own terms; each answer says what became of its entry.
absl::StatusOr<v1::BatchUpdateBlobsResponse> BatchUpdateBlobs(
    BlobStore& blobs, const v1::BatchUpdateBlobsRequest& request);

// Reads each on its own terms; a digest that is none takes no room.
absl::StatusOr<v1::BatchReadBlobsResponse> BatchReadBlobs(const BlobStore& blobs,
                                                          const v1::BatchReadBlobsRequest& request);

absl::StatusOr<v1::SplitBlobResponse> SplitBlob(const BlobStore& blobs,
                                                const v1::SplitBlobRequest& request);
absl::StatusOr<v1::SpliceBlobResponse> SpliceBlob(BlobStore& blobs,
                                                  const v1::SpliceBlobRequest& request);

// How far an upload is, so that its client goes on from there.
absl::StatusOr<v1::QueryWriteStatusResponse> QueryWriteStatus(
    BlobStore& blobs, const v1::QueryWriteStatusRequest& request);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_CALLS_H_
