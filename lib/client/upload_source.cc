#include "lib/client/upload_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::client {

absl::StatusOr<UploadSource> UploadSource::OpenFile(const std::string& path) {
  UploadSource source("");
  source.path_ = path;
  source.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (source.fd_ < 0) return FileError(errno, "open", path);
  struct stat info {};
  if (::fstat(source.fd_, &info) != 0) return FileError(errno, "look at", path);
  if (S_ISDIR(info.st_mode)) return FileError(EISDIR, "read", path);
  if (!S_ISREG(info.st_mode)) return FileError(ESPIPE, "read", path);
  source.size_bytes_ = info.st_size;
  return source;
}

UploadSource::~UploadSource() {
  if (fd_ >= 0) ::close(fd_);
}

UploadSource::UploadSource(UploadSource&& other) noexcept
    : bytes_(other.bytes_),
      path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_bytes_(other.size_bytes_) {}

absl::StatusOr<size_t> UploadSource::ReadAt(int64_t offset, char* buffer, size_t size) const {
  if (fd_ < 0) {
    const std::string_view part =
        bytes_.substr(std::min(static_cast<size_t>(offset), bytes_.size()), size);
    std::memcpy(buffer, part.data(), part.size());
    return part.size();
  }
  return cairn::ReadAt(fd_, offset, buffer, size, path_);
}

absl::Status UploadSource::ForEachPart(
    size_t part_bytes, const std::function<absl::StatusOr<bool>(std::string_view)>& visit) const {
  std::string buffer(static_cast<size_t>(std::min(static_cast<int64_t>(part_bytes), size_bytes_)),
                     '\0');
  for (int64_t offset = 0; offset < size_bytes_;) {
    const auto wanted =
        static_cast<size_t>(std::min(static_cast<int64_t>(buffer.size()), size_bytes_ - offset));
    CAIRN_ASSIGN_OR_RETURN(const size_t have, ReadAt(offset, buffer.data(), wanted));
    if (have == 0) break;
    offset += static_cast<int64_t>(have);
    CAIRN_ASSIGN_OR_RETURN(const bool go_on, visit(std::string_view(buffer).substr(0, have)));
    if (!go_on) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> UploadSource::ReadString(int64_t offset, int64_t max_bytes) const {
  std::string bytes(static_cast<size_t>(max_bytes), '\0');
  CAIRN_ASSIGN_OR_RETURN(const size_t have, ReadAt(offset, bytes.data(), bytes.size()));
  bytes.resize(have);
  return bytes;
}

}  // namespace cairn::client
