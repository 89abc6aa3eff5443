#include "server/core/filter_parser.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "server/core/filter_lexer.h"

namespace cairn::core {
namespace {

using Kind = FilterNode::Kind;

FilterNode Composite(Kind kind, std::vector<FilterNode> children, size_t position) {
  if (children.size() == 1) return std::move(children[0]);
  FilterNode node;
  node.kind = kind;
  node.children = std::move(children);
  node.position = position;
  return node;
}

// One function for each rule of the grammar.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text, ErrorReason::FILTER_INVALID, "filter") {}

  absl::StatusOr<Filter> Parse(std::string_view text) {
    if (text.size() > kMaxFilterBytes + kMaxFilterListBytes) return TooLong();
    if (!IsValidUtf8(text)) return lexer_.ErrorAt(0, "not UTF-8");
    Filter filter;
    lexer_.SkipBlanks();
    if (!lexer_.AtEnd()) {
      CAIRN_ASSIGN_OR_RETURN(filter.root, ParseExpression());
    }
    if (!lexer_.AtEnd()) {
      return lexer_.ErrorAt(lexer_.position(), "this parenthesis was not opened");
    }
    if (text.size() - list_bytes_ > kMaxFilterBytes) return TooLong();
    if (list_bytes_ > kMaxFilterListBytes) {
      return lexer_.ErrorAt(kMaxFilterListBytes,
                            fmt::format("lists of more than {} bytes", kMaxFilterListBytes));
    }
    return filter;
  }

 private:
  absl::Status TooLong() const {
    return lexer_.ErrorAt(kMaxFilterBytes, fmt::format("longer than {} bytes", kMaxFilterBytes));
  }

  // expression: factors joined by AND or by blanks.
  absl::StatusOr<FilterNode> ParseExpression() {
    const size_t position = lexer_.position();
    std::vector<FilterNode> factors;
    bool pending_and = false;
    for (lexer_.SkipBlanks(); !lexer_.AtEnd() && lexer_.Peek() != ')'; lexer_.SkipBlanks()) {
      if (lexer_.AtKeyword("AND")) {
        if (factors.empty() || pending_and) {
          return lexer_.ErrorAt(lexer_.position(), "AND stands between two conditions");
        }
        lexer_.TakeKeyword("AND");
        pending_and = true;
        continue;
      }
      CAIRN_ASSIGN_OR_RETURN(FilterNode factor, ParseFactor());
      factors.push_back(std::move(factor));
      pending_and = false;
    }
    if (factors.empty() || pending_and) {
      return lexer_.ErrorAt(lexer_.position(), "expected a condition");
    }
    return Composite(Kind::kAnd, std::move(factors), position);
  }

  // factor: terms joined by OR.
  absl::StatusOr<FilterNode> ParseFactor() {
    const size_t position = lexer_.position();
    std::vector<FilterNode> terms;
    do {
      lexer_.SkipBlanks();
      CAIRN_ASSIGN_OR_RETURN(FilterNode term, ParseTerm());
      terms.push_back(std::move(term));
      lexer_.SkipBlanks();
    } while (lexer_.TakeKeyword("OR"));
    return Composite(Kind::kOr, std::move(terms), position);
  }

  // term: a condition, perhaps negated.
  absl::StatusOr<FilterNode> ParseTerm() {
    const size_t position = lexer_.position();
    const bool negated = lexer_.TakeKeyword("NOT") || lexer_.Take('-');
    if (!negated) return ParseSimple();
    lexer_.SkipBlanks();
    CAIRN_ASSIGN_OR_RETURN(FilterNode inner, ParseSimple());
    FilterNode node;
    node.kind = Kind::kNot;
    node.position = position;
    node.children.push_back(std::move(inner));
    return node;
  }

  absl::StatusOr<FilterNode> ParseSimple() {
    const size_t position = lexer_.position();
    if (lexer_.AtKeyword("AND") || lexer_.AtKeyword("OR") || lexer_.AtKeyword("NOT")) {
      return lexer_.ErrorAt(position, "expected a condition");
    }
    if (!lexer_.Take('(')) return ParseRestriction();
    if (++depth_ > kMaxFilterDepth) return lexer_.ErrorAt(position, "nested too deep");
    CAIRN_ASSIGN_OR_RETURN(FilterNode inner, ParseExpression());
    if (!lexer_.Take(')')) return lexer_.ErrorAt(position, "the parenthesis is not closed");
    --depth_;
    if (!lexer_.AtBoundary() || lexer_.Peek() == '(') {
      return lexer_.ErrorAt(lexer_.position(), "expected a blank after the parenthesis");
    }
    return inner;
  }

  absl::StatusOr<FilterNode> ParseRestriction() {
    FilterNode node;
    node.position = lexer_.position();
    if (++clauses_ > kMaxFilterClauses) {
      return lexer_.ErrorAt(node.position,
                            fmt::format("more than {} conditions", kMaxFilterClauses));
    }
    const char first = lexer_.Peek();
    CAIRN_ASSIGN_OR_RETURN(node.field, lexer_.TakePath());
    const size_t end = lexer_.position();
    if (lexer_.Peek() == '(') {
      return lexer_.ErrorAt(node.position, "functions are not part of the language");
    }
    lexer_.SkipBlanks();
    const auto op = lexer_.TakeOperator();
    if (!op && AtList()) return ParseList(std::move(node));
    if (!op) return ParseWord(std::move(node), first, end);
    node.kind = Kind::kCompare;
    node.op = *op;
    lexer_.SkipBlanks();
    if (lexer_.Peek() == '(') {
      return lexer_.ErrorAt(lexer_.position(), "a value is one word or text; repeat the field");
    }
    CAIRN_ASSIGN_OR_RETURN(node.value, lexer_.TakeValue());
    return node;
  }

  // True before `IN (`; without the parenthesis it is a word like any other.
  bool AtList() const {
    FilterLexer ahead = lexer_;
    if (!ahead.TakeKeyword("IN")) return false;
    ahead.SkipBlanks();
    return ahead.Peek() == '(';
  }

  absl::StatusOr<FilterNode> ParseList(FilterNode node) {
    node.kind = Kind::kCompare;
    node.op = FilterOp::kIn;
    lexer_.TakeKeyword("IN");
    lexer_.SkipBlanks();
    const size_t begin = lexer_.position();
    lexer_.Take('(');
    do {
      lexer_.SkipBlanks();
      if (++list_values_ > kMaxFilterListValues) {
        return lexer_.ErrorAt(lexer_.position(),
                              fmt::format("more than {} values in lists", kMaxFilterListValues));
      }
      CAIRN_ASSIGN_OR_RETURN(FilterValue value, lexer_.TakeListValue());
      if (!value.wildcards.empty() && ++list_wildcards_ > kMaxFilterListWildcards) {
        return lexer_.ErrorAt(
            value.position,
            fmt::format("more than {} values with wildcards in lists", kMaxFilterListWildcards));
      }
      node.values.push_back(std::move(value));
      lexer_.SkipBlanks();
    } while (lexer_.Take(','));
    if (!lexer_.Take(')')) {
      return lexer_.ErrorAt(lexer_.position(), "expected a comma or the end of the list");
    }
    if (!lexer_.AtBoundary() || lexer_.Peek() == '(') {
      return lexer_.ErrorAt(lexer_.position(), "expected a blank after the parenthesis");
    }
    list_bytes_ += lexer_.position() - begin;
    return node;
  }

  // What was read as a path has no operator behind it: it is a word by itself,
  // and is read again as a value.
  absl::StatusOr<FilterNode> ParseWord(FilterNode node, char first, size_t end) {
    FilterLexer again(lexer_.Slice(0, lexer_.position()), ErrorReason::FILTER_INVALID, "filter");
    again.Skip(node.position);
    const bool quoted = first == '"' || first == '\'';
    CAIRN_ASSIGN_OR_RETURN(node.value, again.TakeValue());
    if (again.position() != end) return lexer_.ErrorAt(end, "expected an operator");
    if (!quoted &&
        (node.value.text == "and" || node.value.text == "or" || node.value.text == "not")) {
      return lexer_.ErrorAt(node.position, "AND, OR and NOT are written in capitals");
    }
    if (node.value.text.empty()) {
      return lexer_.ErrorAt(node.position, "an empty text is in every name; write * for all runs");
    }
    node.kind = Kind::kText;
    node.field = FilterField();
    return node;
  }

  FilterLexer lexer_;
  int clauses_ = 0;
  size_t list_values_ = 0;
  size_t list_wildcards_ = 0;
  size_t list_bytes_ = 0;
  int depth_ = 0;
};

std::string PathText(const FilterField& field) {
  std::string out;
  for (const std::string& part : field.path) {
    if (!out.empty()) out += '.';
    FilterValue literal;
    literal.text = part;
    out += IsPlainPathPart(part) ? part : QuotedText(literal);
  }
  return out;
}

std::string ValueText(const FilterValue& value) {
  return value.quoted ? QuotedText(value) : value.text;
}

std::string CompareText(const FilterNode& node) {
  std::string values;
  if (node.op == FilterOp::kIn) {
    for (const FilterValue& value : node.values) {
      values += (values.empty() ? "(" : ", ") + ValueText(value);
    }
    values += ')';
  } else {
    values = ValueText(node.value);
  }
  return fmt::format("{} {} {}", PathText(node.field), FilterOpText(node.op), values);
}

std::string NodeText(const FilterNode& node, bool top) {
  switch (node.kind) {
    case Kind::kCompare:
      return CompareText(node);
    case Kind::kText:
      return ValueText(node.value);
    case Kind::kNot: {
      const std::string text = fmt::format("NOT {}", NodeText(node.children[0], false));
      return node.children[0].kind == Kind::kNot
                 ? fmt::format("NOT ({})", NodeText(node.children[0], true))
                 : text;
    }
    default:
      break;
  }
  std::string out;
  for (const FilterNode& child : node.children) {
    if (!out.empty()) out += node.kind == Kind::kAnd ? " AND " : " OR ";
    out += NodeText(child, false);
  }
  return top ? out : fmt::format("({})", out);
}

}  // namespace

const char* FilterOpText(FilterOp op) {
  switch (op) {
    case FilterOp::kEqual:
      return "=";
    case FilterOp::kNotEqual:
      return "!=";
    case FilterOp::kLess:
      return "<";
    case FilterOp::kLessEqual:
      return "<=";
    case FilterOp::kGreater:
      return ">";
    case FilterOp::kGreaterEqual:
      return ">=";
    case FilterOp::kHas:
      return ":";
    case FilterOp::kIn:
      return "IN";
  }
  return "?";
}

absl::StatusOr<Filter> ParseFilter(std::string_view text) { return Parser(text).Parse(text); }

std::string FilterToString(const Filter& filter) {
  return filter.root ? NodeText(*filter.root, true) : std::string();
}

}  // namespace cairn::core
