#include "lib/client/blob_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
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
  struct Entry {
    fs::file_time_type used;
    int64_t bytes;
    fs::path path;
  };
  std::vector<Entry> entries;
  int64_t total = 0;
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  // Files vanish while we look: whoever removed them, they are gone.
  for (auto it = fs::recursive_directory_iterator(directory_, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code gone;
    if (!it->is_regular_file(gone) || gone) continue;
    const auto bytes = static_cast<int64_t>(it->file_size(gone));
    const auto used = it->last_write_time(gone);
    if (gone) continue;
    if (it->path().parent_path().filename() == kUnfinished) {
      if (now - used > kUnfinishedAge) fs::remove(it->path(), gone);
      continue;
    }
    total += bytes;
    entries.push_back({used, bytes, it->path()});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (total <= limit) break;
    std::error_code gone;
    fs::remove(entry.path, gone);
    total -= entry.bytes;
  }
  return total;
}

}  // namespace cairn::client
