#include "server/mlflow/run_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/util/time_util.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/core/filter_lexer.h"
#include "server/core/filter_parser.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/filter.h"

namespace cairn::mlflow {
namespace {

using core::FilterField;
using core::FilterNode;
using core::FilterOp;
using core::FilterValue;
using NodeKind = FilterNode::Kind;

// What a field of MLflow is compared as.
enum class Type { kNumber, kText, kTime, kState };

// A field of Cairn's that stands for one of MLflow's.
struct Target {
  std::vector<std::string> path;
  Type type = Type::kText;
  bool optional = false;  // a run may lack it, which IS NULL asks
};

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

absl::StatusOr<Target> AttributeOf(const std::string& key) {
  if (IsOneOf(key, {"run_id"})) return Target{{"uid"}};
  if (IsOneOf(key, {"run_name", "run name", "Run name", "Run Name"}))
    return Target{{"display_name"}};
  if (IsOneOf(key, {"user_id"})) return Target{{"user"}};
  if (IsOneOf(key, {"status"})) return Target{{"state"}, Type::kState};
  if (IsOneOf(key, {"start_time", "created", "Created"}))
    return Target{{"start_time"}, Type::kTime};
  if (IsOneOf(key, {"end_time"})) return Target{{"end_time"}, Type::kTime};
  return Refuse(
      kInvalidParameter,
      fmt::format("Invalid attribute key '{}' specified. Valid keys are run_id, run_name, "
                  "user_id, status, start_time and end_time.",
                  Shortened(key, 100)));
}

absl::StatusOr<Target> TargetOf(const std::string& entity, const std::string& key) {
  if (IsOneOf(entity, {"attribute", "attributes", "attr", "run"})) return AttributeOf(key);
  if (IsOneOf(entity, {"metric", "metrics"})) return Target{{"metrics", key}, Type::kNumber};
  if (IsOneOf(entity, {"param", "params", "parameter", "parameters"})) {
    return Target{{"params", key}, Type::kText, true};
  }
  if (IsOneOf(entity, {"tag", "tags"})) {
    if (key == kRunNameTag) return Target{{"display_name"}};
    return Target{{"tags", key}, Type::kText, true};
  }
  return Refuse(kInvalidParameter,
                fmt::format("Invalid entity type '{}'. Valid values are metric, parameter, tag and "
                            "attribute.",
                            Shortened(entity, 100)));
}

absl::Status WrongComparator(const Clause& clause) {
  return Refuse(kInvalidParameter, fmt::format("Invalid comparator for {} '{}'.", clause.entity,
                                               Shortened(clause.key, 100)));
}

absl::Status WrongValue(const Clause& clause, std::string_view expected) {
  return Refuse(kInvalidParameter, fmt::format("Expected {} for {} '{}'.", expected, clause.entity,
                                               Shortened(clause.key, 100)));
}

FilterNode Compare(const Target& target, FilterOp op, FilterValue value) {
  FilterNode node;
  node.kind = NodeKind::kCompare;
  node.field.path = target.path;
  node.op = op;
  node.value = std::move(value);
  return node;
}

FilterNode Not(FilterNode inner) {
  FilterNode node;
  node.kind = NodeKind::kNot;
  node.children.push_back(std::move(inner));
  return node;
}

FilterValue Quoted(std::string text) {
  FilterValue value;
  value.text = std::move(text);
  value.quoted = true;
  return value;
}

FilterValue Bare(std::string text) {
  FilterValue value;
  value.text = std::move(text);
  return value;
}

// No run has this id.
FilterNode Nothing() { return Compare({{"uid"}}, FilterOp::kEqual, Quoted("-")); }

std::optional<FilterOp> OrderedOp(Operator op) {
  switch (op) {
    case Operator::kEqual:
      return FilterOp::kEqual;
    case Operator::kNotEqual:
      return FilterOp::kNotEqual;
    case Operator::kLess:
      return FilterOp::kLess;
    case Operator::kLessEqual:
      return FilterOp::kLessEqual;
    case Operator::kGreater:
      return FilterOp::kGreater;
    case Operator::kGreaterEqual:
      return FilterOp::kGreaterEqual;
    default:
      return std::nullopt;
  }
}

std::optional<double> NumberOf(const Literal& literal) {
  double value = 0;
  const char* end = literal.text.data() + literal.text.size();
  const auto read = std::from_chars(literal.text.data(), end, value);
  const bool whole = !literal.quoted && read.ec == std::errc() && read.ptr == end;
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

absl::StatusOr<FilterNode> NumberNode(const Clause& clause, const Target& target) {
  const auto op = OrderedOp(clause.op);
  if (!op.has_value()) return WrongComparator(clause);
  const auto number = NumberOf(clause.values[0]);
  if (!number.has_value()) return WrongValue(clause, "a numeric value");
  return Compare(target, *op, Bare(ShortestDouble(*number)));
}

absl::StatusOr<FilterNode> TimeNode(const Clause& clause, const Target& target) {
  const auto op = OrderedOp(clause.op);
  if (!op.has_value()) return WrongComparator(clause);
  const auto number = NumberOf(clause.values[0]);
  if (!number.has_value()) return WrongValue(clause, "a numeric value");
  constexpr double kMostMillis = 9e15;
  const auto time =
      TimestampOf(static_cast<int64_t>(std::clamp(std::trunc(*number), -kMostMillis, kMostMillis)));
  return Compare(target, *op, Quoted(google::protobuf::util::TimeUtil::ToString(time)));
}

// Of the five states the clause holds for those that it names, patterns included.
absl::StatusOr<FilterNode> StateNode(const Clause& clause, const Target& target) {
  if (clause.op != Operator::kEqual && clause.op != Operator::kNotEqual &&
      clause.op != Operator::kLike && clause.op != Operator::kILike) {
    return WrongComparator(clause);
  }
  if (!clause.values[0].quoted) return WrongValue(clause, "a quoted string");
  const std::string& value = clause.values[0].text;
  FilterNode node = Compare(target, FilterOp::kIn, {});
  for (const auto state : {v1::Run::RUNNING, v1::Run::SCHEDULED, v1::Run::SUCCEEDED,
                           v1::Run::FAILED, v1::Run::KILLED}) {
    const std::string_view name = StatusNameOf(state);
    bool holds = false;
    if (clause.op == Operator::kEqual) holds = name == value;
    if (clause.op == Operator::kNotEqual) holds = name != value;
    if (clause.op == Operator::kLike) holds = Like(name, value);
    if (clause.op == Operator::kILike) holds = Like(AsciiLower(name), AsciiLower(value));
    if (holds) node.values.push_back(Bare(v1::Run::State_Name(state)));
  }
  return node.values.empty() ? Nothing() : node;
}

// `a%b` as `a*b`.
FilterValue PatternOf(std::string_view like) {
  FilterValue value = Quoted("");
  for (const char c : like) {
    if (c == '%') value.wildcards.push_back(value.text.size());
    value.text += c == '%' ? '*' : c;
  }
  return value;
}

bool HasLetters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

absl::StatusOr<FilterNode> LikeNode(const Clause& clause, const Target& target) {
  const std::string& pattern = clause.values[0].text;
  if (pattern.find('_') != pattern.npos) {
    return Refuse(kInvalidParameter, "'_' in a pattern of LIKE and ILIKE is not supported.");
  }
  if (clause.op == Operator::kLike || !HasLetters(pattern)) {
    return Compare(target, FilterOp::kEqual, PatternOf(pattern));
  }
  const bool within = pattern.size() > 2 && pattern.front() == '%' && pattern.back() == '%';
  const std::string inner = within ? pattern.substr(1, pattern.size() - 2) : std::string();
  if (target.path[0] != "display_name" || inner.empty() || inner.find('%') != inner.npos) {
    return Refuse(kInvalidParameter,
                  "ILIKE is supported for status, and for run_name with a pattern like '%text%'.");
  }
  FilterNode node;
  node.kind = NodeKind::kText;
  node.value = Quoted(inner);
  return node;
}

absl::StatusOr<FilterNode> ListNode(const Clause& clause, const Target& target) {
  if (target.path[0] != "uid") return WrongComparator(clause);
  FilterNode node = Compare(target, FilterOp::kIn, {});
  for (const Literal& literal : clause.values) {
    if (!literal.quoted) return WrongValue(clause, "quoted strings");
    node.values.push_back(Quoted(literal.text));
  }
  return clause.op == Operator::kIn ? node : Not(std::move(node));
}

absl::StatusOr<FilterNode> TextNode(const Clause& clause, const Target& target) {
  if (clause.op == Operator::kIn || clause.op == Operator::kNotIn) return ListNode(clause, target);
  if (!clause.values[0].quoted) return WrongValue(clause, "a quoted string");
  if (clause.op == Operator::kLike || clause.op == Operator::kILike)
    return LikeNode(clause, target);
  if (clause.op != Operator::kEqual && clause.op != Operator::kNotEqual) {
    return WrongComparator(clause);
  }
  return Compare(target, *OrderedOp(clause.op), Quoted(clause.values[0].text));
}

absl::StatusOr<FilterNode> NodeOf(const Clause& clause) {
  CAIRN_ASSIGN_OR_RETURN(const Target target, TargetOf(clause.entity, clause.key));
  if (clause.op == Operator::kIsNull || clause.op == Operator::kIsNotNull) {
    if (!target.optional) return WrongComparator(clause);
    FilterValue any = Bare("*");
    any.wildcards = {0};
    FilterNode there = Compare(target, FilterOp::kHas, std::move(any));
    return clause.op == Operator::kIsNull ? Not(std::move(there)) : there;
  }
  switch (target.type) {
    case Type::kNumber:
      return NumberNode(clause, target);
    case Type::kTime:
      return TimeNode(clause, target);
    case Type::kState:
      return StateNode(clause, target);
    default:
      return TextNode(clause, target);
  }
}

}  // namespace

absl::StatusOr<std::string> RunFilterOf(std::string_view filter) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<Clause> clauses, ParseFilter(filter));
  FilterNode all;
  for (const Clause& clause : clauses) {
    CAIRN_ASSIGN_OR_RETURN(FilterNode node, NodeOf(clause));
    all.children.push_back(std::move(node));
  }
  core::Filter translated;
  if (all.children.size() == 1) translated.root = std::move(all.children[0]);
  if (all.children.size() > 1) translated.root = std::move(all);
  return core::FilterToString(translated);
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
    CAIRN_ASSIGN_OR_RETURN(const Target target, TargetOf(item.entity, item.key));
    std::string path = target.path[0];
    if (target.path.size() > 1) path += "." + core::QuotedText(Quoted(target.path[1]));
    order += fmt::format("{}{}, ", path, item.descending ? " desc" : "");
  }
  return order + "start_time desc";
}

}  // namespace cairn::mlflow
