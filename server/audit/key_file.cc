#include "server/audit/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "server/storage/store_directory.h"

namespace cairn::audit {
namespace {

constexpr int64_t kMostBytes = 4096;

absl::Status Unusable(const std::string& path, std::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::AUDIT_KEY_UNUSABLE,
               fmt::format("{}: {}", path, what))
      .With("path", path)
      .ToStatus();
}

// Writes a new file for the owner's eyes only, from its first byte on.
absl::Status WriteSynced(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return FileError(errno, "create", path);
  absl::Status written = ::fchmod(fd, S_IRUSR | S_IWUSR) == 0 ? WriteAllAt(fd, 0, text, path)
                                                              : FileError(errno, "protect", path);
  if (written.ok() && ::fsync(fd) != 0) written = FileError(errno, "sync", path);
  ::close(fd);
  return written;
}

std::string StagedPath(const std::string& data_dir) { return KeyPath(data_dir) + ".new"; }

absl::StatusOr<std::optional<SignerKey>> ReadKeyAt(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::optional<SignerKey>();
    return FileError(errno, "inspect", path);
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Unusable(path, fmt::format("it holds a private key and others may use it (mode {:03o}): "
                                      "chmod 600 {}",
                                      info.st_mode & 0777U, path));
  }
  CAIRN_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMostBytes));
  if (text.ends_with('\n')) text.pop_back();
  auto key = ParseSignerKey(text);
  if (!key) {
    return Unusable(path,
                    "it holds no key of an audit; put the right file back, or remove it to "
                    "go on with a new key, which the audit will say");
  }
  return key;
}

}  // namespace

std::string KeyPath(const std::string& data_dir) { return data_dir + "/audit-key"; }

absl::StatusOr<std::optional<SignerKey>> ReadKeyFile(const std::string& data_dir) {
  return ReadKeyAt(KeyPath(data_dir));
}

absl::StatusOr<std::optional<SignerKey>> ReadStagedKeyFile(const std::string& data_dir) {
  return ReadKeyAt(StagedPath(data_dir));
}

absl::Status StageKeyFile(const std::string& data_dir, const SignerKey& key) {
  CAIRN_RETURN_IF_ERROR(WriteSynced(StagedPath(data_dir), FormatSignerKey(key) + "\n"));
  return storage::SyncDirectory(data_dir);
}

absl::Status PlaceStagedKeyFile(const std::string& data_dir) {
  const std::string path = KeyPath(data_dir);
  if (std::rename(StagedPath(data_dir).c_str(), path.c_str()) != 0) {
    return FileError(errno, "replace", path);
  }
  return storage::SyncDirectory(data_dir);
}

absl::Status RemoveStagedKeyFile(const std::string& data_dir) {
  const std::string path = StagedPath(data_dir);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FileError(errno, "remove", path);
  return absl::OkStatus();
}

}  // namespace cairn::audit
