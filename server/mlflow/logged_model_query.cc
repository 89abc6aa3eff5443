#include "server/mlflow/logged_model_query.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/core/run_filter.h"
#include "server/mlflow/error.h"
#include "server/mlflow/filter.h"
#include "server/mlflow/logged_model.h"
#include "server/mlflow/query_nodes.h"

namespace cairn::mlflow {
namespace {

using core::FilterNode;
using FieldType = QueryField::Type;

constexpr std::string_view kModelIdPrefix = "m-";

QueryField TextField(std::vector<std::string> path) {
  return {.path = std::move(path), .in_lists = true};
}

absl::StatusOr<QueryField> ModelAttribute(const std::string& key) {
  if (key == "name") return TextField({"display_name"});
  if (key == "model_id") return TextField({"uid"});
  if (key == "model_type") return TextField({"tags", std::string(kModelTypeTag)});
  if (key == "source_run_id") return TextField({"parent_run"});
  if (key == "status") return QueryField{.path = {"state"}, .type = FieldType::kState};
  if (key == "creation_timestamp" || key == "creation_time") {
    return QueryField{.path = {"create_time"}, .type = FieldType::kTime};
  }
  if (key == "last_updated_timestamp" || key == "last_updated_time") {
    return QueryField{.path = {"end_time"}, .type = FieldType::kTime};
  }
  return Refuse(kInvalidParameter,
                fmt::format("Invalid attribute name: {}. Valid names are name, model_id, "
                            "model_type, status, source_run_id, creation_timestamp and "
                            "last_updated_timestamp.",
                            Shortened(key, 100)));
}

absl::StatusOr<QueryField> ModelField(const std::string& entity, const std::string& key) {
  if (entity == "attribute" || entity == "attributes") return ModelAttribute(key);
  if (entity == "metrics") return QueryField{.path = {"metrics", key}, .type = FieldType::kNumber};
  if (entity == "params" || entity == "tags") {
    return QueryField{.path = {entity, key}, .optional = true};
  }
  return Refuse(kInvalidParameter,
                fmt::format("Invalid entity type: {}. Expected one of attributes, metrics, params "
                            "and tags.",
                            Shortened(entity, 100)));
}

// Ids as runs have them. A text that is no id of a model names none.
void TakeModelPrefix(Clause& clause) {
  for (Literal& literal : clause.values) {
    const bool model = literal.text.starts_with(kModelIdPrefix);
    literal.text = model ? literal.text.substr(kModelIdPrefix.size()) : literal.text;
    if (!model && !literal.text.starts_with('%')) literal.text = "-";
  }
}

FilterNode AnyOf(std::vector<FilterNode> nodes) {
  if (nodes.size() == 1) return std::move(nodes[0]);
  FilterNode any;
  any.kind = FilterNode::Kind::kOr;
  any.children = std::move(nodes);
  return any;
}

// The metric of a data set; one that no model has for a data set of which the digest is not said.
QueryField OnDataset(const QueryField& field, const MetricDataset& dataset) {
  QueryField on = field;
  on.path[1] = KeyOnDataset({field.path[1], dataset.name, dataset.digest});
  if (on.path[1].empty()) on.path[1] = KeyOnDataset({field.path[1], dataset.name, "-"});
  return on;
}

absl::StatusOr<FilterNode> ModelNode(Clause clause, const std::vector<MetricDataset>& datasets) {
  CAIRN_ASSIGN_OR_RETURN(const QueryField field, ModelField(clause.entity, clause.key));
  if (!IsSaidWhole(clause, field)) {
    return Refuse(kInvalidParameter,
                  "Of logged models, '_' in a pattern is not supported, and ILIKE for status, and "
                  "for names with a pattern like '%text%', only.");
  }
  if (field.path[0] == "uid") TakeModelPrefix(clause);
  if (field.path[0] != "metrics" || datasets.empty()) {
    return NodeOf(clause, field, ModelStatusOf);
  }
  std::vector<FilterNode> either;
  for (const MetricDataset& dataset : datasets) {
    CAIRN_ASSIGN_OR_RETURN(FilterNode node,
                           NodeOf(clause, OnDataset(field, dataset), ModelStatusOf));
    either.push_back(std::move(node));
  }
  return AnyOf(std::move(either));
}

FilterNode IsLoggedModel() {
  FilterNode node;
  node.kind = FilterNode::Kind::kCompare;
  node.field.path = {"kind"};
  node.op = core::FilterOp::kEqual;
  node.value.text = core::kLoggedModelWord;
  return node;
}

// `metrics.loss`, `creation_time`; only these can be sorted by.
absl::StatusOr<QueryField> SortField(const LoggedModelOrder& item) {
  CAIRN_ASSIGN_OR_RETURN(const OrderItem parsed, ParseOrderItem(item.field_name));
  CAIRN_ASSIGN_OR_RETURN(QueryField field, ModelField(parsed.entity, parsed.key));
  if (field.path[0] == "params" || (field.path[0] == "tags" && parsed.entity == "tags") ||
      field.path[0] == "parent_run") {
    return Refuse(kInvalidParameter,
                  fmt::format("Invalid order_by field name: {}. Only attributes and metrics can be "
                              "sorted by.",
                              Shortened(item.field_name, 100)));
  }
  if (field.path[0] == "metrics" && !item.dataset.name.empty()) {
    return OnDataset(field, item.dataset);
  }
  return field;
}

}  // namespace

absl::StatusOr<std::string> LoggedModelFilterOf(std::string_view filter,
                                                const std::vector<MetricDataset>& datasets) {
  CAIRN_ASSIGN_OR_RETURN(std::vector<Clause> clauses, ParseFilter(filter));
  std::vector<FilterNode> nodes = {IsLoggedModel()};
  for (Clause& clause : clauses) {
    CAIRN_ASSIGN_OR_RETURN(FilterNode node, ModelNode(std::move(clause), datasets));
    nodes.push_back(std::move(node));
  }
  return FilterTextOf(std::move(nodes));
}

absl::StatusOr<std::string> LoggedModelOrderOf(const std::vector<LoggedModelOrder>& order_by) {
  constexpr size_t kMostItems = 15;  // and the one for ties
  if (order_by.size() > kMostItems) {
    return Refuse(kInvalidParameter, fmt::format("order_by has at most {} items.", kMostItems));
  }
  std::string order;
  for (const LoggedModelOrder& item : order_by) {
    CAIRN_ASSIGN_OR_RETURN(const QueryField field, SortField(item));
    order += OrderTermOf(field, !item.ascending) + ", ";
  }
  return order + "create_time desc";
}

}  // namespace cairn::mlflow
