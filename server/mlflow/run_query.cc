#include "server/mlflow/run_query.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/filter.h"
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
                fmt::format("Invalid entity type '{}'. Valid values are metric, parameter, tag and "
                            "attribute.",
                            Shortened(entity, 100)));
}

}  // namespace

absl::StatusOr<std::string> RunFilterOf(std::string_view filter) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<Clause> clauses, ParseFilter(filter));
  std::vector<core::FilterNode> nodes;
  for (const Clause& clause : clauses) {
    CAIRN_ASSIGN_OR_RETURN(const QueryField field, FieldOf(clause.entity, clause.key));
    CAIRN_ASSIGN_OR_RETURN(core::FilterNode node, NodeOf(clause, field, StatusNameOf));
    nodes.push_back(std::move(node));
  }
  return FilterTextOf(std::move(nodes));
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
