#ifndef CAIRN_SERVER_ARTIFACTS_PACK_UPLOAD_H_
#define CAIRN_SERVER_ARTIFACTS_PACK_UPLOAD_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/storage.pb.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_leases.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// What the uploads of a store share. All of it outlives them.
struct UploadEnvironment {
  storage::KvStore& store;
  const Clock& clock;
  PackPool& packs;
  BlobLeases& leases;
  int64_t checkpoint_bytes = 0;  // bytes between two durable states
};

// One upload, whoever streams it at the moment. It owns the place in a pack where
// the bytes go, from the first byte until the blob is finished or given up.
//
// The order that makes a crash harmless: bytes, sync, then the commit that names
// them; and for giving up: the commit that forgets the upload, then the cut. A
// record in a pack that no commit names is cut off at the next start. Bytes that an
// entry names, or may name once the outcome of its commit is known, are never cut.
//
// When writing or syncing fails, the system may have dropped anything that was written since
// the last sync that went well, and tells so once. The stream then loses the upload, and the
// next one goes on from that sync, with a hash of what the pack holds.
//
// Safe to call from any thread; blocks on files and commits.
class PackUpload {
 public:
  PackUpload(const UploadEnvironment& environment, std::string uuid, Digest digest);
  // An upload that an earlier process left behind.
  PackUpload(const UploadEnvironment& environment, std::string uuid,
             const internal::UploadRecord& record);

  const Digest& digest() const { return digest_; }
  const std::string& uuid() const { return uuid_; }

  // Makes a new stream the owner, makes durable what the earlier one wrote, and
  // returns the stream's number. Reads the bytes of an earlier process again to
  // go on with their hash. NOT_FOUND (UPLOAD_NOT_FOUND) when it was given up meanwhile.
  absl::StatusOr<int64_t> Attach() CAIRN_EXCLUDES(mutex_);

  // These as in BlobUpload, for the stream `owner`. Detach may be called more than once.
  absl::Status Write(int64_t owner, int64_t offset, std::string_view bytes) CAIRN_EXCLUDES(mutex_);
  absl::StatusOr<int64_t> Flush(int64_t owner) CAIRN_EXCLUDES(mutex_);
  absl::Status Finish(int64_t owner) CAIRN_EXCLUDES(mutex_);
  void Detach(int64_t owner) CAIRN_EXCLUDES(mutex_);

  // Forgets the upload and cuts its bytes off, if it did not move since `before` (in
  // nanoseconds since the epoch).
  absl::Status GiveUp(int64_t before = std::numeric_limits<int64_t>::max()) CAIRN_EXCLUDES(mutex_);

  // Bytes written; durable ones only after Attach, Flush or Detach.
  int64_t offset() const CAIRN_EXCLUDES(mutex_);
  UploadStatus status() const CAIRN_EXCLUDES(mutex_);
  // True when nothing of it needs to be remembered: finished or given up. These three never
  // wait for what a stream is doing.
  bool is_over() const { return over_.load(std::memory_order_acquire); }
  bool has_stream() const { return has_stream_.load(std::memory_order_acquire); }
  int64_t update_unix_nanos() const { return update_unix_nanos_.load(std::memory_order_relaxed); }

 private:
  bool is_small() const { return digest_.size_bytes < kInlineLimitBytes; }
  absl::Status CheckOwner(int64_t owner) const CAIRN_REQUIRES(mutex_);
  absl::Status Begin() CAIRN_REQUIRES(mutex_);
  absl::Status Reload() CAIRN_REQUIRES(mutex_);
  absl::Status Rewind() CAIRN_REQUIRES(mutex_);
  absl::Status ReadAgain(const PackFile& pack, int64_t length) CAIRN_REQUIRES(mutex_);
  absl::Status Abandon(absl::Status failed) CAIRN_REQUIRES(mutex_);
  absl::Status Sync() CAIRN_REQUIRES(mutex_);
  absl::Status Append(std::string_view bytes) CAIRN_REQUIRES(mutex_);
  absl::Status Checkpoint() CAIRN_REQUIRES(mutex_);
  absl::Status FinishSmall() CAIRN_REQUIRES(mutex_);
  absl::Status Verify() CAIRN_REQUIRES(mutex_);
  absl::Status FinishInPack() CAIRN_REQUIRES(mutex_);
  absl::Status Discard() CAIRN_REQUIRES(mutex_);
  absl::Status LeavePlace() CAIRN_REQUIRES(mutex_);
  absl::StatusOr<bool> IsNamedHere() const CAIRN_REQUIRES(mutex_);
  absl::StatusOr<EntryState> LookUp() const;
  absl::StatusOr<bool> CommitEntry(const internal::BlobEntryRecord& entry) CAIRN_REQUIRES(mutex_);
  internal::UploadRecord ToRecord() const CAIRN_REQUIRES(mutex_);

  const UploadEnvironment& environment_;
  const std::string uuid_;
  const Digest digest_;

  mutable Mutex mutex_;
  int64_t owner_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> over_{false};        // these two are changed under the lock only
  std::atomic<bool> has_stream_{false};  // the owner is there
  bool complete_ CAIRN_GUARDED_BY(mutex_) = false;
  bool verified_ CAIRN_GUARDED_BY(mutex_) = false;     // the digest is right
  bool recorded_ CAIRN_GUARDED_BY(mutex_) = false;     // the store knows the upload, perhaps
  bool maybe_named_ CAIRN_GUARDED_BY(mutex_) = false;  // by a commit of unknown outcome
  bool torn_ CAIRN_GUARDED_BY(mutex_) = false;         // what follows synced_ may be lost
  int64_t written_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t synced_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t committed_ CAIRN_GUARDED_BY(mutex_) = 0;   // synced, and the store knows
  int64_t write_back_ CAIRN_GUARDED_BY(mutex_) = 0;  // bytes the system was told to write
  std::atomic<int64_t> update_unix_nanos_;           // changed under the lock only
  std::string small_ CAIRN_GUARDED_BY(mutex_);       // the bytes of a small blob
  Sha256Hasher hasher_ CAIRN_GUARDED_BY(mutex_);
  PieceChecksums pieces_ CAIRN_GUARDED_BY(mutex_);
  int64_t claimed_pack_ CAIRN_GUARDED_BY(mutex_) = 0;  // of an earlier process
  // `place_->end` is where this upload's record begins.
  std::optional<PackPool::Place> place_ CAIRN_GUARDED_BY(mutex_);
  int64_t record_offset_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_PACK_UPLOAD_H_
