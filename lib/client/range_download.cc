#include "lib/client/range_download.h"

#include <algorithm>
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

constexpr int64_t kFollowBufferBytes = 1 << 20;

// One pass over the ranges from the file's mark to its end. Safe to use from its threads.
class RangePass {
 public:
  RangePass(ArtifactClient& artifacts, const Digest& digest, PartialFile& file,
            ProgressMeter& meter)
      : artifacts_(artifacts),
        digest_(digest),
        file_(file),
        meter_(meter),
        first_(file.ready_bytes()),
        ranges_(static_cast<size_t>((digest.size_bytes - first_ + kRangeBytes - 1) / kRangeBytes)),
        next_(first_),
        ready_(first_),
        done_(ranges_) {}

  // Fetches what is missing and returns the digest of all bytes.
  absl::StatusOr<Digest> Run(int calls_in_flight) {
    std::vector<std::thread> threads;
    const size_t count = std::min(ranges_, static_cast<size_t>(std::max(calls_in_flight, 1)));
    for (size_t i = 0; i < count; ++i) threads.emplace_back([this] { FetchRanges(); });
    auto digest = Follow();
    if (!digest.ok()) Fail(digest.status());
    for (std::thread& thread : threads) thread.join();
    return digest;
  }

 private:
  void FetchRanges() {
    int64_t begin = 0;
    while (TakeRange(&begin)) {
      absl::Status status = FetchRange(begin);
      if (status.ok()) status = Complete(begin);
      if (!status.ok()) return Fail(std::move(status));
    }
  }

  bool TakeRange(int64_t* begin) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (status_.ok() && next_ - ready_ >= kRangesAheadBytes) moved_.Wait(&mutex_);
    if (!status_.ok() || next_ >= digest_.size_bytes) return false;
    *begin = std::exchange(next_, next_ + kRangeBytes);
    return true;
  }

  absl::Status FetchRange(int64_t begin) {
    const int64_t size = std::min(kRangeBytes, digest_.size_bytes - begin);
    int64_t at = begin;
    return artifacts_.ReadRange(digest_, begin, size, [&](std::string_view part) {
      CAIRN_RETURN_IF_ERROR(file_.WriteAt(at, part));
      at += static_cast<int64_t>(part.size());
      TransferProgress change;
      change.transferred_bytes = static_cast<int64_t>(part.size());
      meter_.Add(change);
      return absl::OkStatus();
    });
  }

  // Notes that a range is there, and how far all before it are.
  absl::Status Complete(int64_t begin) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    done_[static_cast<size_t>((begin - first_) / kRangeBytes)] = true;
    const int64_t before = ready_;
    while (ready_ < digest_.size_bytes &&
           done_[static_cast<size_t>((ready_ - first_) / kRangeBytes)]) {
      ready_ = std::min(ready_ + kRangeBytes, digest_.size_bytes);
    }
    if (ready_ == before) return absl::OkStatus();
    moved_.SignalAll();
    return file_.Mark(ready_);
  }

  void Fail(absl::Status status) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    if (status_.ok()) status_ = std::move(status);
    moved_.SignalAll();
  }

  // Waits until more than `position` bytes are there; returns how many, or why not.
  absl::StatusOr<int64_t> WaitBeyond(int64_t position) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (ready_ <= position && status_.ok()) moved_.Wait(&mutex_);
    if (ready_ <= position) return status_;
    return ready_;
  }

  // Hashes the bytes in order as they become ready.
  absl::StatusOr<Digest> Follow() {
    std::string buffer(static_cast<size_t>(std::min(digest_.size_bytes, kFollowBufferBytes)), '\0');
    Sha256Hasher hasher;
    for (int64_t position = 0; position < digest_.size_bytes;) {
      CAIRN_ASSIGN_OR_RETURN(const int64_t ready, WaitBeyond(position));
      while (position < ready) {
        const auto wanted =
            static_cast<size_t>(std::min(static_cast<int64_t>(buffer.size()), ready - position));
        CAIRN_ASSIGN_OR_RETURN(const size_t have, file_.ReadAt(position, buffer.data(), wanted));
        hasher.Update(std::string_view(buffer).substr(0, have));
        position += static_cast<int64_t>(have);
        if (have < wanted) return hasher.Finish();  // somebody cut the file: another digest
      }
    }
    return hasher.Finish();
  }

  ArtifactClient& artifacts_;
  const Digest digest_;
  PartialFile& file_;
  ProgressMeter& meter_;
  const int64_t first_;  // where this pass begins
  const size_t ranges_;  // how many it has

  Mutex mutex_;
  CondVar moved_;
  int64_t next_ CAIRN_GUARDED_BY(mutex_);   // where the next range begins
  int64_t ready_ CAIRN_GUARDED_BY(mutex_);  // all before is there
  std::vector<bool> done_ CAIRN_GUARDED_BY(mutex_);
  absl::Status status_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status DownloadInRanges(ArtifactClient& artifacts, const Digest& digest, PartialFile& file,
                              int calls_in_flight, ProgressMeter& meter) {
  TransferProgress kept;
  kept.skipped_bytes = file.ready_bytes();
  if (kept.skipped_bytes > 0) meter.Add(kept);
  CAIRN_ASSIGN_OR_RETURN(Digest actual,
                         RangePass(artifacts, digest, file, meter).Run(calls_in_flight));
  if (actual != digest && kept.skipped_bytes > 0) {
    TransferProgress back;
    back.skipped_bytes = -kept.skipped_bytes;
    back.transferred_bytes = kept.skipped_bytes - digest.size_bytes;
    meter.Add(back);
    CAIRN_RETURN_IF_ERROR(file.StartOver());
    CAIRN_ASSIGN_OR_RETURN(actual, RangePass(artifacts, digest, file, meter).Run(calls_in_flight));
  }
  if (actual == digest) return absl::OkStatus();
  return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
               fmt::format("blob {} arrived damaged: its bytes are {}", digest.Hex(), actual.Hex()))
      .With("sha256", digest.Hex())
      .With("received", actual.Hex());
}

}  // namespace cairn::client
