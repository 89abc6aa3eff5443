#ifndef CAIRN_SERVER_CORE_FILTER_AST_H_
#define CAIRN_SERVER_CORE_FILTER_AST_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace cairn::core {

// The tree of a filter (AIP-160), as written: field names and values are not
// checked against any resource here. Plain values, copyable, with no view of the text. What
// ParseFilter made is within the limits of filter_parser.h: at most 32 levels deep, so walking it
// by recursion is safe. RunFilter resolves it for runs; other resources have their own meaning of
// the same tree.

enum class FilterOp { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kHas, kIn };

// kHas is `:`, which asks whether something is there or contains the value; kIn is a list.

// The written form of an operator: "=", "IN", …. A literal.
const char* FilterOpText(FilterOp op);

// The left side of a comparison: `metrics."val/loss"` is {"metrics", "val/loss"}.
struct FilterField {
  std::vector<std::string> path;  // never empty
  size_t position = 0;            // byte offset in the text
};

// The right side of a comparison, or a bare word.
struct FilterValue {
  std::string text;     // escapes resolved
  bool quoted = false;  // it was written in quotes
  // In quoted text, the offsets in `text` of the `*` that are wildcards (those
  // without a backslash). In bare text every `*` is one.
  std::vector<size_t> wildcards;
  size_t position = 0;  // of its first byte, the quote included
};

// A condition, or several put together. Which of the members mean something goes by `kind`.
struct FilterNode {
  enum class Kind {
    kAnd,      // every child holds; two or more
    kOr,       // some child holds; two or more
    kNot,      // the one child does not hold
    kCompare,  // field op value, or field IN (values)
    kText,     // a bare word: value only
  };
  Kind kind = Kind::kAnd;
  std::vector<FilterNode> children;  // in the order they were written
  // Of kCompare.
  FilterField field;
  FilterOp op = FilterOp::kEqual;
  FilterValue value;
  std::vector<FilterValue> values;  // of kIn instead of `value`; one or more
  size_t position = 0;
};

// A whole filter; without a root it matches everything.
struct Filter {
  std::optional<FilterNode> root;
};

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_FILTER_AST_H_
