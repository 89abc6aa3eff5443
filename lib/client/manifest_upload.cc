#include "lib/client/manifest_upload.h"

#include <algorithm>

#include "lib/base/manifest_text.h"
#include "lib/base/status_macros.h"
#include "lib/client/uploader.h"

namespace cairn::client {

absl::StatusOr<v1::BlobDigest> UploadManifest(Client& client, std::vector<v1::ArtifactFile> files) {
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path() < b.path(); });
  CAIRN_ASSIGN_OR_RETURN(
      const auto stored,
      Uploader(client).Upload({UploadItem::Bytes("manifest", ManifestText(files))}));
  return stored.front().digest();
}

}  // namespace cairn::client
