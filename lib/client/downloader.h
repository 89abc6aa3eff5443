#ifndef CAIRN_LIB_CLIENT_DOWNLOADER_H_
#define CAIRN_LIB_CLIENT_DOWNLOADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/client/client.h"
#include "lib/client/transfer_progress.h"

namespace cairn::client {

// How to fetch. Value type.
struct DownloadOptions {
  // Calls that carry bytes under way at a time, >= 1: batches of small files, files, or
  // ranges of one large file.
  int calls_in_flight = 4;
  // Where fetched blobs are kept for the next time (blob_cache.h); empty keeps none.
  std::string cache_directory;
  // How much may be kept there, in bytes.
  int64_t cache_max_bytes = int64_t{10} << 30;
};

// Brings artifacts into a directory, every byte verified.
//
// A file appears under its name only when it is complete and has its digest: it
// is written beside its place and renamed. Files that are there already with
// the right content are left alone, so that a fetch which was interrupted goes
// on when it is repeated; of a large file (from 1 MiB) also what had arrived is kept, in
// a hidden file beside its place, and is not asked for again. Nothing is ever written
// outside the directory, whatever the paths say and whatever links stand there.
//
// The client must outlive the object. Not thread-safe: use one for each thread; it makes
// threads of its own.
class Downloader {
 public:
  // `on_progress` may be empty.
  explicit Downloader(Client& client, ProgressCallback on_progress = nullptr,
                      DownloadOptions options = {})
      : client_(client), options_(std::move(options)), meter_(std::move(on_progress)) {}

  // Fetches `files` into `directory`, which is made if it does not exist. All
  // paths are checked before the first byte is asked for.
  //
  // - INVALID_ARGUMENT (ARTIFACT_PATH_INVALID): a path breaks a rule, collides
  //   with another or leads through a link.
  // - NOT_FOUND (BLOB_NOT_FOUND), DATA_LOSS (BLOB_CORRUPT)
  // - RESOURCE_EXHAUSTED (DISK_FULL), the system's other errors (FILE_ERROR), also of
  //   a cache that cannot be opened
  absl::Status FetchFiles(const std::vector<v1::ArtifactFile>& files, const std::string& directory);

  // Fetches every file of a run, data set version or model version and returns
  // them by path. Errors as FetchFiles, and NOT_FOUND of the resource.
  absl::StatusOr<std::vector<v1::ArtifactFile>> Fetch(const std::string& parent,
                                                      const std::string& directory);

 private:
  class Job;

  Client& client_;
  const DownloadOptions options_;
  ProgressMeter meter_;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_DOWNLOADER_H_
