#include "server/core/filter_lexer.h"

#include <array>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::core {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kNotInPath = " \t\r\n()\"'`=<>!:.,";
constexpr std::string_view kNotInWord = " \t\r\n()\"'`=<>!,";

bool IsOneOf(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool IsKeyword(std::string_view word) { return word == "AND" || word == "OR" || word == "NOT"; }

std::optional<char> Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '"':
    case '\'':
    case '\\':
    case '*':
      return c;
    default:
      return std::nullopt;
  }
}

}  // namespace

void FilterLexer::SkipBlanks() {
  while (!AtEnd() && IsOneOf(Peek(), kBlanks)) ++position_;
}

bool FilterLexer::Take(char c) {
  if (AtEnd() || Peek() != c) return false;
  ++position_;
  return true;
}

bool FilterLexer::AtBoundary() const {
  return AtEnd() || IsOneOf(Peek(), kBlanks) || Peek() == '(' || Peek() == ')';
}

bool FilterLexer::AtKeyword(std::string_view word) const {
  if (text_.substr(position_, word.size()) != word) return false;
  const size_t end = position_ + word.size();
  return end == text_.size() || IsOneOf(text_[end], kBlanks) || text_[end] == '(' ||
         text_[end] == ')';
}

bool FilterLexer::TakeKeyword(std::string_view word) {
  if (!AtKeyword(word)) return false;
  position_ += word.size();
  return true;
}

absl::StatusOr<FilterValue> FilterLexer::TakeQuoted() {
  FilterValue value;
  value.position = position_;
  value.quoted = true;
  const char quote = text_[position_++];
  while (!AtEnd()) {
    const char c = text_[position_++];
    if (c == quote) return value;
    if (c == '*') value.wildcards.push_back(value.text.size());
    if (c != '\\') {
      value.text += c;
      continue;
    }
    const auto escaped = AtEnd() ? std::nullopt : Unescaped(Peek());
    if (!escaped) return ErrorAt(position_ - 1, "unknown escape");
    value.text += *escaped;
    ++position_;
  }
  return ErrorAt(value.position, "the quote is not closed");
}

absl::StatusOr<std::string> FilterLexer::TakePathPart() {
  if (Peek() == '"' || Peek() == '\'') {
    CAIRN_ASSIGN_OR_RETURN(FilterValue quoted, TakeQuoted());
    return std::move(quoted.text);
  }
  const size_t begin = position_;
  if (Take('`')) {
    const size_t end = text_.find('`', position_);
    if (end == std::string_view::npos) return ErrorAt(begin, "the backtick is not closed");
    position_ = end + 1;
    return std::string(Slice(begin + 1, end));
  }
  while (!AtEnd() && !IsOneOf(Peek(), kNotInPath)) ++position_;
  if (position_ == begin) return ErrorAt(begin, "expected a field or a word");
  return std::string(Slice(begin, position_));
}

absl::StatusOr<FilterField> FilterLexer::TakePath() {
  FilterField field;
  field.position = position_;
  do {
    CAIRN_ASSIGN_OR_RETURN(std::string part, TakePathPart());
    field.path.push_back(std::move(part));
  } while (Take('.'));
  return field;
}

std::optional<FilterOp> FilterLexer::TakeOperator() {
  // Longer ones first.
  static constexpr std::array<std::pair<std::string_view, FilterOp>, 7> kOperators = {
      {{"!=", FilterOp::kNotEqual},
       {"<=", FilterOp::kLessEqual},
       {">=", FilterOp::kGreaterEqual},
       {"=", FilterOp::kEqual},
       {"<", FilterOp::kLess},
       {">", FilterOp::kGreater},
       {":", FilterOp::kHas}}};
  for (const auto& [text, op] : kOperators) {
    if (text_.substr(position_, text.size()) != text) continue;
    position_ += text.size();
    return op;
  }
  return std::nullopt;
}

absl::StatusOr<FilterValue> FilterLexer::TakeValue() {
  if (Peek() == '"' || Peek() == '\'') {
    CAIRN_ASSIGN_OR_RETURN(FilterValue quoted, TakeQuoted());
    if (!AtBoundary()) return ErrorAt(position_, "expected a blank after the quote");
    return quoted;
  }
  CAIRN_ASSIGN_OR_RETURN(FilterValue word, TakeWord());
  if (!AtBoundary()) return ErrorAt(position_, "put values with this character in quotes");
  if (Peek() == '(') return ErrorAt(position_, "functions are not part of the language");
  return word;
}

absl::StatusOr<FilterValue> FilterLexer::TakeListValue() {
  if (Peek() == '"' || Peek() == '\'') return TakeQuoted();
  return TakeWord();
}

absl::StatusOr<FilterValue> FilterLexer::TakeWord() {
  FilterValue value;
  value.position = position_;
  while (!AtEnd() && !IsOneOf(Peek(), kNotInWord)) ++position_;
  value.text = std::string(Slice(value.position, position_));
  if (value.text.empty() || IsKeyword(value.text)) {
    return ErrorAt(value.position, "expected a value; put unusual text in quotes");
  }
  for (size_t i = 0; i < value.text.size(); ++i) {
    if (value.text[i] == '*') value.wildcards.push_back(i);
  }
  return value;
}

absl::Status FilterLexer::ErrorAt(size_t position, std::string_view problem) const {
  return Error(absl::StatusCode::kInvalidArgument, reason_,
               fmt::format("{}: byte {}: {}", field_, position, problem))
      .With("position", std::to_string(position))
      .With("problem", problem)
      .With("field", field_)
      .Field(field_, problem);
}

bool IsPlainPathPart(std::string_view text) {
  return !text.empty() && text.front() != '-' && !IsKeyword(text) &&
         text.find_first_of(kNotInPath) == std::string_view::npos;
}

std::string QuotedText(const FilterValue& value) {
  std::string out = "\"";
  size_t wildcard = 0;
  for (size_t i = 0; i < value.text.size(); ++i) {
    const char c = value.text[i];
    const bool is_wildcard = wildcard < value.wildcards.size() && value.wildcards[wildcard] == i;
    if (is_wildcard) ++wildcard;
    if (c == '"' || c == '\\' || (c == '*' && !is_wildcard)) out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace cairn::core
