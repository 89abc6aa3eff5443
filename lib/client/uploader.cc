#include "lib/client/uploader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "absl/strings/cord.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/artifact_path.h"
#include "lib/client/batch_limits.h"

namespace cairn::client {
namespace {

// A file that is read at any place, from any attempt.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), error_(errno) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  absl::Status Check() const {
    if (fd_ < 0) return FileError(error_, "open", path_);
    struct stat info {};
    if (::fstat(fd_, &info) == 0 && S_ISDIR(info.st_mode)) return FileError(EISDIR, "read", path_);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadAt(int64_t offset, int64_t max_bytes) const {
    std::string bytes(static_cast<size_t>(max_bytes), '\0');
    size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t n = ::pread(fd_, bytes.data() + have, bytes.size() - have,
                                offset + static_cast<int64_t>(have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FileError(errno, "read", path_);
      if (n == 0) break;
      have += static_cast<size_t>(n);
    }
    bytes.resize(have);
    return bytes;
  }

 private:
  const std::string path_;
  const int fd_;
  const int error_;
};

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  absl::Status result(static_cast<absl::StatusCode>(status.code()), status.message());
  for (const auto& detail : status.details()) {
    if (!result.ok()) result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

}  // namespace

struct Uploader::Blob {
  Digest digest;
  const UploadItem* item;
};

absl::StatusOr<Digest> DigestOfFile(const std::string& file) {
  const OpenFile source(file);
  CAIRN_RETURN_IF_ERROR(source.Check());
  Sha256Hasher hasher;
  int64_t offset = 0;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const std::string part, source.ReadAt(offset, 1 << 20));
    if (part.empty()) return hasher.Finish();
    hasher.Update(part);
    offset += static_cast<int64_t>(part.size());
  }
}

absl::StatusOr<std::vector<v1::ArtifactFile>> Uploader::Upload(
    const std::vector<UploadItem>& items) {
  std::vector<std::string> paths;
  for (const UploadItem& item : items) paths.push_back(item.path);
  CAIRN_RETURN_IF_ERROR(ValidateTree(paths));

  progress_ = {};
  std::vector<v1::ArtifactFile> files;
  std::vector<Blob> blobs;
  std::set<Digest> seen;
  for (const UploadItem& item : items) {
    Digest digest;
    if (item.file.empty()) {
      digest = DigestOf(item.bytes);
    } else {
      CAIRN_ASSIGN_OR_RETURN(digest, DigestOfFile(item.file));
    }
    progress_.total_bytes += digest.size_bytes;
    if (seen.insert(digest).second) {
      blobs.push_back({digest, &item});
    } else {
      progress_.skipped_bytes += digest.size_bytes;
    }
    v1::ArtifactFile& file = files.emplace_back();
    file.set_path(item.path);
    *file.mutable_digest() = ToWire(digest);
  }
  CAIRN_ASSIGN_OR_RETURN(const std::vector<Blob> missing, FindMissing(std::move(blobs)));
  CAIRN_RETURN_IF_ERROR(SendAll(missing));
  return files;
}

absl::StatusOr<std::vector<Uploader::Blob>> Uploader::FindMissing(std::vector<Blob> blobs) {
  std::vector<Blob> missing;
  for (size_t begin = 0; begin < blobs.size(); begin += kBatchEntries) {
    const size_t end = std::min(blobs.size(), begin + kBatchEntries);
    v1::FindMissingBlobsRequest request;
    for (size_t i = begin; i < end; ++i) *request.add_digests() = ToWire(blobs[i].digest);
    CAIRN_ASSIGN_OR_RETURN(const auto response, client_.artifacts().FindMissingBlobs(request));
    std::set<Digest> absent;
    for (const auto& wire : response.missing()) {
      CAIRN_ASSIGN_OR_RETURN(const Digest digest, FromWire(wire));
      absent.insert(digest);
    }
    for (size_t i = begin; i < end; ++i) {
      if (absent.contains(blobs[i].digest)) {
        missing.push_back(blobs[i]);
      } else {
        progress_.skipped_bytes += blobs[i].digest.size_bytes;
      }
    }
  }
  return missing;
}

absl::Status Uploader::SendAll(const std::vector<Blob>& blobs) {
  std::vector<const Blob*> batch;
  int64_t batch_bytes = 0;
  const auto flush = [&]() -> absl::Status {
    if (batch.empty()) return absl::OkStatus();
    absl::Status status = SendBatch(batch);
    batch.clear();
    batch_bytes = 0;
    return status;
  };
  for (const Blob& blob : blobs) {
    const int64_t size = blob.digest.size_bytes;
    if (size > kSmallBlobBytes) {
      CAIRN_RETURN_IF_ERROR(SendLarge(blob));
      continue;
    }
    if (batch_bytes + size > kBatchBytes || batch.size() == kBatchEntries) {
      CAIRN_RETURN_IF_ERROR(flush());
    }
    batch.push_back(&blob);
    batch_bytes += size;
  }
  return flush();
}

absl::Status Uploader::SendBatch(const std::vector<const Blob*>& batch) {
  v1::BatchUpdateBlobsRequest request;
  int64_t bytes = 0;
  for (const Blob* blob : batch) {
    auto* entry = request.add_entries();
    *entry->mutable_digest() = ToWire(blob->digest);
    if (blob->item->file.empty()) {
      entry->set_data(blob->item->bytes);
    } else {
      const OpenFile file(blob->item->file);
      CAIRN_RETURN_IF_ERROR(file.Check());
      CAIRN_ASSIGN_OR_RETURN(*entry->mutable_data(), file.ReadAt(0, blob->digest.size_bytes));
    }
    bytes += blob->digest.size_bytes;
  }
  CAIRN_ASSIGN_OR_RETURN(const auto response,
                         client_.artifacts().BatchUpdateBlobs(std::move(request)));
  for (const auto& result : response.results()) {
    CAIRN_RETURN_IF_ERROR(FromRpcStatus(result.status()));
  }
  progress_.transferred_bytes += bytes;
  Report();
  return absl::OkStatus();
}

absl::Status Uploader::SendLarge(const Blob& blob) {
  const int64_t before = progress_.transferred_bytes;
  const auto report = [this, before](int64_t sent) {
    progress_.transferred_bytes = before + sent;
    Report();
  };
  if (blob.item->file.empty()) {
    const std::string& bytes = blob.item->bytes;
    const auto source = [&bytes](int64_t offset, int64_t max) -> absl::StatusOr<std::string> {
      return bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(max));
    };
    return client_.artifacts().WriteBlob(blob.digest, source, report);
  }
  const OpenFile file(blob.item->file);
  CAIRN_RETURN_IF_ERROR(file.Check());
  const auto source = [&file](int64_t offset, int64_t max) { return file.ReadAt(offset, max); };
  return client_.artifacts().WriteBlob(blob.digest, source, report);
}

void Uploader::Report() {
  if (on_progress_) on_progress_(progress_);
}

absl::Status UploadArtifacts(Client& client, const std::string& run,
                             const std::vector<UploadItem>& items, ProgressCallback on_progress) {
  CAIRN_ASSIGN_OR_RETURN(auto files, Uploader(client, std::move(on_progress)).Upload(items));
  for (size_t begin = 0; begin < files.size(); begin += kBatchEntries) {
    v1::LogArtifactsRequest request;
    request.set_run(run);
    const size_t end = std::min(files.size(), begin + kBatchEntries);
    for (size_t i = begin; i < end; ++i) *request.add_files() = std::move(files[i]);
    CAIRN_RETURN_IF_ERROR(client.artifacts().LogArtifacts(std::move(request)).status());
  }
  return absl::OkStatus();
}

}  // namespace cairn::client
