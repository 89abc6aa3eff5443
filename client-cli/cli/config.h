#ifndef CAIRN_CLIENT_CLI_CLI_CONFIG_H_
#define CAIRN_CLIENT_CLI_CLI_CONFIG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"
#include "client-cli/cli/terminal.h"

namespace cairn::cli {

// A configuration file: a YAML mapping of global flags without their dashes.
//
//   server: registry.example:50051
//   output: wide
struct ConfigFile {
  std::string path;
  std::map<std::string, std::string, std::less<>> values;
  bool of_project = false;  // a `.mlctl.yaml`, else the user's
};

// Where a user's files are: mlctl in $XDG_CONFIG_HOME, or in ~/.config without it. Nullopt where
// neither is known.
std::optional<std::string> UserConfigDirectory(const Environment& environment);

// Reads one file. INVALID_ARGUMENT (CONFIG_INVALID) with the path, and the line
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

// The value of every flag and where it comes from: the command line, else the
// environment, else the files in order (global flags only), else the default.
// Immutable after construction; safe to share.
class Settings {
 public:
  struct Value {
    std::vector<std::string> values;  // one, except for lists; empty when not set
    std::string origin;               // "--server", "MLCTL_SERVER", a path, "default"
  };

  // INVALID_ARGUMENT (VALUE_INVALID) when the environment holds a value that
  // the flag does not take.
  static absl::StatusOr<Settings> Resolve(const CommandTable& table, const Invocation& invocation,
                                          const Environment& environment,
                                          const std::vector<ConfigFile>& files);

  // REQUIRES for all: the flag is global or one of the command's.
  std::string Text(std::string_view flag) const;  // empty when not set
  bool Switch(std::string_view flag) const;       // false when not set
  int64_t Integer(std::string_view flag) const;   // 0 when not set
  const std::vector<std::string>& List(std::string_view flag) const;

  // True unless the value is the default.
  bool IsGiven(std::string_view flag) const;

  const std::map<std::string, Value, std::less<>>& all() const { return values_; }

 private:
  const Value& Find(std::string_view flag) const;

  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_CONFIG_H_
