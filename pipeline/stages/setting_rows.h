#ifndef CAIRN_PIPELINE_STAGES_SETTING_ROWS_H_
#define CAIRN_PIPELINE_STAGES_SETTING_ROWS_H_

#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "pipeline/stages/settings_table.h"

namespace cairn::pipeline {

// What SettingsTable() is put together from: helpers to write a row, and the rows, by what they are
// about. Internal to the folder.

// Of a number, both included.
struct SettingBounds {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};
inline constexpr SettingBounds kUnbounded;
inline constexpr SettingBounds kShareBounds = {0, 1};

// `place` is a generic lambda from a configuration, const or not, to a member of it.
template <typename Place>
auto MemberAt(Place place) {
  using Value = std::remove_reference_t<decltype(place(std::declval<PipelineConfig&>()))>;
  return Member<Value>{
      [place](PipelineConfig& config) -> Value& { return place(config); },
      [place](const PipelineConfig& config) -> const Value& { return place(config); }};
}

// Words that stand for values; of several words for one value the first is printed.
template <typename Place, typename Value>
WordField ChoiceAt(Place place, std::vector<std::pair<std::string, Value>> choices) {
  WordField field;
  for (const auto& [word, value] : choices) field.words.push_back(word);
  field.set = [place, choices](const std::string& chosen, PipelineConfig* config) {
    for (const auto& [word, value] : choices) {
      if (word != chosen) continue;
      place(*config) = value;
      return true;
    }
    return false;
  };
  field.get = [place, choices](const PipelineConfig& config) {
    for (const auto& [word, value] : choices) {
      if (place(config) == value) return word;
    }
    return std::string();
  };
  return field;
}

inline Setting Row(std::string path, SettingField field, SettingBounds bounds,
                   std::string_view unit, std::string_view help) {
  return {std::move(path), std::move(field), bounds.least, bounds.most, unit, help};
}

// What reading a file needs first.
inline Setting First(Setting setting) {
  setting.first = true;
  return setting;
}

// preset, seed, threads, input.*, cleaning.* (input_settings.cc)
std::vector<Setting> GeneralRows();
std::vector<Setting> InputRows();
std::vector<Setting> CleaningRows();
// features.*, outliers.*, scaling.*, pca.*, sweep.* (training_settings.cc)
std::vector<Setting> OutlierRows();
std::vector<Setting> ScalingRows();
std::vector<Setting> PcaRows();
std::vector<Setting> SweepRows();
// select.*, drift.* and delivery.*, prices.*, report.*, register.* (result_settings.cc)
std::vector<Setting> SelectRows();
std::vector<Setting> LimitRows();
std::vector<Setting> PriceRows();
std::vector<Setting> ReportRows();
std::vector<Setting> RegisterRows();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_SETTING_ROWS_H_
