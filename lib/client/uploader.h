#ifndef CAIRN_LIB_CLIENT_UPLOADER_H_
#define CAIRN_LIB_CLIENT_UPLOADER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/base/digest.h"
#include "lib/client/client.h"
#include "lib/client/transfer_progress.h"

namespace cairn::client {

// One file to send: its place among the artifacts, and its bytes, which are
// either in a file or in memory. Value type.
struct UploadItem {
  std::string path;   // in the artifact tree; CheckArtifactPath's rules
  std::string file;   // a local file; empty when the bytes are in `bytes`
  std::string bytes;  // used when `file` is empty

  static UploadItem File(std::string path, std::string file) {
    return {std::move(path), std::move(file), {}};
  }
  static UploadItem Bytes(std::string path, std::string bytes) {
    return {std::move(path), {}, std::move(bytes)};
  }
};

// How to send. Value type.
struct UploadOptions {
  // Calls that carry bytes under way at a time, >= 1, each with a batch in memory: of 3 MiB for
  // small files, of about 0.7 MiB for the chunks of a large one. From 64 MiB on a file has
  // twice as many.
  int calls_in_flight = 2;
  // Whether large files may be cut into chunks, of which only those are sent that the server
  // lacks. Otherwise, and to servers that take no chunks, they go in one stream each.
  bool chunking = true;
};

// Sends files, each content once: asks for each by its whole digest first, sends
// small ones in batches of at most 3 MiB and large ones in chunks that their
// content determines (lib/chunking), and of those only the missing ones.
//
// After a break, of the connection or of the program, sending the same files again goes
// on where it stopped, for what has arrived is not sent again: at most the calls that
// were under way are. A file that goes in one stream (UploadOptions::chunking) goes on for
// the same user on the same machine, and begins anew elsewhere.
//
// Nothing refers to the blobs yet when Upload returns: name the returned files
// in LogArtifacts, CreateDatasetVersion or CreateModelVersion. Sending the same
// files again is cheap and harmless. The client must outlive the object. Not
// thread-safe: use one for each thread; it makes threads of its own.
class Uploader {
 public:
  // `on_progress` may be empty.
  explicit Uploader(Client& client, ProgressCallback on_progress = nullptr,
                    UploadOptions options = {});
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Sends what the server lacks and returns one entry for each item, in order. A file that
  // grows meanwhile is sent as long as it was.
  //
  // - INVALID_ARGUMENT (ARTIFACT_PATH_INVALID): paths break a rule or collide.
  // - NOT_FOUND, PERMISSION_DENIED (FILE_ERROR): a file cannot be read.
  // - INVALID_ARGUMENT (DIGEST_MISMATCH): what was read of a file changed while it
  //   was sent.
  absl::StatusOr<std::vector<v1::ArtifactFile>> Upload(const std::vector<UploadItem>& items);

 private:
  class Job;

  Client& client_;
  const UploadOptions options_;
  ProgressMeter meter_;
};

// Uploads `items` and logs them as artifacts of `run`, all at once or not at all. With
// `validate_only` the bytes are sent and the rest is only checked by the server.
absl::Status UploadArtifacts(Client& client, const std::string& run,
                             const std::vector<UploadItem>& items,
                             ProgressCallback on_progress = nullptr, bool validate_only = false);

// The digest of a file's bytes, read piece by piece. FILE_ERROR as ReadFile.
absl::StatusOr<Digest> DigestOfFile(const std::string& file);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_UPLOADER_H_
