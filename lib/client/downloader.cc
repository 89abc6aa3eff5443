#include "lib/client/downloader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/artifact_path.h"
#include "lib/client/batch_limits.h"
#include "lib/client/blob_cache.h"
#include "lib/client/file_copy.h"
#include "lib/client/parallel_calls.h"
#include "lib/client/partial_file.h"
#include "lib/client/range_download.h"
#include "lib/client/uploader.h"

namespace cairn::client {
namespace {

// Above this size the calls go to the ranges of one file, below to several files.
constexpr int64_t kRangedFileBytes = 4 * kRangeBytes;

bool IsThereAlready(const std::string& file, const Digest& digest) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if (info.st_size != digest.size_bytes) return false;
  const auto actual = DigestOfFile(file);
  return actual.ok() && *actual == digest;
}

absl::Status ArrivedDamaged(const Digest& expected) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
               fmt::format("blob {} arrived damaged", expected.Hex()))
      .With("sha256", expected.Hex());
}

// After these a part of a file is of no use to a later fetch.
bool IsHopeless(const absl::Status& status) {
  return status.code() == absl::StatusCode::kDataLoss ||
         status.code() == absl::StatusCode::kNotFound ||
         status.code() == absl::StatusCode::kInvalidArgument;
}

}  // namespace

// One FetchFiles. Safe to use from the threads that it makes.
class Downloader::Job {
 public:
  Job(ArtifactClient& artifacts, const DownloadOptions& options, ProgressMeter& meter)
      : artifacts_(artifacts), calls_(std::max(options.calls_in_flight, 1)), meter_(meter) {}

  absl::Status OpenCache(const DownloadOptions& options) {
    if (options.cache_directory.empty()) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(cache_,
                           BlobCache::Open(options.cache_directory, options.cache_max_bytes));
    return absl::OkStatus();
  }

  absl::Status Run(const std::vector<v1::ArtifactFile>& files, const std::string& directory) {
    CAIRN_RETURN_IF_ERROR(Plan(files, directory));
    CAIRN_RETURN_IF_ERROR(
        ParallelCalls(groups_.size(), calls_, [this](size_t i) { return FetchGroup(groups_[i]); }));
    CAIRN_RETURN_IF_ERROR(ParallelCalls(
        medium_.size(), calls_, [this](size_t i) { return FetchLarge(targets_[medium_[i]], 1); }));
    for (const size_t index : large_) CAIRN_RETURN_IF_ERROR(FetchLarge(targets_[index], calls_));
    return ParallelCalls(copies_.size(), calls_, [this](size_t i) { return Copy(copies_[i]); });
  }

 private:
  struct Target {
    Digest digest;
    std::string path;  // where the file goes, with the directory
  };
  // A file with the bytes of one that is fetched.
  struct Duplicate {
    std::string path;
    size_t original;
  };
  using Group = std::vector<size_t>;  // indices of targets that are asked for in one batch

  // Prepares every place and parts the files by how they are fetched.
  absl::Status Plan(const std::vector<v1::ArtifactFile>& files, const std::string& directory) {
    std::map<Digest, size_t> by_digest;
    int64_t group_bytes = 0;
    for (const auto& file : files) {
      CAIRN_ASSIGN_OR_RETURN(const Digest digest, FromWire(file.digest()));
      CAIRN_ASSIGN_OR_RETURN(std::string path, PrepareTarget(directory, file.path()));
      const size_t index = targets_.size();
      const auto [first, is_new] = by_digest.emplace(digest, index);
      if (!is_new) {
        copies_.push_back({std::move(path), first->second});
        continue;
      }
      targets_.push_back({digest, std::move(path)});
      if (digest.size_bytes > kRangedFileBytes) {
        large_.push_back(index);
      } else if (digest.size_bytes > kSmallBlobBytes) {
        medium_.push_back(index);
      } else {
        if (groups_.empty() || groups_.back().size() == kBatchEntries ||
            group_bytes + digest.size_bytes > kBatchBytes) {
          groups_.emplace_back();
          group_bytes = 0;
        }
        groups_.back().push_back(index);
        group_bytes += digest.size_bytes;
      }
    }
    return absl::OkStatus();
  }

  absl::Status FetchGroup(const Group& group) {
    std::vector<const Target*> wanted;
    v1::BatchReadBlobsRequest request;
    for (const size_t index : group) {
      const Target& target = targets_[index];
      if (SkipIfThere(target.path, target.digest)) continue;
      CAIRN_ASSIGN_OR_RETURN(const bool cached, FromCache(target));
      if (cached) continue;
      wanted.push_back(&target);
      *request.add_digests() = ToWire(target.digest);
    }
    if (wanted.empty()) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const auto response, artifacts_.BatchReadBlobs(std::move(request)));
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (static_cast<int>(i) >= response.results_size()) return ArrivedDamaged(wanted[i]->digest);
      CAIRN_RETURN_IF_ERROR(Place(*wanted[i], response.results(static_cast<int>(i))));
    }
    return absl::OkStatus();
  }

  absl::Status Place(const Target& target, const v1::BatchReadBlobsResponse::Result& result) {
    CAIRN_RETURN_IF_ERROR(FromWire(result.status()));
    if (DigestOf(result.data()) != target.digest) return ArrivedDamaged(target.digest);
    CAIRN_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Open(target.path, target.digest, false));
    CAIRN_RETURN_IF_ERROR(file.WriteAt(0, result.data()));
    if (cache_ != nullptr) cache_->Insert(target.digest, file.fd());
    CAIRN_RETURN_IF_ERROR(file.MoveToTarget());
    TransferProgress change;
    change.transferred_bytes = target.digest.size_bytes;
    change.done_files = 1;
    meter_.Add(change);
    return absl::OkStatus();
  }

  absl::Status FetchLarge(const Target& target, int calls) {
    if (SkipIfThere(target.path, target.digest)) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const bool cached, FromCache(target));
    if (cached) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Open(target.path, target.digest, true));
    absl::Status status = DownloadInRanges(artifacts_, target.digest, file, calls, meter_);
    if (IsHopeless(status)) file.Discard();
    CAIRN_RETURN_IF_ERROR(status);
    if (cache_ != nullptr) cache_->Insert(target.digest, file.fd());
    CAIRN_RETURN_IF_ERROR(file.MoveToTarget());
    TransferProgress change;
    change.done_files = 1;
    meter_.Add(change);
    return absl::OkStatus();
  }

  bool SkipIfThere(const std::string& path, const Digest& digest) {
    if (!IsThereAlready(path, digest)) return false;
    TransferProgress change;
    change.skipped_bytes = digest.size_bytes;
    change.done_files = 1;
    meter_.Add(change);
    return true;
  }

  absl::StatusOr<bool> FromCache(const Target& target) {
    if (cache_ == nullptr) return false;
    CAIRN_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Open(target.path, target.digest, false));
    CAIRN_ASSIGN_OR_RETURN(const bool cached, cache_->CopyTo(target.digest, file.fd()));
    if (!cached) return false;
    CAIRN_RETURN_IF_ERROR(file.MoveToTarget());
    TransferProgress change;
    change.cached_bytes = target.digest.size_bytes;
    change.done_files = 1;
    meter_.Add(change);
    return true;
  }

  // Copies a file that was fetched a moment ago; it is checked again, for it is anybody's now.
  absl::Status Copy(const Duplicate& copy) {
    const Target& original = targets_[copy.original];
    if (SkipIfThere(copy.path, original.digest)) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Open(copy.path, original.digest, false));
    const int source = ::open(original.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0) return FileError(errno, "open", original.path);
    const auto copied = CopyAndHash(source, file.fd(), original.digest.size_bytes);
    ::close(source);
    CAIRN_RETURN_IF_ERROR(copied.status());
    if (*copied != original.digest) return ArrivedDamaged(original.digest);
    CAIRN_RETURN_IF_ERROR(file.MoveToTarget());
    TransferProgress change;
    change.skipped_bytes = original.digest.size_bytes;
    change.done_files = 1;
    meter_.Add(change);
    return absl::OkStatus();
  }

  ArtifactClient& artifacts_;
  const int calls_;
  ProgressMeter& meter_;
  std::unique_ptr<BlobCache> cache_;
  std::vector<Target> targets_;
  std::vector<Group> groups_;
  std::vector<size_t> medium_;
  std::vector<size_t> large_;
  std::vector<Duplicate> copies_;
};

absl::Status Downloader::FetchFiles(const std::vector<v1::ArtifactFile>& files,
                                    const std::string& directory) {
  std::vector<std::string> paths;
  int64_t total = 0;
  for (const auto& file : files) {
    paths.push_back(file.path());
    total += file.digest().size_bytes();
  }
  CAIRN_RETURN_IF_ERROR(ValidateTree(paths));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  meter_.Begin(static_cast<int64_t>(files.size()), total);
  Job job(client_.artifacts(), options_, meter_);
  CAIRN_RETURN_IF_ERROR(job.OpenCache(options_));
  return job.Run(files, directory);
}

absl::StatusOr<std::vector<v1::ArtifactFile>> Downloader::Fetch(const std::string& parent,
                                                                const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(std::vector<v1::ArtifactFile> files,
                         client_.artifacts().ListAllArtifacts(parent));
  CAIRN_RETURN_IF_ERROR(FetchFiles(files, directory));
  return files;
}

}  // namespace cairn::client
