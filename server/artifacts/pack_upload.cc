#include "server/artifacts/pack_upload.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_look_up.h"
#include "server/storage/keyspace.h"

namespace cairn::artifacts {
namespace {

constexpr int64_t kWriteBackBytes = 1 << 20;  // larger syncs make the device stall
constexpr int kMaxEntryConflicts = 16;        // each means that the blob's entry changed

Digest DigestIn(const internal::UploadRecord& record) {
  Digest digest;
  const size_t n = std::min(record.sha256().size(), digest.sha256.size());
  std::copy_n(record.sha256().begin(), n, digest.sha256.begin());
  digest.size_bytes = record.size_bytes();
  return digest;
}

absl::Status ChangedMeanwhile() {
  return Error(absl::StatusCode::kUnavailable, ErrorReason::STORE_UNAVAILABLE,
               "the blob was found and lost again while it was stored; send it once more")
      .RetryAfterSeconds(1);
}

}  // namespace

PackUpload::PackUpload(const UploadEnvironment& environment, std::string uuid, Digest digest)
    : environment_(environment),
      uuid_(std::move(uuid)),
      digest_(digest),
      update_unix_nanos_(environment.clock.NowUnixNanos()) {}

PackUpload::PackUpload(const UploadEnvironment& environment, std::string uuid,
                       const internal::UploadRecord& record)
    : environment_(environment),
      uuid_(std::move(uuid)),
      digest_(DigestIn(record)),
      recorded_(true),
      synced_(record.committed_size_bytes()),
      committed_(record.committed_size_bytes()),
      update_unix_nanos_(std::min(record.update_unix_nanos(), environment.clock.NowUnixNanos())),
      claimed_pack_(record.pack()),
      record_offset_(record.record_offset()) {}

// Leased if it is there: the client will hear that, and may refer to it.
absl::StatusOr<EntryState> PackUpload::LookUp() const {
  CAIRN_ASSIGN_OR_RETURN(const auto states,
                         LookUpAndLease(environment_.store, environment_.leases, {digest_}));
  return states.front();
}

absl::StatusOr<int64_t> PackUpload::Attach() {
  MutexLock lock(&mutex_);
  if (over_ && !complete_) {
    return NotFound(ErrorReason::UPLOAD_NOT_FOUND, "Upload",
                    fmt::format("uploads/{}/{}", uuid_, BlobName(digest_)))
        .ToStatus();
  }
  ++owner_;
  has_stream_ = false;
  update_unix_nanos_ = environment_.clock.NowUnixNanos();
  if (over_) return owner_;
  if (is_small()) {
    small_.clear();
    written_ = 0;
  } else {
    if (claimed_pack_ != 0) CAIRN_RETURN_IF_ERROR(Reload());
    if (torn_) CAIRN_RETURN_IF_ERROR(Rewind());
    if (written_ > committed_) CAIRN_RETURN_IF_ERROR(Checkpoint());
  }
  has_stream_ = true;
  return owner_;
}

// Takes up the place an earlier process left, and its hash.
absl::Status PackUpload::Reload() {
  CAIRN_ASSIGN_OR_RETURN(auto pack,
                         environment_.packs.TakeClaimed(claimed_pack_, record_offset_, digest_));
  CAIRN_RETURN_IF_ERROR(ReadAgain(*pack, committed_));
  place_.emplace(PackPool::Place{std::move(pack), record_offset_});
  claimed_pack_ = 0;
  return absl::OkStatus();
}

// Goes back to the last sync that went well; what follows is written again.
absl::Status PackUpload::Rewind() {
  if (synced_ == 0) {
    CAIRN_RETURN_IF_ERROR(place_->pack->BeginRecord(record_offset_, digest_).status());
  }
  CAIRN_RETURN_IF_ERROR(ReadAgain(*place_->pack, synced_));
  torn_ = false;
  return absl::OkStatus();
}

// Makes the hash that of the first `length` bytes in the pack, which are durable.
absl::Status PackUpload::ReadAgain(const PackFile& pack, int64_t length) {
  hasher_ = Sha256Hasher();
  pieces_ = PieceChecksums();
  verified_ = false;
  std::string bytes;
  for (int64_t done = 0; done < length; done += static_cast<int64_t>(bytes.size())) {
    CAIRN_RETURN_IF_ERROR(pack.ReadAt(record_offset_ + PackFile::kRecordHeaderBytes + done,
                                      std::min(kPieceBytes, length - done), &bytes));
    hasher_.Update(bytes);
    pieces_.Update(bytes);
  }
  written_ = length;
  write_back_ = length;
  return absl::OkStatus();
}

// Takes the upload away from its stream after an error of the pack.
absl::Status PackUpload::Abandon(absl::Status failed) {
  torn_ = true;
  ++owner_;
  has_stream_ = false;
  return failed;
}

absl::Status PackUpload::Sync() {
  absl::Status synced = place_->pack->Sync();
  if (!synced.ok()) return Abandon(std::move(synced));
  synced_ = written_;
  return absl::OkStatus();
}

absl::Status PackUpload::CheckOwner(int64_t owner) const {
  if (owner == owner_ && !over_) return absl::OkStatus();
  return OffsetMismatch(absl::StatusCode::kAborted, committed_, written_);
}

absl::Status PackUpload::Begin() {
  CAIRN_ASSIGN_OR_RETURN(PackPool::Place place, environment_.packs.Take());
  absl::Status begun = place.pack->BeginRecord(place.end, digest_).status();
  if (!begun.ok()) {
    // One that cannot be cut off is not written again before the next start.
    if (place.pack->Truncate(place.end).ok()) environment_.packs.GiveBack(std::move(place));
    return begun;
  }
  record_offset_ = place.end;
  place_ = std::move(place);
  return absl::OkStatus();
}

absl::Status PackUpload::Write(int64_t owner, int64_t offset, std::string_view bytes) {
  MutexLock lock(&mutex_);
  if (complete_) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(CheckOwner(owner));
  if (offset != written_) {
    return OffsetMismatch(absl::StatusCode::kInvalidArgument, written_, offset);
  }
  const auto length = static_cast<int64_t>(bytes.size());
  if (length > digest_.size_bytes - written_) {
    Digest longer = digest_;
    longer.size_bytes = written_ + length;
    return DigestMismatch(digest_, longer);
  }
  if (!is_small()) {
    CAIRN_RETURN_IF_ERROR(environment_.packs.CheckRoom(length, PackPool::RoomFor::kUpload));
    if (!place_.has_value()) CAIRN_RETURN_IF_ERROR(Begin());
  }
  CAIRN_RETURN_IF_ERROR(Append(bytes));
  if (is_small() || written_ - committed_ < environment_.checkpoint_bytes) return absl::OkStatus();
  return Checkpoint();
}

absl::Status PackUpload::Append(std::string_view bytes) {
  if (is_small()) {
    small_ += bytes;
    written_ += static_cast<int64_t>(bytes.size());
    return absl::OkStatus();
  }
  const int64_t data_offset = record_offset_ + PackFile::kRecordHeaderBytes;
  absl::Status appended = place_->pack->WriteAt(data_offset + written_, bytes);
  if (!appended.ok()) return Abandon(std::move(appended));
  hasher_.Update(bytes);
  pieces_.Update(bytes);
  written_ += static_cast<int64_t>(bytes.size());
  if (written_ - write_back_ >= kWriteBackBytes) {
    place_->pack->StartWriteBack(data_offset + write_back_, written_ - write_back_);
    write_back_ = written_;
  }
  return absl::OkStatus();
}

internal::UploadRecord PackUpload::ToRecord() const {
  internal::UploadRecord record;
  record.set_sha256(std::string(digest_.sha256.begin(), digest_.sha256.end()));
  record.set_size_bytes(digest_.size_bytes);
  record.set_pack(place_->pack->number());
  record.set_record_offset(record_offset_);
  record.set_committed_size_bytes(written_);
  record.set_update_unix_nanos(update_unix_nanos_);
  return record;
}

// Makes what was written durable and known; looks whether it is still needed.
absl::Status PackUpload::Checkpoint() {
  CAIRN_ASSIGN_OR_RETURN(const EntryState state, LookUp());
  if (state.there) return Discard();
  CAIRN_RETURN_IF_ERROR(Sync());
  update_unix_nanos_ = environment_.clock.NowUnixNanos();
  storage::WriteSet set;
  set.PutRecord(storage::UploadKey(uuid_), ToRecord().SerializeAsString());
  recorded_ = true;  // also when the outcome is not known: forgetting what is absent is harmless
  CAIRN_RETURN_IF_ERROR(environment_.store.CommitAndWait(std::move(set)).status());
  committed_ = written_;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> PackUpload::Flush(int64_t owner) {
  MutexLock lock(&mutex_);
  if (!complete_) {
    CAIRN_RETURN_IF_ERROR(CheckOwner(owner));
    if (!is_small() && written_ > committed_) CAIRN_RETURN_IF_ERROR(Checkpoint());
  }
  return complete_ ? digest_.size_bytes : committed_;
}

absl::Status PackUpload::Finish(int64_t owner) {
  MutexLock lock(&mutex_);
  if (complete_) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(CheckOwner(owner));
  return is_small() ? FinishSmall() : FinishInPack();
}

// Makes `entry` that of the blob. False when somebody else stored the blob meanwhile.
absl::StatusOr<bool> PackUpload::CommitEntry(const internal::BlobEntryRecord& entry) {
  environment_.leases.Storing();
  absl::Status committed;
  for (int attempt = 0; attempt < kMaxEntryConflicts; ++attempt) {
    CAIRN_ASSIGN_OR_RETURN(const EntryState state, LookUp());
    if (state.there) return false;
    storage::WriteSet set;
    PutEntry(digest_, state.revision, entry, set);
    if (recorded_) set.Delete(storage::UploadKey(uuid_));
    committed = environment_.store.CommitAndWait(std::move(set)).status();
    // A condemned entry may vanish, or another upload finish, in between.
    if (!HasReason(committed, ErrorReason::COMMIT_CONFLICT)) break;
  }
  maybe_named_ = maybe_named_ || absl::IsUnavailable(committed);
  CAIRN_RETURN_IF_ERROR(committed);
  return true;
}

absl::Status PackUpload::FinishSmall() {
  const Digest actual = DigestOf(small_);
  if (actual != digest_) {
    over_ = true;
    return DigestMismatch(digest_, actual);
  }
  CAIRN_RETURN_IF_ERROR(CommitEntry(InlineEntry(small_)).status());
  over_ = true;
  complete_ = true;
  small_ = std::string();
  return absl::OkStatus();
}

// Compares the digest, once: a commit that failed may be tried again.
absl::Status PackUpload::Verify() {
  if (verified_) return absl::OkStatus();
  const Digest actual = hasher_.Finish();
  verified_ = actual == digest_;
  if (verified_) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(Discard());
  return DigestMismatch(digest_, actual);
}

absl::Status PackUpload::FinishInPack() {
  if (!place_.has_value()) CAIRN_RETURN_IF_ERROR(Begin());  // nothing was sent
  CAIRN_RETURN_IF_ERROR(Verify());
  const int64_t data_offset = record_offset_ + PackFile::kRecordHeaderBytes;
  const std::vector<uint32_t> pieces = pieces_.Finish();
  const absl::StatusOr<int64_t> end = place_->pack->EndRecord(data_offset, digest_, pieces);
  if (!end.ok()) return Abandon(end.status());
  CAIRN_RETURN_IF_ERROR(Sync());

  CAIRN_ASSIGN_OR_RETURN(const bool stored, CommitEntry(PackedEntry(digest_, place_->pack->number(),
                                                                    data_offset, pieces)));
  if (!stored) {
    CAIRN_RETURN_IF_ERROR(Discard());
    return complete_ ? absl::OkStatus() : ChangedMeanwhile();
  }
  over_ = true;
  complete_ = true;
  environment_.packs.GiveBack({std::move(place_->pack), *end});
  place_.reset();
  return absl::OkStatus();
}

// Whether the blob's entry, usable or not, names the bytes of this upload.
absl::StatusOr<bool> PackUpload::IsNamedHere() const {
  const auto entry = ReadBlobEntry(*environment_.store.GetSnapshot(), digest_);
  if (absl::IsNotFound(entry.status())) return false;
  CAIRN_RETURN_IF_ERROR(entry.status());
  return entry->pack() == place_->pack->number() &&
         entry->data_offset() == record_offset_ + PackFile::kRecordHeaderBytes;
}

// Gives the place back, without this upload's bytes unless they are the blob's.
absl::Status PackUpload::LeavePlace() {
  CAIRN_ASSIGN_OR_RETURN(const bool named, IsNamedHere());
  PackPool::Place place = *std::exchange(place_, std::nullopt);
  place.end = record_offset_;
  if (named) {
    place.end += PackFile::RecordBytes(digest_.size_bytes);
  } else if (maybe_named_) {
    return absl::OkStatus();  // not written again before the next start, which knows
  } else {
    CAIRN_RETURN_IF_ERROR(place.pack->Truncate(record_offset_));
  }
  environment_.packs.GiveBack(std::move(place));
  return absl::OkStatus();
}

// Forgets the upload first: once its bytes are cut off the place is another's.
absl::Status PackUpload::Discard() {
  if (recorded_) {
    storage::WriteSet set;
    set.Delete(storage::UploadKey(uuid_)).FreesSpace();
    CAIRN_RETURN_IF_ERROR(environment_.store.CommitAndWait(std::move(set)).status());
    recorded_ = false;
  }
  over_ = true;
  CAIRN_ASSIGN_OR_RETURN(const EntryState state, LookUp());
  complete_ = state.there;
  if (claimed_pack_ != 0 && !place_.has_value()) {
    auto pack = environment_.packs.TakeClaimed(claimed_pack_, record_offset_, digest_);
    if (pack.ok()) place_.emplace(PackPool::Place{*std::move(pack), record_offset_});
    claimed_pack_ = 0;
  }
  return place_.has_value() ? LeavePlace() : absl::OkStatus();
}

void PackUpload::Detach(int64_t owner) {
  MutexLock lock(&mutex_);
  if (owner != owner_ || over_) return;
  has_stream_ = false;
  if (is_small() || (written_ == 0 && !recorded_)) {
    static_cast<void>(Discard());  // nothing to remember; a failure is cut off at the next start
  } else if (written_ > committed_) {
    static_cast<void>(Checkpoint());  // what is not durable is sent again
  }
}

absl::Status PackUpload::GiveUp(int64_t before) {
  MutexLock lock(&mutex_);
  if (over_ || update_unix_nanos_ >= before) return absl::OkStatus();
  ++owner_;
  return Discard();
}

int64_t PackUpload::offset() const {
  MutexLock lock(&mutex_);
  if (complete_) return digest_.size_bytes;
  return torn_ ? synced_ : written_;
}

UploadStatus PackUpload::status() const {
  MutexLock lock(&mutex_);
  return complete_ ? UploadStatus{digest_.size_bytes, true} : UploadStatus{committed_, false};
}

}  // namespace cairn::artifacts
