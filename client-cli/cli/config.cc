#include "client-cli/cli/config.h"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "client-cli/cli/command.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

absl::Status Invalid(const std::string& path, int line, std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::CONFIG_INVALID,
               fmt::format("{}:{}: {}", path, line, what))
      .With("path", path)
      .With("line", std::to_string(line));
}

const Flag* FindGlobal(const CommandTable& table, std::string_view name) {
  return table.FindFlag(nullptr, name);
}

absl::StatusOr<ConfigFile> ParseNode(const CommandTable& table, const std::string& path,
                                     const YAML::Node& root) {
  ConfigFile file{path, {}, false};
  if (root.IsNull()) return file;
  if (!root.IsMap()) return Invalid(path, root.Mark().line + 1, "must be a mapping of flags");
  for (const auto& entry : root) {
    const int line = entry.first.Mark().line + 1;
    const std::string key = entry.first.Scalar();
    const Flag* flag = FindGlobal(table, key);
    if (flag == nullptr) return Invalid(path, line, fmt::format("unknown key \"{}\"", key));
    if (key == "context" || key == "yes-protected") {
      return Invalid(path, line, key + " is for the command line and the environment");
    }
    if (!entry.second.IsScalar()) return Invalid(path, line, key + " must be a single value");
    const std::string value = entry.second.Scalar();
    if (absl::Status status = CheckFlagValue(*flag, value); !status.ok()) {
      return Invalid(path, line, std::string(status.message()));
    }
    file.values[key] = value;
  }
  return file;
}

std::optional<std::string> FindProjectFile(const std::string& directory) {
  std::error_code error;
  for (std::filesystem::path at = directory;; at = at.parent_path()) {
    const auto candidate = at / ".mlctl.yaml";
    if (std::filesystem::is_regular_file(candidate, error)) return candidate.string();
    if (at == at.parent_path()) return std::nullopt;
  }
}

std::optional<std::string> FindUserFile(const Environment& environment) {
  const auto directory = UserConfigDirectory(environment);
  if (!directory.has_value()) return std::nullopt;
  std::error_code error;
  const std::string candidate = *directory + "/config.yaml";
  if (!std::filesystem::is_regular_file(candidate, error)) return std::nullopt;
  return candidate;
}

// Reads one that may not be there.
absl::Status LoadFile(const CommandTable& table, const std::optional<std::string>& path,
                      bool of_project, std::vector<ConfigFile>& files) {
  if (!path) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(*path, 1 << 20));
  CAIRN_ASSIGN_OR_RETURN(ConfigFile file, ParseConfigFile(table, *path, text));
  file.of_project = of_project;
  files.push_back(std::move(file));
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> UserConfigDirectory(const Environment& environment) {
  if (const auto xdg = environment("XDG_CONFIG_HOME"); xdg && !xdg->empty()) {
    return *xdg + "/mlctl";
  }
  if (const auto home = environment("HOME"); home && !home->empty()) {
    return *home + "/.config/mlctl";
  }
  return std::nullopt;
}

std::string YamlText(std::string_view value) {
  std::string text = "'";
  for (const char c : value) text += c == '\'' ? std::string("''") : std::string(1, c);
  return text + "'";
}

absl::StatusOr<ConfigFile> ParseConfigFile(const CommandTable& table, const std::string& path,
                                           const std::string& text) {
  try {
    return ParseNode(table, path, YAML::Load(text));
  } catch (const YAML::Exception& exception) {
    return Invalid(path, exception.mark.line + 1, exception.msg);
  }
}

absl::StatusOr<std::vector<ConfigFile>> LoadConfigFiles(const CommandTable& table,
                                                        const std::string& directory,
                                                        const Environment& environment) {
  std::vector<ConfigFile> files;
  CAIRN_RETURN_IF_ERROR(LoadFile(table, FindProjectFile(directory), /*of_project=*/true, files));
  CAIRN_RETURN_IF_ERROR(LoadFile(table, FindUserFile(environment), /*of_project=*/false, files));
  return files;
}

}  // namespace cairn::cli
