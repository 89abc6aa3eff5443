#ifndef CAIRN_SERVER_MLFLOW_RUN_QUERY_H_
#define CAIRN_SERVER_MLFLOW_RUN_QUERY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::mlflow {

// MLflow's searches of runs in the language of SearchRuns.
//
//   MLflow                          Cairn
//   metrics.K, params.K, tags.K     the same
//   run_id, run_name, user_id       uid, display_name, user
//   tags.mlflow.runName             display_name
//   status                          state
//   start_time, created, end_time   start_time, end_time, in RFC 3339
//   LIKE 'a%'                       = "a*"
//   IS NULL                         NOT key:*
//
// What has no twin is refused: `_` in LIKE; ILIKE but for `run_name ILIKE '%x%'`, for status, and
// where the pattern has no letters. All errors are INVALID_PARAMETER_VALUE. Pure.

// Of a filter of runs; empty for an empty one.
absl::StatusOr<std::string> RunFilterOf(std::string_view filter);

// Of order_by; ties go by start time, the newest first.
absl::StatusOr<std::string> RunOrderOf(const std::vector<std::string>& order_by);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_RUN_QUERY_H_
