#include "lib/command_line/settings.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/flag_values.h"

namespace cairn::command_line {
namespace {

// What the first of `files` that has the flag says of it.
std::optional<Settings::Value> FromFiles(const Flag& flag, const std::vector<ConfigFile>& files) {
  for (const ConfigFile& file : files) {
    if (const auto list = file.lists.find(flag.name); list != file.lists.end()) {
      return Settings::Value{list->second, file.path};
    }
    if (const auto entry = file.values.find(flag.name); entry != file.values.end()) {
      return Settings::Value{{entry->second}, file.path};
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Settings> Settings::Resolve(const CommandTable& table, const Invocation& invocation,
                                           const Environment& environment,
                                           const std::vector<ConfigFile>& files) {
  Settings settings;
  const auto resolve = [&](const Flag& flag, bool global) -> absl::Status {
    const auto [at, is_new] = settings.values_.try_emplace(std::string(flag.name));
    if (!is_new) return absl::OkStatus();
    Value& value = at->second;
    if (const auto given = invocation.flags.find(flag.name); given != invocation.flags.end()) {
      value = {given->second, fmt::format("--{}", flag.name)};
      return absl::OkStatus();
    }
    const std::string variable = table.VariableOf(flag);
    const auto set = variable.empty() ? std::nullopt : environment(variable);
    if (set && !set->empty()) {
      if (absl::Status status = CheckFlagValue(flag, *set); !status.ok()) {
        return UsageErrorOf(flag, *set,
                            fmt::format("{}: {}", variable, std::string(status.message())));
      }
      value = {{*set}, variable};
      return absl::OkStatus();
    }
    if (auto read = global ? FromFiles(flag, files) : std::nullopt) {
      value = *std::move(read);
      return absl::OkStatus();
    }
    if (flag.required) {
      return UsageErrorOf(
          flag, "",
          fmt::format("{} needs --{} {}", invocation.command->path, flag.name, flag.value));
    }
    value.origin = "default";
    if (!flag.fallback.empty()) value.values = {std::string(flag.fallback)};
    return absl::OkStatus();
  };
  if (invocation.command != nullptr) {
    for (const Flag& flag : invocation.command->flags) {
      CAIRN_RETURN_IF_ERROR(resolve(flag, false));
    }
  }
  for (const Flag& flag : table.global_flags) CAIRN_RETURN_IF_ERROR(resolve(flag, true));
  return settings;
}

const Settings::Value& Settings::Find(std::string_view flag) const {
  static const Value kUnset;
  const auto it = values_.find(flag);
  return it == values_.end() ? kUnset : it->second;
}

std::string Settings::Text(std::string_view flag) const {
  const Value& value = Find(flag);
  return value.values.empty() ? "" : value.values.back();
}

bool Settings::Switch(std::string_view flag) const {
  return ParseSwitch(flag, Text(flag)).value_or(false);
}

int64_t Settings::Integer(std::string_view flag) const {
  return std::strtoll(Text(flag).c_str(), nullptr, 10);
}

uint64_t Settings::Unsigned(std::string_view flag) const {
  return std::strtoull(Text(flag).c_str(), nullptr, 10);
}

double Settings::Number(std::string_view flag) const { return ParseNumber(Text(flag)).value_or(0); }

int64_t Settings::Millis(std::string_view flag) const {
  return ParseDurationMillis(Text(flag)).value_or(0);
}

int64_t Settings::Bytes(std::string_view flag) const { return ParseSize(Text(flag)).value_or(0); }

const std::vector<std::string>& Settings::List(std::string_view flag) const {
  return Find(flag).values;
}

bool Settings::IsGiven(std::string_view flag) const {
  const Value& value = Find(flag);
  return !value.values.empty() && value.origin != "default";
}

}  // namespace cairn::command_line
