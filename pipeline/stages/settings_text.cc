// The table of settings for people: as a file of YAML with comments, and as a table of Markdown.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "lib/base/encoding.h"
#include "pipeline/stages/settings_table.h"

namespace cairn::pipeline {
namespace {

// As it is where YAML reads it back as the same text, else in quotes.
std::string YamlWord(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto inner = [&](char c) {
    return plain(c) || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
  };
  if (!text.empty() && plain(text.front()) && std::all_of(text.begin(), text.end(), inner) &&
      text != "null" && text != "Null" && text != "NULL") {
    return text;
  }
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string YamlWords(const std::optional<std::vector<std::string>>& words) {
  if (!words) return "auto";
  std::string out = "[";
  for (const std::string& word : *words) out += (out.size() > 1 ? ", " : "") + YamlWord(word);
  return out + "]";
}

// The value in YAML; empty where no word says it.
std::string ValueText(const Setting& setting, const PipelineConfig& config) {
  return std::visit(
      [&](const auto& field) -> std::string {
        using Field = std::remove_cvref_t<decltype(field)>;
        if constexpr (std::is_same_v<Field, WordField>) {
          const std::string word = field.get(config);
          // A named scaling or grid that is not named any more.
          return word.empty() ? "" : YamlWord(word);
        } else if constexpr (std::is_same_v<Field, WordsField>) {
          return YamlWords(field.get(config));
        } else if constexpr (std::is_same_v<Field, Member<double>>) {
          return ShortestDouble(field.read(config));
        } else if constexpr (std::is_same_v<Field, Member<std::string>>) {
          return YamlWord(field.read(config));
        } else if constexpr (std::is_same_v<Field, Member<bool>> ||
                             std::is_same_v<Field, Member<int>> ||
                             std::is_same_v<Field, Member<uint32_t>>) {
          return fmt::format("{}", field.read(config));
        } else {
          return fmt::format("[{}]", fmt::join(field.read(config), ", "));
        }
      },
      setting.field);
}

std::string RangeText(const Setting& setting) {
  // The words of the rule without its "must be".
  return RangeRule(setting).substr(std::string_view("must be ").size());
}

// The words that are worth showing: a separator is also taken as the character itself.
std::string WordList(const std::vector<std::string>& words, std::string_view quote) {
  std::string out;
  for (const std::string& word : words) {
    if (word.size() == 1) continue;
    out += fmt::format("{}{}{}{}", out.empty() ? "" : ", ", quote, word, quote);
  }
  return out;
}

// What may be written, `quote` around every word.
std::string ValuesText(const Setting& setting, std::string_view quote) {
  return std::visit(
      [&](const auto& field) -> std::string {
        using Field = std::remove_cvref_t<decltype(field)>;
        if constexpr (std::is_same_v<Field, WordField>) {
          return field.words.empty() ? "text" : WordList(field.words, quote);
        } else if constexpr (std::is_same_v<Field, WordsField>) {
          if (field.automatic) return fmt::format("{}auto{} or a list of words", quote, quote);
          return "list of " + WordList(field.words, quote);
        } else if constexpr (std::is_same_v<Field, Member<bool>>) {
          return WordList({"true", "false"}, quote);
        } else if constexpr (std::is_same_v<Field, Member<std::string>>) {
          return "text";
        } else if constexpr (std::is_same_v<Field, Member<double>>) {
          return "number, " + RangeText(setting);
        } else if constexpr (std::is_same_v<Field, Member<int>> ||
                             std::is_same_v<Field, Member<uint32_t>>) {
          return "whole number, " + RangeText(setting);
        } else {
          return "list of whole numbers, " + RangeText(setting);
        }
      },
      setting.field);
}

std::vector<std::string> PartsOf(const std::string& path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    parts.push_back(path.substr(begin, dot - begin));
    begin = dot + 1;
  }
  parts.push_back(path.substr(begin));
  return parts;
}

}  // namespace

std::string ConfigYaml(const PipelineConfig& config) {
  std::string out;
  std::string said;
  std::vector<std::string> open;  // The sections around the last line.
  for (const Setting& setting : SettingsTable()) {
    const std::vector<std::string> parts = PartsOf(setting.path);
    const size_t depth = parts.size() - 1;
    size_t same = 0;
    while (same < std::min(depth, open.size()) && open[same] == parts[same]) ++same;
    if (depth > 0 && same == 0) out += "\n";
    for (size_t i = same; i < depth; ++i) {
      out += fmt::format("{}{}:\n", std::string(2 * i, ' '), parts[i]);
    }
    open.assign(parts.begin(), parts.end() - 1);
    const std::string indent(2 * depth, ' ');
    const std::string says = fmt::format("{} {}{}{}", setting.help, ValuesText(setting, ""),
                                         setting.unit.empty() ? "" : "; ", setting.unit);
    if (says != said) out += fmt::format("{}# {}\n", indent, says);
    said = says;
    const std::string value = ValueText(setting, config);
    out += value.empty() ? fmt::format("{}# {}: custom\n", indent, parts.back())
                         : fmt::format("{}{}: {}\n", indent, parts.back(), value);
  }
  return out;
}

std::string SettingsMarkdown() {
  const PipelineConfig standard = *PresetConfig("default");
  const PipelineConfig classic = *PresetConfig("classic");
  std::string out =
      "| key | values | `default` | `classic` | unit | meaning |\n|---|---|---|---|---|---|\n";
  for (const Setting& setting : SettingsTable()) {
    const std::string first = ValueText(setting, standard);
    const std::string second = ValueText(setting, classic);
    out += fmt::format(
        "| `{}` | {} | `{}` | {} | {} | {} |\n", setting.path, ValuesText(setting, "`"), first,
        second == first ? "same" : fmt::format("`{}`", second), setting.unit, setting.help);
  }
  return out;
}

}  // namespace cairn::pipeline
