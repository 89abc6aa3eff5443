#include "lib/client/uploader.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "lib/base/status_macros.h"
#include "lib/client/artifact_path.h"
#include "lib/client/batch_limits.h"
#include "lib/client/chunked_upload.h"
#include "lib/client/manifest_upload.h"
#include "lib/client/parallel_calls.h"
#include "lib/client/upload_source.h"

namespace cairn::client {
namespace {

constexpr size_t kHashBufferBytes = 1 << 20;
// Large files that are under way at a time: one is hashed while another is sent.
constexpr size_t kLargeAtOnce = 2;
// A file of so many bytes takes long enough for twice the calls: what they hold, which counts
// where many small uploads run at once, is little beside it.
constexpr int64_t kLongFileBytes = 64 << 20;
static_assert(2 * kChunkBatchBytes <= kBatchBytes);

absl::StatusOr<UploadSource> OpenItem(const UploadItem& item) {
  if (item.file.empty()) return UploadSource::Memory(item.bytes);
  return UploadSource::OpenFile(item.file);
}

absl::Status Changed(const UploadItem& item) {
  return Error(absl::StatusCode::kAborted, ErrorReason::FILE_ERROR,
               fmt::format("{} changed while it was uploaded; put it again when it is at rest",
                           item.file))
      .With("path", item.file);
}

// Of what a file holds when it is opened: what is appended meanwhile does not belong to it.
// `on_part` may be empty.
absl::StatusOr<Digest> DigestOfSource(const UploadSource& source,
                                      const std::function<void(int64_t)>& on_part) {
  Sha256Hasher hasher;
  CAIRN_RETURN_IF_ERROR(
      source.ForEachPart(kHashBufferBytes, [&](std::string_view part) -> absl::StatusOr<bool> {
        hasher.Update(part);
        if (on_part) on_part(static_cast<int64_t>(part.size()));
        return true;
      }));
  return hasher.Finish();
}

}  // namespace

// One Upload. Safe to use from the threads that it makes.
class Uploader::Job {
 public:
  Job(Client& client, const UploadOptions& options, ProgressMeter& meter,
      const std::vector<UploadItem>& items)
      : artifacts_(client.artifacts()),
        admin_(client.admin()),
        options_(options),
        meter_(meter),
        items_(items),
        sizes_(items.size()),
        digests_(items.size()) {}

  absl::StatusOr<std::vector<v1::ArtifactFile>> Run() {
    CAIRN_RETURN_IF_ERROR(Measure());
    Sort();
    const int calls = std::max(options_.calls_in_flight, 1);
    CAIRN_RETURN_IF_ERROR(
        ParallelCalls(groups_.size(), calls, [this](size_t i) { return SendGroup(groups_[i]); }));
    const size_t at_once = std::min(large_.size(), kLargeAtOnce);
    calls_per_file_ = std::max(calls / static_cast<int>(std::max<size_t>(at_once, 1)), 1);
    CAIRN_RETURN_IF_ERROR(ParallelCalls(large_.size(), static_cast<int>(kLargeAtOnce),
                                        [this](size_t i) { return SendLarge(large_[i]); }));
    std::vector<v1::ArtifactFile> files(items_.size());
    for (size_t i = 0; i < items_.size(); ++i) {
      files[i].set_path(items_[i].path);
      *files[i].mutable_digest() = ToWire(digests_[i]);
    }
    return files;
  }

 private:
  using Group = std::vector<size_t>;  // indices of items that travel in one batch

  // Looks at every file before the first is read, and at how the server wants large ones.
  absl::Status Measure() {
    int64_t total = 0;
    int64_t largest = 0;
    for (size_t i = 0; i < items_.size(); ++i) {
      CAIRN_ASSIGN_OR_RETURN(const UploadSource source, OpenItem(items_[i]));
      sizes_[i] = source.size_bytes();
      total += sizes_[i];
      largest = std::max(largest, sizes_[i]);
    }
    meter_.Begin(static_cast<int64_t>(items_.size()), total);
    if (!options_.chunking || largest <= kSmallBlobBytes / 2) return absl::OkStatus();
    const auto info = admin_.GetServerInfo({});
    // A server that cannot tell about itself takes no chunks.
    if (info.status().code() == absl::StatusCode::kUnimplemented) return absl::OkStatus();
    CAIRN_RETURN_IF_ERROR(info.status());
    plan_ = ChunkPlan::FromServer(*info);
    if (plan_)
      small_bytes_ = std::clamp(plan_->params.max_bytes, kSmallBlobBytes / 2, small_bytes_);
    return absl::OkStatus();
  }

  // Parts the items into groups of small ones and large ones.
  void Sort() {
    int64_t bytes = 0;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (sizes_[i] > small_bytes_) {
        large_.push_back(i);
        continue;
      }
      if (groups_.empty() || groups_.back().size() == kBatchEntries ||
          bytes + sizes_[i] > kBatchBytes) {
        groups_.emplace_back();
        bytes = 0;
      }
      groups_.back().push_back(i);
      bytes += sizes_[i];
    }
  }

  // Notes the digest of an item; true for the first item with it.
  bool Claim(size_t index, const Digest& digest) {
    digests_[index] = digest;
    MutexLock lock(&mutex_);
    return claimed_.insert(digest).second;
  }

  absl::Status SendGroup(const Group& group) {
    v1::BatchUpdateBlobsRequest batch;
    v1::FindMissingBlobsRequest find;
    TransferProgress done;
    done.done_files = static_cast<int64_t>(group.size());
    for (const size_t index : group) {
      CAIRN_ASSIGN_OR_RETURN(std::string bytes, ReadSmall(index));
      const Digest digest = DigestOf(bytes);
      done.total_bytes += digest.size_bytes - sizes_[index];
      done.examined_bytes += digest.size_bytes;
      done.skipped_bytes += digest.size_bytes;
      if (!Claim(index, digest)) continue;
      auto* entry = batch.add_entries();
      *entry->mutable_digest() = ToWire(digest);
      entry->set_data(std::move(bytes));
      *find.add_digests() = entry->digest();
    }
    if (find.digests_size() > 0) {
      CAIRN_ASSIGN_OR_RETURN(const auto answer, artifacts_.FindMissingBlobs(std::move(find)));
      CAIRN_ASSIGN_OR_RETURN(const int64_t sent, SendMissing(answer, std::move(batch)));
      done.transferred_bytes = sent;
      done.skipped_bytes -= sent;
    }
    meter_.Add(done);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadSmall(size_t index) const {
    CAIRN_ASSIGN_OR_RETURN(const UploadSource source, OpenItem(items_[index]));
    // Not more than the batch was planned for, if the file grew.
    CAIRN_ASSIGN_OR_RETURN(std::string bytes, source.ReadString(0, sizes_[index]));
    if (static_cast<int64_t>(bytes.size()) < sizes_[index]) return Changed(items_[index]);
    return bytes;
  }

  // Sends those entries of `batch` that are missing; returns their bytes.
  absl::StatusOr<int64_t> SendMissing(const v1::FindMissingBlobsResponse& answer,
                                      v1::BatchUpdateBlobsRequest batch) {
    v1::BatchUpdateBlobsRequest request;
    int64_t sent = 0;
    int entry = 0;
    // The answer keeps the order of the question, which is that of the entries.
    for (const v1::BlobDigest& missing : answer.missing()) {
      while (entry < batch.entries_size() &&
             batch.entries(entry).digest().sha256() != missing.sha256()) {
        ++entry;
      }
      if (entry == batch.entries_size()) break;
      sent += missing.size_bytes();
      request.add_entries()->Swap(batch.mutable_entries(entry));
    }
    if (request.entries_size() == 0) return 0;
    CAIRN_ASSIGN_OR_RETURN(const auto response, artifacts_.BatchUpdateBlobs(std::move(request)));
    for (const auto& result : response.results()) {
      CAIRN_RETURN_IF_ERROR(FromWire(result.status()));
    }
    return sent;
  }

  absl::Status SendLarge(size_t index) {
    CAIRN_ASSIGN_OR_RETURN(const UploadSource source, OpenItem(items_[index]));
    // Begins to cut while the whole is hashed, unless that is probably there already.
    std::optional<ChunkedUpload> chunked;
    if (plan_ && plan_->Covers(source.size_bytes())) {
      chunked.emplace(artifacts_, source, *plan_);
      if (last_was_missing_) chunked->Begin();
    }
    CAIRN_ASSIGN_OR_RETURN(const Digest digest, DigestOfSource(source, [this](int64_t bytes) {
                             TransferProgress change;
                             change.examined_bytes = bytes;
                             meter_.Add(change);
                           }));
    if (digest.size_bytes < source.size_bytes()) return Changed(items_[index]);
    TransferProgress done;
    done.done_files = 1;
    done.total_bytes = digest.size_bytes - sizes_[index];
    bool wanted = Claim(index, digest);
    if (wanted) {
      v1::FindMissingBlobsRequest find;
      *find.add_digests() = ToWire(digest);
      CAIRN_ASSIGN_OR_RETURN(const auto answer, artifacts_.FindMissingBlobs(std::move(find)));
      wanted = answer.missing_size() > 0;
      last_was_missing_ = wanted;
    }
    if (wanted) {
      const absl::Status sent = SendContent(digest, source, chunked);
      // The server only sees that the bytes are not those that were announced.
      if (HasReason(sent, ErrorReason::DIGEST_MISMATCH) && !items_[index].file.empty()) {
        return Changed(items_[index]);
      }
      CAIRN_RETURN_IF_ERROR(sent);
    } else {
      done.skipped_bytes = digest.size_bytes;
    }
    meter_.Add(done);
    return absl::OkStatus();
  }

  absl::Status SendContent(const Digest& digest, const UploadSource& source,
                           std::optional<ChunkedUpload>& chunked) {
    if (chunked) {
      const int calls = digest.size_bytes < kLongFileBytes ? calls_per_file_ : 2 * calls_per_file_;
      absl::Status status = chunked->Send(digest, calls, meter_);
      if (status.code() != absl::StatusCode::kOutOfRange) return status;
    }
    int64_t told_sent = 0;
    int64_t told_kept = 0;
    return artifacts_.WriteBlob(
        digest, [&source](int64_t offset, int64_t max) { return source.ReadString(offset, max); },
        [&, this](int64_t position, int64_t kept) {
          TransferProgress change;
          change.transferred_bytes = position - kept - std::exchange(told_sent, position - kept);
          change.skipped_bytes = kept - std::exchange(told_kept, kept);
          meter_.Add(change);
        });
  }

  ArtifactClient& artifacts_;
  AdminClient& admin_;
  const UploadOptions& options_;
  ProgressMeter& meter_;
  const std::vector<UploadItem>& items_;
  std::optional<ChunkPlan> plan_;
  int64_t small_bytes_ = kSmallBlobBytes;
  int calls_per_file_ = 1;
  std::vector<int64_t> sizes_;   // when Measure looked
  std::vector<Digest> digests_;  // each written by the thread that has the item
  std::vector<Group> groups_;
  std::vector<size_t> large_;
  std::atomic<bool> last_was_missing_{true};  // of the large ones
  Mutex mutex_;
  std::set<Digest> claimed_ CAIRN_GUARDED_BY(mutex_);
};

Uploader::Uploader(Client& client, ProgressCallback on_progress, UploadOptions options)
    : client_(client), options_(options), meter_(std::move(on_progress)) {}

Uploader::~Uploader() = default;

absl::StatusOr<Digest> DigestOfFile(const std::string& file) {
  CAIRN_ASSIGN_OR_RETURN(const UploadSource source, UploadSource::OpenFile(file));
  return DigestOfSource(source, nullptr);
}

absl::StatusOr<std::vector<v1::ArtifactFile>> Uploader::Upload(
    const std::vector<UploadItem>& items) {
  std::vector<std::string> paths;
  for (const UploadItem& item : items) paths.push_back(item.path);
  CAIRN_RETURN_IF_ERROR(ValidateTree(paths));
  return Job(client_, options_, meter_, items).Run();
}

absl::Status UploadArtifacts(Client& client, const std::string& run,
                             const std::vector<UploadItem>& items, ProgressCallback on_progress,
                             bool validate_only) {
  if (items.empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(auto files, Uploader(client, std::move(on_progress)).Upload(items));
  v1::LogArtifactsRequest request;
  request.set_run(run);
  request.set_validate_only(validate_only);
  if (files.size() > kMaxNamedFiles) {
    CAIRN_ASSIGN_OR_RETURN(*request.mutable_manifest(), UploadManifest(client, std::move(files)));
  } else {
    for (auto& file : files) *request.add_files() = std::move(file);
  }
  return client.artifacts().LogArtifacts(std::move(request)).status();
}

}  // namespace cairn::client
