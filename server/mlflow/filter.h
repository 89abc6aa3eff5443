#ifndef CAIRN_SERVER_MLFLOW_FILTER_H_
#define CAIRN_SERVER_MLFLOW_FILTER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::mlflow {

// MLflow's language of filters: comparisons joined by AND, nothing else.
//
//   metrics.`val loss` < 0.5 and params.k = '4' AND attributes.status IN ('FINISHED')
//
// A comparison is an identifier, an operator and a value, in this order. Operators are
// = != > >= < <= LIKE ILIKE, [NOT] IN (…) and IS [NOT] NULL; words in any case. Texts are quoted
// by ' or " without escapes, keys by ` or ". Empty clauses (a trailing AND) are passed over.

inline constexpr size_t kMaxFilterBytes = size_t{16} << 10;  // without lists
inline constexpr size_t kMaxFilterClauses = 64;
inline constexpr size_t kMaxFilterListValues = 10'000;

struct Literal {
  std::string text;  // without quotes
  bool quoted = false;
};

enum class Operator {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kLike,
  kILike,
  kIn,
  kNotIn,
  kIsNull,
  kIsNotNull,
};

// One comparison as written: nothing is checked against what runs or models have.
struct Clause {
  std::string entity;  // in lower case; "attribute" for a bare key
  std::string key;
  Operator op = Operator::kEqual;
  std::vector<Literal> values;  // one; of IN one or more, of IS none
};

// INVALID_PARAMETER_VALUE for what is none, or beyond the bounds. Pure, in linear time.
absl::StatusOr<std::vector<Clause>> ParseFilter(std::string_view text);

// One item of order_by, `metrics.loss DESC`.
struct OrderItem {
  std::string entity;
  std::string key;
  bool descending = false;
};
absl::StatusOr<OrderItem> ParseOrderItem(std::string_view text);

// True if `text` matches a pattern of LIKE, where % stands for any text and _ for one character of
// UTF-8; nothing escapes them. ILIKE is this for both in lower case of ASCII, as MLflow's database
// has it. In time of their product at most.
bool Like(std::string_view text, std::string_view pattern);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_FILTER_H_
