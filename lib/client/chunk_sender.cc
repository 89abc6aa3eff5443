#include "lib/client/chunk_sender.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/client/batch_limits.h"

namespace cairn::client {
namespace {

// How many chunks may wait. So many always fill a call (ChunkPlan::FromServer wants
// kBatchEntries of the shortest to do), so that nobody waits for room that nobody makes.
constexpr size_t kWaitingChunks = 1024;
static_assert(kWaitingChunks > kBatchEntries);

}  // namespace

void ProgressTally::Add(const TransferProgress& change) {
  meter_.Add(change);
  MutexLock lock(&mutex_);
  back_.transferred_bytes -= change.transferred_bytes;
  back_.deduplicated_bytes -= change.deduplicated_bytes;
}

void ProgressTally::TakeBack() {
  MutexLock lock(&mutex_);
  meter_.Add(std::exchange(back_, {}));
}

ChunkSender::ChunkSender(ArtifactClient& artifacts, const UploadSource& source, int calls_in_flight,
                         ProgressTally& tally)
    : artifacts_(artifacts), source_(source), tally_(tally) {
  for (int i = 0; i < std::max(calls_in_flight, 1); ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

ChunkSender::~ChunkSender() { static_cast<void>(Finish(absl::CancelledError())); }

bool ChunkSender::Put(const std::vector<SourceChunk>& chunks) {
  MutexLock lock(&mutex_);
  while (queue_.size() >= kWaitingChunks && status_.ok()) changed_.Wait(&mutex_);
  for (const SourceChunk& chunk : chunks) {
    queue_.push_back(chunk);
    queued_bytes_ += chunk.digest.size_bytes;
  }
  changed_.SignalAll();
  return status_.ok();
}

absl::Status ChunkSender::Finish(absl::Status surveyed) {
  {
    MutexLock lock(&mutex_);
    if (status_.ok()) status_ = std::move(surveyed);
    complete_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  MutexLock lock(&mutex_);
  return status_;
}

void ChunkSender::Work() {
  while (true) {
    const std::vector<SourceChunk> batch = TakeBatch();
    if (batch.empty()) return;
    absl::Status sent = Send(batch);
    MutexLock lock(&mutex_);
    if (status_.ok()) status_ = std::move(sent);
    if (!status_.ok()) changed_.SignalAll();
  }
}

std::vector<SourceChunk> ChunkSender::TakeBatch() {
  MutexLock lock(&mutex_);
  while (queued_bytes_ < kChunkBatchBytes && !complete_ && status_.ok()) changed_.Wait(&mutex_);
  std::vector<SourceChunk> batch;
  if (!status_.ok()) return batch;
  for (int64_t bytes = 0; bytes < kChunkBatchBytes && !queue_.empty(); queue_.pop_front()) {
    batch.push_back(queue_.front());
    bytes += batch.back().digest.size_bytes;
    queued_bytes_ -= batch.back().digest.size_bytes;
  }
  changed_.SignalAll();  // there is room
  return batch;
}

absl::Status ChunkSender::Send(const std::vector<SourceChunk>& batch) {
  v1::BatchUpdateBlobsRequest request;
  TransferProgress sent;
  for (const SourceChunk& chunk : batch) {
    auto* entry = request.add_entries();
    *entry->mutable_digest() = ToWire(chunk.digest);
    CAIRN_ASSIGN_OR_RETURN(*entry->mutable_data(),
                           source_.ReadString(chunk.offset, chunk.digest.size_bytes));
    sent.transferred_bytes += chunk.digest.size_bytes;
  }
  CAIRN_ASSIGN_OR_RETURN(const auto response, artifacts_.BatchUpdateBlobs(std::move(request)));
  for (const auto& result : response.results()) {
    CAIRN_RETURN_IF_ERROR(FromWire(result.status()));
  }
  tally_.Add(sent);
  return absl::OkStatus();
}

}  // namespace cairn::client
