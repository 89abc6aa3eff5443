#include "server/mlflow/clause_match.h"

#include <algorithm>
#include <charconv>

#include "lib/base/encoding.h"

namespace cairn::mlflow {

bool IsOfTag(const Clause& clause) { return clause.entity == "tag" || clause.entity == "tags"; }

bool IsAttribute(std::string_view entity) {
  return entity == "attribute" || entity == "attributes" || entity == "attr";
}

std::optional<double> NumberIn(const Literal& literal) {
  double value = 0;
  const char* end = literal.text.data() + literal.text.size();
  const auto read = std::from_chars(literal.text.data(), end, value);
  const bool whole = !literal.quoted && read.ec == std::errc() && read.ptr == end;
  return whole ? std::optional(value) : std::nullopt;
}

bool NumberHolds(double left, const Clause& clause) {
  const double right = NumberIn(clause.values[0]).value_or(0);
  switch (clause.op) {
    case Operator::kEqual:
      return left == right;
    case Operator::kNotEqual:
      return left != right;
    case Operator::kLess:
      return left < right;
    case Operator::kLessEqual:
      return left <= right;
    case Operator::kGreater:
      return left > right;
    default:
      return left >= right;
  }
}

bool TextHolds(std::string_view left, const Clause& clause) {
  const auto equals = [left](const Literal& value) { return value.text == left; };
  switch (clause.op) {
    case Operator::kEqual:
    case Operator::kIn:
      return std::any_of(clause.values.begin(), clause.values.end(), equals);
    case Operator::kNotEqual:
    case Operator::kNotIn:
      return std::none_of(clause.values.begin(), clause.values.end(), equals);
    case Operator::kLike:
      return Like(left, clause.values[0].text);
    default:
      return Like(AsciiLower(left), AsciiLower(clause.values[0].text));
  }
}

}  // namespace cairn::mlflow
