#include "client-cli/cli/contexts.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "client-cli/cli/command.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;
constexpr std::string_view kNoContext = "none";

absl::Status Invalid(const std::string& path, const YAML::Mark& at, std::string_view what) {
  const int line = at.line + 1;
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::CONFIG_INVALID,
               fmt::format("{}:{}: {}", path, line, what))
      .With("path", path)
      .With("line", std::to_string(line));
}

absl::StatusOr<Context> ParseContext(const CommandTable& table, const std::string& path,
                                     const YAML::Node& node) {
  if (!node.IsMap()) return Invalid(path, node.Mark(), "a context must be a mapping");
  Context context;
  for (const auto& entry : node) {
    const std::string key = entry.first.Scalar();
    const YAML::Mark at = entry.first.Mark();
    if (!entry.second.IsScalar()) return Invalid(path, at, key + " must be a single value");
    const std::string value = entry.second.Scalar();
    if (key == "protect") {
      const auto protect = ParseSwitch(key, value);
      if (!protect.ok()) return Invalid(path, at, std::string(protect.status().message()));
      context.protect = *protect;
      continue;
    }
    const Flag* flag = IsConnectionFlag(key) ? table.FindFlag(nullptr, key) : nullptr;
    if (flag == nullptr) return Invalid(path, at, fmt::format("unknown key \"{}\"", key));
    if (absl::Status status = CheckFlagValue(*flag, value); !status.ok()) {
      return Invalid(path, at, std::string(status.message()));
    }
    context.values[key] = value;
  }
  if (!context.values.contains("server")) {
    return Invalid(path, node.Mark(), "a context must have a server");
  }
  return context;
}

absl::StatusOr<Contexts> ParseRoot(const CommandTable& table, const std::string& path,
                                   const YAML::Node& root) {
  Contexts contexts{path, "", {}};
  if (root.IsNull()) return contexts;
  if (!root.IsMap()) return Invalid(path, root.Mark(), "must be a mapping");
  for (const auto& entry : root) {
    const std::string key = entry.first.Scalar();
    if (key == "current" && entry.second.IsScalar()) {
      contexts.current = entry.second.Scalar();
    } else if (key == "contexts" && entry.second.IsMap()) {
      for (const auto& named : entry.second) {
        const std::string name = named.first.Scalar();
        if (const absl::Status status = CheckContextName(name); !status.ok()) {
          return Invalid(path, named.first.Mark(), std::string(status.message()));
        }
        CAIRN_ASSIGN_OR_RETURN(contexts.by_name[name], ParseContext(table, path, named.second));
      }
    } else {
      return Invalid(path, entry.first.Mark(), fmt::format("unknown key \"{}\"", key));
    }
  }
  if (!contexts.current.empty() && !contexts.by_name.contains(contexts.current)) {
    return Invalid(path, root.Mark(),
                   fmt::format("there is no context \"{}\", which is in use", contexts.current));
  }
  return contexts;
}

// The value of a flag on the command line or in the environment; empty if it has none.
std::string Said(std::string_view flag, const Invocation& invocation,
                 const Environment& environment) {
  const auto given = invocation.flags.find(flag);
  if (given != invocation.flags.end() && !given->second.empty()) return given->second.back();
  return environment(command_line::VariableName(kVariablePrefix, flag)).value_or("");
}

void ForgetServer(ConfigFile& file) {
  std::erase_if(file.values, [](const auto& entry) { return IsConnectionFlag(entry.first); });
}

ConfigFile FileOf(const Contexts& contexts, const std::string& name) {
  ConfigFile file{fmt::format("context {}", name), contexts.by_name.find(name)->second.values};
  file.values["context"] = name;
  return file;
}

}  // namespace

std::string Contexts::ProtectedBy(std::string_view name, std::string_view server) const {
  const auto named = by_name.find(name);
  if (named != by_name.end() && named->second.protect) return named->first;
  for (const auto& [other, context] : by_name) {
    const auto at = context.values.find("server");
    if (context.protect && at != context.values.end() && at->second == server) return other;
  }
  return "";
}

bool IsConnectionFlag(std::string_view flag) {
  return flag == "server" || flag == "principal" || flag == "token-file" || flag == "tls" ||
         flag.starts_with("tls-");
}

absl::Status CheckContextName(std::string_view name) {
  constexpr size_t kMost = 64;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool good = !name.empty() && name.size() <= kMost && name != kNoContext &&
                    is_word(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
                      return is_word(c) || c == '.' || c == '_' || c == '-';
                    });
  if (good) return absl::OkStatus();
  return InvalidField(ErrorReason::NAME_INVALID, "context", name,
                      "must be 1 to 64 letters, digits, '.', '_' and '-', begin with a letter or "
                      "digit, and not be none");
}

absl::StatusOr<Contexts> ParseContexts(const CommandTable& table, const std::string& path,
                                       const std::string& text) {
  try {
    return ParseRoot(table, path, YAML::Load(text));
  } catch (const YAML::Exception& exception) {
    return Invalid(path, exception.mark, exception.msg);
  }
}

std::string FormatContexts(const Contexts& contexts) {
  std::string text;
  if (!contexts.current.empty()) text = fmt::format("current: {}\n", YamlText(contexts.current));
  if (!contexts.by_name.empty()) text += "contexts:\n";
  for (const auto& [name, context] : contexts.by_name) {
    text += fmt::format("  {}:\n", YamlText(name));
    if (context.protect) text += "    protect: true\n";
    for (const auto& [key, value] : context.values) {
      text += fmt::format("    {}: {}\n", key, YamlText(value));
    }
  }
  return text;
}

absl::StatusOr<Contexts> LoadContexts(const CommandTable& table, const Environment& environment) {
  const auto directory = UserConfigDirectory(environment);
  if (!directory.has_value()) return Contexts();
  const std::string path = *directory + "/contexts.yaml";
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return Contexts{path, "", {}};
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  return ParseContexts(table, path, text);
}

absl::Status SaveContexts(const Contexts& contexts) {
  if (contexts.path.empty()) {
    return UsageError("neither XDG_CONFIG_HOME nor HOME is set: there is no place for contexts");
  }
  CAIRN_RETURN_IF_ERROR(
      MakeDirectories(std::filesystem::path(contexts.path).parent_path().string()));
  return WriteFileAtomically(contexts.path, FormatContexts(contexts));
}

absl::StatusOr<std::vector<ConfigFile>> WithContext(const Contexts& contexts,
                                                    const Invocation& invocation,
                                                    const Environment& environment,
                                                    std::vector<ConfigFile> files) {
  const std::string named = Said("context", invocation, environment);
  const std::string server = Said("server", invocation, environment);
  if (!named.empty()) {
    if (!server.empty()) {
      return UsageError(fmt::format(
          "the context {} has a server of its own: leave out --context (MLCTL_CONTEXT) or "
          "--server (MLCTL_SERVER)",
          named));
    }
    if (!contexts.by_name.contains(named)) {
      return UsageError(
          fmt::format("there is no context \"{}\"; `mlctl context list` shows them", named));
    }
    for (ConfigFile& file : files) ForgetServer(file);
    files.insert(files.begin(), FileOf(contexts, named));
    return files;
  }
  const auto project = std::find_if(files.begin(), files.end(),
                                    [](const ConfigFile& file) { return file.of_project; });
  const bool project_says = project != files.end() && project->values.contains("server");
  if (contexts.current.empty() || !server.empty() || project_says) return files;
  for (ConfigFile& file : files) {
    if (!file.of_project) ForgetServer(file);
  }
  files.insert(project == files.end() ? files.begin() : project + 1,
               FileOf(contexts, contexts.current));
  return files;
}

}  // namespace cairn::cli
