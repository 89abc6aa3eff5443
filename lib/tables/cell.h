#ifndef CAIRN_LIB_TABLES_CELL_H_
#define CAIRN_LIB_TABLES_CELL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::tables {

// What the text of a cell means. Spaces and tabs around a value do not count. Pure.

std::string_view TrimBlanks(std::string_view text);

// A missing value: nothing, or NA, NaN or null in any case (of letters).
bool IsMissing(std::string_view trimmed);

// `true` or `false` in any case.
std::optional<bool> ParseBool(std::string_view trimmed);

// A decimal number that fits, with an optional sign.
std::optional<int64_t> ParseInt64(std::string_view trimmed);

// A decimal number with optional fraction and exponent, or an infinity (`inf`,
// `infinity`). What is too large for a double is none.
std::optional<double> ParseDouble(std::string_view trimmed);

// Seconds since 1970 of `YYYY-MM-DD`, which may be followed by `T` or a space and
// `HH:MM`, `:SS`, a fraction and `Z` or an offset such as `+01:00`. Without an offset
// UTC is meant. Only dates that exist.
std::optional<double> ParseTimestamp(std::string_view trimmed);

// The beginning of `text` of at most `max_bytes`, cut between characters; bytes that are
// not UTF-8 become U+FFFD, so that the result always is.
std::string Utf8Prefix(std::string_view text, size_t max_bytes);

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_CELL_H_
