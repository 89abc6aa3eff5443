#ifndef CAIRN_SERVER_MLFLOW_RUN_QUERY_H_
#define CAIRN_SERVER_MLFLOW_RUN_QUERY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/mlflow/filter.h"

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
// What has no twin is asked of the index as far as it goes, and of each run that it finds: `_` in
// LIKE; ILIKE but for `run_name ILIKE '%x%'`, for status, and where the pattern has no letters; and
// datasets.name, .digest and .context, which are in tags as JSON (dataset_inputs.h) and hold if one
// data set of the run has such a text.
//
// All errors are INVALID_PARAMETER_VALUE. Pure.

// A filter of runs. A plain value.
struct RunQuery {
  std::string filter;         // of SearchRuns, true for all that are wanted; empty for an empty one
  std::vector<Clause> rests;  // what it does not say

  // Whether what the filter does not say holds for a run that it found.
  bool Keeps(const v1::Run& run) const;
};
absl::StatusOr<RunQuery> RunQueryOf(std::string_view filter);

// Of order_by; ties go by start time, the newest first.
absl::StatusOr<std::string> RunOrderOf(const std::vector<std::string>& order_by);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_RUN_QUERY_H_
