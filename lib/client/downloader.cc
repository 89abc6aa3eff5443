#include "lib/client/downloader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/artifact_path.h"
#include "lib/client/batch_limits.h"

namespace cairn::client {
namespace {

// A file being written; disappears unless it is moved to its place.
class PartialFile {
 public:
  explicit PartialFile(const std::string& target)
      : target_(target),
        path_(fmt::format("{}.part.{}", target, ::getpid())),
        fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666)),
        error_(errno) {}
  ~PartialFile() {
    if (fd_ >= 0) ::close(fd_);
    if (fd_ >= 0 && !kept_) ::unlink(path_.c_str());
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  absl::Status Write(std::string_view bytes) {
    if (fd_ < 0) return FileError(error_, "create", path_);
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FileError(errno, "write", path_);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }

  absl::Status Keep() {
    if (fd_ < 0) return FileError(error_, "create", path_);
    if (::rename(path_.c_str(), target_.c_str()) != 0) {
      return FileError(errno, "rename", path_);
    }
    kept_ = true;
    return absl::OkStatus();
  }

 private:
  const std::string target_;
  const std::string path_;
  const int fd_;
  const int error_;
  bool kept_ = false;
};

bool IsThereAlready(const std::string& file, const Digest& digest) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if (info.st_size != digest.size_bytes) return false;
  const auto actual = DigestOfFile(file);
  return actual.ok() && *actual == digest;
}

absl::Status ResultStatus(const v1::BatchReadBlobsResponse::Result& result) {
  absl::Status status(static_cast<absl::StatusCode>(result.status().code()),
                      result.status().message());
  if (status.ok()) return status;
  for (const auto& detail : result.status().details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

}  // namespace

struct Downloader::Target {
  Digest digest;
  std::string path;  // where the file goes, with the directory
};

absl::Status Downloader::FetchFiles(const std::vector<v1::ArtifactFile>& files,
                                    const std::string& directory) {
  std::vector<std::string> paths;
  progress_ = {};
  for (const auto& file : files) {
    paths.push_back(file.path());
    progress_.total_bytes += file.digest().size_bytes();
  }
  CAIRN_RETURN_IF_ERROR(ValidateTree(paths));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));

  std::vector<Target> targets;
  for (const auto& file : files) {
    CAIRN_ASSIGN_OR_RETURN(const Digest digest, FromWire(file.digest()));
    CAIRN_ASSIGN_OR_RETURN(std::string path, PrepareTarget(directory, file.path()));
    if (IsThereAlready(path, digest)) {
      progress_.skipped_bytes += digest.size_bytes;
    } else {
      targets.push_back({digest, std::move(path)});
    }
  }

  std::vector<const Target*> batch;
  int64_t batch_bytes = 0;
  for (const Target& target : targets) {
    if (target.digest.size_bytes > kSmallBlobBytes) {
      CAIRN_RETURN_IF_ERROR(FetchLarge(target));
      continue;
    }
    if (batch_bytes + target.digest.size_bytes > kBatchBytes || batch.size() == kBatchEntries) {
      CAIRN_RETURN_IF_ERROR(FetchSmall(batch));
      batch.clear();
      batch_bytes = 0;
    }
    batch.push_back(&target);
    batch_bytes += target.digest.size_bytes;
  }
  return FetchSmall(batch);
}

absl::StatusOr<std::vector<v1::ArtifactFile>> Downloader::Fetch(const std::string& parent,
                                                                const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(std::vector<v1::ArtifactFile> files,
                         client_.artifacts().ListAllArtifacts(parent));
  CAIRN_RETURN_IF_ERROR(FetchFiles(files, directory));
  return files;
}

absl::Status Downloader::FetchSmall(const std::vector<const Target*>& batch) {
  if (batch.empty()) return absl::OkStatus();
  v1::BatchReadBlobsRequest request;
  for (const Target* target : batch) *request.add_digests() = ToWire(target->digest);
  CAIRN_ASSIGN_OR_RETURN(const auto response,
                         client_.artifacts().BatchReadBlobs(std::move(request)));
  for (size_t i = 0; i < batch.size(); ++i) {
    const Digest& expected = batch[i]->digest;
    if (static_cast<int>(i) >= response.results_size() ||
        (ResultStatus(response.results(static_cast<int>(i))).ok() &&
         DigestOf(response.results(static_cast<int>(i)).data()) != expected)) {
      return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
                   fmt::format("blob {} arrived damaged", expected.Hex()))
          .With("sha256", expected.Hex());
    }
    const auto& result = response.results(static_cast<int>(i));
    CAIRN_RETURN_IF_ERROR(ResultStatus(result));
    PartialFile file(batch[i]->path);
    CAIRN_RETURN_IF_ERROR(file.Write(result.data()));
    CAIRN_RETURN_IF_ERROR(file.Keep());
    Report(expected.size_bytes);
  }
  return absl::OkStatus();
}

absl::Status Downloader::FetchLarge(const Target& target) {
  PartialFile file(target.path);
  const auto sink = [this, &file](std::string_view part) {
    absl::Status written = file.Write(part);
    if (written.ok()) Report(static_cast<int64_t>(part.size()));
    return written;
  };
  CAIRN_RETURN_IF_ERROR(client_.artifacts().ReadBlob(target.digest, sink));
  return file.Keep();
}

void Downloader::Report(int64_t bytes) {
  progress_.transferred_bytes += bytes;
  if (on_progress_) on_progress_(progress_);
}

}  // namespace cairn::client
