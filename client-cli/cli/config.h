#ifndef CAIRN_CLIENT_CLI_CLI_CONFIG_H_
#define CAIRN_CLIENT_CLI_CLI_CONFIG_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"
#include "client-cli/cli/terminal.h"
#include "lib/command_line/settings.h"

namespace cairn::cli {

using command_line::ConfigFile;
using command_line::Settings;

// Where a user's files are: mlctl in $XDG_CONFIG_HOME, or in ~/.config without it. Nullopt where
// neither is known.
std::optional<std::string> UserConfigDirectory(const Environment& environment);

// Reads one file: a YAML mapping of global flags without their dashes.
//
//   server: registry.example:50051
//   output: wide
//
// INVALID_ARGUMENT (CONFIG_INVALID) with the path, and the line
// where there is one, for a file that is no mapping, an unknown key or a value
// that the flag does not take.
absl::StatusOr<ConfigFile> ParseConfigFile(const CommandTable& table, const std::string& path,
                                           const std::string& text);

// A text as a YAML value, whatever characters it has.
std::string YamlText(std::string_view value);

// The files that count, the strongest first: `.mlctl.yaml` in `directory` or
// the nearest directory above that has one, then
// $XDG_CONFIG_HOME/mlctl/config.yaml (~/.config without the variable). Files
// that do not exist are left out.
absl::StatusOr<std::vector<ConfigFile>> LoadConfigFiles(const CommandTable& table,
                                                        const std::string& directory,
                                                        const Environment& environment);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_CONFIG_H_
