#include "server/storage/witnessed_files.h"

#include <charconv>
#include <string>

#include "server/storage/crc32c.h"

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
  WitnessedFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, SyncedKind kind, uint64_t number,
                SyncedFiles& synced)
      : FSWritableFileOwnerWrapper(std::move(file)), synced_(synced) {
    written_.kind = kind;
    written_.number = number;
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    return Count(data, FSWritableFileOwnerWrapper::Append(data, options, debug));
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
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

 private:
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
    synced_.Tell(written_);
    if (written_.kind == SyncedKind::kManifest) synced_.Sync();  // seldom, and in the background
    return status;
  }

  SyncedFiles& synced_;
  SyncedFile written_;
  bool failed_ = false;
};

class WitnessedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  WitnessedFileSystem(std::shared_ptr<rocksdb::FileSystem> target, SyncedFiles& synced)
      : FileSystemWrapper(std::move(target)), synced_(synced) {}

  const char* Name() const override { return "CairnWitnessedFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    const auto parsed = ParseSyncedName(name);
    if (status.ok() && parsed) {
      *result = std::make_unique<WitnessedFile>(std::move(*result), parsed->first, parsed->second,
                                                synced_);
    }
    return status;
  }

  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (const auto parsed = ParseSyncedName(name)) synced_.Forget(parsed->first, parsed->second);
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }

 private:
  SyncedFiles& synced_;
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

std::shared_ptr<rocksdb::FileSystem> MakeWitnessedFiles(std::shared_ptr<rocksdb::FileSystem> target,
                                                        SyncedFiles& synced) {
  return std::make_shared<WitnessedFileSystem>(std::move(target), synced);
}

}  // namespace cairn::storage
