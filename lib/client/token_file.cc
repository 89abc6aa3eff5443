#include "lib/client/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

// A token and blanks around it.
constexpr size_t kMostBytes = 4096;

absl::Status CheckClosed(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return FileError(errno, "inspect", path);
  if (!S_ISREG(info.st_mode) || (info.st_mode & 077U) == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, ErrorReason::TOKEN_FILE_OPEN,
               fmt::format("{} holds a token and others may read it (mode {:03o}): chmod 600 {}",
                           path, info.st_mode & 0777U, path))
      .With("path", path)
      .ToStatus();
}

absl::StatusOr<std::string> ReadAtMost(int fd, size_t most, const std::string& path) {
  std::string text(most, '\0');
  size_t have = 0;
  while (have < most) {
    const ssize_t n = ::read(fd, text.data() + have, most - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "read", path);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  text.resize(have);
  return text;
}

absl::Status Holds(const std::string& path, std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID,
               fmt::format("{} must hold a token and nothing else: {}", path, what))
      .With("path", path)
      .Field("token_file", "must hold a token and nothing else");
}

}  // namespace

absl::Status CheckToken(std::string_view token) {
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!token.empty() && token.size() <= kMaxTokenBytes && printable) return absl::OkStatus();
  const std::string rule =
      fmt::format("must be 1 to {} characters of printable ASCII without blanks", kMaxTokenBytes);
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID, "the token " + rule)
      .With("field", "token")
      .Field("token", rule);
}

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError(errno, "open", path);
  absl::Status closed = CheckClosed(fd, path);
  absl::StatusOr<std::string> text = closed.ok() ? ReadAtMost(fd, kMostBytes + 1, path) : closed;
  ::close(fd);
  CAIRN_RETURN_IF_ERROR(text.status());
  if (text->size() > kMostBytes) return Holds(path, "it is too large");
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text->find_first_not_of(kBlanks);
  if (begin == std::string::npos) return Holds(path, "it is empty");
  const std::string token = text->substr(begin, text->find_last_not_of(kBlanks) + 1 - begin);
  if (token.find_first_of(kBlanks) != std::string::npos)
    return Holds(path, "it holds several words");
  CAIRN_RETURN_IF_ERROR(CheckToken(token));
  return token;
}

}  // namespace cairn::client
