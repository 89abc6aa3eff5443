#include "lib/client/chunk_survey.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

constexpr size_t kReadBufferBytes = 256 << 10;
// How many chunks the server is asked for at a time.
constexpr size_t kChunksPerQuestion = 256;

}  // namespace

ChunkSurvey::ChunkSurvey(ArtifactClient& artifacts, const UploadSource& source,
                         const chunking::ChunkerParams& params, int64_t max_chunks)
    : artifacts_(artifacts), max_chunks_(max_chunks) {
  thread_ = std::thread([this, &source, params] { status_ = Run(source, params); });
}

ChunkSurvey::~ChunkSurvey() {
  {
    MutexLock lock(&mutex_);
    breaks_off_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status ChunkSurvey::Finish(ChunkSender& sender, ProgressTally& tally) {
  {
    MutexLock lock(&mutex_);
    outlet_ = {&sender, &tally};
    changed_.SignalAll();
  }
  thread_.join();
  return status_;
}

absl::Status ChunkSurvey::Run(const UploadSource& source, const chunking::ChunkerParams& params) {
  chunking::Chunker chunker(params);
  bool go_on = true;
  const auto take = [&](std::string_view part) -> absl::StatusOr<bool> {
    Cut(part, chunker);
    CAIRN_RETURN_IF_ERROR(CheckCount());
    const Outlet known = outlet();
    if (known.sender != nullptr) {
      CAIRN_ASSIGN_OR_RETURN(go_on, AskAndPut(known, kChunksPerQuestion));
    }
    go_on = go_on && !breaks_off();
    return go_on;
  };
  CAIRN_RETURN_IF_ERROR(source.ForEachPart(kReadBufferBytes, take));
  if (!go_on) return absl::OkStatus();
  if (chunker.current_bytes() > 0) EndChunk();
  CAIRN_RETURN_IF_ERROR(CheckCount());
  const Outlet known = WaitForOutlet();
  return known.sender == nullptr ? absl::OkStatus() : AskAndPut(known, 1).status();
}

void ChunkSurvey::Cut(std::string_view bytes, chunking::Chunker& chunker) {
  while (!bytes.empty()) {
    const auto end = chunker.FindEnd(bytes);
    const size_t length = end.value_or(bytes.size());
    hasher_.Update(bytes.substr(0, length));
    bytes.remove_prefix(length);
    if (end) EndChunk();
  }
}

void ChunkSurvey::EndChunk() {
  const Digest digest = hasher_.Finish();
  chunks_.push_back(digest);
  if (seen_.insert(digest).second) {
    fresh_.push_back({offset_, digest});
  } else {
    present_bytes_ += digest.size_bytes;
  }
  offset_ += digest.size_bytes;
}

absl::Status ChunkSurvey::CheckCount() const {
  if (static_cast<int64_t>(chunks_.size()) <= max_chunks_) return absl::OkStatus();
  return Error(absl::StatusCode::kOutOfRange, ErrorReason::TOO_LARGE,
               fmt::format("the blob has more than {} chunks", max_chunks_))
      .With("limit", std::to_string(max_chunks_));
}

ChunkSurvey::Outlet ChunkSurvey::outlet() {
  MutexLock lock(&mutex_);
  return outlet_;
}

ChunkSurvey::Outlet ChunkSurvey::WaitForOutlet() {
  MutexLock lock(&mutex_);
  while (outlet_.sender == nullptr && !breaks_off_) changed_.Wait(&mutex_);
  return outlet_;
}

bool ChunkSurvey::breaks_off() {
  MutexLock lock(&mutex_);
  return breaks_off_;
}

absl::StatusOr<bool> ChunkSurvey::AskAndPut(const Outlet& outlet, size_t at_least) {
  while (fresh_.size() >= at_least) {
    CAIRN_ASSIGN_OR_RETURN(const bool go_on, AskAndPutSome(outlet));
    if (!go_on) return false;
  }
  ReportPresent(outlet);
  return true;
}

void ChunkSurvey::ReportPresent(const Outlet& outlet) {
  if (present_bytes_ == 0) return;
  TransferProgress present;
  present.deduplicated_bytes = std::exchange(present_bytes_, 0);
  outlet.tally->Add(present);
}

absl::StatusOr<bool> ChunkSurvey::AskAndPutSome(const Outlet& outlet) {
  const auto end =
      fresh_.begin() + static_cast<ptrdiff_t>(std::min(fresh_.size(), kChunksPerQuestion));
  v1::FindMissingBlobsRequest request;
  for (auto chunk = fresh_.begin(); chunk != end; ++chunk) {
    *request.add_digests() = ToWire(chunk->digest);
  }
  CAIRN_ASSIGN_OR_RETURN(const auto response, artifacts_.FindMissingBlobs(std::move(request)));
  std::set<Digest> missing;
  for (const auto& wire : response.missing()) {
    CAIRN_ASSIGN_OR_RETURN(const Digest digest, FromWire(wire));
    missing.insert(digest);
  }
  std::vector<SourceChunk> wanted;
  for (auto chunk = fresh_.begin(); chunk != end; ++chunk) {
    if (missing.contains(chunk->digest)) {
      wanted.push_back(*chunk);
    } else {
      present_bytes_ += chunk->digest.size_bytes;
    }
  }
  fresh_.erase(fresh_.begin(), end);
  ReportPresent(outlet);
  return outlet.sender->Put(wanted);
}

}  // namespace cairn::client
