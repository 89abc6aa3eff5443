#ifndef CAIRN_LIB_CLIENT_DOWNLOADER_H_
#define CAIRN_LIB_CLIENT_DOWNLOADER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/client/client.h"
#include "lib/client/uploader.h"

namespace cairn::client {

// Brings artifacts into a directory, every byte verified.
//
// A file appears under its name only when it is complete and has its digest: it
// is written beside its place and renamed. Files that are there already with
// the right content are left alone, so that a fetch which was interrupted goes
// on when it is repeated. Nothing is ever written outside the directory,
// whatever the paths say and whatever links stand there.
//
// The client must outlive the object. Not thread-safe: use one for each thread.
class Downloader {
 public:
  // `on_progress` may be empty.
  explicit Downloader(Client& client, ProgressCallback on_progress = nullptr)
      : client_(client), on_progress_(std::move(on_progress)) {}

  // Fetches `files` into `directory`, which is made if it does not exist. All
  // paths are checked before the first byte is asked for.
  //
  // - INVALID_ARGUMENT (ARTIFACT_PATH_INVALID): a path breaks a rule, collides
  //   with another or leads through a link.
  // - NOT_FOUND (BLOB_NOT_FOUND), DATA_LOSS (BLOB_CORRUPT)
  // - RESOURCE_EXHAUSTED (DISK_FULL), the system's other errors (FILE_ERROR)
  absl::Status FetchFiles(const std::vector<v1::ArtifactFile>& files, const std::string& directory);

  // Fetches every file of a run, data set version or model version and returns
  // them by path. Errors as FetchFiles, and NOT_FOUND of the resource.
  absl::StatusOr<std::vector<v1::ArtifactFile>> Fetch(const std::string& parent,
                                                      const std::string& directory);

 private:
  struct Target;

  absl::Status FetchSmall(const std::vector<const Target*>& batch);
  absl::Status FetchLarge(const Target& target);
  void Report(int64_t bytes);

  Client& client_;
  const ProgressCallback on_progress_;
  TransferProgress progress_;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_DOWNLOADER_H_
