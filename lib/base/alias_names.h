#ifndef CAIRN_LIB_BASE_ALIAS_NAMES_H_
#define CAIRN_LIB_BASE_ALIAS_NAMES_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

namespace cairn {

// Aliases: names that people give to versions. They are made of letters, digits, `_` and
// `-`, and are never taken for a version. Pure functions.

// Stands for the newest version wherever an alias may stand.
inline constexpr std::string_view kLatestAlias = "latest";

// What differs between kinds of aliases.
struct AliasRules {
  std::string_view field;     // of the request, for errors
  size_t max_bytes = 0;       // 1 to so many
  bool dots = false;          // `.` is allowed, too, but not `.` and `..` themselves
  bool leading_dash = false;  // it may begin with `-`
};

// - INVALID_ARGUMENT (NAME_INVALID): other letters, or too long.
// - INVALID_ARGUMENT (ALIAS_RESERVED): `latest` in any case, or like a version: `12`,
//   `v12`, `V1.2`, `Version-3`.
absl::Status ValidateAlias(std::string_view alias, const AliasRules& rules);

// Whether a word, where a version's number or an alias may stand, is an alias rather than a
// number. Numbers stand for themselves, also those that no version can have.
bool IsAliasNotNumber(std::string_view word);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_ALIAS_NAMES_H_
