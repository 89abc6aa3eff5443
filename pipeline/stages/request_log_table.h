#ifndef CAIRN_PIPELINE_STAGES_REQUEST_LOG_TABLE_H_
#define CAIRN_PIPELINE_STAGES_REQUEST_LOG_TABLE_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"

namespace cairn::pipeline {

// What a request log, the file of `serve --log-file`, says of the customers that were asked about:
// lines of JSON, each with the `inputs` of one prediction by name, or of a refused request without.

// The inputs as features, and what is not among them.
struct RequestLogTable {
  FeatureMatrix features;     // Ids are 1, 2, …: nobody says which customer it was.
  int64_t refused = 0;        // Requests of which nothing was predicted.
  int64_t other_columns = 0;  // Predictions by models with other columns, before the last of them.
};

// Whether the bytes begin like a line of such a file.
bool LooksLikeRequestLog(std::string_view bytes);

// Reads the files of one log, the oldest first. The columns and their order are those of the newest
// prediction; a model with other columns begins the table anew. A last line without its end that is
// no row is left out: the process may be writing it, or died then. `file` is the name in errors:
//   INVALID_ARGUMENT (DATA_MALFORMED)  another line is no row, an input is no finite number, or
//                                      nothing was predicted; "line" where there is one
absl::StatusOr<RequestLogTable> ParseRequestLog(const std::vector<std::string_view>& texts,
                                                std::string_view file);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_REQUEST_LOG_TABLE_H_
