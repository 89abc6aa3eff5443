#include "server/artifacts/pack_blob_store.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/mutex.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_leases.h"
#include "server/artifacts/blob_look_up.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/blob_usage.h"
#include "server/artifacts/collection_work.h"
#include "server/artifacts/index_rebuild.h"
#include "server/artifacts/pack_batch.h"
#include "server/artifacts/pack_pool.h"
#include "server/artifacts/pack_upload.h"
#include "server/artifacts/quarantine.h"
#include "server/artifacts/scrub_work.h"
#include "server/artifacts/splice.h"
#include "server/observability/log.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"

namespace cairn::artifacts {
namespace {

constexpr int kMaxConflicts = 16;  // each means that another batch stored something

// Whether another stream may go on with an upload that was left.
enum class Resumable { kNo, kYes };

// The stream's end of an upload.
class UploadStream final : public BlobUpload {
 public:
  UploadStream(std::shared_ptr<PackUpload> upload, int64_t owner, Resumable resumable)
      : upload_(std::move(upload)), owner_(owner), resumable_(resumable) {}
  ~UploadStream() override {
    if (resumable_ == Resumable::kYes) {
      upload_->Detach(owner_);
    } else {
      static_cast<void>(upload_->GiveUp());  // what fails is given up when it has expired
    }
  }

  int64_t offset() const override { return upload_->offset(); }
  bool complete() const override { return upload_->status().complete; }
  absl::Status Write(int64_t offset, std::string_view bytes) override {
    return upload_->Write(owner_, offset, bytes);
  }
  absl::StatusOr<int64_t> Flush() override { return upload_->Flush(owner_); }
  absl::Status Finish() override { return upload_->Finish(owner_); }

 private:
  const std::shared_ptr<PackUpload> upload_;
  const int64_t owner_;
  const Resumable resumable_;
};

// An upload of a blob that is there already.
class CompleteUpload final : public BlobUpload {
 public:
  explicit CompleteUpload(int64_t size_bytes) : size_bytes_(size_bytes) {}
  int64_t offset() const override { return size_bytes_; }
  bool complete() const override { return true; }
  absl::Status Write(int64_t, std::string_view) override { return absl::OkStatus(); }
  absl::StatusOr<int64_t> Flush() override { return size_bytes_; }
  absl::Status Finish() override { return absl::OkStatus(); }

 private:
  const int64_t size_bytes_;
};

absl::Status TooManyUploads(int64_t limit) {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               fmt::format("{} uploads are open; finish some and try again", limit))
      .With("limit", std::to_string(limit))
      .RetryAfterSeconds(1);
}

absl::Status UploadNotFound(std::string_view uuid, const Digest& digest) {
  return NotFound(ErrorReason::UPLOAD_NOT_FOUND, "Upload",
                  fmt::format("uploads/{}/{}", uuid, BlobName(digest)));
}

class PackBlobStore final : public BlobStore {
 public:
  using Uploads = std::map<std::string, std::shared_ptr<PackUpload>, std::less<>>;

  PackBlobStore(BlobStoreOptions options, storage::KvStore& store, const Clock& clock,
                std::unique_ptr<PackPool> packs)
      : options_(std::move(options)),
        packs_(std::move(packs)),
        leases_(store, *options_.forward, options_.lease_nanos),
        environment_{store, clock, *packs_, leases_, options_.checkpoint_bytes} {}

  void AddOldUploads(const std::map<std::string, internal::UploadRecord>& records) {
    {
      MutexLock lock(&mutex_);
      for (const auto& [uuid, record] : records) {
        uploads_[uuid] = std::make_shared<PackUpload>(environment_, uuid, record);
      }
    }
    TryDropExpired();
  }

  absl::StatusOr<std::vector<Digest>> FindMissing(
      const std::vector<Digest>& digests) const override {
    CAIRN_ASSIGN_OR_RETURN(const auto states, LookUpAndLease(digests));
    std::vector<Digest> missing;
    for (size_t i = 0; i < digests.size(); ++i) {
      if (!states[i].there) missing.push_back(digests[i]);
    }
    return missing;
  }

  std::vector<absl::Status> PutBatch(const std::vector<WholeBlob>& blobs) override {
    std::vector<absl::Status> outcomes;
    std::set<Digest> seen;
    std::vector<WholeBlob> sound;
    for (const WholeBlob& blob : blobs) {
      const Digest actual = DigestOf(blob.bytes);
      outcomes.push_back(actual == blob.digest ? absl::OkStatus()
                                               : DigestMismatch(blob.digest, actual));
      if (outcomes.back().ok() && seen.insert(actual).second) sound.push_back(blob);
    }
    const absl::Status stored = PutMissing(sound);
    for (absl::Status& outcome : outcomes) outcome.Update(stored);
    return outcomes;
  }

  absl::Status Splice(const Digest& digest, const std::vector<Digest>& chunks) override {
    if (digest.size_bytes > options_.max_blob_bytes) {
      return BlobTooLarge(digest, options_.max_blob_bytes);
    }
    return SpliceBlob({environment_.store, *packs_, leases_,
                       [this](const Digest& whole) {
                         return OpenStream(SystemIds().NewUuid4(), whole, Resumable::kNo);
                       }},
                      digest, chunks);
  }

  absl::StatusOr<std::vector<Digest>> Split(const Digest& digest) const override {
    CAIRN_ASSIGN_OR_RETURN(const auto entry,
                           ReadBlobEntry(*environment_.store.GetSnapshot(), digest));
    CAIRN_ASSIGN_OR_RETURN(std::vector<Digest> chunks, ChunksOf(digest, entry));
    if (chunks.empty()) chunks.push_back(digest);
    return chunks;
  }

  absl::StatusOr<std::unique_ptr<BlobUpload>> OpenUpload(std::string_view uuid,
                                                         const Digest& digest) override {
    return OpenStream(uuid, digest, Resumable::kYes);
  }

  absl::StatusOr<UploadStatus> QueryUpload(std::string_view uuid,
                                           const Digest& digest) const override {
    CAIRN_ASSIGN_OR_RETURN(const auto missing, FindMissing({digest}));
    if (missing.empty()) return UploadStatus{digest.size_bytes, true};
    std::shared_ptr<PackUpload> upload;
    {
      MutexLock lock(&mutex_);
      const auto known = uploads_.find(uuid);
      if (known != uploads_.end()) upload = known->second;
    }
    if (upload == nullptr || upload->is_over() || upload->digest() != digest) {
      return UploadNotFound(uuid, digest);
    }
    return upload->status();
  }

  absl::StatusOr<std::unique_ptr<BlobReader>> OpenReader(const Digest& digest) const override {
    return OpenBlobReader(
        environment_.store, *packs_, digest,
        [&store = environment_.store](const Digest& damaged, storage::Revision revision) {
          Quarantine(store, damaged, revision).IgnoreError();
        });
  }

  std::unique_ptr<operations::Work> NewCollectionWork() override {
    return MakeCollectionWork({*packs_, leases_, [this] { return DropExpired(); }});
  }

  std::unique_ptr<operations::Work> NewScrubWork() override { return MakeScrubWork(*packs_); }

  absl::StatusOr<cairn::v1::BlobUsage> Usage(const std::string& name) const override {
    return MeasureBlobUsage(*environment_.store.GetSnapshot(), *packs_, name);
  }

 private:
  absl::StatusOr<std::unique_ptr<BlobUpload>> OpenStream(std::string_view uuid,
                                                         const Digest& digest, Resumable resumable)
      CAIRN_EXCLUDES(mutex_) {
    if (digest.size_bytes > options_.max_blob_bytes) {
      return BlobTooLarge(digest, options_.max_blob_bytes);
    }
    CAIRN_ASSIGN_OR_RETURN(const auto missing, FindMissing({digest}));
    if (missing.empty()) return std::make_unique<CompleteUpload>(digest.size_bytes);
    CAIRN_ASSIGN_OR_RETURN(std::shared_ptr<PackUpload> upload, UploadOf(uuid, digest));
    auto owner = upload->Attach();
    if (absl::IsDataLoss(owner.status()) || absl::IsNotFound(owner.status())) {
      // What was written is gone; begin again.
      CAIRN_RETURN_IF_ERROR(upload->GiveUp());
      CAIRN_ASSIGN_OR_RETURN(upload, UploadOf(uuid, digest));
      owner = upload->Attach();
    }
    if (!owner.ok()) return owner.status();
    return std::make_unique<UploadStream>(std::move(upload), *owner, resumable);
  }

  // The upload `uuid`, made if it is not there. Where too many are open, one that nobody
  // seems to continue makes room.
  absl::StatusOr<std::shared_ptr<PackUpload>> UploadOf(std::string_view uuid, const Digest& digest)
      CAIRN_EXCLUDES(mutex_) {
    auto upload = FindOrMake(uuid, digest);
    if (!HasReason(upload.status(), ErrorReason::QUEUE_FULL)) return upload;
    TryDropExpired();
    upload = FindOrMake(uuid, digest);
    if (!HasReason(upload.status(), ErrorReason::QUEUE_FULL)) return upload;
    CAIRN_RETURN_IF_ERROR(DropIdlest());
    return FindOrMake(uuid, digest);
  }

  absl::StatusOr<std::shared_ptr<PackUpload>> FindOrMake(std::string_view uuid,
                                                         const Digest& digest)
      CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    const auto known = uploads_.find(uuid);
    if (known != uploads_.end() && !known->second->is_over()) {
      if (known->second->digest() == digest) return known->second;
      return DigestMismatch(known->second->digest(), digest);
    }
    if (known == uploads_.end() && static_cast<int64_t>(uploads_.size()) >= options_.max_uploads) {
      return TooManyUploads(options_.max_uploads);
    }
    auto upload = std::make_shared<PackUpload>(environment_, std::string(uuid), digest);
    uploads_[std::string(uuid)] = upload;
    return upload;
  }

  // Gives up uploads that nobody continued and forgets those that are over. Giving up waits
  // for files and commits, so others may open uploads meanwhile.
  absl::Status DropExpired() CAIRN_EXCLUDES(mutex_) {
    const int64_t oldest = environment_.clock.NowUnixNanos() - options_.upload_retention_nanos;
    std::vector<std::shared_ptr<PackUpload>> expired;
    {
      MutexLock lock(&mutex_);
      for (const auto& [uuid, upload] : uploads_) {
        if (!upload->is_over() && upload->update_unix_nanos() < oldest) expired.push_back(upload);
      }
    }
    absl::Status first;
    for (const auto& upload : expired) first.Update(upload->GiveUp(oldest));
    ForgetOver();
    return first;
  }

  // The same where a failure stops nobody: what is left is tried again the next time.
  void TryDropExpired() CAIRN_EXCLUDES(mutex_) {
    const absl::Status dropped = DropExpired();
    if (dropped.ok()) return;
    observability::Log(observability::LogLevel::kWarning,
                       "uploads that have expired are not given up yet",
                       {{"error", std::string(dropped.message())}});
  }

  // Gives up the upload that has waited longest for its next stream, if it waits for long.
  absl::Status DropIdlest() CAIRN_EXCLUDES(mutex_) {
    const int64_t latest = environment_.clock.NowUnixNanos() - options_.upload_grace_nanos;
    std::shared_ptr<PackUpload> idlest;
    {
      MutexLock lock(&mutex_);
      for (const auto& [uuid, upload] : uploads_) {
        const int64_t moved = upload->update_unix_nanos();
        if (upload->is_over() || upload->has_stream() || moved >= latest) continue;
        if (idlest == nullptr || moved < idlest->update_unix_nanos()) idlest = upload;
      }
    }
    if (idlest == nullptr) return absl::OkStatus();
    CAIRN_RETURN_IF_ERROR(idlest->GiveUp(latest));
    ForgetOver();
    return absl::OkStatus();
  }

  void ForgetOver() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    std::erase_if(uploads_, [](const auto& item) { return item.second->is_over(); });
  }

  absl::StatusOr<std::vector<EntryState>> LookUpAndLease(const std::vector<Digest>& digests) const {
    return artifacts::LookUpAndLease(environment_.store, leases_, digests);
  }

  // Stores those of `blobs`, whose digests are right, that are not there.
  absl::Status PutMissing(const std::vector<WholeBlob>& blobs) {
    leases_.Storing();
    std::vector<Digest> digests;
    for (const WholeBlob& blob : blobs) digests.push_back(blob.digest);
    absl::Status stored;
    for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
      CAIRN_ASSIGN_OR_RETURN(const auto states, LookUpAndLease(digests));
      std::vector<MissingBlob> missing;
      for (size_t i = 0; i < blobs.size(); ++i) {
        if (states[i].there) continue;
        missing.push_back({blobs[i], states[i].revision, states[i].is_packed});
      }
      stored = StoreBatch(environment_.store, *packs_, missing);
      // Another batch was faster with one of them; the rest is still to be stored.
      if (!HasReason(stored, ErrorReason::COMMIT_CONFLICT)) break;
    }
    return stored;
  }

  const BlobStoreOptions options_;
  const std::unique_ptr<PackPool> packs_;
  mutable BlobLeases leases_;
  const UploadEnvironment environment_;
  mutable Mutex mutex_;
  Uploads uploads_ CAIRN_GUARDED_BY(mutex_);
};

// Uploads that cannot be read are left out: they begin again, and what they wrote, which no
// entry names, is cut off.
absl::StatusOr<std::map<std::string, internal::UploadRecord>> LoadUploads(storage::KvStore& store) {
  std::map<std::string, internal::UploadRecord> uploads;
  absl::Status damaged;
  const storage::Key prefix = storage::UploadPrefix();
  damaged.Update(store.GetSnapshot()->Scan(
      storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
      [&](std::string_view key, const storage::Record& record) {
        const auto uuid = storage::LastStringOf(prefix, key);
        internal::UploadRecord upload;
        if (!uuid.ok() || !upload.ParseFromString(record.payload)) {
          damaged = storage::CorruptRecord(prefix.family, key, "it is no upload");
        } else {
          uploads[*uuid] = std::move(upload);
        }
        return true;
      }));
  if (!damaged.ok() && !absl::IsDataLoss(damaged)) return damaged;
  if (!damaged.ok()) {
    observability::Log(observability::LogLevel::kError, "uploads under way cannot be read",
                       {{"error", std::string(damaged.message())}});
  }
  return uploads;
}

// The empty blob is always there, so that references to it can be guarded like
// any other.
absl::Status StoreEmptyBlob(storage::KvStore& store) {
  const Digest empty = DigestOf("");
  const auto known = store.GetSnapshot()->Get(BlobKey(empty));
  if (known.ok() && known->has_value()) return absl::OkStatus();
  // One that cannot be read is replaced: everybody knows what it is.
  if (!known.ok() && !absl::IsDataLoss(known.status())) return known.status();
  CAIRN_ASSIGN_OR_RETURN(storage::Put put, InlineBlobPut({empty, ""}));
  storage::WriteSet set;
  set.puts.push_back(std::move(put));
  return store.CommitAndWait(std::move(set)).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<BlobStore>> OpenBlobStore(BlobStoreOptions options,
                                                         storage::KvStore& store,
                                                         const Clock& clock) {
  CAIRN_ASSIGN_OR_RETURN(const auto uploads, LoadUploads(store));
  std::set<int64_t> claimed;
  for (const auto& [uuid, upload] : uploads) claimed.insert(upload.pack());
  CAIRN_ASSIGN_OR_RETURN(
      auto packs, PackPool::Open(options.directory, options.pack_bytes, claimed, *options.io));
  if (options.room) packs->SetRoom(*options.room);
  packs->SetMaxReaders(static_cast<size_t>(options.max_open_packs));
  CAIRN_RETURN_IF_ERROR(RebuildIndexIfLost(store, *packs).status());
  CAIRN_RETURN_IF_ERROR(StoreEmptyBlob(store));
  auto blobs = std::make_unique<PackBlobStore>(std::move(options), store, clock, std::move(packs));
  blobs->AddOldUploads(uploads);
  return blobs;
}

}  // namespace cairn::artifacts
