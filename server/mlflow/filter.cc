#include "server/mlflow/filter.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kEndsWord = " \t\r\n(),=!<>'\"`;";
constexpr size_t kMaxFilterListBytes = size_t{1} << 20;

// Reads clauses from left to right. An error leaves it where it is.
class FilterReader {
 public:
  explicit FilterReader(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Clause>> Clauses();
  absl::Status TakeIdentifier(std::string& entity, std::string& key);
  bool TakeWord(std::string_view word);
  bool AtEnd() {
    SkipBlanks();
    return at_ == text_.size();
  }
  absl::Status Invalid(std::string_view problem) const {
    return Refuse(kInvalidParameter,
                  fmt::format("Invalid clause(s) in filter string: {} at byte {} of {}", problem,
                              at_, Shortened(text_, 200)));
  }

 private:
  void SkipBlanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
  std::string_view WordHere() const {
    const size_t end = std::min(text_.find_first_of(kEndsWord, at_), text_.size());
    return text_.substr(at_, end - at_);
  }
  // Text between marks, or nullopt if there is none here; an unclosed mark is an error.
  absl::StatusOr<std::optional<std::string>> TakeQuoted(std::string_view marks);
  absl::StatusOr<std::string> TakeKeyPart();
  absl::StatusOr<Clause> TakeClause();
  std::optional<Operator> TakeOperator();
  absl::StatusOr<Literal> TakeLiteral();
  absl::Status TakeList(std::vector<Literal>& values);

  std::string_view text_;
  size_t at_ = 0;
  size_t list_values_ = 0;
  size_t list_bytes_ = 0;
};

bool FilterReader::TakeWord(std::string_view word) {
  SkipBlanks();
  if (AsciiLower(WordHere().substr(0, word.size() + 1)) != word) return false;
  at_ += word.size();
  return true;
}

absl::StatusOr<std::optional<std::string>> FilterReader::TakeQuoted(std::string_view marks) {
  SkipBlanks();
  if (at_ == text_.size() || marks.find(text_[at_]) == marks.npos) return std::nullopt;
  const size_t end = text_.find(text_[at_], at_ + 1);
  if (end == text_.npos) return Invalid("a quote is not closed");
  std::string taken(text_.substr(at_ + 1, end - at_ - 1));
  at_ = end + 1;
  return std::optional(std::move(taken));
}

absl::StatusOr<std::string> FilterReader::TakeKeyPart() {
  CAIRN_ASSIGN_OR_RETURN(auto quoted, TakeQuoted("`\""));
  if (quoted.has_value()) return *std::move(quoted);
  const std::string_view word = WordHere();
  if (word.empty()) return Invalid("expected the name of a field");
  at_ += word.size();
  return std::string(word);
}

// `entity.key`, where the key may be quoted, or a key alone. Keys have dots themselves.
absl::Status FilterReader::TakeIdentifier(std::string& entity, std::string& key) {
  SkipBlanks();
  const bool quoted = at_ < text_.size() && (text_[at_] == '`' || text_[at_] == '"');
  CAIRN_ASSIGN_OR_RETURN(std::string first, TakeKeyPart());
  const size_t dot = quoted ? first.npos : first.find('.');
  entity = dot == first.npos ? "attribute" : AsciiLower(first.substr(0, dot));
  key = dot == first.npos ? first : first.substr(dot + 1);
  if (dot != first.npos && key.empty()) {
    CAIRN_ASSIGN_OR_RETURN(key, TakeKeyPart());
  }
  return absl::OkStatus();
}

std::optional<Operator> FilterReader::TakeOperator() {
  static constexpr std::array kSigns = {std::pair{std::string_view("!="), Operator::kNotEqual},
                                        std::pair{std::string_view("<="), Operator::kLessEqual},
                                        std::pair{std::string_view(">="), Operator::kGreaterEqual},
                                        std::pair{std::string_view("="), Operator::kEqual},
                                        std::pair{std::string_view("<"), Operator::kLess},
                                        std::pair{std::string_view(">"), Operator::kGreater}};
  SkipBlanks();
  for (const auto& [sign, op] : kSigns) {
    if (text_.substr(at_, sign.size()) != sign) continue;
    at_ += sign.size();
    return op;
  }
  if (TakeWord("like")) return Operator::kLike;
  if (TakeWord("ilike")) return Operator::kILike;
  if (TakeWord("in")) return Operator::kIn;
  if (TakeWord("not")) return TakeWord("in") ? std::optional(Operator::kNotIn) : std::nullopt;
  if (!TakeWord("is")) return std::nullopt;
  const bool negated = TakeWord("not");
  if (!TakeWord("null")) return std::nullopt;
  return negated ? Operator::kIsNotNull : Operator::kIsNull;
}

absl::StatusOr<Literal> FilterReader::TakeLiteral() {
  CAIRN_ASSIGN_OR_RETURN(auto quoted, TakeQuoted("'\""));
  if (quoted.has_value()) return Literal{*std::move(quoted), true};
  const std::string_view word = WordHere();
  if (word.find_first_of("0123456789") > 2) return Invalid("expected a number or quoted text");
  at_ += word.size();
  return Literal{std::string(word), false};
}

absl::Status FilterReader::TakeList(std::vector<Literal>& values) {
  SkipBlanks();
  if (at_ == text_.size() || text_[at_] != '(') return Invalid("expected a list in parentheses");
  const size_t begin = at_++;
  for (;;) {
    CAIRN_ASSIGN_OR_RETURN(Literal value, TakeLiteral());
    values.push_back(std::move(value));
    if (++list_values_ > kMaxFilterListValues) return Invalid("lists have too many values");
    SkipBlanks();
    const char next = at_ < text_.size() ? text_[at_++] : '\0';
    if (next == ')') break;
    if (next != ',') return Invalid("expected ',' or ')'");
  }
  list_bytes_ += at_ - begin;
  return list_bytes_ > kMaxFilterListBytes ? Invalid("lists are too long") : absl::OkStatus();
}

absl::StatusOr<Clause> FilterReader::TakeClause() {
  Clause clause;
  CAIRN_RETURN_IF_ERROR(TakeIdentifier(clause.entity, clause.key));
  const auto op = TakeOperator();
  if (!op.has_value()) return Invalid("expected an operator");
  clause.op = *op;
  if (*op == Operator::kIn || *op == Operator::kNotIn) {
    CAIRN_RETURN_IF_ERROR(TakeList(clause.values));
  } else if (*op != Operator::kIsNull && *op != Operator::kIsNotNull) {
    CAIRN_ASSIGN_OR_RETURN(Literal value, TakeLiteral());
    clause.values.push_back(std::move(value));
  }
  return clause;
}

absl::StatusOr<std::vector<Clause>> FilterReader::Clauses() {
  std::vector<Clause> clauses;
  while (!AtEnd()) {
    if (TakeWord("and")) continue;
    if (clauses.size() == kMaxFilterClauses) return Invalid("there are too many comparisons");
    CAIRN_ASSIGN_OR_RETURN(Clause clause, TakeClause());
    clauses.push_back(std::move(clause));
    if (!AtEnd() && !TakeWord("and")) return Invalid("expected AND");
  }
  if (text_.size() - list_bytes_ > kMaxFilterBytes) return Invalid("the filter is too long");
  return clauses;
}

}  // namespace

absl::StatusOr<std::vector<Clause>> ParseFilter(std::string_view text) {
  if (text.size() > kMaxFilterBytes + kMaxFilterListBytes) {
    return Refuse(kInvalidParameter, "Invalid filter: it is too long.");
  }
  return FilterReader(text).Clauses();
}

absl::StatusOr<OrderItem> ParseOrderItem(std::string_view text) {
  if (text.size() > kMaxFilterBytes) {
    return Refuse(kInvalidParameter, "Invalid order_by clause: it is too long.");
  }
  OrderItem item;
  FilterReader reader(text);
  const absl::Status taken = reader.TakeIdentifier(item.entity, item.key);
  item.descending = taken.ok() && reader.TakeWord("desc");
  if (taken.ok() && !item.descending) reader.TakeWord("asc");
  if (taken.ok() && reader.AtEnd()) return item;
  return Refuse(kInvalidParameter,
                fmt::format("Invalid order_by clause '{}'.", Shortened(text, 200)));
}

bool Like(std::string_view text, std::string_view pattern) {
  const auto next_character = [text](size_t at) {
    for (++at; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;) ++at;
    return at;
  };
  size_t at = 0;
  size_t in_pattern = 0;
  size_t star = pattern.npos;  // the last % so far...
  size_t tried = 0;            // ...and where in the text what is behind it was tried
  while (at < text.size()) {
    const char next = in_pattern < pattern.size() ? pattern[in_pattern] : '\0';
    if (in_pattern < pattern.size() && next == '%') {
      star = in_pattern++;
      tried = at;
    } else if (in_pattern < pattern.size() && (next == '_' || next == text[at])) {
      ++in_pattern;
      at = next == '_' ? next_character(at) : at + 1;
    } else if (star != pattern.npos) {
      in_pattern = star + 1;
      at = tried = next_character(tried);
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('%', in_pattern) == pattern.npos;
}

}  // namespace cairn::mlflow
