#ifndef CAIRN_LIB_COMMAND_LINE_PARSER_H_
#define CAIRN_LIB_COMMAND_LINE_PARSER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/command_line/command.h"

namespace cairn::command_line {

// Understands a command line by the table: the dialect of every program.
//
// Flags may stand anywhere; `--flag value`, `--flag=value`, `-f value`,
// `-fvalue` and `-qv` are taken, switches also `--flag=false`; `--` ends the
// flags. A value that begins with `--` is only taken as `--flag=--value`: else the
// value was forgotten, and the next flag would be taken for it; `-1` is a value. A command's words
// come first: `mlctl run start`. Names are written out: an abbreviation is unknown. With --help or
// --version the rest is not checked.
//
// Values are checked as CheckFlagValue says. A flag that takes one value may stand twice with
// the same one; with another it is refused, as one of them would be passed over. One that may be
// repeated takes one value each time.
//
// INVALID_ARGUMENT (VALUE_INVALID) for an unknown command or flag (with what
// was probably meant), a value that is missing or not one of the flag's, or too few or too many
// arguments. `words` come without the program's name. Pure.
absl::StatusOr<Invocation> Parse(const CommandTable& table, const std::vector<std::string>& words);

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_PARSER_H_
