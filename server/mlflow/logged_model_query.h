#ifndef CAIRN_SERVER_MLFLOW_LOGGED_MODEL_QUERY_H_
#define CAIRN_SERVER_MLFLOW_LOGGED_MODEL_QUERY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::mlflow {

// MLflow's searches of logged models in the language of SearchRuns, which finds them as runs of
// kind LOGGED_MODEL.
//
//   MLflow                                     Cairn
//   name, model_id, model_type                 display_name, uid, tags."mlflow.modelType"
//   status, source_run_id                      state, parent_run
//   creation_timestamp, creation_time          create_time
//   last_updated_timestamp, last_updated_time  end_time
//   metrics.K                                  the same, or the key of K on a data set
//   params.K, tags.K                           the same
//
// What has no twin is refused: `_` in LIKE; ILIKE but for status, for names with '%x%', and where
// the pattern has no letters. All errors are INVALID_PARAMETER_VALUE. Pure.

// A data set that conditions on metrics are about.
struct MetricDataset {
  std::string name;
  std::string digest;  // "": any state of it, which finds nothing, as in MLflow
};

// Of a filter of logged models; it always names the kind. A condition on a metric holds if it does
// on one of `datasets`, or without them on the newest point.
absl::StatusOr<std::string> LoggedModelFilterOf(std::string_view filter,
                                                const std::vector<MetricDataset>& datasets);

// One item of order_by. A metric may be that of a data set.
struct LoggedModelOrder {
  std::string field_name;
  bool ascending = true;
  MetricDataset dataset;
};

// Of order_by; the newest first without one. Ties go by the time of creation, the newest first, and
// then by id.
absl::StatusOr<std::string> LoggedModelOrderOf(const std::vector<LoggedModelOrder>& order_by);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_LOGGED_MODEL_QUERY_H_
