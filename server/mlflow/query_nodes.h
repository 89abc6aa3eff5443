#ifndef CAIRN_SERVER_MLFLOW_QUERY_NODES_H_
#define CAIRN_SERVER_MLFLOW_QUERY_NODES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/core/filter_ast.h"
#include "server/mlflow/filter.h"

namespace cairn::mlflow {

// What searches of MLflow that become SearchRuns have in common: a clause about a field whose twin
// is known becomes a node of Cairn's filter. Which field has which twin, and so what may be asked,
// says each search: run_query.cc for runs, logged_model_query.cc for logged models.
//
// Operators that are not for a field of this type are refused with INVALID_PARAMETER_VALUE. Pure.

// A field of Cairn's that stands for one of MLflow's.
struct QueryField {
  enum class Type { kNumber, kText, kTime, kState };

  std::vector<std::string> path;  // {"metrics", "val loss"}
  Type type = Type::kText;
  bool optional = false;  // a run may lack it, which IS NULL asks
  bool in_lists = false;  // IN and NOT IN take it
};

// What a search calls the states of runs; every state has a name.
using StatusNames = std::string_view (*)(v1::Run::State);

// Whether the node says all of the clause. Cairn's filters have no sign for one letter, and compare
// texts with their case, but for names with '%x%': so the node of a clause with `_` or ILIKE holds
// for more rows, and whoever asks looks at each of those again.
bool IsSaidWhole(const Clause& clause, const QueryField& field);

absl::StatusOr<core::FilterNode> NodeOf(const Clause& clause, const QueryField& field,
                                        StatusNames status_name);

// All nodes joined by AND, in the language of SearchRuns; "" for none.
std::string FilterTextOf(std::vector<core::FilterNode> nodes);

// One key of its order_by.
std::string OrderTermOf(const QueryField& field, bool descending);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_QUERY_NODES_H_
