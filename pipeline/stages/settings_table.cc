#include "pipeline/stages/settings_table.h"

#include <fmt/format.h>

#include <cmath>
#include <type_traits>

#include "lib/base/encoding.h"
#include "pipeline/stages/setting_rows.h"

namespace cairn::pipeline {

const std::vector<Setting>& SettingsTable() {
  static const auto* const table = [] {
    auto* all = new std::vector<Setting>();
    for (const auto& rows :
         {GeneralRows(), InputRows(), CleaningRows(), OutlierRows(), ScalingRows(), PcaRows(),
          SweepRows(), SelectRows(), LimitRows(), PriceRows(), ReportRows(), RegisterRows()}) {
      all->insert(all->end(), rows.begin(), rows.end());
    }
    return all;
  }();
  return *table;
}

std::vector<double> NumbersOf(const Setting& setting, const PipelineConfig& config) {
  return std::visit(
      [&](const auto& field) -> std::vector<double> {
        if constexpr (requires { field.read; }) {
          const auto& value = field.read(config);
          using Value = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::is_same_v<Value, bool> || std::is_same_v<Value, std::string>) {
            return {};
          } else if constexpr (std::is_arithmetic_v<Value>) {
            return {static_cast<double>(value)};
          } else {
            return {value.begin(), value.end()};
          }
        } else {
          return {};
        }
      },
      setting.field);
}

bool InRange(const Setting& setting, double value) {
  return std::isfinite(value) && value >= setting.least && value <= setting.most;
}

std::string RangeRule(const Setting& setting) {
  if (std::isinf(setting.most)) {
    return fmt::format("must be at least {}", ShortestDouble(setting.least));
  }
  return fmt::format("must be {}..{}", ShortestDouble(setting.least), ShortestDouble(setting.most));
}

}  // namespace cairn::pipeline
