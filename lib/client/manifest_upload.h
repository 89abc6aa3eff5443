#ifndef CAIRN_LIB_CLIENT_MANIFEST_UPLOAD_H_
#define CAIRN_LIB_CLIENT_MANIFEST_UPLOAD_H_

#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/client/client.h"

namespace cairn::client {

// More files than this are not named in a request but in a manifest.
inline constexpr size_t kMaxNamedFiles = 1000;

// Stores the manifest of `files`, whose digests are known, as a blob (lib/base/manifest_text.h)
// and returns what to name in a request, for all of them to appear at once. Errors of
// Uploader::Upload. Blocks.
absl::StatusOr<v1::BlobDigest> UploadManifest(Client& client, std::vector<v1::ArtifactFile> files);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_MANIFEST_UPLOAD_H_
