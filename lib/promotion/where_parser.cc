#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "cairn/v1/registry.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "fmt/format.h"
#include "lib/base/nearest.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/where.h"
#include "lib/promotion/where_words.h"

namespace cairn::promotion {
namespace {

using Op = Where::Op;
using Field = Where::Field;
using Kind = Where::Kind;

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

// Reads one condition from left to right by recursive descent; depth is bounded.
class WhereParser {
 public:
  WhereParser(const YamlField& field, std::string_view text) : field_(field), text_(text) {}

  absl::StatusOr<Where> ParseAll() {
    CAIRN_ASSIGN_OR_RETURN(Where where, ParseJoined(Kind::kOr, 0));
    if (!AtEnd()) return Fail("an && or || is missing before what follows");
    return where;
  }

 private:
  absl::Status Fail(std::string_view problem, std::string_view suggestion = "") const {
    return InvalidPolicy(field_, fmt::format("at byte {} of the condition: {}", at_ + 1, problem),
                         suggestion);
  }

  void SkipBlanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool AtEnd() {
    SkipBlanks();
    return at_ == text_.size();
  }
  bool Take(std::string_view token) {
    SkipBlanks();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  std::string_view PeekWord() {
    SkipBlanks();
    size_t end = at_;
    while (end < text_.size() && IsWordByte(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }

  // `a || b || c`, of parts that are joined by &&, or the other way down.
  absl::StatusOr<Where> ParseJoined(Kind kind, int depth) {
    Where joined;
    joined.kind = kind;
    do {
      CAIRN_ASSIGN_OR_RETURN(
          Where part, kind == Kind::kOr ? ParseJoined(Kind::kAnd, depth) : ParseUnary(depth));
      if (part.kind == kind) {
        joined.parts.insert(joined.parts.end(), part.parts.begin(), part.parts.end());
      } else {
        joined.parts.push_back(std::move(part));
      }
    } while (Take(kind == Kind::kOr ? "||" : "&&"));
    if (joined.parts.size() > 1) return joined;
    Where only = std::move(joined.parts.front());
    return only;
  }

  absl::StatusOr<Where> ParseUnary(int depth) {
    if (depth >= kMaxWhereDepth) return Fail(fmt::format("nested deeper than {}", kMaxWhereDepth));
    if (Take("!")) {
      Where negated;
      negated.kind = Kind::kNot;
      CAIRN_ASSIGN_OR_RETURN(Where part, ParseUnary(depth + 1));
      negated.parts.push_back(std::move(part));
      return negated;
    }
    if (!Take("(")) return ParseComparison();
    CAIRN_ASSIGN_OR_RETURN(Where inner, ParseJoined(Kind::kOr, depth + 1));
    if (!Take(")")) return Fail("a ) is missing");
    return inner;
  }

  absl::StatusOr<Where> ParseComparison() {
    if (++comparisons_ > kMaxWhereComparisons) {
      return Fail(fmt::format("more than {} comparisons", kMaxWhereComparisons));
    }
    Where compare;
    compare.kind = Kind::kCompare;
    CAIRN_RETURN_IF_ERROR(ParseField(compare));
    CAIRN_RETURN_IF_ERROR(ParseOp(compare));
    if (compare.field == Field::kAge) {
      CAIRN_RETURN_IF_ERROR(ParseDuration(compare.seconds));
      return compare;
    }
    CAIRN_RETURN_IF_ERROR(ParseValues(compare));
    CAIRN_RETURN_IF_ERROR(CheckWords(compare));
    return compare;
  }

  absl::Status ParseField(Where& compare) {
    const std::string_view word = PeekWord();
    const auto it = std::find(kWhereFields.begin(), kWhereFields.end(), word);
    if (it == kWhereFields.end()) {
      return Fail("a comparison begins with state, run.state, age, tag('...') or param('...')",
                  Nearest(word, kWhereFields));
    }
    at_ += word.size();
    compare.field = static_cast<Field>(it - kWhereFields.begin());
    if (compare.field != Field::kTag && compare.field != Field::kParam) return absl::OkStatus();
    if (!Take("(")) return Fail(fmt::format("write {}('NAME')", word));
    CAIRN_ASSIGN_OR_RETURN(compare.key, ParseText());
    if (compare.key.empty()) return Fail("the name is empty");
    return Take(")") ? absl::OkStatus() : Fail("a ) is missing");
  }

  absl::Status ParseOp(Where& compare) {
    for (const auto& [token, op] : kWhereOps) {
      if (!Take(token)) continue;
      compare.op = op;
      const bool ordered = IsOrdered(op);
      if (compare.field == Field::kAge && !ordered) return Fail("an age compares by <, <=, >, >=");
      if (compare.field != Field::kAge && compare.field != Field::kParam && ordered) {
        return Fail("a text compares by ==, != and in");
      }
      return absl::OkStatus();
    }
    return Fail("a comparison is missing: ==, !=, <, <=, >, >= or in");
  }

  absl::Status ParseDuration(int64_t& seconds) {
    if (!Take("duration") || !Take("(")) return Fail("write an age as duration('30d')");
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ParseText());
    const auto parsed = ParseDurationText(text);
    if (!parsed) return Fail("a duration is a whole number and d, h, m or s, up to 36500d");
    seconds = *parsed;
    return Take(")") ? absl::OkStatus() : Fail("a ) is missing");
  }

  absl::Status ParseValues(Where& compare) {
    if (compare.op == Op::kIn) {
      if (!Take("[")) return Fail("write in ['A', 'B']");
      do {
        CAIRN_ASSIGN_OR_RETURN(std::string text, ParseText());
        compare.texts.push_back(std::move(text));
      } while (Take(","));
      return Take("]") ? absl::OkStatus() : Fail("a ] is missing");
    }
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] == '\'') {
      if (IsOrdered(compare.op)) return Fail("a number is needed, without quotes");
      CAIRN_ASSIGN_OR_RETURN(std::string text, ParseText());
      compare.texts.push_back(std::move(text));
      return absl::OkStatus();
    }
    if (compare.field != Field::kParam) return Fail("a text in single quotes is needed");
    return ParseNumberValue(compare.number);
  }

  absl::Status ParseNumberValue(double& number) {
    const char* const begin = text_.data() + at_;
    const auto result = std::from_chars(begin, text_.data() + text_.size(), number);
    if (result.ec != std::errc() || !(number - number == 0)) {
      return Fail("a text in single quotes or a finite number is needed");
    }
    at_ += static_cast<size_t>(result.ptr - begin);
    number = CanonicalDouble(number);
    return absl::OkStatus();
  }

  // 'a text', in which \' and \\ stand for themselves.
  absl::StatusOr<std::string> ParseText() {
    if (!Take("'")) return Fail("a text in single quotes is needed");
    std::string text;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\'') {
        ++at_;
        return text;
      }
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      text += text_[at_];
    }
    return Fail("the text does not end");
  }

  // A word that the field never has would make a condition that never selects.
  absl::Status CheckWords(const Where& compare) {
    const auto words = WordsOf(compare.field);
    if (words.empty()) return absl::OkStatus();
    for (const std::string& text : compare.texts) {
      if (std::find(words.begin(), words.end(), text) == words.end()) {
        return Fail(
            fmt::format("{} is never '{}'", kWhereFields[static_cast<size_t>(compare.field)], text),
            Nearest(text, words));
      }
    }
    return absl::OkStatus();
  }

  const YamlField& field_;
  const std::string_view text_;
  size_t at_ = 0;
  int comparisons_ = 0;
};

}  // namespace

absl::StatusOr<Where> ReadWhere(const YamlField& field) {
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadText(field));
  if (text.size() > kMaxWhereBytes) {
    return InvalidPolicy(field,
                         fmt::format("{} bytes are more than {}", text.size(), kMaxWhereBytes));
  }
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Where();
  return WhereParser(field, text).ParseAll();
}

}  // namespace cairn::promotion
