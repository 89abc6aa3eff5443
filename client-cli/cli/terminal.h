#ifndef CAIRN_CLIENT_CLI_CLI_TERMINAL_H_
#define CAIRN_CLIENT_CLI_CLI_TERMINAL_H_

#include <string>
#include <string_view>
#include <vector>

#include "lib/command_line/environment.h"
#include "lib/command_line/text_width.h"

namespace cairn::cli {

using command_line::DisplayWidth;
using command_line::Environment;
using command_line::ProcessEnvironment;
using command_line::Truncate;
using command_line::WrapWords;

// What the program writes to and reads from. Value type.
struct Terminal {
  bool stdin_is_tty = false;
  bool stdout_is_tty = false;
  bool stderr_is_tty = false;
  int width = 80;       // of stdout, else of stderr, in columns
  bool unicode = true;  // the locale can show box-drawing characters
};

// Looks at the standard streams, COLUMNS and the locale.
Terminal DetectTerminal(const Environment& environment);

// Whether to use colour: `mode` is auto, always or never. For auto the order is
// NO_COLOR, CLICOLOR_FORCE, CLICOLOR=0, TERM=dumb, CI, and whether `is_tty`.
bool UseColor(std::string_view mode, bool is_tty, const Environment& environment);

// `text` in lines of at most `width` columns as WrapWords has them, those after the first indented
// by two; as it is for a width of 0. Without a line end.
std::string Fit(std::string_view text, size_t width);

// Replaces control characters, which a name from a server could use to change
// the terminal, by U+FFFD; tabs and line ends become spaces.
std::string Printable(std::string_view text);

// How long ago `then` was: "now", "42s ago", "3m ago", "5h ago", "12d ago"; for
// later instants "in 3m". Both in nanoseconds since the epoch.
std::string RelativeTime(int64_t then, int64_t now);

// "512 B", "1.4 KiB", "3.0 MiB", ….
std::string HumanBytes(int64_t bytes);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_TERMINAL_H_
