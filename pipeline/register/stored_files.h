#ifndef CAIRN_PIPELINE_REGISTER_STORED_FILES_H_
#define CAIRN_PIPELINE_REGISTER_STORED_FILES_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/client/client.h"

namespace cairn::pipeline {

// Files of runs, data sets and model versions on a server.

// The first file whose path is `name` or ends in `/name`; null when there is none. `files` is any
// range of ArtifactFile and owns what is returned.
template <typename Files>
const cairn::v1::ArtifactFile* FindFileNamed(const Files& files, std::string_view name) {
  for (const cairn::v1::ArtifactFile& file : files) {
    const std::string& path = file.path();
    if (std::string_view(path).substr(path.find_last_of('/') + 1) == name) return &file;
  }
  return nullptr;
}

// Its bytes, verified; of more than `most` none. Errors of ArtifactClient::ReadBlobToString.
absl::StatusOr<std::string> ReadStoredFile(client::Client& client,
                                           const cairn::v1::ArtifactFile& file, size_t most);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_STORED_FILES_H_
