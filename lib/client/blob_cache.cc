#include "lib/client/blob_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/client/file_copy.h"

namespace cairn::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinished = "tmp";
// After a sweep this much of the room is taken at most, so that not every insertion sweeps.
constexpr double kKeptShare = 0.9;
constexpr auto kUnfinishedAge = std::chrono::hours(1);
// The first line is what programs that make backups look for (bford.info/cachedir).
constexpr std::string_view kTag = "CACHEDIR.TAG";
constexpr std::string_view kTagText =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Blobs of Cairn by digest. Everything here can be fetched again.\n";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// What the tag in `directory` holds; nothing when there is none to read.
std::optional<std::string> ReadTag(const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory, kTag);
  const Descriptor tag(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  std::string text(kTagText.size() + 1, '\0');
  const ssize_t size = tag.get() < 0 ? -1 : ::pread(tag.get(), text.data(), text.size(), 0);
  if (size < 0) return std::nullopt;
  text.resize(static_cast<size_t>(size));
  return text;
}

// Everybody writes the same bytes, so it does not matter who does.
absl::Status WriteTag(const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory, kTag);
  const Descriptor tag(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (tag.get() < 0) return FileError(errno, "create", path);
  const ssize_t size = ::pwrite(tag.get(), kTagText.data(), kTagText.size(), 0);
  if (size == static_cast<ssize_t>(kTagText.size())) return absl::OkStatus();
  return FileError(size < 0 ? errno : ENOSPC, "write", path);
}

// Makes the directory a cache if it is empty. The tag comes before all else, so one that is
// not whole stands alone: another program is at it, or was stopped.
absl::Status Claim(const std::string& directory) {
  if (ReadTag(directory) == kTagText) return absl::OkStatus();
  bool others = false;
  std::error_code error;
  for (auto it = fs::directory_iterator(directory, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    others = others || it->path().filename() != kTag;
  }
  if (error) return FileError(error.value(), "list", directory);
  const std::string tag = ReadTag(directory).value_or("");
  if (tag == kTagText) return absl::OkStatus();
  if (!others && kTagText.starts_with(tag)) return WriteTag(directory);
  return InvalidField(ErrorReason::VALUE_INVALID, "cache_directory", directory,
                      "must be empty or a cache of Cairn: name another directory");
}

bool IsHex(std::string_view text, size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Whether PathOf makes such a name in the directory of `start`.
bool IsBlobName(std::string_view name, std::string_view start) {
  constexpr size_t kHexDigits = 64;
  constexpr size_t kMaxSizeDigits = 19;
  if (name.size() < kHexDigits + 2 || name[kHexDigits] != '-') return false;
  const std::string_view size = name.substr(kHexDigits + 1);
  return IsHex(name.substr(0, kHexDigits), kHexDigits) && name.starts_with(start) &&
         size.size() <= kMaxSizeDigits &&
         size.find_first_not_of("0123456789") == std::string::npos &&
         (size == "0" || size[0] != '0');
}

bool IsUnfinishedName(std::string_view name) {
  constexpr size_t kIdDigits = 32;
  return IsHex(name, kIdDigits);
}

// A file of the cache, and when it was used.
struct Entry {
  fs::file_time_type used;
  int64_t bytes = 0;
  fs::path path;
};

// The regular files of `directory`, itself no link, whose names are `wanted`. Files vanish
// while we look: whoever removed them, they are gone.
std::vector<Entry> FilesIn(const fs::path& directory,
                           const std::function<bool(std::string_view)>& wanted) {
  std::vector<Entry> entries;
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(directory, error))) return entries;
  for (auto it = fs::directory_iterator(directory, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    std::error_code gone;
    if (!wanted(it->path().filename().native())) continue;
    if (!fs::is_regular_file(it->symlink_status(gone)) || gone) continue;
    Entry entry{it->last_write_time(gone), static_cast<int64_t>(it->file_size(gone)), it->path()};
    if (!gone) entries.push_back(std::move(entry));
  }
  return entries;
}

// All blobs of the cache.
std::vector<Entry> BlobsIn(const std::string& directory) {
  std::vector<Entry> blobs;
  std::error_code error;
  for (auto it = fs::directory_iterator(directory, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    const std::string start = it->path().filename();
    if (!IsHex(start, 2)) continue;
    std::vector<Entry> files =
        FilesIn(it->path(), [&start](std::string_view name) { return IsBlobName(name, start); });
    std::move(files.begin(), files.end(), std::back_inserter(blobs));
  }
  return blobs;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return value == nullptr ? "" : value;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BlobCache>> BlobCache::Open(std::string directory,
                                                           int64_t max_bytes) {
  if (directory.empty()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "cache_directory", "",
                        "a directory is needed: set CAIRN_CACHE_DIR or HOME")
        .ToStatus();
  }
  const bool existed = ::access(directory.c_str(), F_OK) == 0;
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  if (!existed && ::chmod(directory.c_str(), 0700) != 0) {
    return FileError(errno, "protect", directory);
  }
  CAIRN_RETURN_IF_ERROR(Claim(directory));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(fmt::format("{}/{}", directory, kUnfinished)));
  return std::unique_ptr<BlobCache>(new BlobCache(std::move(directory), max_bytes));
}

std::string BlobCache::DefaultDirectory() {
  if (std::string own = Variable("CAIRN_CACHE_DIR"); !own.empty()) return own;
  if (const std::string all = Variable("XDG_CACHE_HOME"); !all.empty()) return all + "/cairn/blobs";
  const std::string home = Variable("HOME");
  return home.empty() ? "" : home + "/.cache/cairn/blobs";
}

std::string BlobCache::PathOf(const Digest& digest) const {
  const std::string hex = digest.Hex();
  return fmt::format("{}/{}/{}-{}", directory_, hex.substr(0, 2), hex, digest.size_bytes);
}

absl::StatusOr<bool> BlobCache::CopyTo(const Digest& digest, int fd) {
  const std::string path = PathOf(digest);
  const Descriptor source(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (source.get() < 0 || ::fstat(source.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  const auto copied = CopyAndHash(source.get(), fd, digest.size_bytes);
  if (copied.ok() && *copied == digest) {
    ::futimens(source.get(), nullptr);  // used now; at worst it goes a little early
    return true;
  }
  if (::ftruncate(fd, 0) != 0) return FileError(errno, "cut", "a copy");
  const bool damaged = copied.ok() || copied.status().code() == absl::StatusCode::kOutOfRange;
  if (!damaged) return copied.status();
  ::unlink(path.c_str());
  return false;
}

void BlobCache::Insert(const Digest& digest, int fd) {
  if (digest.size_bytes > max_bytes_) return;
  const std::string path = PathOf(digest);
  if (::access(path.c_str(), F_OK) == 0) return;
  const std::string unfinished =
      fmt::format("{}/{}/{}", directory_, kUnfinished, SystemIds().NewHexId());
  const Descriptor copy(
      ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444));
  if (copy.get() < 0) return;
  ::mkdir(path.substr(0, path.rfind('/')).c_str(), 0777);
  if (!CopyBytes(fd, copy.get(), digest.size_bytes).ok() ||
      ::rename(unfinished.c_str(), path.c_str()) != 0) {
    ::unlink(unfinished.c_str());
    return;
  }
  Account(digest.size_bytes);
}

void BlobCache::Account(int64_t bytes) {
  MutexLock lock(&mutex_);
  if (known_bytes_ >= 0) known_bytes_ += bytes;
  if (known_bytes_ < 0) known_bytes_ = Sweep(max_bytes_);
  if (known_bytes_ > max_bytes_) {
    known_bytes_ = Sweep(static_cast<int64_t>(static_cast<double>(max_bytes_) * kKeptShare));
  }
}

int64_t BlobCache::Sweep(int64_t limit) {
  std::error_code gone;
  const auto now = fs::file_time_type::clock::now();
  for (const Entry& entry : FilesIn(fs::path(directory_) / kUnfinished, IsUnfinishedName)) {
    if (now - entry.used > kUnfinishedAge) fs::remove(entry.path, gone);
  }
  std::vector<Entry> blobs = BlobsIn(directory_);
  int64_t total = 0;
  for (const Entry& blob : blobs) total += blob.bytes;
  std::sort(blobs.begin(), blobs.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& blob : blobs) {
    if (total <= limit) break;
    fs::remove(blob.path, gone);
    total -= blob.bytes;
  }
  return total;
}

}  // namespace cairn::client
