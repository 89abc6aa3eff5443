// Reads PipelineConfig and SweepGrid from YAML, naming line and column of whatever is wrong.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>
#include <type_traits>
#include <variant>

#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/settings_table.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;

// One node and the dot path that leads to it.
struct Place {
  YAML::Node node;
  std::string path;
};

class ConfigReader {
 public:
  explicit ConfigReader(std::string_view file) : file_(file) {}

  absl::Status Bad(const YAML::Mark& mark, std::string_view field, std::string_view value,
                   std::string_view rule) const {
    // yaml-cpp marks what is missing with a position of -1.
    const int line = mark.line < 0 ? 1 : mark.line + 1;
    const int column = mark.column < 0 ? 1 : mark.column + 1;
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::CONFIG_INVALID,
                 fmt::format("{}:{}:{}: {}{}: {}", file_, line, column, field,
                             value.empty() ? std::string() : fmt::format(" is `{}`", value), rule))
        .With("file", file_)
        .With("line", std::to_string(line))
        .With("column", std::to_string(column))
        .With("field", field)
        .With("value", value)
        .With("rule", rule);
  }

  absl::Status Bad(const Place& place, std::string_view rule) const {
    const std::string value = place.node.IsScalar() ? place.node.Scalar() : std::string();
    return Bad(place.node.Mark(), place.path, value, rule);
  }

  // Reads the keys of `place` into `config`; `section` is the path in the table that they continue.
  // Unknown keys, and keys that are there twice, come before what is wrong with values.
  absl::Status ReadSection(const Place& place, const std::string& section,
                           PipelineConfig* config) const;

  template <typename Value>
  absl::Status Scalar(const Place& place, std::string_view rule, Value* out) const {
    Value value{};
    if (!place.node.IsScalar() || !YAML::convert<Value>::decode(place.node, value)) {
      return Bad(place, rule);
    }
    *out = value;
    return absl::OkStatus();
  }

 private:
  absl::Status ReadSetting(const Place& place, const Setting& setting,
                           PipelineConfig* config) const;

  template <typename Value>
  absl::Status ReadField(const Place& place, const Setting& setting, const Member<Value>& member,
                         PipelineConfig* config) const;
  template <typename Number>
  absl::Status ReadField(const Place& place, const Setting& setting,
                         const Member<std::vector<Number>>& member, PipelineConfig* config) const;
  absl::Status ReadField(const Place& place, const Setting& setting, const WordField& field,
                         PipelineConfig* config) const;
  absl::Status ReadField(const Place& place, const Setting& setting, const WordsField& field,
                         PipelineConfig* config) const;

  // A range is told of the key and not of one of its values.
  absl::Status CheckNumber(const Place& place, const Setting& setting, double value) const {
    if (InRange(setting, value)) return absl::OkStatus();
    return Bad(place.node.Mark(), place.path, place.node.Scalar(), RangeRule(setting));
  }

  absl::Status UnknownKey(const YAML::Mark& mark, const std::string& path, const std::string& key,
                          const std::vector<std::string>& known) const;

  std::string file_;
};

// What a value of the wrong type is told.
template <typename Value>
std::string TypeRule() {
  if constexpr (std::is_same_v<Value, bool>) return "must be true or false";
  if constexpr (std::is_same_v<Value, double>) return "must be a number";
  if constexpr (std::is_same_v<Value, std::string>) return "must be a word";
  if constexpr (std::is_same_v<Value, uint32_t>) return "must be a whole number 0..4294967295";
  return "must be a whole number";
}

template <typename Value>
absl::Status ConfigReader::ReadField(const Place& place, const Setting& setting,
                                     const Member<Value>& member, PipelineConfig* config) const {
  Value& out = member.write(*config);
  CAIRN_RETURN_IF_ERROR(Scalar(place, TypeRule<Value>(), &out));
  if constexpr (std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>) {
    return CheckNumber(place, setting, static_cast<double>(out));
  }
  return absl::OkStatus();
}

template <typename Number>
absl::Status ConfigReader::ReadField(const Place& place, const Setting& setting,
                                     const Member<std::vector<Number>>& member,
                                     PipelineConfig* config) const {
  const bool list = place.node.IsSequence();
  if (!list && !place.node.IsScalar()) return Bad(place, "must be a list");
  std::vector<Number>& out = member.write(*config);
  out.clear();
  for (size_t i = 0; i < (list ? place.node.size() : 1); ++i) {
    const Place one = list ? Place{place.node[i], fmt::format("{}.{}", place.path, i)} : place;
    CAIRN_RETURN_IF_ERROR(
        Scalar(one, "must be a whole number or a list of them", &out.emplace_back()));
    CAIRN_RETURN_IF_ERROR(
        CheckNumber({one.node, place.path}, setting, static_cast<double>(out.back())));
  }
  return absl::OkStatus();
}

std::string WordRule(const std::vector<std::string>& words) {
  return fmt::format("must be one of {}", fmt::join(words, ", "));
}

bool IsOneOf(const std::string& word, const std::vector<std::string>& words) {
  return words.empty() || std::find(words.begin(), words.end(), word) != words.end();
}

absl::Status ConfigReader::ReadField(const Place& place, const Setting&, const WordField& field,
                                     PipelineConfig* config) const {
  const std::string rule = field.rule.empty() ? WordRule(field.words) : field.rule;
  if (!place.node.IsScalar() || !IsOneOf(place.node.Scalar(), field.words) ||
      !field.set(place.node.Scalar(), config)) {
    return Bad(place, rule);
  }
  return absl::OkStatus();
}

// As text: `null` in a list is a word here.
absl::Status ConfigReader::ReadField(const Place& place, const Setting&, const WordsField& field,
                                     PipelineConfig* config) const {
  const bool list = place.node.IsSequence();
  if (!list && field.automatic && place.node.IsScalar() && place.node.Scalar() == "auto") {
    field.set(std::nullopt, config);
    return absl::OkStatus();
  }
  std::vector<std::string> words;
  for (size_t i = 0; i < (list ? place.node.size() : 1); ++i) {
    const YAML::Node value = list ? place.node[i] : place.node;
    if (!value.IsScalar() && !value.IsNull()) {
      return Bad(place, field.automatic ? "must be auto, a word or a list of words"
                                        : WordRule(field.words));
    }
    words.push_back(value.IsNull() ? "null" : value.Scalar());
    if (!IsOneOf(words.back(), field.words)) {
      return Bad({value, place.path}, WordRule(field.words));
    }
  }
  field.set(words, config);
  return absl::OkStatus();
}

absl::Status ConfigReader::ReadSetting(const Place& place, const Setting& setting,
                                       PipelineConfig* config) const {
  const PipelineConfig before = *config;
  CAIRN_RETURN_IF_ERROR(std::visit(
      [&](const auto& field) { return ReadField(place, setting, field, config); }, setting.field));
  if (setting.then != nullptr) setting.then(before, config);
  return absl::OkStatus();
}

// The setting with this path; null for a section and for what is not known.
const Setting* FindSetting(std::string_view path) {
  for (const Setting& setting : SettingsTable()) {
    if (setting.path == path) return &setting;
  }
  return nullptr;
}

// The keys that may follow a section, sorted.
std::vector<std::string> KeysOf(const std::string& section) {
  const std::string prefix = section.empty() ? "" : section + ".";
  std::set<std::string> keys;
  for (const Setting& setting : SettingsTable()) {
    if (!setting.path.starts_with(prefix)) continue;
    const std::string rest = setting.path.substr(prefix.size());
    keys.insert(rest.substr(0, rest.find('.')));
  }
  return {keys.begin(), keys.end()};
}

absl::Status ConfigReader::ReadSection(const Place& place, const std::string& section,
                                       PipelineConfig* config) const {
  if (place.node.IsNull()) return absl::OkStatus();
  if (!place.node.IsMap()) return Bad(place, "must be a map of keys and values");
  const std::vector<std::string> known = KeysOf(section);
  struct Entry {
    Place place;
    std::string path;  // In the table.
    const Setting* setting;
  };
  std::vector<Entry> entries;
  std::set<std::string> seen;
  for (const auto& entry : place.node) {
    if (!entry.first.IsScalar()) return Bad({entry.first, place.path}, "a key must be a word");
    const std::string key = entry.first.Scalar();
    const std::string path = place.path.empty() ? key : place.path + "." + key;
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return UnknownKey(entry.first.Mark(), path, key, known);
    }
    if (!seen.insert(key).second) return Bad(entry.first.Mark(), path, "", "is there twice");
    const std::string row = section.empty() ? key : section + "." + key;
    entries.push_back({{entry.second, path}, row, FindSetting(row)});
  }
  // Entries are not sorted: assigning one YAML node to another changes the document.
  for (const bool first : {true, false}) {
    for (const Entry& entry : entries) {
      if ((entry.setting != nullptr && entry.setting->first) != first) continue;
      CAIRN_RETURN_IF_ERROR(entry.setting != nullptr
                                ? ReadSetting(entry.place, *entry.setting, config)
                                : ReadSection(entry.place, entry.path, config));
    }
  }
  return absl::OkStatus();
}

// Also finds the key where it belongs, for one that stands in the wrong section.
absl::Status ConfigReader::UnknownKey(const YAML::Mark& mark, const std::string& path,
                                      const std::string& key,
                                      const std::vector<std::string>& known) const {
  std::string meant = Nearest(key, known);
  for (const Setting& setting : SettingsTable()) {
    if (meant.empty() && setting.path.ends_with("." + key)) meant = setting.path;
  }
  return Bad(mark, path, "",
             meant.empty() ? fmt::format("is not a known key; known are {}", fmt::join(known, ", "))
                           : fmt::format("is not a known key; did you mean `{}`?", meant));
}

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
