#ifndef CAIRN_SERVER_CORE_FILTER_LEXER_H_
#define CAIRN_SERVER_CORE_FILTER_LEXER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/errors.h"
#include "server/core/filter_ast.h"

namespace cairn::core {

// Reads the words of filters and orders from left to right: the one place that knows blanks,
// quotes and escapes, so that a path is written alike in both. Holds a view of the text, which
// must outlive it. Positions are offsets in bytes, not in characters. Not thread-safe.
//
// What is called Take moves behind what it read, and stays where it was when there is no such
// thing. An error ends the reading: where the lexer stands afterwards means nothing.
class FilterLexer {
 public:
  // Errors carry `reason` and name the request field `field`.
  FilterLexer(std::string_view text, ErrorReason reason, std::string_view field)
      : text_(text), reason_(reason), field_(field) {}

  size_t position() const { return position_; }
  // Blanks are space, tab, CR and LF; no function skips them by itself.
  void SkipBlanks();
  // Moves to an absolute position.
  void Skip(size_t position) { position_ = position; }
  bool AtEnd() const { return position_ == text_.size(); }
  // The byte at the current position; 0 at the end.
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  // True after consuming `c`.
  bool Take(char c);
  // True after consuming `word` where a word may end.
  bool TakeKeyword(std::string_view word);
  // The same without consuming it.
  bool AtKeyword(std::string_view word) const;
  // True where a word may end: a blank, a parenthesis or the end.
  bool AtBoundary() const;

  // Parts joined by '.', each a word or quoted; never empty. The error is at the offending byte.
  absl::StatusOr<FilterField> TakePath();
  // An operator but IN, which is a keyword; nullopt if there is none here.
  std::optional<FilterOp> TakeOperator();
  // A word up to a blank or parenthesis, or quoted text.
  absl::StatusOr<FilterValue> TakeValue();
  // The same of a list, where a comma too ends it.
  absl::StatusOr<FilterValue> TakeListValue();
  // A view of the text between two positions, as written.
  std::string_view Slice(size_t begin, size_t end) const {
    return text_.substr(begin, end - begin);
  }

  // INVALID_ARGUMENT at byte `position`.
  absl::Status ErrorAt(size_t position, std::string_view problem) const;

 private:
  absl::StatusOr<FilterValue> TakeQuoted();
  absl::StatusOr<FilterValue> TakeWord();
  absl::StatusOr<std::string> TakePathPart();

  std::string_view text_;
  ErrorReason reason_;
  std::string_view field_;
  size_t position_ = 0;
};

// True for text that TakePath reads as one part without quotes.
bool IsPlainPathPart(std::string_view text);

// The value in quotes, as TakeValue reads it back: what is no wildcard does not become one.
std::string QuotedText(const FilterValue& value);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_FILTER_LEXER_H_
