#ifndef CAIRN_CLIENT_CLI_CLI_COMMAND_H_
#define CAIRN_CLIENT_CLI_CLI_COMMAND_H_

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::cli {

class Session;
struct Invocation;

// What a flag takes.
enum class FlagKind {
  kSwitch,   // nothing: --dry-run
  kText,     // one value; a second one that differs is refused
  kInteger,  // one whole number
  kList,     // a value each time it is given
};

// A flag: --name, and -letter if it has one. Every flag has the environment
// variable MLCTL_NAME as its twin, which a flag on the command line beats.
struct Flag {
  std::string_view name;
  char letter = 0;
  FlagKind kind = FlagKind::kText;
  std::string_view value;            // what stands for the value in help: FILE
  std::string_view help;             // a sentence without a full stop
  std::string_view choices;          // "a|b|c" when only these are taken
  std::string_view fallback = "";    // the default, for display and for use
  std::string_view blank_rule = "";  // why a text without a word in it is refused; empty: it is not
  int64_t least = std::numeric_limits<int64_t>::min();  // of a whole number

  // Names of files are bytes; all other texts are UTF-8.
  bool names_file() const { return value == "FILE" || value == "DIR" || value == "PATH"; }
};

// A positional argument. Completion offers the things `completes` names.
struct Argument {
  std::string_view name;
  int min = 1;
  int max = 1;                      // -1 = any number
  std::string_view completes = "";  // a noun, `file`, `noun`, `command` or nothing
};

// A command line that works, and what it does.
struct Example {
  std::string_view line;
  std::string_view says;
};

// What a command does: writes its result through the session and returns the
// exit code, or the error that ended it.
using Handler = absl::StatusOr<int> (*)(Session&, const Invocation&);

// One row of the table from which parsing, help, the reference page and
// completion come.
struct Command {
  std::string_view path;  // "run start"
  std::string_view family;
  std::string_view summary;  // a sentence without a full stop, imperative
  std::vector<Argument> arguments;
  std::vector<Flag> flags;
  std::vector<Example> examples;  // three
  std::string_view details;       // may be empty
  Handler handler = nullptr;
};

// A page of help that is no command: formats, exit codes, references, ….
struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view text;
};

// Everything the program can do. Immutable after construction; safe to share.
struct CommandTable {
  std::vector<Command> commands;
  std::vector<Flag> global_flags;
  std::vector<Topic> topics;

  // The command with this path; null if there is none.
  const Command* Find(std::string_view path) const;

  // True when some command begins with this word and goes on: "run".
  bool IsGroup(std::string_view word) const;

  // The flag of `command` (which may be null) or a global one; the command's
  // own flags hide global ones with the same letter.
  const Flag* FindFlag(const Command* command, std::string_view name) const;
  const Flag* FindLetter(const Command* command, char letter) const;
};

// A command line that was understood. Value type.
struct Invocation {
  const Command* command = nullptr;
  std::vector<std::string> arguments;
  std::map<std::string, std::vector<std::string>, std::less<>> flags;
  bool help = false;  // --help was among the flags

  bool Has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
};

// MLCTL_DRY_RUN for "dry-run".
std::string EnvironmentName(std::string_view flag);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_COMMAND_H_
