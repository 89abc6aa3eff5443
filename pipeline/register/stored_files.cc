#include "pipeline/register/stored_files.h"

#include "lib/base/status_macros.h"

namespace cairn::pipeline {

absl::StatusOr<std::string> ReadStoredFile(client::Client& client,
                                           const cairn::v1::ArtifactFile& file, size_t most) {
  CAIRN_ASSIGN_OR_RETURN(const Digest digest, client::FromWire(file.digest()));
  return client.artifacts().ReadBlobToString(digest, most);
}

}  // namespace cairn::pipeline
