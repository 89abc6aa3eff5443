#ifndef CAIRN_PIPELINE_REGISTER_COUNTED_UPLOAD_H_
#define CAIRN_PIPELINE_REGISTER_COUNTED_UPLOAD_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/client/uploader.h"

namespace cairn::pipeline {

// client::Uploader::Upload, with what had to be sent added to `*transferred`: bytes that the server
// had already are none. Added also when it fails, as far as it came.
inline absl::StatusOr<std::vector<v1::ArtifactFile>> CountedUpload(
    client::Client& client, const std::vector<client::UploadItem>& items, int64_t* transferred) {
  int64_t sent = 0;
  client::Uploader uploader(client, [&sent](const client::TransferProgress& progress) {
    sent = progress.transferred_bytes;
  });
  auto files = uploader.Upload(items);
  *transferred += sent;
  return files;
}

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_COUNTED_UPLOAD_H_
