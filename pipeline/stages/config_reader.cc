#include "pipeline/stages/config_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <type_traits>
#include <variant>

#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {
namespace {

// What a value of the wrong type is told.
template <typename Value>
std::string TypeRule() {
  if constexpr (std::is_same_v<Value, bool>) return "must be true or false";
  if constexpr (std::is_same_v<Value, double>) return "must be a number";
  if constexpr (std::is_same_v<Value, std::string>) return "must be a word";
  if constexpr (std::is_same_v<Value, uint32_t>) return "must be a whole number 0..4294967295";
  return "must be a whole number";
}

std::string WordRule(const std::vector<std::string>& words) {
  return fmt::format("must be one of {}", fmt::join(words, ", "));
}

bool IsOneOf(const std::string& word, const std::vector<std::string>& words) {
  return words.empty() || std::find(words.begin(), words.end(), word) != words.end();
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

}  // namespace

absl::Status ConfigReader::Bad(const YAML::Mark& mark, std::string_view field,
                               std::string_view value, std::string_view rule) const {
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

absl::Status ConfigReader::Bad(const ConfigPlace& place, std::string_view rule) const {
  const std::string value = place.node.IsScalar() ? place.node.Scalar() : std::string();
  return Bad(place.node.Mark(), place.path, value, rule);
}

absl::Status ConfigReader::CheckNumber(const ConfigPlace& place, const Setting& setting,
                                       double value) const {
  if (InRange(setting, value)) return absl::OkStatus();
  return Bad(place.node.Mark(), place.path, place.node.Scalar(), RangeRule(setting));
}

template <typename Value>
absl::Status ConfigReader::ReadField(const ConfigPlace& place, const Setting& setting,
                                     const Member<Value>& member, PipelineConfig* config) const {
  Value& out = member.write(*config);
  CAIRN_RETURN_IF_ERROR(Scalar(place, TypeRule<Value>(), &out));
  if constexpr (std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>) {
    return CheckNumber(place, setting, static_cast<double>(out));
  }
  return absl::OkStatus();
}

template <typename Number>
absl::Status ConfigReader::ReadField(const ConfigPlace& place, const Setting& setting,
                                     const Member<std::vector<Number>>& member,
                                     PipelineConfig* config) const {
  const bool list = place.node.IsSequence();
  if (!list && !place.node.IsScalar()) return Bad(place, "must be a list");
  std::vector<Number>& out = member.write(*config);
  out.clear();
  for (size_t i = 0; i < (list ? place.node.size() : 1); ++i) {
    const ConfigPlace one =
        list ? ConfigPlace{place.node[i], fmt::format("{}.{}", place.path, i)} : place;
    CAIRN_RETURN_IF_ERROR(
        Scalar(one, "must be a whole number or a list of them", &out.emplace_back()));
    CAIRN_RETURN_IF_ERROR(
        CheckNumber({one.node, place.path}, setting, static_cast<double>(out.back())));
  }
  return absl::OkStatus();
}

absl::Status ConfigReader::ReadField(const ConfigPlace& place, const Setting&,
                                     const WordField& field, PipelineConfig* config) const {
  const std::string rule = field.rule.empty() ? WordRule(field.words) : field.rule;
  if (!place.node.IsScalar() || !IsOneOf(place.node.Scalar(), field.words) ||
      !field.set(place.node.Scalar(), config)) {
    return Bad(place, rule);
  }
  return absl::OkStatus();
}

// As text: `null` in a list is a word here.
absl::Status ConfigReader::ReadField(const ConfigPlace& place, const Setting&,
                                     const WordsField& field, PipelineConfig* config) const {
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

absl::Status ConfigReader::ReadSetting(const ConfigPlace& place, const Setting& setting,
                                       PipelineConfig* config) const {
  const PipelineConfig before = *config;
  CAIRN_RETURN_IF_ERROR(std::visit(
      [&](const auto& field) { return ReadField(place, setting, field, config); }, setting.field));
  if (setting.then != nullptr) setting.then(before, config);
  return absl::OkStatus();
}

absl::Status ConfigReader::ReadSection(const ConfigPlace& place, const std::string& section,
                                       PipelineConfig* config) const {
  if (place.node.IsNull()) return absl::OkStatus();
  if (!place.node.IsMap()) return Bad(place, "must be a map of keys and values");
  const std::vector<std::string> known = KeysOf(section);
  struct Entry {
    ConfigPlace place;
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

}  // namespace cairn::pipeline
