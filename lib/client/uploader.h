#ifndef CAIRN_LIB_CLIENT_UPLOADER_H_
#define CAIRN_LIB_CLIENT_UPLOADER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/base/digest.h"
#include "lib/client/client.h"

namespace cairn::client {

// One file to send: its place among the artifacts, and its bytes, which are
// either in a file or in memory. Value type.
struct UploadItem {
  std::string path;   // in the artifact tree; ValidateArtifactPath's rules
  std::string file;   // a local file; empty when the bytes are in `bytes`
  std::string bytes;  // used when `file` is empty

  static UploadItem File(std::string path, std::string file) {
    return {std::move(path), std::move(file), {}};
  }
  static UploadItem Bytes(std::string path, std::string bytes) {
    return {std::move(path), {}, std::move(bytes)};
  }
};

// How far a transfer is; all counts are bytes.
struct TransferProgress {
  int64_t total_bytes = 0;
  int64_t transferred_bytes = 0;  // sent or received by this transfer
  int64_t skipped_bytes = 0;      // were there already, or appear twice
};

using ProgressCallback = std::function<void(const TransferProgress&)>;

// Sends files, each content once: computes the digests, asks which are missing,
// sends small ones in batches of at most 3 MiB and large ones in resumable
// streams.
//
// Nothing refers to the blobs yet when Upload returns: name the returned files
// in LogArtifacts, CreateDatasetVersion or CreateModelVersion. Sending the same
// files again is cheap and harmless. The client must outlive the object. Not
// thread-safe: use one for each thread.
class Uploader {
 public:
  // `on_progress` may be empty; it is called after each part that was sent.
  explicit Uploader(Client& client, ProgressCallback on_progress = nullptr)
      : client_(client), on_progress_(std::move(on_progress)) {}

  // Sends what the server lacks and returns one entry for each item, in order.
  //
  // - INVALID_ARGUMENT (ARTIFACT_PATH_INVALID): paths break a rule or collide.
  // - NOT_FOUND, PERMISSION_DENIED (FILE_ERROR): a file cannot be read.
  // - INVALID_ARGUMENT (DIGEST_MISMATCH): a file changed while it was sent.
  absl::StatusOr<std::vector<v1::ArtifactFile>> Upload(const std::vector<UploadItem>& items);

 private:
  struct Blob;

  absl::StatusOr<std::vector<Blob>> FindMissing(std::vector<Blob> blobs);
  absl::Status SendBatch(const std::vector<const Blob*>& batch);
  absl::Status SendAll(const std::vector<Blob>& blobs);
  absl::Status SendLarge(const Blob& blob);
  void Report();

  Client& client_;
  const ProgressCallback on_progress_;
  TransferProgress progress_;
};

// Uploads `items` and logs them as artifacts of `run`.
absl::Status UploadArtifacts(Client& client, const std::string& run,
                             const std::vector<UploadItem>& items,
                             ProgressCallback on_progress = nullptr);

// The digest of a file's bytes, read piece by piece. FILE_ERROR as ReadFile.
absl::StatusOr<Digest> DigestOfFile(const std::string& file);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_UPLOADER_H_
