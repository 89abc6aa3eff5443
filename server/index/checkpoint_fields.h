#ifndef CAIRN_SERVER_INDEX_CHECKPOINT_FIELDS_H_
#define CAIRN_SERVER_INDEX_CHECKPOINT_FIELDS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/core/run_filter.h"

namespace cairn::index {

// Names of columns in a checkpoint; shared by its writer and its reader only.

// Names of columns in a checkpoint; shared by its writer and its reader only.
//
// All of these are on disk: a name or number here is never given another meaning. A new
// field needs a new format number (checkpoint_stream.cc), or a build that has it would
// take an old file and find no run with a value of it. A new format costs one slow
// start and no data.
//
// A column of times or durations: the key of its kTime section, and the field that a
// filter names.
struct TimeField {
  std::string_view key;
  core::RunField field;
};
// In the order in which they are written; readers take them in any.
inline constexpr std::array<TimeField, 4> kTimeFields = {{
    {"start_time", core::RunField::kStartTime},
    {"end_time", core::RunField::kEndTime},
    {"create_time", core::RunField::kCreateTime},
    {"duration", core::RunField::kDuration},
}};

// A column of texts that every run may have: the key of its kText section and its
// field.
struct TextField {
  std::string_view key;
  std::optional<core::RunField> field;  // none: the experiment
};
// The experiment is a column like the others, with its number as a decimal text, but no
// field of a filter: a search names experiments beside its filter.
inline constexpr std::array<TextField, 7> kTextFields = {{
    {"state", core::RunField::kState},
    {"display_name", core::RunField::kDisplayName},
    {"user", core::RunField::kUser},
    {"dataset", core::RunField::kDataset},
    {"parent_run", core::RunField::kParentRun},
    {"output", core::RunField::kOutput},
    {"experiment", std::nullopt},
}};

// The kind of section that a dropped column would have had. The numbers are those of
// SectionKind. REQUIRES: `field` is kParam, kTag or kMetric; all fields of one metric
// share a column, which is dropped as kMetric.
inline uint8_t DroppedKindOf(core::RunField field) {
  return field == core::RunField::kParam ? 4 : field == core::RunField::kTag ? 5 : 6;
}
// The other way round; nullopt for a number that is no such kind, as it may stand in a
// damaged file.
inline std::optional<core::RunField> DroppedFieldOf(uint8_t kind) {
  if (kind == 4) return core::RunField::kParam;
  if (kind == 5) return core::RunField::kTag;
  return kind == 6 ? std::make_optional(core::RunField::kMetric) : std::nullopt;
}

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CHECKPOINT_FIELDS_H_
