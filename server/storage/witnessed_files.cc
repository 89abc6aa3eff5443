#include "server/storage/witnessed_files.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>

#include "server/storage/crc32c.h"
#include "server/storage/store_directory.h"

namespace cairn::storage {
namespace {

constexpr std::string_view kLogSuffix = ".log";
constexpr std::string_view kManifestPrefix = "MANIFEST-";

std::string_view LastPart(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::optional<uint64_t> ParseNumber(std::string_view digits) {
  uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

// One log or MANIFEST that is being written. RocksDB writes and syncs a file from one thread at
// a time.
class WitnessedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WitnessedFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::string path, SyncedKind kind,
                uint64_t number, SyncedFiles& synced)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), synced_(synced) {
    written_.kind = kind;
    written_.number = number;
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    Extend(data.size());
    return Count(data, FSWritableFileOwnerWrapper::Append(data, options, debug));
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
    Extend(data.size());
    return Count(data, FSWritableFileOwnerWrapper::Append(data, options, verification, debug));
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    return Synced(FSWritableFileOwnerWrapper::Sync(options, debug));
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return Synced(FSWritableFileOwnerWrapper::Fsync(options, debug));
  }
  // Where there is little room, a log that is allocated ahead takes what the ballast needs to
  // be whole for the next start.
  void SetPreallocationBlockSize(size_t size) override {
    const auto space = SpaceAt(std::filesystem::path(path_).parent_path());
    const bool scarce = space.ok() && space->free_bytes < static_cast<int64_t>(4 * size);
    FSWritableFileOwnerWrapper::SetPreallocationBlockSize(
        written_.kind == SyncedKind::kLog && scarce ? 0 : size);
  }

  rocksdb::IOStatus Close(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FSWritableFileOwnerWrapper::Close(options, debug);
    if (extended_to_ > 0 && !failed_) Resize(written_.bytes);
    extended_to_ = 0;
    return status;
  }

 private:
  // The file is longer than what is in it with the next bytes. RocksDB writes at its own place,
  // not at the end.
  void Extend(size_t more) {
    const uint64_t end = written_.bytes + more + 1;
    if (end <= extended_to_) return;
    extended_to_ = (end + kFileStepBytes - 1) / kFileStepBytes * kFileStepBytes;
    Resize(extended_to_);
  }

  // A file with another size than it should have is judged more strictly when it is found.
  void Resize(uint64_t bytes) {
    static_cast<void>(::truncate(path_.c_str(), static_cast<off_t>(bytes)) == 0);
  }

  rocksdb::IOStatus Count(const rocksdb::Slice& data, rocksdb::IOStatus status) {
    if (status.ok()) {
      written_.bytes += data.size();
      written_.crc = Crc32c({data.data(), data.size()}, written_.crc);
    } else {
      failed_ = true;  // a part of the data may be in the file
    }
    return status;
  }

  rocksdb::IOStatus Synced(rocksdb::IOStatus status) {
    if (!status.ok()) failed_ = true;
    if (failed_ || written_.bytes == 0) return status;
    synced_.Record(written_);
    if (written_.kind == SyncedKind::kManifest) synced_.Sync();  // seldom, and in the background
    return status;
  }

  const std::string path_;
  SyncedFiles& synced_;
  SyncedFile written_;
  uint64_t extended_to_ = 0;
  bool failed_ = false;
};

// The begin of a file.
class FileBegin final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  FileBegin(std::unique_ptr<rocksdb::FSSequentialFile>&& file, uint64_t bytes)
      : FSSequentialFileOwnerWrapper(std::move(file)), left_(bytes) {}

  rocksdb::IOStatus Read(size_t n, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                         char* scratch, rocksdb::IODebugContext* debug) override {
    const size_t wanted = std::min<uint64_t>(n, left_);
    rocksdb::IOStatus status =
        FSSequentialFileOwnerWrapper::Read(wanted, options, result, scratch, debug);
    if (status.ok()) left_ -= std::min<uint64_t>(left_, result->size());
    return status;
  }
  rocksdb::IOStatus Skip(uint64_t n) override {
    const uint64_t skipped = std::min(n, left_);
    left_ -= skipped;
    return FSSequentialFileOwnerWrapper::Skip(skipped);
  }

 private:
  uint64_t left_;
};

class WitnessedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  WitnessedFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target, SyncedFiles& synced,
                      std::vector<SyncedFile> readable, std::function<void()> on_removed)
      : FileSystemWrapper(target),
        synced_(synced),
        readable_(std::move(readable)),
        on_removed_(std::move(on_removed)) {}

  const char* Name() const override { return "CairnWitnessedFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    const auto parsed = ParseSyncedName(name);
    if (status.ok() && parsed) {
      *result = std::make_unique<WitnessedFile>(std::move(*result), name, parsed->first,
                                                parsed->second, synced_);
    }
    return status;
  }

  // Only to cut a log. RocksDB goes on when that fails; the log is then cut at another start.
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* debug) override {
    if (ParseSyncedName(name)) {
      const absl::Status settled = synced_.Checkpoint();
      if (!settled.ok()) return rocksdb::IOStatus::IOError(std::string(settled.message()));
    }
    return FileSystemWrapper::ReopenWritableFile(name, options, result, debug);
  }

  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewSequentialFile(name, options, result, debug);
    const SyncedFile* readable = Readable(name);
    if (status.ok() && readable != nullptr) {
      *result = std::make_unique<FileBegin>(std::move(*result), readable->bytes);
    }
    return status;
  }

  rocksdb::IOStatus GetFileSize(const std::string& name, const rocksdb::IOOptions& options,
                                uint64_t* size, rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::GetFileSize(name, options, size, debug);
    const SyncedFile* readable = Readable(name);
    if (status.ok() && readable != nullptr) *size = std::min(*size, readable->bytes);
    return status;
  }

  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (const auto parsed = ParseSyncedName(name)) synced_.Forget(parsed->first, parsed->second);
    rocksdb::IOStatus status = FileSystemWrapper::DeleteFile(name, options, debug);
    if (status.ok()) on_removed_();
    return status;
  }

 private:
  const SyncedFile* Readable(const std::string& name) const {
    const auto parsed = ParseSyncedName(name);
    if (!parsed) return nullptr;
    const auto found =
        std::find_if(readable_.begin(), readable_.end(), [&](const SyncedFile& file) {
          return file.kind == parsed->first && file.number == parsed->second;
        });
    return found == readable_.end() ? nullptr : &*found;
  }

  SyncedFiles& synced_;
  const std::vector<SyncedFile> readable_;  // few
  const std::function<void()> on_removed_;
};

}  // namespace

std::optional<std::pair<SyncedKind, uint64_t>> ParseSyncedName(std::string_view path) {
  const std::string_view name = LastPart(path);
  std::optional<uint64_t> number;
  SyncedKind kind = SyncedKind::kManifest;
  if (name.substr(0, kManifestPrefix.size()) == kManifestPrefix) {
    number = ParseNumber(name.substr(kManifestPrefix.size()));
  } else if (name.size() > kLogSuffix.size() &&
             name.substr(name.size() - kLogSuffix.size()) == kLogSuffix) {
    kind = SyncedKind::kLog;
    number = ParseNumber(name.substr(0, name.size() - kLogSuffix.size()));
  }
  if (!number) return std::nullopt;
  return std::pair(kind, *number);
}

std::optional<uint64_t> ParseCurrent(std::string_view content) {
  if (content.substr(0, kManifestPrefix.size()) != kManifestPrefix || content.back() != '\n') {
    return std::nullopt;
  }
  content.remove_prefix(kManifestPrefix.size());
  content.remove_suffix(1);
  return ParseNumber(content);
}

std::shared_ptr<rocksdb::FileSystem> MakeWitnessedFiles(
    const std::shared_ptr<rocksdb::FileSystem>& target, SyncedFiles& synced,
    std::vector<SyncedFile> readable, std::function<void()> on_removed) {
  return std::make_shared<WitnessedFileSystem>(target, synced, std::move(readable),
                                               std::move(on_removed));
}

}  // namespace cairn::storage
