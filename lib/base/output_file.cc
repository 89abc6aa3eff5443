#include "lib/base/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <filesystem>
#include <optional>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn {
namespace {

constexpr int kMostLinks = 40;  // as the system's own limit
constexpr mode_t kPermissions = 07777;

// The number in /dev/fd/N and the like. Where that leads cannot be found by following links:
// they read "pipe:[123]".
std::optional<int> OwnDescriptor(std::string_view path) {
  for (const std::string& folder : {std::string("/dev/fd/"), std::string("/proc/self/fd/"),
                                    fmt::format("/proc/{}/fd/", ::getpid())}) {
    if (!path.starts_with(folder)) continue;
    const std::string_view digits = path.substr(folder.size());
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size()) return number;
  }
  return std::nullopt;
}

// The first name on the way from `path` along links that is none, or is an own descriptor.
absl::StatusOr<std::string> EndOfLinks(std::string_view path) {
  std::string at(path);
  for (int links = 0; links <= kMostLinks; ++links) {
    struct stat info {};
    if (OwnDescriptor(at) || ::lstat(at.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return at;
    std::string link(PATH_MAX, '\0');
    const ssize_t size = ::readlink(at.c_str(), link.data(), link.size());
    if (size < 0) return FileError(errno, "follow", path);
    link.resize(static_cast<size_t>(size));
    at = (std::filesystem::path(at).parent_path() / link).string();
  }
  return FileError(ELOOP, "follow", path);
}

}  // namespace

absl::StatusOr<OutputFile> OutputFile::Create(std::string_view path) {
  CAIRN_ASSIGN_OR_RETURN(const std::string target, EndOfLinks(path));
  OutputFile file(path);
  struct stat info {};
  const bool exists = ::stat(target.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return FileError(EISDIR, "write", path);
  if (OwnDescriptor(target) || (exists && !S_ISREG(info.st_mode))) {
    CAIRN_RETURN_IF_ERROR(file.OpenInPlace(target));
    return file;
  }
  CAIRN_RETURN_IF_ERROR(file.OpenBeside(target));
  if (exists && ::fchmod(file.fd_, info.st_mode & kPermissions) != 0) {
    return FileError(errno, "set the permissions of", path);
  }
  return file;
}

absl::Status OutputFile::OpenInPlace(const std::string& target) {
  const std::optional<int> own = OwnDescriptor(target);
  fd_ = own ? ::fcntl(*own, F_DUPFD_CLOEXEC, 0)
            : ::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  return fd_ < 0 ? FileError(errno, "open", path_) : absl::OkStatus();
}

absl::Status OutputFile::OpenBeside(const std::string& target) {
  const std::string temporary = fmt::format("{}.{}.tmp", target, ::getpid());
  ::unlink(temporary.c_str());  // of a process that had this number before
  fd_ = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd_ < 0) return FileError(errno, "create", path_);
  target_ = target;
  temporary_ = temporary;
  return absl::OkStatus();
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

absl::Status OutputFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "write", path_);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Sync() {
  if (!temporary_.empty() && ::fsync(fd_) != 0) return FileError(errno, "sync", path_);
  return absl::OkStatus();
}

absl::Status OutputFile::Close() {
  if (::close(std::exchange(fd_, -1)) != 0) return FileError(errno, "write", path_);
  if (temporary_.empty()) return absl::OkStatus();
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return FileError(errno, "rename", path_);
  temporary_.clear();
  return absl::OkStatus();
}

}  // namespace cairn
