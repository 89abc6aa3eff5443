#ifndef CAIRN_SERVER_CORE_FILTER_PARSER_H_
#define CAIRN_SERVER_CORE_FILTER_PARSER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/filter_ast.h"
#include "server/core/limits.h"

namespace cairn::core {

inline constexpr size_t kMaxFilterBytes = limits::kFilterBytes;          // without the lists of IN
inline constexpr size_t kMaxFilterListBytes = limits::kFilterListBytes;  // of all lists of IN
inline constexpr size_t kMaxFilterListValues = limits::kFilterListValues;  // in all lists of IN
inline constexpr size_t kMaxFilterListWildcards = limits::kFilterListWildcards;
inline constexpr int kMaxFilterClauses = limits::kFilterConditions;  // comparisons and bare words
inline constexpr int kMaxFilterDepth = limits::kFilterDepth;         // nested parentheses and NOTs

// Parses a filter in the language of AIP-160:
//
//   metrics.silhouette > 0.3 AND (params.k = 4 OR params.k = 5) AND NOT tags.bad:*
//
// - `OR` binds tighter than `AND`; words side by side mean AND, and bind as it.
// - `NOT x` and `-x` negate the next comparison or parenthesis.
// - The field stands on the left. Parts of a path are words or, for odd names,
//   quoted: metrics."val/loss" or metrics.`val/loss`.
// - The value is a word, which ends at a blank or a parenthesis, or text in
//   single or double quotes with the escapes \" \' \\ \* \n \t.
// - `*` in a value is a wildcard for `=`, `!=` and IN; `\*` in quotes is a star.
// - `params.k IN (4, 5, "6")` holds where one of `params.k = 4`, … does.
// - AND, OR, NOT and IN are written in capitals. Functions are not part of it.
//
// INVALID_ARGUMENT (FILTER_INVALID) with the byte offset in metadata
// `position`; a filter beyond the limits above is refused alike. Pure.
absl::StatusOr<Filter> ParseFilter(std::string_view text);

// Writes the tree in a fixed form that parses to the same tree.
std::string FilterToString(const Filter& filter);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_FILTER_PARSER_H_
