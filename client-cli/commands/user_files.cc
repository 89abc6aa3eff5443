#include "client-cli/commands/user_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "client-cli/cli/command.h"
#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

bool IsKey(std::string_view line, std::string_view key) {
  return line.starts_with(key) && line.substr(key.size()).starts_with(":");
}

}  // namespace

absl::StatusOr<std::string> ConfigDirectory(const Session& session) {
  if (auto directory = UserConfigDirectory(session.environment())) return *std::move(directory);
  return UsageError("neither XDG_CONFIG_HOME nor HOME is set: there is no place for a token");
}

absl::Status WriteSecret(const std::string& path, const std::string& text) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  const mode_t before = ::umask(S_IRWXG | S_IRWXO);
  absl::Status written = WriteFileAtomically(path, text);
  ::umask(before);
  return written;
}

absl::Status EditConfig(const std::string& path,
                        const std::vector<std::pair<std::string, std::string>>& keys) {
  std::error_code ignored;
  std::string old;
  if (std::filesystem::exists(path, ignored)) {
    CAIRN_ASSIGN_OR_RETURN(old, ReadFile(path, 1 << 20));
  }
  std::string text;
  for (size_t at = 0; at < old.size();) {
    const size_t end = std::min(old.find('\n', at), old.size());
    const std::string line = old.substr(at, end - at);
    at = end + 1;
    bool replaced = false;
    for (const auto& [key, value] : keys) replaced = replaced || IsKey(line, key);
    if (!replaced) text += line + '\n';
  }
  for (const auto& [key, value] : keys) {
    if (!value.empty()) text += fmt::format("{}: {}\n", key, YamlText(value));
  }
  return WriteFileAtomically(path, text);
}

}  // namespace cairn::cli
