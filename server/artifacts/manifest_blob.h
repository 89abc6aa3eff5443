#ifndef CAIRN_SERVER_ARTIFACTS_MANIFEST_BLOB_H_
#define CAIRN_SERVER_ARTIFACTS_MANIFEST_BLOB_H_

#include <cstdint>

#include "server/artifacts/blob_store.h"
#include "server/core/manifest.h"

namespace cairn::artifacts {

// How many bytes of manifests are in memory at a time; one may always be.
inline constexpr int64_t kManifestBytesAtOnce = 2 * core::kMaxManifestBytes;

// A loader of manifests that are stored in `blobs`, which must outlive it and all copies.
// Safe to call from any thread; reads files, so call it from a pool.
//
// The blobs of the files are found present and are leased by every call: the lease takes the
// place of the conditions that records::RequireBlobs adds for few files, because a commit
// that reads the entries of 100,000 blobs would keep everybody waiting. So the commit has to
// come within the lease.
//
//   NOT_FOUND (BLOB_NOT_FOUND)     the manifest or a file of it is not there
//   INVALID_ARGUMENT               errors of core::ParseManifest; TOO_LARGE above
//                                  core::kMaxManifestBytes; DIGEST_INVALID
//   RESOURCE_EXHAUSTED (QUEUE_FULL)  too many are under way; with a retry delay
//   DATA_LOSS (BLOB_CORRUPT)
core::ManifestLoader MakeManifestLoader(const BlobStore& blobs);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_MANIFEST_BLOB_H_
