#ifndef CAIRN_CLIENT_CLI_CLI_HELP_H_
#define CAIRN_CLIENT_CLI_CLI_HELP_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"

namespace cairn::cli {

// Help comes from the table alone. All functions are pure.

// The overview: examples, the commands by family, the topics.
std::string Overview(const CommandTable& table);

// Help for a command, the commands of a group ("run"), or a topic
// ("exit-codes"). INVALID_ARGUMENT (VALUE_INVALID) when there is none.
absl::StatusOr<std::string> HelpFor(const CommandTable& table, std::string_view subject);

// Everything as one Markdown page: docs/mlctl.md.
std::string MarkdownReference(const CommandTable& table);

// "mlctl run start [NAME] [flags]".
std::string UsageLine(const Command& command);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_HELP_H_
