#include "server/mlflow/query_nodes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/util/time_util.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "server/core/filter_lexer.h"
#include "server/core/filter_parser.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

using core::FilterNode;
using core::FilterOp;
using core::FilterValue;
using NodeKind = FilterNode::Kind;

FilterNode Compare(const QueryField& field, FilterOp op, FilterValue value) {
  FilterNode node;
  node.kind = NodeKind::kCompare;
  node.field.path = field.path;
  node.op = op;
  node.value = std::move(value);
  return node;
}

absl::Status WrongComparator(const Clause& clause) {
  return Refuse(kInvalidParameter, fmt::format("Invalid comparator for {} '{}'.", clause.entity,
                                               Shortened(clause.key, 100)));
}

absl::Status WrongValue(const Clause& clause, std::string_view expected) {
  return Refuse(kInvalidParameter, fmt::format("Expected {} for {} '{}'.", expected, clause.entity,
                                               Shortened(clause.key, 100)));
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
FilterNode Nothing() { return Compare({.path = {"uid"}}, FilterOp::kEqual, Quoted("-")); }

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

std::optional<double> NumericValueOf(const Literal& literal) {
  double value = 0;
  const char* end = literal.text.data() + literal.text.size();
  const auto read = std::from_chars(literal.text.data(), end, value);
  const bool whole = !literal.quoted && read.ec == std::errc() && read.ptr == end;
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

absl::StatusOr<FilterNode> NumberNode(const Clause& clause, const QueryField& field) {
  const auto op = OrderedOp(clause.op);
  if (!op.has_value()) return WrongComparator(clause);
  const auto number = NumericValueOf(clause.values[0]);
  if (!number.has_value()) return WrongValue(clause, "a numeric value");
  return Compare(field, *op, Bare(ShortestDouble(*number)));
}

absl::StatusOr<FilterNode> TimeNode(const Clause& clause, const QueryField& field) {
  const auto op = OrderedOp(clause.op);
  if (!op.has_value()) return WrongComparator(clause);
  const auto number = NumericValueOf(clause.values[0]);
  if (!number.has_value()) return WrongValue(clause, "a numeric value");
  constexpr double kMostMillis = 9e15;
  const auto time =
      TimestampOf(static_cast<int64_t>(std::clamp(std::trunc(*number), -kMostMillis, kMostMillis)));
  return Compare(field, *op, Quoted(google::protobuf::util::TimeUtil::ToString(time)));
}

// Of the five states the clause holds for those that it names, patterns included.
absl::StatusOr<FilterNode> StateNode(const Clause& clause, const QueryField& field,
                                     StatusNames status_name) {
  if (clause.op != Operator::kEqual && clause.op != Operator::kNotEqual &&
      clause.op != Operator::kLike && clause.op != Operator::kILike) {
    return WrongComparator(clause);
  }
  if (!clause.values[0].quoted) return WrongValue(clause, "a quoted string");
  const std::string& value = clause.values[0].text;
  FilterNode node = Compare(field, FilterOp::kIn, {});
  for (const auto state : {v1::Run::RUNNING, v1::Run::SCHEDULED, v1::Run::SUCCEEDED,
                           v1::Run::FAILED, v1::Run::KILLED}) {
    const std::string_view name = status_name(state);
    bool holds = false;
    if (clause.op == Operator::kEqual) holds = name == value;
    if (clause.op == Operator::kNotEqual) holds = name != value;
    if (clause.op == Operator::kLike) holds = Like(name, value);
    if (clause.op == Operator::kILike) holds = Like(AsciiLower(name), AsciiLower(value));
    if (holds) node.values.push_back(Bare(v1::Run::State_Name(state)));
  }
  return node.values.empty() ? Nothing() : node;
}

// `a%b_` as `a*b*`.
FilterValue PatternOf(std::string_view like) {
  FilterValue value = Quoted("");
  for (const char c : like) {
    const bool any = c == '%' || c == '_';
    if (any) value.wildcards.push_back(value.text.size());
    value.text += any ? '*' : c;
  }
  return value;
}

bool HasLetters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

// The text of `%text%`, which a bare word finds in names whatever its case; "" for another pattern.
std::string_view WordWithin(std::string_view pattern) {
  if (pattern.size() < 3 || pattern.front() != '%' || pattern.back() != '%') return "";
  const std::string_view inner = pattern.substr(1, pattern.size() - 2);
  return inner.find_first_of("%_") == inner.npos ? inner : "";
}

FilterNode IsThere(const QueryField& field) {
  FilterValue any = Bare("*");
  any.wildcards = {0};
  return Compare(field, FilterOp::kHas, std::move(any));
}

FilterNode LikeNode(const Clause& clause, const QueryField& field) {
  const std::string& pattern = clause.values[0].text;
  if (clause.op == Operator::kLike || !HasLetters(pattern)) {
    return Compare(field, FilterOp::kEqual, PatternOf(pattern));
  }
  const std::string_view word = WordWithin(pattern);
  if (field.path[0] != "display_name" || word.empty()) return IsThere(field);
  FilterNode node;
  node.kind = NodeKind::kText;
  node.value = Quoted(std::string(word));
  return node;
}

absl::StatusOr<FilterNode> ListNode(const Clause& clause, const QueryField& field) {
  if (!field.in_lists) return WrongComparator(clause);
  FilterNode node = Compare(field, FilterOp::kIn, {});
  for (const Literal& literal : clause.values) {
    if (!literal.quoted) return WrongValue(clause, "quoted strings");
    node.values.push_back(Quoted(literal.text));
  }
  return clause.op == Operator::kIn ? node : Not(std::move(node));
}

absl::StatusOr<FilterNode> TextNode(const Clause& clause, const QueryField& field) {
  if (clause.op == Operator::kIn || clause.op == Operator::kNotIn) return ListNode(clause, field);
  if (!clause.values[0].quoted) return WrongValue(clause, "a quoted string");
  if (clause.op == Operator::kLike || clause.op == Operator::kILike) return LikeNode(clause, field);
  if (clause.op != Operator::kEqual && clause.op != Operator::kNotEqual) {
    return WrongComparator(clause);
  }
  return Compare(field, *OrderedOp(clause.op), Quoted(clause.values[0].text));
}

}  // namespace

bool IsSaidWhole(const Clause& clause, const QueryField& field) {
  if (clause.op != Operator::kLike && clause.op != Operator::kILike) return true;
  if (field.type != QueryField::Type::kText) return true;
  const std::string& pattern = clause.values[0].text;
  if (clause.op == Operator::kLike || !HasLetters(pattern)) {
    return pattern.find('_') == pattern.npos;
  }
  return field.path[0] == "display_name" && !WordWithin(pattern).empty();
}

absl::StatusOr<FilterNode> NodeOf(const Clause& clause, const QueryField& field,
                                  StatusNames status_name) {
  if (clause.op == Operator::kIsNull || clause.op == Operator::kIsNotNull) {
    if (!field.optional) return WrongComparator(clause);
    FilterNode there = IsThere(field);
    return clause.op == Operator::kIsNull ? Not(std::move(there)) : there;
  }
  switch (field.type) {
    case QueryField::Type::kNumber:
      return NumberNode(clause, field);
    case QueryField::Type::kTime:
      return TimeNode(clause, field);
    case QueryField::Type::kState:
      return StateNode(clause, field, status_name);
    default:
      return TextNode(clause, field);
  }
}

std::string FilterTextOf(std::vector<FilterNode> nodes) {
  core::Filter filter;
  if (nodes.size() == 1) filter.root = std::move(nodes[0]);
  if (nodes.size() > 1) {
    FilterNode all;
    all.children = std::move(nodes);
    filter.root = std::move(all);
  }
  return core::FilterToString(filter);
}

std::string OrderTermOf(const QueryField& field, bool descending) {
  std::string path = field.path[0];
  if (field.path.size() > 1) path += "." + core::QuotedText(Quoted(field.path[1]));
  return path + (descending ? " desc" : "");
}

}  // namespace cairn::mlflow
