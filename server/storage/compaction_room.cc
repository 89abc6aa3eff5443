#include "server/storage/compaction_room.h"

#include <utility>

#include "server/storage/rocks_open.h"

namespace cairn::storage {
namespace {

using Room = std::shared_ptr<CompactionRoom>;

rocksdb::IOStatus NoRoom() {
  return rocksdb::IOStatus::NoSpace("a compaction may not take the last room of the volume");
}

// One file of a compaction.
class CompactedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  CompactedFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, Room room)
      : FSWritableFileOwnerWrapper(std::move(file)), room_(std::move(room)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus room = room_->CheckWrite(static_cast<int64_t>(data.size()));
    return room.ok() ? FSWritableFileOwnerWrapper::Append(data, options, debug) : room;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus room = room_->CheckWrite(static_cast<int64_t>(data.size()));
    return room.ok() ? FSWritableFileOwnerWrapper::Append(data, options, verification, debug)
                     : room;
  }

 private:
  const Room room_;
};

class RoomKeepingFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  RoomKeepingFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target,
                        std::shared_ptr<CompactionRoom> room)
      : FileSystemWrapper(target), room_(std::move(room)) {}

  const char* Name() const override { return "CairnRoomKeepingFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    const bool compacted = room_->Takes(name);
    if (compacted) {
      rocksdb::IOStatus room = room_->CheckBegin();
      if (!room.ok()) return room;
    }
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    if (status.ok() && compacted) {
      *result = std::make_unique<CompactedFile>(std::move(*result), room_);
    }
    return status;
  }

 private:
  const std::shared_ptr<CompactionRoom> room_;
};

}  // namespace

CompactionRoom::CompactionRoom(FreeBytes free_bytes, int64_t kept_bytes)
    : free_bytes_(std::move(free_bytes)), kept_bytes_(kept_bytes) {}

std::shared_ptr<rocksdb::FileSystem> CompactionRoom::Files(
    const std::shared_ptr<rocksdb::FileSystem>& target) {
  return std::make_shared<RoomKeepingFileSystem>(target, shared_from_this());
}

rocksdb::IOStatus CompactionRoom::CheckBegin() const {
  const absl::StatusOr<int64_t> free_bytes = free_bytes_();
  if (!free_bytes.ok()) return rocksdb::IOStatus::OK();
  MutexLock lock(&mutex_);
  const bool paused =
      std::chrono::steady_clock::now() < next_try_ && *free_bytes <= failed_with_ + kept_bytes_ / 4;
  return paused || *free_bytes < kept_bytes_ ? NoRoom() : rocksdb::IOStatus::OK();
}

rocksdb::IOStatus CompactionRoom::CheckWrite(int64_t bytes) {
  const absl::StatusOr<int64_t> free_bytes = free_bytes_();
  if (!free_bytes.ok() || *free_bytes - bytes >= kept_bytes_) return rocksdb::IOStatus::OK();
  MutexLock lock(&mutex_);
  failed_with_ = begun_with_;
  next_try_ = std::chrono::steady_clock::now() + kPause;
  return NoRoom();
}

void CompactionRoom::OnCompactionBegin(rocksdb::DB*, const rocksdb::CompactionJobInfo&) {
  const absl::StatusOr<int64_t> free_bytes = free_bytes_();
  MutexLock lock(&mutex_);
  begun_with_ = free_bytes.value_or(0);
}

bool CompactionRoom::Takes(const std::string& path) {
  MutexLock lock(&mutex_);
  return announced_.erase(path) != 0;
}

void CompactionRoom::OnTableFileCreationStarted(const rocksdb::TableFileCreationBriefInfo& info) {
  if (info.reason != rocksdb::TableFileCreationReason::kCompaction) return;
  MutexLock lock(&mutex_);
  announced_.insert(info.file_path);
}

void CompactionRoom::OnBackgroundError(rocksdb::BackgroundErrorReason reason,
                                       rocksdb::Status* error) {
  if (reason == rocksdb::BackgroundErrorReason::kCompaction && IsOutOfSpace(*error)) {
    *error = rocksdb::Status::OK();
  }
}

}  // namespace cairn::storage
