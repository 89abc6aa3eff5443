#include "client-cli/cli/policy_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "client-cli/cli/command.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

bool HasContent(std::string_view text) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line[first] != '#') return true;
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  return false;
}

bool IsSeparator(std::string_view line) {
  if (line.substr(0, 3) != "---") return false;
  return line.find_first_not_of(" \t\r", 3) == std::string_view::npos || line[3] == ' ';
}

}  // namespace

std::vector<std::string> SplitDocuments(std::string_view text) {
  std::vector<std::string> documents;
  std::string current;
  size_t line_number = 0;
  const auto finish = [&] {
    if (HasContent(current)) documents.push_back(current);
    current.assign(line_number, '\n');
  };
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    ++line_number;
    if (IsSeparator(line)) {
      finish();
    } else {
      current += line;
      current += '\n';
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  finish();
  return documents;
}

absl::StatusOr<std::string> ReadStandardInput(int64_t max_bytes) {
  std::string bytes;
  std::string buffer(1 << 16, '\0');
  while (true) {
    const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "read", "standard input");
    if (n == 0) return bytes;
    bytes.append(buffer, 0, static_cast<size_t>(n));
    if (static_cast<int64_t>(bytes.size()) > max_bytes) {
      return Error(absl::StatusCode::kOutOfRange, ErrorReason::FILE_TOO_LARGE,
                   fmt::format("the standard input is longer than {} bytes", max_bytes))
          .With("limitBytes", std::to_string(max_bytes))
          .ToStatus();
    }
  }
}

absl::StatusOr<std::vector<PolicyDocument>> ReadPolicyDocuments(const std::string& path) {
  std::vector<std::string> files = {path};
  std::error_code error;
  if (path != "-" && std::filesystem::is_directory(path, error)) {
    files.clear();
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      const auto extension = entry.path().extension();
      if (extension == ".yaml" || extension == ".yml") files.push_back(entry.path().string());
    }
    if (error) return FileError(error.value(), "list", path);
    std::sort(files.begin(), files.end());
  }
  std::vector<PolicyDocument> documents;
  for (const std::string& file : files) {
    auto text = file == "-" ? ReadStandardInput(1 << 24) : ReadFile(file, 1 << 24);
    if (!text.ok()) return text.status();
    if (!IsValidUtf8(*text)) {
      return UsageError(fmt::format("{} is not UTF-8", file == "-" ? "the standard input" : file));
    }
    for (std::string& source : SplitDocuments(*text)) {
      documents.push_back({file, std::move(source)});
    }
  }
  if (documents.empty()) return UsageError(fmt::format("{} holds no YAML document", path));
  return documents;
}

}  // namespace cairn::cli
