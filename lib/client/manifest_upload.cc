#include "lib/client/manifest_upload.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/client/uploader.h"

namespace cairn::client {

std::string ManifestText(std::vector<v1::ArtifactFile> files) {
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path() < b.path(); });
  std::string text;
  for (const v1::ArtifactFile& file : files) {
    text +=
        fmt::format("{} {} {}\n", file.digest().sha256(), file.digest().size_bytes(), file.path());
  }
  return text;
}

absl::StatusOr<v1::BlobDigest> UploadManifest(Client& client, std::vector<v1::ArtifactFile> files) {
  CAIRN_ASSIGN_OR_RETURN(
      const auto stored,
      Uploader(client).Upload({UploadItem::Bytes("manifest", ManifestText(std::move(files)))}));
  return stored.front().digest();
}

}  // namespace cairn::client
