#ifndef CAIRN_SERVER_INDEX_CHECKPOINT_FIELDS_H_
#define CAIRN_SERVER_INDEX_CHECKPOINT_FIELDS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/core/run_filter.h"

namespace cairn::index {

// Names of columns in a checkpoint; shared by its writer and its reader only.

struct TimeField {
  std::string_view key;
  core::RunField field;
};
inline constexpr std::array<TimeField, 4> kTimeFields = {{
    {"start_time", core::RunField::kStartTime},
    {"end_time", core::RunField::kEndTime},
    {"create_time", core::RunField::kCreateTime},
    {"duration", core::RunField::kDuration},
}};

struct TextField {
  std::string_view key;
  std::optional<core::RunField> field;  // none: the experiment
};
inline constexpr std::array<TextField, 7> kTextFields = {{
    {"state", core::RunField::kState},
    {"display_name", core::RunField::kDisplayName},
    {"user", core::RunField::kUser},
    {"dataset", core::RunField::kDataset},
    {"parent_run", core::RunField::kParentRun},
    {"output", core::RunField::kOutput},
    {"experiment", std::nullopt},
}};

// The kind of section that a dropped column would have had.
inline uint8_t DroppedKindOf(core::RunField field) {
  return field == core::RunField::kParam ? 4 : field == core::RunField::kTag ? 5 : 6;
}
inline std::optional<core::RunField> DroppedFieldOf(uint8_t kind) {
  if (kind == 4) return core::RunField::kParam;
  if (kind == 5) return core::RunField::kTag;
  return kind == 6 ? std::make_optional(core::RunField::kMetric) : std::nullopt;
}

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CHECKPOINT_FIELDS_H_
