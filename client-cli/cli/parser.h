#ifndef CAIRN_CLIENT_CLI_CLI_PARSER_H_
#define CAIRN_CLIENT_CLI_CLI_PARSER_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"

namespace cairn::cli {

// Understands a command line by the table.
//
// Flags may stand anywhere; `--flag value`, `--flag=value`, `-f value`,
// `-fvalue` and `-qv` are taken, switches also `--flag=false`; `--` ends the
// flags. A value that begins with `--` is only taken as `--flag=--value`: else the
// value was forgotten, and the next flag would be taken for it. A command's words come
// first: `mlctl run start`. With --help the rest is not checked.
//
// Texts must be UTF-8, but for the names of files. A flag that takes one value may stand twice with
// the same one; with another it is refused, as one of them would be passed over.
//
// INVALID_ARGUMENT (VALUE_INVALID) for an unknown command or flag (with what
// was probably meant), a value that is missing or no choice, a number that is
// none, or too few or too many arguments. Pure.
absl::StatusOr<Invocation> Parse(const CommandTable& table, const std::vector<std::string>& words);

// An error in how the program was called.
absl::Status UsageError(std::string_view message);

// Checks a value against a flag's kind and choices, that it is UTF-8 unless it names a file,
// and that it is not blank where that is refused.
absl::Status CheckFlagValue(const Flag& flag, std::string_view value);

// Reads "true", "1", "yes", "on" and their opposites.
// INVALID_ARGUMENT for anything else, naming `what`.
absl::StatusOr<bool> ParseSwitch(std::string_view what, std::string_view value);

// Splits "key=value" at the first '='. INVALID_ARGUMENT without one or with an
// empty key.
absl::StatusOr<std::pair<std::string, std::string>> ParsePair(std::string_view text);

// Splits each of `texts` so. INVALID_ARGUMENT when a key stands twice: one of the values
// would be lost.
absl::StatusOr<std::map<std::string, std::string>> ParsePairs(
    const std::vector<std::string>& texts);

// Reads a duration: "500ms", "30s", "5m", "2h", "90d" or plain seconds.
// Milliseconds, > 0. INVALID_ARGUMENT otherwise.
absl::StatusOr<int64_t> ParseDurationMillis(std::string_view text);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_PARSER_H_
