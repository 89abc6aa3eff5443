#include "lib/base/alias_names.h"

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"

namespace cairn {
namespace {

// `.` is the last, so that it can be left out.
constexpr std::string_view kAliasLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

bool ConsistsOf(std::string_view text, std::string_view letters) {
  return !text.empty() && text.find_first_not_of(letters) == std::string_view::npos;
}

bool IsNumber(std::string_view text) { return ConsistsOf(text, "0123456789"); }

// 12, v12, 1.2, V1.2.3, version-3; with a dash in front too.
bool LooksLikeVersion(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  constexpr std::string_view kWord = "version-";
  if (AsciiLower(text).starts_with(kWord)) {
    text.remove_prefix(kWord.size());
  } else if (text.starts_with('v') || text.starts_with('V')) {
    text.remove_prefix(1);
  }
  return ConsistsOf(text, "0123456789.") &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace

absl::Status ValidateAlias(std::string_view alias, const AliasRules& rules) {
  const std::string_view letters = kAliasLetters.substr(0, kAliasLetters.size() - !rules.dots);
  const bool well_formed = ConsistsOf(alias, letters) && alias.size() <= rules.max_bytes &&
                           (rules.leading_dash || alias.front() != '-') && alias != "." &&
                           alias != "..";
  if (!well_formed) {
    return InvalidField(ErrorReason::NAME_INVALID, rules.field, alias,
                        fmt::format("must be 1 to {} letters, digits, {}'_' and '-'{}",
                                    rules.max_bytes, rules.dots ? "'.', " : "",
                                    rules.leading_dash ? "" : ", and not begin with '-'"));
  }
  if (AsciiLower(alias) == kLatestAlias || LooksLikeVersion(alias)) {
    return InvalidField(ErrorReason::ALIAS_RESERVED, rules.field, alias,
                        "must not be `latest`, in upper or lower case, or look like a version");
  }
  return absl::OkStatus();
}

bool IsAliasNotNumber(std::string_view word) {
  const std::string_view digits = word.substr(word.starts_with('-') ? 1 : 0);
  return ConsistsOf(word, kAliasLetters) && !digits.empty() && !IsNumber(digits);
}

}  // namespace cairn
