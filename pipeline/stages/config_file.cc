// Reads PipelineConfig and SweepGrid from YAML, and settings of the command line as YAML.

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <map>

#include "lib/base/status_macros.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/config_reader.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;

absl::StatusOr<YAML::Node> LoadYaml(std::string_view yaml, const ConfigReader& reader) {
  if (yaml.size() > kMaxConfigBytes) {
    return reader.Bad(YAML::Mark(), "file", std::to_string(yaml.size()),
                      fmt::format("must have at most {} bytes", kMaxConfigBytes));
  }
  try {
    return YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& e) {
    return reader.Bad(e.mark, "file", "", "is not YAML: " + e.msg);
  }
}

absl::StatusOr<PipelineConfig> Parse(std::string_view yaml, const ConfigReader& reader,
                                     std::string_view preset) {
  CAIRN_ASSIGN_OR_RETURN(const YAML::Node root, LoadYaml(yaml, reader));
  std::string base = "default";
  if (root.IsMap() && root["preset"]) {
    CAIRN_RETURN_IF_ERROR(reader.Scalar({root["preset"], "preset"}, "must be a word", &base));
  }
  auto config = PresetConfig(preset.empty() ? std::string_view(base) : preset);
  if (!config.ok()) {
    if (!preset.empty()) return config.status();
    return reader.Bad({root["preset"], "preset"}, "must be default or classic");
  }
  CAIRN_RETURN_IF_ERROR(reader.ReadSection({root, ""}, "", &*config));
  CAIRN_RETURN_IF_ERROR(CheckConfig(*config));
  return config;
}

// KEY=VALUE as the configuration file that would say it.
absl::StatusOr<YAML::Node> ParseSetting(std::string_view setting, const ConfigReader& reader) {
  const size_t equals = setting.find('=');
  const std::string key(setting.substr(0, equals));
  if (equals == std::string_view::npos || key.empty()) {
    return reader.Bad(YAML::Mark(), "set", setting, "must be KEY=VALUE, as in input.decimal=comma");
  }
  if (key == "preset" || key == "seed") {
    return reader.Bad(YAML::Mark(), key, "", fmt::format("has a flag of its own, --{}", key));
  }
  const std::string text(setting.substr(equals + 1));
  YAML::Node node;
  try {
    node = YAML::Load(text);
    // A word YAML cannot start a value with, and a blank, is meant as it is.
    if (node.IsNull() && text != "null") node = YAML::Node(text);
  } catch (const YAML::Exception&) {
    node = YAML::Node(text);
  }
  size_t end = key.size();
  for (size_t dot = key.rfind('.'); dot != std::string::npos && dot > 0;
       dot = key.rfind('.', dot - 1)) {
    YAML::Node outer;
    outer[key.substr(dot + 1, end - dot - 1)] = node;
    node = outer;
    end = dot;
  }
  YAML::Node root;
  root[key.substr(0, end)] = node;
  return root;
}

// Remembers which `setting` said each value below `node`; an error for one that another said.
absl::Status NoteSettings(const YAML::Node& node, const std::string& path,
                          const std::string& setting, const ConfigReader& reader,
                          std::map<std::string, std::string>* seen) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      CAIRN_RETURN_IF_ERROR(NoteSettings(entry.second,
                                         path.empty() ? key : fmt::format("{}.{}", path, key),
                                         setting, reader, seen));
    }
    return absl::OkStatus();
  }
  const auto [place, first] = seen->try_emplace(path, setting);
  if (first) return absl::OkStatus();
  return reader.Bad(YAML::Mark(), path, "",
                    fmt::format("is set twice, by --set {} and --set {}", place->second, setting));
}

}  // namespace

absl::StatusOr<PipelineConfig> ParseConfig(std::string_view yaml, std::string_view file,
                                           std::string_view preset) {
  const ConfigReader reader(file);
  try {
    return Parse(yaml, reader, preset);
  } catch (const YAML::Exception& e) {
    return reader.Bad(e.mark, "file", "", "cannot be read: " + e.msg);
  }
}

absl::Status ApplySetting(std::string_view setting, PipelineConfig* config) {
  return ApplySettings({std::string(setting)}, config);
}

absl::Status ApplySettings(const std::vector<std::string>& settings, PipelineConfig* config) {
  const ConfigReader reader("--set");
  std::map<std::string, std::string> seen;
  for (const std::string& setting : settings) {
    try {
      CAIRN_ASSIGN_OR_RETURN(const YAML::Node root, ParseSetting(setting, reader));
      CAIRN_RETURN_IF_ERROR(NoteSettings(root, "", setting, reader, &seen));
      CAIRN_RETURN_IF_ERROR(reader.ReadSection({root, ""}, "", config));
    } catch (const YAML::Exception& e) {
      return reader.Bad(e.mark, "set", setting, "cannot be read: " + e.msg);
    }
  }
  // Last: of two that fit together, the first alone may not.
  return CheckConfig(*config);
}

absl::StatusOr<SweepGrid> ParseGrid(std::string_view yaml, std::string_view file) {
  const ConfigReader reader(file);
  try {
    CAIRN_ASSIGN_OR_RETURN(const YAML::Node root, LoadYaml(yaml, reader));
    PipelineConfig config;
    config.sweep.grid = SweepGrid();
    for (const char* key : {"grid", "tol", "sharing"}) {
      if (root.IsMap() && root[key]) {
        return reader.Bad(root[key].Mark(), key, "", "is no list of a grid");
      }
    }
    CAIRN_RETURN_IF_ERROR(reader.ReadSection({root, ""}, "sweep", &config));
    const SweepGrid& grid = config.sweep.grid;
    if (grid.k.empty()) return reader.Bad(root.Mark(), "k", "", "must name at least one k");
    return grid;
  } catch (const YAML::Exception& e) {
    return reader.Bad(e.mark, "file", "", "cannot be read: " + e.msg);
  }
}

}  // namespace cairn::pipeline
