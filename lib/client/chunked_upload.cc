#include "lib/client/chunked_upload.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "lib/base/status_macros.h"
#include "lib/client/batch_limits.h"

namespace cairn::client {
namespace {

constexpr size_t kReadBufferBytes = 256 << 10;
// How often all chunks are gone through when some vanish before they are put together.
constexpr int kPasses = 3;

// Chunks that follow each other, with their bytes.
struct ChunkBatch {
  size_t first_index = 0;
  int64_t bytes = 0;
  v1::BatchUpdateBlobsRequest request;  // the digests are filled in by the sender
};

// Sends batches with a bounded number of calls under way. Put, from one thread, waits while
// as many are. Safe to use from that thread and its own.
class ChunkSender {
 public:
  ChunkSender(ArtifactClient& artifacts, int calls_in_flight, ProgressMeter& meter)
      : artifacts_(artifacts), meter_(meter) {
    for (int i = 0; i < std::max(calls_in_flight, 1); ++i) {
      threads_.emplace_back([this] { Work(); });
    }
  }
  ~ChunkSender() { Stop(); }
  ChunkSender(const ChunkSender&) = delete;
  ChunkSender& operator=(const ChunkSender&) = delete;

  // False when a batch failed, and there is no use in going on.
  bool Put(std::unique_ptr<ChunkBatch> batch) {
    MutexLock lock(&mutex_);
    while (status_.ok() && busy_ >= threads_.size()) room_.Wait(&mutex_);
    ++busy_;
    queue_.push_back(std::move(batch));
    work_.Signal();
    return status_.ok();
  }

  // Waits for all batches and returns the digests of all chunks in order.
  absl::StatusOr<std::vector<Digest>> Finish() {
    Stop();
    MutexLock lock(&mutex_);
    CAIRN_RETURN_IF_ERROR(status_);
    return std::move(chunks_);
  }

  // What was told to the meter. REQUIRES: Finish was called.
  TransferProgress told() {
    MutexLock lock(&mutex_);
    return told_;
  }

 private:
  void Stop() CAIRN_EXCLUDES(mutex_) {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      work_.SignalAll();
    }
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  void Work() CAIRN_EXCLUDES(mutex_) {
    while (true) {
      std::unique_ptr<ChunkBatch> batch;
      {
        MutexLock lock(&mutex_);
        while (queue_.empty() && !stopping_) work_.Wait(&mutex_);
        if (queue_.empty()) return;
        batch = std::move(queue_.front());
        queue_.pop_front();
        if (!status_.ok()) batch = nullptr;
      }
      absl::Status status = batch == nullptr ? absl::OkStatus() : Send(*batch);
      batch = nullptr;
      MutexLock lock(&mutex_);
      if (status_.ok()) status_ = std::move(status);
      --busy_;
      room_.Signal();
    }
  }

  absl::Status Send(ChunkBatch& batch) CAIRN_EXCLUDES(mutex_) {
    std::vector<Digest> digests;
    for (const auto& entry : batch.request.entries()) digests.push_back(DigestOf(entry.data()));
    std::set<Digest> wanted = Note(batch.first_index, digests);
    CAIRN_RETURN_IF_ERROR(KeepMissing(wanted));
    v1::BatchUpdateBlobsRequest request;
    int64_t sent = 0;
    for (size_t i = 0; i < digests.size(); ++i) {
      if (wanted.erase(digests[i]) == 0) continue;
      auto* entry = batch.request.mutable_entries(static_cast<int>(i));
      *entry->mutable_digest() = ToWire(digests[i]);
      sent += digests[i].size_bytes;
      request.add_entries()->Swap(entry);
    }
    if (sent > 0) {
      CAIRN_ASSIGN_OR_RETURN(const auto response, artifacts_.BatchUpdateBlobs(std::move(request)));
      for (const auto& result : response.results()) {
        CAIRN_RETURN_IF_ERROR(FromWire(result.status()));
      }
    }
    Tell(sent, batch.bytes - sent);
    return absl::OkStatus();
  }

  // Enters the digests of a batch and returns those that no batch had before.
  std::set<Digest> Note(size_t first_index, const std::vector<Digest>& digests)
      CAIRN_EXCLUDES(mutex_) {
    std::set<Digest> fresh;
    MutexLock lock(&mutex_);
    chunks_.resize(std::max(chunks_.size(), first_index + digests.size()));
    for (size_t i = 0; i < digests.size(); ++i) {
      chunks_[first_index + i] = digests[i];
      if (seen_.insert(digests[i]).second) fresh.insert(digests[i]);
    }
    return fresh;
  }

  absl::Status KeepMissing(std::set<Digest>& wanted) {
    if (wanted.empty()) return absl::OkStatus();
    v1::FindMissingBlobsRequest request;
    for (const Digest& digest : wanted) *request.add_digests() = ToWire(digest);
    CAIRN_ASSIGN_OR_RETURN(const auto response, artifacts_.FindMissingBlobs(std::move(request)));
    std::set<Digest> missing;
    for (const auto& wire : response.missing()) {
      CAIRN_ASSIGN_OR_RETURN(const Digest digest, FromWire(wire));
      missing.insert(digest);
    }
    wanted = std::move(missing);
    return absl::OkStatus();
  }

  void Tell(int64_t sent, int64_t present) CAIRN_EXCLUDES(mutex_) {
    TransferProgress change;
    change.transferred_bytes = sent;
    change.deduplicated_bytes = present;
    meter_.Add(change);
    MutexLock lock(&mutex_);
    told_.transferred_bytes += sent;
    told_.deduplicated_bytes += present;
  }

  ArtifactClient& artifacts_;
  ProgressMeter& meter_;
  std::vector<std::thread> threads_;

  Mutex mutex_;
  CondVar work_;
  CondVar room_;
  std::deque<std::unique_ptr<ChunkBatch>> queue_ CAIRN_GUARDED_BY(mutex_);
  size_t busy_ CAIRN_GUARDED_BY(mutex_) = 0;  // batches in the queue and being sent
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  absl::Status status_ CAIRN_GUARDED_BY(mutex_);
  std::vector<Digest> chunks_ CAIRN_GUARDED_BY(mutex_);
  std::set<Digest> seen_ CAIRN_GUARDED_BY(mutex_);
  TransferProgress told_ CAIRN_GUARDED_BY(mutex_);
};

absl::Status TooManyChunks(const Digest& digest, int64_t limit) {
  return Error(absl::StatusCode::kOutOfRange, ErrorReason::TOO_LARGE,
               fmt::format("blob {} has more than {} chunks", digest.Hex(), limit))
      .With("sha256", digest.Hex());
}

// Cuts the source into chunks and gives them to `sender` in batches.
absl::Status CutAndSend(const Digest& digest, const UploadSource& source, const ChunkPlan& plan,
                        ChunkSender& sender) {
  std::string buffer(kReadBufferBytes, '\0');
  chunking::Chunker chunker(plan.params);
  auto batch = std::make_unique<ChunkBatch>();
  std::string* chunk = nullptr;  // the one that is being filled, in the batch
  int64_t count = 0;
  for (int64_t offset = 0; offset < digest.size_bytes;) {
    const auto wanted = static_cast<size_t>(
        std::min<int64_t>(static_cast<int64_t>(buffer.size()), digest.size_bytes - offset));
    CAIRN_ASSIGN_OR_RETURN(const size_t have, source.ReadAt(offset, buffer.data(), wanted));
    if (have == 0) break;  // it became shorter: the digest will tell
    offset += static_cast<int64_t>(have);
    for (std::string_view rest(buffer.data(), have); !rest.empty();) {
      if (chunk == nullptr) {
        if (++count > plan.max_chunk_count) return TooManyChunks(digest, plan.max_chunk_count);
        chunk = batch->request.add_entries()->mutable_data();
      }
      const auto end = chunker.FindEnd(rest);
      const std::string_view part = rest.substr(0, end.value_or(rest.size()));
      chunk->append(part);
      batch->bytes += static_cast<int64_t>(part.size());
      rest.remove_prefix(part.size());
      if (!end) continue;
      chunk = nullptr;
      if (batch->bytes < kChunkBatchBytes) continue;
      if (!sender.Put(std::exchange(batch, std::make_unique<ChunkBatch>()))) {
        return absl::OkStatus();  // Finish says what is wrong
      }
      batch->first_index = static_cast<size_t>(count);
    }
  }
  if (batch->bytes > 0) sender.Put(std::move(batch));
  return absl::OkStatus();
}

}  // namespace

std::optional<ChunkPlan> ChunkPlan::FromServer(const v1::ServerInfo& info) {
  ChunkPlan plan;
  plan.params.min_bytes = info.chunking().min_bytes();
  plan.params.average_bytes = info.chunking().average_bytes();
  plan.params.max_bytes = info.chunking().max_bytes();
  plan.max_chunk_count = info.chunking().max_chunk_count();
  if (!info.has_chunking() || plan.max_chunk_count < 1 || !plan.params.Check().ok() ||
      plan.params.min_bytes * static_cast<int64_t>(kBatchEntries) < kChunkBatchBytes ||
      plan.params.max_bytes + kChunkBatchBytes > kBatchBytes) {
    return std::nullopt;
  }
  return plan;
}

bool ChunkPlan::Covers(int64_t size_bytes) const {
  return size_bytes > params.max_bytes && size_bytes / params.average_bytes < max_chunk_count;
}

absl::Status UploadInChunks(ArtifactClient& artifacts, const Digest& digest,
                            const UploadSource& source, const ChunkPlan& plan, int calls_in_flight,
                            ProgressMeter& meter) {
  for (int pass = 1;; ++pass) {
    ChunkSender sender(artifacts, calls_in_flight, meter);
    absl::Status status = CutAndSend(digest, source, plan, sender);
    auto chunks = sender.Finish();
    if (status.ok()) status = chunks.status();
    if (status.ok()) {
      v1::SpliceBlobRequest request;
      *request.mutable_digest() = ToWire(digest);
      for (const Digest& chunk : *chunks) *request.add_chunks() = ToWire(chunk);
      status = artifacts.SpliceBlob(request).status();
    }
    if (status.ok()) return status;
    TransferProgress back;
    back.transferred_bytes = -sender.told().transferred_bytes;
    back.deduplicated_bytes = -sender.told().deduplicated_bytes;
    const bool vanished = HasReason(status, ErrorReason::BLOB_NOT_FOUND);
    if (!vanished && status.code() != absl::StatusCode::kOutOfRange) return status;
    meter.Add(back);
    if (!vanished || pass == kPasses) return status;
  }
}

}  // namespace cairn::client
