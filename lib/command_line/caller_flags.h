#ifndef CAIRN_LIB_COMMAND_LINE_CALLER_FLAGS_H_
#define CAIRN_LIB_COMMAND_LINE_CALLER_FLAGS_H_

#include <string_view>
#include <vector>

#include "lib/command_line/command.h"

namespace cairn::command_line {

// How a program that calls the server says who it is and whom it trusts: `token-file`, `tls` and
// the four that go with it. The same rows for every such program, so that what is said of tokens
// and keys is said once. `section` is their heading in help, of a literal like all texts of rows.
// A token itself is never a flag: other users of the machine see command lines. Pure.
std::vector<Flag> CallerFlags(std::string_view section = "");

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_CALLER_FLAGS_H_
