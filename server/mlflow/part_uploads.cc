#include "server/mlflow/part_uploads.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "server/core/limits.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

constexpr int64_t kPartBytes = 128;  // about what a part takes beside its chunks

std::string_view Unquoted(std::string_view etag) {
  const bool quoted = etag.size() >= 2 && etag.front() == '"' && etag.back() == '"';
  return quoted ? etag.substr(1, etag.size() - 2) : etag;
}

int64_t BytesOf(size_t chunks) {
  return kPartBytes + static_cast<int64_t>(chunks * sizeof(Digest));
}

std::string FieldOf(size_t at, std::string_view field) {
  return fmt::format("parts[{}].{}", at, field);
}

absl::Status Gone() {
  return Refuse(kNotExists, "The upload was aborted meanwhile: begin another one.");
}

}  // namespace

PartUpload::PartUpload(PartUploadStart start, SharedBudget& budget)
    : start_(std::move(start)), budget_(budget) {}

absl::Status PartUpload::Put(int64_t number, ReceivedPart part) {
  MutexLock lock(&mutex_);
  if (state_ == State::kAborted) return Gone();
  if (state_ != State::kOpen) {
    return Refuse(kInvalidParameter,
                  fmt::format("Part {} comes too late: the upload is completed.", number));
  }
  const auto before = parts_.find(number);
  const size_t gone = before == parts_.end() ? 0 : before->second.chunks.size();
  const size_t chunks = chunks_ - gone + part.chunks.size();
  if (chunks > limits::kChunksPerBlob) {
    return Refuse(
        kInvalidParameter,
        fmt::format("With part {} the file has {} chunks; {} is the most: the file is too "
                    "large, or its parts are too small.",
                    number, chunks, limits::kChunksPerBlob));
  }
  // What gave way stays charged until the end, so that nobody sends parts again for nothing.
  if (charge_.TryAdd(budget_, start_.holder, BytesOf(part.chunks.size())) !=
      SharedBudget::Answer::kCharged) {
    return Refuse(kBusy, "too many parts of uploads are under way; try again later");
  }
  chunks_ = chunks;
  parts_[number] = std::move(part);
  return absl::OkStatus();
}

absl::Status PartUpload::CheckNamed(const std::vector<NamedPart>& named) const {
  for (size_t at = 0; at < named.size(); ++at) {
    const NamedPart& part = named[at];
    if (at > 0 && named[at - 1].number == part.number) {
      return InvalidValue(std::to_string(part.number), "parts.part_number", "it is there twice");
    }
    const auto came = parts_.find(part.number);
    if (came == parts_.end()) {
      return InvalidValue(std::to_string(part.number), "parts.part_number",
                          part.number < 1 || part.number > start_.num_parts
                              ? fmt::format("the upload has parts 1 to {}", start_.num_parts)
                              : "this part did not come");
    }
    if (Unquoted(part.etag) != came->second.digest.Hex()) {
      return InvalidText(
          part.etag, FieldOf(at, "etag"),
          fmt::format("it is not the ETag that the server gave for part {}", part.number));
    }
  }
  if (static_cast<int64_t>(named.size()) == start_.num_parts) return absl::OkStatus();
  return InvalidValue(
      std::to_string(named.size()), "parts",
      fmt::format("the upload has {} parts, and each must be named", start_.num_parts));
}

std::string PartUpload::FingerprintOf(const std::vector<NamedPart>& named) {
  std::string all;
  for (const NamedPart& part : named) {
    all += fmt::format("{}:{}\n", part.number, Unquoted(part.etag));
  }
  return Sha256Hex(all);
}

absl::StatusOr<std::optional<std::vector<Digest>>> PartUpload::BeginCompletion(
    std::vector<NamedPart> named) {
  std::stable_sort(named.begin(), named.end(),
                   [](const NamedPart& a, const NamedPart& b) { return a.number < b.number; });
  MutexLock lock(&mutex_);
  if (state_ == State::kAborted) return Gone();
  if (state_ == State::kCompleting) {
    return Refuse(kBusy, "the upload is being completed; ask again shortly");
  }
  if (state_ == State::kCompleted) {
    if (completed_of_ == FingerprintOf(named)) return std::optional<std::vector<Digest>>();
    return Refuse(kInvalidParameter,
                  "Invalid value for parameter 'parts' supplied: the upload is completed already, "
                  "of other parts.");
  }
  if (absl::Status fits = CheckNamed(named); !fits.ok()) return fits;
  std::vector<Digest> chunks;
  chunks.reserve(chunks_);
  for (const auto& [number, part] : parts_) {
    chunks.insert(chunks.end(), part.chunks.begin(), part.chunks.end());
  }
  completed_of_ = FingerprintOf(named);
  state_ = State::kCompleting;
  return std::optional(std::move(chunks));
}

void PartUpload::EndCompletion(bool completed) {
  MutexLock lock(&mutex_);
  if (state_ != State::kCompleting) return;
  state_ = completed ? State::kCompleted : State::kOpen;
  if (completed) Forget();
}

void PartUpload::Abort() {
  MutexLock lock(&mutex_);
  if (state_ == State::kCompleted) return;
  state_ = State::kAborted;
  Forget();
}

bool PartUpload::aborted() const {
  MutexLock lock(&mutex_);
  return state_ == State::kAborted;
}

void PartUpload::Forget() {
  parts_.clear();
  chunks_ = 0;
  charge_.Release();
}

absl::StatusOr<std::shared_ptr<PartUpload>> PartUploads::Open(PartUploadStart start,
                                                              int64_t now_unix_seconds) {
  MutexLock lock(&mutex_);
  const size_t open = SweepLocked(now_unix_seconds);
  const auto own = std::count_if(open_.begin(), open_.end(), [&start](const auto& known) {
    return known.second->start().holder == start.holder;
  });
  // Who has no name may have all, as of SharedBudget.
  const bool share_full = !start.holder.empty() && own >= static_cast<int64_t>(kMostOpen / 2);
  if (open >= kMostOpen || share_full) {
    return Refuse(kBusy, fmt::format("{} uploads in parts are under way, {} of them yours; {} is "
                                     "the most, half of it for one caller. Complete or abort some.",
                                     open, own, kMostOpen));
  }
  std::string id = start.id;
  auto upload = std::make_shared<PartUpload>(std::move(start), memory_);
  open_[std::move(id)] = upload;
  return upload;
}

std::shared_ptr<PartUpload> PartUploads::Find(const std::string& id, int64_t now_unix_seconds) {
  MutexLock lock(&mutex_);
  SweepLocked(now_unix_seconds);
  for (const Uploads* uploads : {&open_, &completed_}) {
    const auto found = uploads->find(id);
    if (found != uploads->end()) return found->second;
  }
  return nullptr;
}

void PartUploads::Abort(const std::string& id) {
  MutexLock lock(&mutex_);
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  found->second->Abort();
  open_.erase(found);
}

void PartUploads::Completed(const std::string& id) {
  MutexLock lock(&mutex_);
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  completed_[id] = std::move(found->second);
  open_.erase(found);
  oldest_completed_.push_back(id);
  if (oldest_completed_.size() <= kMostCompleted) return;
  completed_.erase(oldest_completed_.front());
  oldest_completed_.pop_front();
}

size_t PartUploads::Sweep(int64_t now_unix_seconds) {
  MutexLock lock(&mutex_);
  return SweepLocked(now_unix_seconds);
}

size_t PartUploads::SweepLocked(int64_t now_unix_seconds) {
  for (auto at = open_.begin(); at != open_.end();) {
    const bool over = at->second->start().expire_unix_seconds <= now_unix_seconds;
    if (over) at->second->Abort();
    at = over ? open_.erase(at) : std::next(at);
  }
  return open_.size();
}

}  // namespace cairn::mlflow
