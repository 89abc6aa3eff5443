#ifndef CAIRN_LIB_COMMAND_LINE_HELP_H_
#define CAIRN_LIB_COMMAND_LINE_HELP_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/command_line/command.h"

namespace cairn::command_line {

// Help comes from the table alone, so that it cannot say anything else than the parser does. All
// functions are pure; sentences are wrapped for 80 columns, whatever the terminal, so that tests
// and documents can hold what is printed.

// The overview: what the program is, examples, the commands by family, the topics, and the flags
// by section, each with its default and, where the table asks for that, its variable.
std::string Overview(const CommandTable& table);

// "See cairn-pipeline run --help.": where a wrong command line leads.
std::string SeeHelp(const CommandTable& table, const std::vector<std::string>& words);

// Help for a command, the commands of a group ("run"), or a topic
// ("exit-codes"). INVALID_ARGUMENT (VALUE_INVALID) when there is none.
absl::StatusOr<std::string> HelpFor(const CommandTable& table, std::string_view subject);

// Everything as one Markdown page, such as docs/mlctl.md.
std::string MarkdownReference(const CommandTable& table);

// "mlctl run start [NAME] [flags]".
std::string UsageLine(const CommandTable& table, const Command& command);

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_HELP_H_
