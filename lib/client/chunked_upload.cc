#include "lib/client/chunked_upload.h"

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/batch_limits.h"
#include "lib/client/chunk_sender.h"

namespace cairn::client {
namespace {

// How often all chunks are gone through when some vanish before they are put together.
constexpr int kPasses = 3;

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

ChunkedUpload::ChunkedUpload(ArtifactClient& artifacts, const UploadSource& source,
                             const ChunkPlan& plan)
    : artifacts_(artifacts), source_(source), plan_(plan) {}

void ChunkedUpload::Begin() {
  survey_.emplace(artifacts_, source_, plan_.params, plan_.max_chunk_count);
}

absl::Status ChunkedUpload::Send(const Digest& digest, int calls_in_flight, ProgressMeter& meter) {
  if (!survey_) Begin();
  for (int pass = 1;; ++pass) {
    ProgressTally tally(meter);
    absl::Status sent = SendOnce(digest, calls_in_flight, tally);
    if (sent.ok()) return sent;
    const bool vanished = HasReason(sent, ErrorReason::BLOB_NOT_FOUND);
    if (!vanished && sent.code() != absl::StatusCode::kOutOfRange) return sent;
    tally.TakeBack();
    if (!vanished || pass == kPasses) return sent;
    Begin();
  }
}

absl::Status ChunkedUpload::SendOnce(const Digest& digest, int calls_in_flight,
                                     ProgressTally& tally) {
  ChunkSender sender(artifacts_, source_, calls_in_flight, tally);
  CAIRN_RETURN_IF_ERROR(sender.Finish(survey_->Finish(sender, tally)));
  v1::SpliceBlobRequest request;
  *request.mutable_digest() = ToWire(digest);
  for (const Digest& chunk : survey_->chunks()) *request.add_chunks() = ToWire(chunk);
  return artifacts_.SpliceBlob(request).status();
}

}  // namespace cairn::client
