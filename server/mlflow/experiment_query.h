#ifndef CAIRN_SERVER_MLFLOW_EXPERIMENT_QUERY_H_
#define CAIRN_SERVER_MLFLOW_EXPERIMENT_QUERY_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/mlflow/filter.h"

namespace cairn::mlflow {

// Which of what is and was there a search shows.
enum class View { kActive, kDeleted, kAll };

// A search of experiments: what is filtered by, and in which order. Attributes are name (as text),
// creation_time and last_update_time (as numbers, in milliseconds); beside them tags. Without an
// order the newest come first, then by id; in an order ids decide, the greatest first. A value
// type.
class ExperimentQuery {
 public:
  // INVALID_PARAMETER_VALUE.
  static absl::StatusOr<ExperimentQuery> Parse(std::string_view filter,
                                               const std::vector<std::string>& order_by);

  // Leaves those that match, in order.
  void Apply(std::vector<v1::Experiment>& experiments) const;

  bool Matches(const v1::Experiment& experiment) const;

 private:
  std::vector<Clause> clauses_;
  std::vector<OrderItem> order_;
};

// Where a page begins, as clients carry it.
std::string ExperimentPageToken(size_t offset);
absl::StatusOr<size_t> OffsetOfExperimentPage(std::string_view token);  // "": 0

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_EXPERIMENT_QUERY_H_
