#ifndef CAIRN_LIB_COMMAND_LINE_SETTINGS_H_
#define CAIRN_LIB_COMMAND_LINE_SETTINGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/command_line/command.h"
#include "lib/command_line/environment.h"

namespace cairn::command_line {

// What a configuration file says of global flags, by name without dashes. Whoever read it has
// checked the values with CheckFlagValue.
struct ConfigFile {
  std::string path;
  std::map<std::string, std::string, std::less<>> values;
  bool of_project = false;  // found beside the work, else the user's
  std::map<std::string, std::vector<std::string>, std::less<>> lists = {};  // of repeatable flags
};

// The value of every flag and where it comes from: the command line, else the
// environment, else the files in order (global flags only), else the default. A variable that is
// empty is not set; that of a repeatable flag holds one value.
// Values that come from a variable or a file are checked as those of the command line are,
// so that what is read here needs no further check but the program's own.
// Immutable after construction; safe to share.
class Settings {
 public:
  // What a flag has, as text, and who said it: for messages that lead to the right place.
  struct Value {
    std::vector<std::string> values;  // one, except for lists; empty when not set
    std::string origin;               // "--server", "MLCTL_SERVER", a path, "default"
  };

  // Reads the environment once, here; what changes there later is not seen. `table` outlives it.
  // INVALID_ARGUMENT (VALUE_INVALID) naming the variable when the environment holds a value that
  // the flag does not take, or the flag that is required and not set.
  static absl::StatusOr<Settings> Resolve(const CommandTable& table, const Invocation& invocation,
                                          const Environment& environment,
                                          const std::vector<ConfigFile>& files);

  // REQUIRES for all: the flag is global or one of the command's, and of that kind. They convert
  // what was checked, so they cannot fail. Names come without dashes.
  std::string Text(std::string_view flag) const;  // empty when not set
  bool Switch(std::string_view flag) const;       // false when not set
  int64_t Integer(std::string_view flag) const;   // 0 when not set
  uint64_t Unsigned(std::string_view flag) const;
  double Number(std::string_view flag) const;
  int64_t Millis(std::string_view flag) const;  // of a duration; 0 when not set
  int64_t Bytes(std::string_view flag) const;   // of a size; 0 when not set
  const std::vector<std::string>& List(std::string_view flag) const;

  // True unless the value is the default, also when the same value was given: what was asked for
  // and what happens to be so are told apart.
  bool IsGiven(std::string_view flag) const;

  // Every flag by name: for commands that show what is set and where it comes from.
  const std::map<std::string, Value, std::less<>>& all() const { return values_; }

 private:
  const Value& Find(std::string_view flag) const;

  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_SETTINGS_H_
