#include "server/artifacts/pack_blob_store.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/pack_pool.h"
#include "server/artifacts/pack_upload.h"
#include "server/storage/crc32c.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"

namespace cairn::artifacts {
namespace {

constexpr size_t kLookUpChunk = 64;  // entries may hold 64 KiB each

// The stream's end of an upload.
class UploadStream final : public BlobUpload {
 public:
  UploadStream(std::shared_ptr<PackUpload> upload, int64_t owner)
      : upload_(std::move(upload)), owner_(owner) {}
  ~UploadStream() override { upload_->Detach(owner_); }

  int64_t offset() const override { return upload_->offset(); }
  bool complete() const override { return upload_->status().complete; }
  absl::Status Write(int64_t offset, std::string_view bytes) override {
    return upload_->Write(owner_, offset, bytes);
  }
  absl::Status Finish() override { return upload_->Finish(owner_); }

 private:
  const std::shared_ptr<PackUpload> upload_;
  const int64_t owner_;
};

// An upload of a blob that is there already.
class CompleteUpload final : public BlobUpload {
 public:
  explicit CompleteUpload(int64_t size_bytes) : size_bytes_(size_bytes) {}
  int64_t offset() const override { return size_bytes_; }
  bool complete() const override { return true; }
  absl::Status Write(int64_t, std::string_view) override { return absl::OkStatus(); }
  absl::Status Finish() override { return absl::OkStatus(); }

 private:
  const int64_t size_bytes_;
};

absl::Status RangeError(std::string_view field, int64_t value, const Digest& digest) {
  const std::string rule = fmt::format("must be from 0 to {}", digest.size_bytes);
  return Error(absl::StatusCode::kOutOfRange, ErrorReason::VALUE_INVALID,
               fmt::format("{} {} is outside {}", field, value, BlobName(digest)))
      .With("field", field)
      .With("value", std::to_string(value))
      .With("blob", BlobName(digest))
      .With("rule", rule)
      .Field(field, rule);
}

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
        environment_{store, clock, *packs_, options_.checkpoint_bytes} {}

  absl::Status AddOldUploads(const std::map<std::string, internal::UploadRecord>& records) {
    MutexLock lock(&mutex_);
    for (const auto& [uuid, record] : records) {
      uploads_[uuid] = std::make_shared<PackUpload>(environment_, uuid, record);
    }
    return DropExpired();
  }

  absl::StatusOr<std::vector<Digest>> FindMissing(
      const std::vector<Digest>& digests) const override {
    const auto snapshot = environment_.store.GetSnapshot();
    std::vector<Digest> missing;
    for (size_t begin = 0; begin < digests.size(); begin += kLookUpChunk) {
      const size_t end = std::min(digests.size(), begin + kLookUpChunk);
      std::vector<storage::Key> keys;
      for (size_t i = begin; i < end; ++i) keys.push_back(BlobKey(digests[i]));
      CAIRN_ASSIGN_OR_RETURN(const auto records, snapshot->MultiGet(keys));
      for (size_t i = begin; i < end; ++i) {
        const auto& record = records[i - begin];
        internal::BlobEntryRecord entry;
        const bool there = record.has_value() && entry.ParseFromString(record->payload) &&
                           entry.size_bytes() == digests[i].size_bytes;
        if (!there) missing.push_back(digests[i]);
      }
    }
    return missing;
  }

  absl::Status PutSmallBatch(const std::vector<SmallBlob>& blobs) override {
    storage::WriteSet set;
    std::set<Digest> seen;
    for (const SmallBlob& blob : blobs) {
      CAIRN_ASSIGN_OR_RETURN(storage::Put put, InlineBlobPut(blob));
      if (seen.insert(blob.digest).second) set.puts.push_back(std::move(put));
    }
    return environment_.store.CommitAndWait(std::move(set)).status();
  }

  absl::StatusOr<std::unique_ptr<BlobUpload>> OpenUpload(std::string_view uuid,
                                                         const Digest& digest) override {
    if (digest.size_bytes > options_.max_blob_bytes) {
      return BlobTooLarge(digest, options_.max_blob_bytes);
    }
    CAIRN_ASSIGN_OR_RETURN(const auto missing, FindMissing({digest}));
    if (missing.empty()) return std::make_unique<CompleteUpload>(digest.size_bytes);
    CAIRN_ASSIGN_OR_RETURN(std::shared_ptr<PackUpload> upload, UploadOf(uuid, digest));
    auto owner = upload->Attach();
    if (absl::IsDataLoss(owner.status()) || absl::IsNotFound(owner.status())) {
      // What an earlier process wrote is gone; begin again.
      CAIRN_RETURN_IF_ERROR(upload->GiveUp());
      CAIRN_ASSIGN_OR_RETURN(upload, UploadOf(uuid, digest));
      owner = upload->Attach();
    }
    if (!owner.ok()) return owner.status();
    return std::make_unique<UploadStream>(std::move(upload), *owner);
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

  absl::Status Read(const Digest& digest, int64_t offset, int64_t limit,
                    const BlobSink& sink) const override {
    if (offset < 0 || offset > digest.size_bytes) return RangeError("read_offset", offset, digest);
    if (limit < 0) return RangeError("read_limit", limit, digest);
    CAIRN_ASSIGN_OR_RETURN(const internal::BlobEntryRecord entry, EntryOf(digest));
    const int64_t rest = digest.size_bytes - offset;
    const int64_t length = limit == 0 ? rest : std::min(limit, rest);
    if (entry.pack() != 0) return ReadPack(digest, entry, offset, length, sink);
    if (static_cast<int64_t>(entry.inline_data().size()) != digest.size_bytes ||
        DigestOf(entry.inline_data()) != digest) {
      return BlobCorrupt(digest, "its SHA-256 does not match");
    }
    const std::string_view bytes = entry.inline_data();
    return length == 0
               ? absl::OkStatus()
               : sink(bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length)));
  }

 private:
  // The upload `uuid`, made if it is not there.
  absl::StatusOr<std::shared_ptr<PackUpload>> UploadOf(std::string_view uuid, const Digest& digest)
      CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    const auto known = uploads_.find(uuid);
    if (known != uploads_.end() && !known->second->is_over()) {
      if (known->second->digest() == digest) return known->second;
      return DigestMismatch(known->second->digest(), digest);
    }
    if (static_cast<int64_t>(uploads_.size()) >= options_.max_uploads) {
      CAIRN_RETURN_IF_ERROR(DropExpired());
    }
    if (static_cast<int64_t>(uploads_.size()) >= options_.max_uploads) {
      return TooManyUploads(options_.max_uploads);
    }
    auto upload = std::make_shared<PackUpload>(environment_, std::string(uuid), digest);
    uploads_[std::string(uuid)] = upload;
    return upload;
  }

  // Removes uploads that are over and gives up those nobody continued.
  absl::Status DropExpired() CAIRN_REQUIRES(mutex_) {
    const int64_t oldest = environment_.clock.NowUnixNanos() - options_.upload_retention_nanos;
    for (auto it = uploads_.begin(); it != uploads_.end();) {
      const std::shared_ptr<PackUpload> upload = it->second;
      if (!upload->is_over() && upload->update_unix_nanos() < oldest) {
        CAIRN_RETURN_IF_ERROR(upload->GiveUp());
      }
      it = upload->is_over() ? uploads_.erase(it) : std::next(it);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<internal::BlobEntryRecord> EntryOf(const Digest& digest) const {
    CAIRN_ASSIGN_OR_RETURN(const auto record,
                           environment_.store.GetSnapshot()->Get(BlobKey(digest)));
    if (!record.has_value()) return BlobNotFound(digest);
    internal::BlobEntryRecord entry;
    if (!entry.ParseFromString(record->payload)) {
      return BlobCorrupt(digest, "its entry does not parse");
    }
    if (entry.size_bytes() != digest.size_bytes) return BlobNotFound(digest);
    return entry;
  }

  absl::Status ReadPack(const Digest& digest, const internal::BlobEntryRecord& entry,
                        int64_t offset, int64_t length, const BlobSink& sink) const {
    const int64_t piece_bytes = entry.piece_size_bytes();
    if (piece_bytes <= 0 ||
        entry.piece_crc32c_size() != (digest.size_bytes + piece_bytes - 1) / piece_bytes) {
      return BlobCorrupt(digest, "its entry is contradictory");
    }
    const auto pack = packs_->Reader(entry.pack());
    if (absl::IsNotFound(pack.status()) || absl::IsDataLoss(pack.status())) {
      return BlobCorrupt(digest, std::string(pack.status().message()));
    }
    if (!pack.ok()) return pack.status();
    const bool whole = offset == 0 && length == digest.size_bytes;
    Sha256Hasher hasher;
    std::string piece;
    for (int64_t at = offset; at < offset + length;) {
      const int64_t index = at / piece_bytes;
      const int64_t begin = index * piece_bytes;
      const int64_t size = std::min(piece_bytes, digest.size_bytes - begin);
      const absl::Status read = (*pack)->ReadAt(entry.data_offset() + begin, size, &piece);
      if (absl::IsDataLoss(read)) return BlobCorrupt(digest, std::string(read.message()));
      CAIRN_RETURN_IF_ERROR(read);
      if (storage::Crc32c(piece) != entry.piece_crc32c(static_cast<int>(index))) {
        return BlobCorrupt(digest, fmt::format("piece {} does not match its checksum", index));
      }
      if (whole) hasher.Update(piece);
      const int64_t end = std::min(begin + size, offset + length);
      CAIRN_RETURN_IF_ERROR(sink(std::string_view(piece).substr(static_cast<size_t>(at - begin),
                                                                static_cast<size_t>(end - at))));
      at = end;
    }
    return whole && hasher.Finish() != digest ? BlobCorrupt(digest, "its SHA-256 does not match")
                                              : absl::OkStatus();
  }

  const BlobStoreOptions options_;
  const std::unique_ptr<PackPool> packs_;
  const UploadEnvironment environment_;
  mutable Mutex mutex_;
  Uploads uploads_ CAIRN_GUARDED_BY(mutex_);
};

absl::StatusOr<std::map<std::string, internal::UploadRecord>> LoadUploads(storage::KvStore& store) {
  std::map<std::string, internal::UploadRecord> uploads;
  absl::Status damaged;
  const storage::Key prefix = storage::UploadPrefix();
  CAIRN_RETURN_IF_ERROR(store.GetSnapshot()->Scan(
      storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
      [&](std::string_view key, const storage::Record& record) {
        const auto uuid = storage::LastStringOf(prefix, key);
        internal::UploadRecord upload;
        if (!uuid.ok() || !upload.ParseFromString(record.payload)) {
          damaged = storage::CorruptRecord(prefix.family, key, "it is no upload");
          return false;
        }
        uploads[*uuid] = std::move(upload);
        return true;
      }));
  CAIRN_RETURN_IF_ERROR(damaged);
  return uploads;
}

// The empty blob is always there, so that references to it can be guarded like
// any other.
absl::Status StoreEmptyBlob(storage::KvStore& store) {
  const Digest empty = DigestOf("");
  CAIRN_ASSIGN_OR_RETURN(const auto known, store.GetSnapshot()->Get(BlobKey(empty)));
  if (known.has_value()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(storage::Put put, InlineBlobPut({empty, ""}));
  storage::WriteSet set;
  set.puts.push_back(std::move(put));
  return store.CommitAndWait(std::move(set)).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<BlobStore>> OpenBlobStore(BlobStoreOptions options,
                                                         storage::KvStore& store,
                                                         const Clock& clock) {
  CAIRN_RETURN_IF_ERROR(StoreEmptyBlob(store));
  CAIRN_ASSIGN_OR_RETURN(const auto uploads, LoadUploads(store));
  std::set<int64_t> claimed;
  for (const auto& [uuid, upload] : uploads) claimed.insert(upload.pack());
  CAIRN_ASSIGN_OR_RETURN(auto packs,
                         PackPool::Open(options.directory, options.pack_bytes, claimed));
  auto blobs = std::make_unique<PackBlobStore>(std::move(options), store, clock, std::move(packs));
  CAIRN_RETURN_IF_ERROR(blobs->AddOldUploads(uploads));
  return blobs;
}

}  // namespace cairn::artifacts
