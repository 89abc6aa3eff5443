#ifndef CAIRN_PIPELINE_STAGES_SETTINGS_TABLE_H_
#define CAIRN_PIPELINE_STAGES_SETTINGS_TABLE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pipeline/stages/config.h"

namespace cairn::pipeline {

// Every key of a configuration file in one table. Reading files and `--set`, the ranges that
// CheckConfig holds, what is suggested for a key nobody knows, `cairn-pipeline config` and the
// table in docs/pipeline.md come from it, so a new setting is a member of PipelineConfig and a row
// here. Defaults are not in the table: they are what PresetConfig says.

inline constexpr int kLargestK = 1000;

// Where a value stands in the configuration.
template <typename Value>
struct Member {
  std::function<Value&(PipelineConfig&)> write;
  std::function<const Value&(const PipelineConfig&)> read;
};

// A word out of a set, or a text that is read in a way of its own.
struct WordField {
  std::vector<std::string> words;  // What is taken, the usual ones first; empty: any text.
  std::string rule;                // What is wrong with another; empty: the list of words.
  // False for a word that cannot be taken.
  std::function<bool(const std::string& word, PipelineConfig*)> set;
  // Empty when no word says what is set, as with columns that were scaled one by one.
  std::function<std::string(const PipelineConfig&)> get;
};

// A list of words.
struct WordsField {
  std::vector<std::string> words;  // As above.
  bool automatic = false;          // Whether the word `auto` instead of a list is nothing.
  std::function<bool(const std::optional<std::vector<std::string>>&, PipelineConfig*)> set;
  std::function<std::optional<std::vector<std::string>>(const PipelineConfig&)> get;
};

// What a key holds. Lists also take one value without brackets.
using SettingField =
    std::variant<Member<int>, Member<uint32_t>, Member<double>, Member<bool>, Member<std::string>,
                 Member<std::vector<int>>, Member<std::vector<uint32_t>>, WordField, WordsField>;

// One key. Lives as long as the process.
struct Setting {
  std::string path;  // "outliers.trees"
  SettingField field;
  // Bounds of a number, or of each number of a list, both included.
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  std::string_view unit;  // "customers"; empty for none.
  std::string_view help;  // One sentence, with its full stop.
  // Read before its neighbours, whatever the order in the file, because they refine it.
  bool first = false;
  // What else a changed value changes; null for nothing.
  void (*then)(const PipelineConfig& before, PipelineConfig*) = nullptr;
};

// In the order in which they are printed; the keys of a section stand together.
const std::vector<Setting>& SettingsTable();

// The numbers that a setting holds; none for texts and switches.
std::vector<double> NumbersOf(const Setting& setting, const PipelineConfig& config);

// Whether a number is finite and within the bounds.
bool InRange(const Setting& setting, double value);

// "must be 0..1", "must be at least 0".
std::string RangeRule(const Setting& setting);

// The configuration as a file that reads back as the same configuration, with the meaning and the
// range of every key above it. Ends with a line end.
std::string ConfigYaml(const PipelineConfig& config);

// The table of all keys as Markdown, with the defaults of both presets.
std::string SettingsMarkdown();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_SETTINGS_TABLE_H_
