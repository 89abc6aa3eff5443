#ifndef CAIRN_LIB_COMMAND_LINE_COMMAND_H_
#define CAIRN_LIB_COMMAND_LINE_COMMAND_H_

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/command_line/handler.h"

namespace cairn::command_line {

// The table of a program's commands and flags, from which parsing, help, the reference page and
// completion come. Its rows are plain values whose views are of literals, or of what outlives the
// table, and nothing in it is of one program: mlctl, cairn-pipeline and cairnd each have theirs.

// What a flag takes, which decides how its text is checked, completed and read. flag_values.h says
// how each is written.
enum class FlagKind {
  kText,      // UTF-8, or one of `choices`
  kSwitch,    // nothing: --dry-run; or --dry-run=false
  kInteger,   // a whole number
  kUnsigned,  // a whole number of 64 bits without a sign
  kNumber,    // a finite number
  kSize,      // bytes: 512MiB
  kDuration,  // a time: 90s
  kPath,      // the name of a file or directory, whatever bytes it has
};

// For Flag::variable: only the command line sets the flag, neither a variable nor a file.
inline constexpr std::string_view kNoVariable = "-";

// A flag: --name, and -letter if it has one. The environment variable of the same name in
// capitals, behind the program's prefix, is its twin; the command line goes before it.
struct Flag {
  std::string_view name;
  char letter = 0;
  FlagKind kind = FlagKind::kText;
  bool repeatable = false;           // else a second value that differs is refused
  std::string_view value;            // what stands for the value in help: FILE
  std::string_view help;             // a sentence without a full stop
  std::string_view choices;          // "a|b|c" when only these are taken
  std::string_view fallback = "";    // the default, for display and for use
  std::string_view blank_rule = "";  // why a text without a word in it is refused; empty: it is not
  // Bounds of a number; of sizes in bytes, of durations in milliseconds.
  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
  bool or_zero = false;            // 0 is taken too, although `least` is more
  bool needs_unit = false;         // of a duration: else a number without a unit is seconds
  bool printable = false;          // a text of printable ASCII only
  bool required = false;           // it or its variable has to be given
  std::string_view section;        // the heading in help; empty: the usual one
  std::string_view variable = "";  // its twin, where that has another name; or kNoVariable

  bool names_file() const { return kind == FlagKind::kPath; }
};

// A positional argument. A command's take the words in the order of the row. Completion offers
// the things `completes` names.
struct Argument {
  std::string_view name;
  int min = 1;
  int max = 1;                      // -1 = any number
  std::string_view completes = "";  // a noun, `file`, `noun`, `command` or nothing
};

// A command line that works, and what it does; nothing where it goes on from the one before.
struct Example {
  std::string_view line;
  std::string_view says;
};

// One command. The one with an empty path is what the program does without a command. Families are
// the headings of the overview, in the order in which they first occur.
struct Command {
  std::string_view path;  // "run start"
  std::string_view family;
  std::string_view summary;  // a sentence without a full stop, imperative
  std::vector<Argument> arguments;
  std::vector<Flag> flags;
  std::vector<Example> examples;
  std::string_view details;  // may be empty
  Handler handler;           // may be empty
};

// Shown by `help NAME`, and listed at the end of the overview.
//
// A page of help that is no command: formats, exit codes, references, ….
struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view text;
};

// Built once, by a function of the program; main hands it to Parse, help and completion, which are
// the same for all programs. A command is found by looking at all: there are fewer than a hundred.
//
// Everything a program can do. Immutable after construction; safe to share.
struct CommandTable {
  std::string_view program;            // "mlctl"
  std::string_view prefix;             // of environment variables: "MLCTL_"
  std::string_view about;              // what the program is; ends with a full stop
  std::string_view footer;             // the end of the overview; may be empty
  bool lists_variables = false;        // help says each flag's variable and bounds
  std::string_view version = "";       // what --version prints; empty: no such flag
  std::vector<Example> examples = {};  // of the overview
  std::vector<Command> commands = {};
  std::vector<Flag> global_flags = {};
  std::vector<Topic> topics = {};

  // The command with exactly this path; null if there is none.
  const Command* Find(std::string_view path) const;

  // True when some command begins with this word and goes on: "run". Then the word alone is
  // answered with the commands of the group.
  bool IsGroup(std::string_view word) const;

  // The command that `words` begin with, the longest one; null if there is none.
  const Command* Beginning(const std::vector<std::string>& words) const;

  // The flag of `command` (which may be null) or a global one; the command's
  // own flags hide global ones with the same letter. Names come without dashes. Null if
  // there is none. The pointers live as long as the table.
  const Flag* FindFlag(const Command* command, std::string_view name) const;
  const Flag* FindLetter(const Command* command, char letter) const;

  // The flag's variable, such as MLCTL_DRY_RUN for "dry-run"; empty if it has none.
  std::string VariableOf(const Flag& flag) const;
};

// The variable of a flag's name: "MLCTL_" and "dry-run" make MLCTL_DRY_RUN.
std::string VariableName(std::string_view prefix, std::string_view flag);

// A command line that was understood: commands, arguments and flags as they were given, checked but
// not converted (Settings does that, with variables and files). Value type; views into the table.
struct Invocation {
  const Command* command = nullptr;  // null: no word names one
  std::vector<std::string> arguments;
  // By name without dashes; of a repeatable flag all values in their order, else one. A switch
  // that stands alone is "true".
  std::map<std::string, std::vector<std::string>, std::less<>> flags;
  bool help = false;     // --help was among the flags
  bool version = false;  // --version was, in a program that has it

  // Whether the command line gives the flag, with whatever value.
  bool Has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
};

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_COMMAND_H_
