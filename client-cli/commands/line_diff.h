#ifndef CAIRN_CLIENT_CLI_COMMANDS_LINE_DIFF_H_
#define CAIRN_CLIENT_CLI_COMMANDS_LINE_DIFF_H_

#include <string>
#include <string_view>

namespace cairn::cli {

// How one text differs from another, line by line: lines of `from` that are gone begin with '-',
// lines of `to` that came with '+', and up to `context` lines around them with a blank. Parts that
// lie further apart are separated by "...". Empty if the texts have the same lines. Pure.
//
// Finds the longest common part by comparing every line with every other between the first and the
// last difference, so it is for texts that people read; where that would be too much, everything in
// between is told as exchanged.
std::string LineDiff(std::string_view from, std::string_view to, size_t context);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_LINE_DIFF_H_
