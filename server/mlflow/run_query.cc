#include "server/mlflow/run_query.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/mlflow/clause_match.h"
#include "server/mlflow/dataset_inputs.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/query_nodes.h"

namespace cairn::mlflow {
namespace {

using Type = QueryField::Type;

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

absl::StatusOr<QueryField> AttributeOf(const std::string& key) {
  if (IsOneOf(key, {"run_id"})) return QueryField{.path = {"uid"}, .in_lists = true};
  if (IsOneOf(key, {"run_name", "run name", "Run name", "Run Name"}))
    return QueryField{.path = {"display_name"}};
  if (IsOneOf(key, {"user_id"})) return QueryField{.path = {"user"}};
  if (IsOneOf(key, {"status"})) return QueryField{.path = {"state"}, .type = Type::kState};
  if (IsOneOf(key, {"start_time", "created", "Created"}))
    return QueryField{.path = {"start_time"}, .type = Type::kTime};
  if (IsOneOf(key, {"end_time"})) return QueryField{.path = {"end_time"}, .type = Type::kTime};
  return Refuse(
      kInvalidParameter,
      fmt::format("Invalid attribute key '{}' specified. Valid keys are run_id, run_name, "
                  "user_id, status, start_time and end_time.",
                  Shortened(key, 100)));
}

absl::StatusOr<QueryField> FieldOf(const std::string& entity, const std::string& key) {
  if (IsOneOf(entity, {"attribute", "attributes", "attr", "run"})) return AttributeOf(key);
  if (IsOneOf(entity, {"metric", "metrics"}))
    return QueryField{.path = {"metrics", key}, .type = Type::kNumber};
  if (IsOneOf(entity, {"param", "params", "parameter", "parameters"})) {
    return QueryField{.path = {"params", key}, .optional = true};
  }
  if (IsOneOf(entity, {"tag", "tags"})) {
    if (key == kRunNameTag) return QueryField{.path = {"display_name"}};
    return QueryField{.path = {"tags", key}, .optional = true};
  }
  return Refuse(kInvalidParameter,
                fmt::format("Invalid entity type '{}'. Valid values are metric, parameter, tag, "
                            "dataset and attribute.",
                            Shortened(entity, 100)));
}

bool IsOfDataset(const Clause& clause) { return IsOneOf(clause.entity, {"dataset", "datasets"}); }

absl::Status CheckDatasetClause(const Clause& clause) {
  if (!IsOneOf(clause.key, {"name", "digest", "context"})) {
    return Refuse(kInvalidParameter, fmt::format("Invalid dataset key '{}' specified. Valid keys "
                                                 "are name, digest and context.",
                                                 Shortened(clause.key, 100)));
  }
  if (clause.values.empty() ||
      (clause.op >= Operator::kLess && clause.op <= Operator::kGreaterEqual)) {
    return Refuse(kInvalidParameter, fmt::format("Invalid comparator for dataset '{}'. Valid ones "
                                                 "are =, !=, LIKE, ILIKE, IN and NOT IN.",
                                                 clause.key));
  }
  const auto quoted = [](const Literal& value) { return value.quoted; };
  if (std::all_of(clause.values.begin(), clause.values.end(), quoted)) return absl::OkStatus();
  return Refuse(kInvalidParameter,
                fmt::format("Expected a quoted string value for dataset '{}'. Got value {}",
                            clause.key, Shortened(clause.values[0].text, 100)));
}

// Nobody said what a data set without a context was read for, so no condition on it holds.
bool HoldsForDataset(const Clause& clause, const v1::Run& run) {
  const std::vector<DatasetSummary> datasets = SummariesOf(run);
  return std::any_of(datasets.begin(), datasets.end(), [&clause](const DatasetSummary& dataset) {
    if (clause.key == "name") return TextHolds(dataset.name, clause);
    if (clause.key == "digest") return TextHolds(dataset.digest, clause);
    return !dataset.context.empty() && TextHolds(dataset.context, clause);
  });
}

// The text of a run that a clause compares; nullopt if it has none.
std::optional<std::string_view> TextOf(const QueryField& field, const v1::Run& run) {
  const std::string& name = field.path[0];
  if (name == "display_name") return run.display_name();
  if (name == "user") return run.user();
  if (name == "uid") return run.uid();
  const auto& values = name == "params" ? run.params() : run.tags();
  const auto found = values.find(field.path[1]);
  return found == values.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

bool HoldsForRun(const Clause& clause, const v1::Run& run) {
  if (IsOfDataset(clause)) return HoldsForDataset(clause, run);
  const auto field = FieldOf(clause.entity, clause.key);
  const auto text = field.ok() ? TextOf(*field, run) : std::nullopt;
  return text.has_value() && TextHolds(*text, clause);
}

}  // namespace

bool RunQuery::Keeps(const v1::Run& run) const {
  return std::all_of(rests.begin(), rests.end(),
                     [&run](const Clause& clause) { return HoldsForRun(clause, run); });
}

absl::StatusOr<RunQuery> RunQueryOf(std::string_view filter) {
  CAIRN_ASSIGN_OR_RETURN(std::vector<Clause> clauses, ParseFilter(filter));
  std::vector<core::FilterNode> nodes;
  RunQuery query;
  for (Clause& clause : clauses) {
    if (IsOfDataset(clause)) {
      CAIRN_RETURN_IF_ERROR(CheckDatasetClause(clause));
      query.rests.push_back(std::move(clause));
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const QueryField field, FieldOf(clause.entity, clause.key));
    CAIRN_ASSIGN_OR_RETURN(core::FilterNode node, NodeOf(clause, field, StatusNameOf));
    nodes.push_back(std::move(node));
    if (!IsSaidWhole(clause, field)) query.rests.push_back(std::move(clause));
  }
  query.filter = FilterTextOf(std::move(nodes));
  return query;
}

absl::StatusOr<std::string> RunOrderOf(const std::vector<std::string>& order_by) {
  constexpr size_t kMostItems = 15;  // and the one for ties
  if (order_by.size() > kMostItems) {
    return Refuse(kInvalidParameter, fmt::format("order_by has at most {} items.", kMostItems));
  }
  if (order_by.empty()) return std::string();  // the newest first, by start time
  std::string order;
  for (const std::string& text : order_by) {
    CAIRN_ASSIGN_OR_RETURN(const OrderItem item, ParseOrderItem(text));
    CAIRN_ASSIGN_OR_RETURN(const QueryField field, FieldOf(item.entity, item.key));
    order += OrderTermOf(field, item.descending) + ", ";
  }
  return order + "start_time desc";
}

}  // namespace cairn::mlflow
