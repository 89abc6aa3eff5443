#ifndef CAIRN_SERVER_CONFIG_FILE_H_
#define CAIRN_SERVER_CONFIG_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/command_line/command.h"
#include "lib/command_line/settings.h"

namespace cairn {

// Reads the file of --config: the global flags of `table` that have a variable, without their
// dashes, in what TOML and INI have in common and TOML's strings and arrays.
//
//   # where it is
//   data-dir = "/var/lib/cairn"
//   auth = true
//   http-allowed-host = ["registry.example", 'registry.local']
//
// A value is a text in quotation marks ("with \" and \\" or 'as it stands'), a word without
// blanks, or, for a flag that may be repeated, an array of these. Comments begin with # or, at the
// beginning of a line, with ;. There are no sections but [default].
//
// INVALID_ARGUMENT (CONFIG_INVALID) with the path and the line for anything else: an unknown flag,
// one that stands twice, a value that the flag does not take. Pure.
absl::StatusOr<command_line::ConfigFile> ParseConfigFile(const command_line::CommandTable& table,
                                                         const std::string& path,
                                                         std::string_view text);

}  // namespace cairn

#endif  // CAIRN_SERVER_CONFIG_FILE_H_
