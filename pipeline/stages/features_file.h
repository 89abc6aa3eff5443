#ifndef CAIRN_PIPELINE_STAGES_FEATURES_FILE_H_
#define CAIRN_PIPELINE_STAGES_FEATURES_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"

namespace cairn::pipeline {

// Reads a table as FeaturesCsv and MatrixCsv write it: a header whose first column is CustomerID,
// then one row per customer, every field a plain number. `file` only names it in errors:
//   INVALID_ARGUMENT (DATA_MALFORMED)  no header, no rows, another number of fields, or a field
//                                      that is no finite number; "line", "column" and "value"
//   INVALID_ARGUMENT (COLUMN_MISSING)  the first column is not CustomerID
absl::StatusOr<FeatureMatrix> ParseFeaturesCsv(std::string_view text, std::string_view file);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_FEATURES_FILE_H_
