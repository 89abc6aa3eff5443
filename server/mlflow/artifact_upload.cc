#include "server/mlflow/artifact_upload.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/wire_digest.h"
#include "server/calls/waiting_room.h"
#include "server/core/limits.h"
#include "server/gateway/arrival.h"
#include "server/mlflow/artifact_call.h"
#include "server/mlflow/blob_batch.h"
#include "server/mlflow/error.h"
#include "server/mlflow/next_piece.h"
#include "server/mlflow/pause.h"

namespace cairn::mlflow {
namespace {

using gateway::kUncountedBytes;

// At least as large as a chunk, so that each batch completes one.
constexpr size_t kBatchBytes = size_t{512} << 10;
// Of bodies that have more chunks than this already, each batch is one.
constexpr int kCutChunks = limits::kChunksPerBlob / 2;
constexpr size_t kLargeBatchBytes = size_t{2} << 20;
constexpr size_t kPieceBytes = size_t{32} << 10;  // what the exchange gives at most
constexpr double kRetrySeconds = 0.5;
// Where a file of parts may have its first kCutChunks chunks behind it.
constexpr int64_t kCutBytes = int64_t{2} << 30;
// How often and after what time a part that waits looks for room.
constexpr auto kRoomPause = std::chrono::milliseconds(50);
constexpr int kRoomTries = 1200;
// How often the file that stands in the way is removed, should somebody else put another one there.
constexpr int kReplacements = 3;

absl::Status NoRoom() {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               "too many uploads are under way; try again shortly")
      .RetryAfterSeconds(calls::Spread(kRetrySeconds));
}

}  // namespace

bool ArtifactUpload::CutsByContent() const { return !large_ && splice_.chunks_size() < kCutChunks; }

size_t ArtifactUpload::BatchBytes() const {
  return CutsByContent() ? kBatchBytes : kLargeBatchBytes;
}

Task<absl::Status> ArtifactUpload::TakeInTime(std::string piece, http::Exchange& exchange) {
  buffer_ += piece;
  absl::Status room = MakeRoom();
  for (int tries = 0; waits_ && !room.ok() && tries < kRoomTries && !exchange.gone(); ++tries) {
    Pause pause{session_.environment().alarms, kRoomPause};
    co_await pause;
    room = MakeRoom();
  }
  co_return std::move(room);
}

absl::Status ArtifactUpload::MakeRoom() {
  if (buffer_.size() <= static_cast<size_t>(kUncountedBytes)) return absl::OkStatus();
  // All that this batch will take, at once.
  const auto held = static_cast<int64_t>(2 * (BatchBytes() + kPieceBytes));
  if (charge_.bytes() >= held) return absl::OkStatus();
  const auto answer = charge_.TryAdd(budget_, holder_, held - charge_.bytes());
  return answer == SharedBudget::Answer::kCharged ? absl::OkStatus() : NoRoom();
}

void ArtifactUpload::AddChunk(size_t begin, size_t end, v1::BatchUpdateBlobsRequest& batch) {
  *splice_.add_chunks() = AddBlob(buffer_.substr(begin, end - begin), batch);
}

void ArtifactUpload::Cut(bool last, v1::BatchUpdateBlobsRequest& batch) {
  const std::string_view bytes = buffer_;
  whole_.Update(bytes.substr(seen_));
  size_t begin = 0;
  if (!CutsByContent()) {
    seen_ = bytes.size();
    last = true;
  }
  while (seen_ < bytes.size()) {
    const std::optional<size_t> more = chunker_.FindEnd(bytes.substr(seen_));
    seen_ = more.has_value() ? seen_ + *more : bytes.size();
    if (!more.has_value()) break;
    AddChunk(begin, seen_, batch);
    begin = seen_;
  }
  if (last && begin < bytes.size()) {
    AddChunk(begin, bytes.size(), batch);
    begin = bytes.size();
  }
  buffer_.erase(0, begin);
  seen_ -= begin;
}

Task<absl::Status> ArtifactUpload::Flush(bool last) {
  OnPool hop{session_.environment().pools.compute};
  co_await hop;
  v1::BatchUpdateBlobsRequest batch;
  Cut(last, batch);
  if (splice_.chunks_size() > limits::kChunksPerBlob) {
    co_return Refuse(kInvalidParameter, "The file is larger than an artifact may be.");
  }
  if (batch.entries().empty()) co_return absl::OkStatus();
  co_return co_await StoreBlobs(session_, std::move(batch));
}

Task<absl::StatusOr<v1::BlobDigest>> ArtifactUpload::Splice() {
  v1::BlobDigest digest = ToWire(whole_.Finish());
  if (splice_.chunks_size() == 1) co_return std::move(digest);  // it is stored under its own name
  *splice_.mutable_digest() = digest;
  const auto whole = co_await session_.Call(session_.rows().splice_blob, std::move(splice_));
  if (!whole.ok()) co_return whole.status();
  co_return std::move(digest);
}

Task<absl::Status> ArtifactUpload::ReadAll(http::Exchange& exchange) {
  while (true) {
    NextPiece next(exchange);
    auto piece = co_await next;
    if (!piece.ok()) co_return gateway::RefusalOf(piece.status());
    if (!piece->has_value()) break;
    CAIRN_CO_RETURN_IF_ERROR(co_await TakeInTime(**std::move(piece), exchange));
    if (buffer_.size() > BatchBytes()) CAIRN_CO_RETURN_IF_ERROR(co_await Flush(/*last=*/false));
  }
  if (splice_.chunks().empty() && buffer_.size() <= kBatchBytes) {
    OnPool hop{session_.environment().pools.compute};
    co_await hop;
    v1::BatchUpdateBlobsRequest one;
    whole_.Update(buffer_);
    AddChunk(0, buffer_.size(), one);
    co_return co_await StoreBlobs(session_, std::move(one));
  }
  co_return co_await Flush(/*last=*/true);
}

Task<absl::StatusOr<v1::BlobDigest>> ArtifactUpload::Receive(http::Exchange& exchange) {
  CAIRN_CO_RETURN_IF_ERROR(co_await ReadAll(exchange));
  co_return co_await Splice();
}

Task<absl::StatusOr<ReceivedPart>> ArtifactUpload::ReceivePart(http::Exchange& exchange,
                                                               int64_t begin) {
  waits_ = true;
  large_ = begin >= kCutBytes;
  CAIRN_CO_RETURN_IF_ERROR(co_await ReadAll(exchange));
  ReceivedPart part;
  part.digest = whole_.Finish();
  for (const v1::BlobDigest& chunk : splice_.chunks()) {
    CAIRN_CO_ASSIGN_OR_RETURN(Digest digest, ParseDigest(chunk.sha256(), chunk.size_bytes()));
    if (digest.size_bytes > 0) part.chunks.push_back(digest);
  }
  co_return std::move(part);
}

Task<absl::Status> NameBlob(Session& session, ArtifactPlace place, v1::BlobDigest digest) {
  v1::LogArtifactsRequest log;
  log.set_run(place.run_name);
  log.add_files()->set_path(place.path);
  *log.mutable_files(0)->mutable_digest() = std::move(digest);
  for (int replaced = 0;; ++replaced) {
    const auto logged = co_await session.Call(session.rows().log_artifacts, log);
    const bool in_the_way = HasReason(logged.status(), ErrorReason::ARTIFACT_EXISTS);
    if (!in_the_way || replaced == kReplacements) co_return logged.status();
    v1::DeleteArtifactsRequest removal;
    removal.set_run(place.run_name);
    removal.add_paths(place.path);
    const auto removed = co_await session.Call(session.rows().delete_artifacts, std::move(removal));
    if (removed.ok() || HasReason(removed.status(), ErrorReason::ARTIFACT_NOT_FOUND)) continue;
    co_return removed.status();
  }
}

Task<absl::Status> UploadArtifact(ArtifactCall& call) {
  CAIRN_CO_ASSIGN_OR_RETURN(const ArtifactPlace place, call.Place());
  if (place.path.empty()) co_return Refuse(kInvalidParameter, "Invalid path");
  Session& session = call.session();
  CAIRN_CO_RETURN_IF_ERROR(co_await CheckPlace(session, place));
  ArtifactUpload upload(session, call.gateway().uploads,
                        gateway::HolderOf(session.environment(), session.caller()));
  auto digest = co_await upload.Receive(call.exchange());
  if (!digest.ok()) co_return digest.status();
  const absl::Status named = co_await NameBlob(session, place, *std::move(digest));
  if (!named.ok()) co_return session.ErrorOfRun(place.run_id, named);
  call.exchange().Answer(http::Response());
  co_return absl::OkStatus();
}

}  // namespace cairn::mlflow
