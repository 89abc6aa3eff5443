#ifndef CAIRN_LIB_COMMAND_LINE_FLAG_VALUES_H_
#define CAIRN_LIB_COMMAND_LINE_FLAG_VALUES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/command_line/command.h"

namespace cairn::command_line {

// How values of flags are written, on the command line, in variables and in files alike. All
// functions are pure. Every error is INVALID_ARGUMENT (VALUE_INVALID) with the metadata `origin`
// "commandLine"; those of a flag have its name as `field` and the `value` too.

// An error in how the program was called.
absl::Status UsageError(std::string_view message);

// The same of a flag.
absl::Status UsageErrorOf(const Flag& flag, std::string_view value, std::string_view message);

// The same, as `--name "value" RULE`.
absl::Status FlagError(const Flag& flag, std::string_view value, std::string_view rule);

// Checks a value against a flag's kind, bounds and choices, that it is UTF-8 unless it names a
// file, and that it is not blank where that is refused.
absl::Status CheckFlagValue(const Flag& flag, std::string_view value);

// "from 0 to 256", or "at least 1": what a flag's bounds let in; empty for one without bounds.
std::string BoundsOf(const Flag& flag);

// "; did you mean "NAME"?", or nothing for an empty name.
std::string DidYouMean(std::string_view nearest);

// The words of "a|b|c".
std::vector<std::string_view> Choices(std::string_view choices);

// Reads "true", "1", "yes", "on" and their opposites in any case; the empty text is false.
// Anything else is refused, naming `what`.
absl::StatusOr<bool> ParseSwitch(std::string_view what, std::string_view value);

// A size: bytes, or a whole number with KiB, MiB, GiB or TiB, up to 1024 TiB. Nullopt for
// anything else.
std::optional<int64_t> ParseSize(std::string_view text);

// Splits "key=value" at the first '='. Refused without one or with an empty key.
absl::StatusOr<std::pair<std::string, std::string>> ParsePair(std::string_view text);

// Splits each of `texts` so. Refused when a key stands twice: one of the values would be lost.
absl::StatusOr<std::map<std::string, std::string>> ParsePairs(
    const std::vector<std::string>& texts);

// Reads a duration: "500ms", "30s", "5m", "2h", "90d" or plain seconds.
// Milliseconds, > 0. Refused otherwise.
absl::StatusOr<int64_t> ParseDurationMillis(std::string_view text);

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_FLAG_VALUES_H_
