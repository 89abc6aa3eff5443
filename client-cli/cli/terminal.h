#ifndef CAIRN_CLIENT_CLI_CLI_TERMINAL_H_
#define CAIRN_CLIENT_CLI_CLI_TERMINAL_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::cli {

// Reads an environment variable; nullopt when it is not set. Injected so that
// tests need not change the process' own environment.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// The process' environment.
Environment ProcessEnvironment();

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

// How many columns a UTF-8 text takes: one for each code point, none for
// combining marks, two for East Asian wide characters and emoji.
size_t DisplayWidth(std::string_view text);

// `text` in lines of at most `width` columns, broken at spaces; a longer word has a line of its
// own. One empty line for the empty text.
std::vector<std::string> WrapWords(std::string_view text, size_t width);

// `text` in lines of at most `width` columns as WrapWords has them, those after the first indented
// by two; as it is for a width of 0. Without a line end.
std::string Fit(std::string_view text, size_t width);

// The beginning of `text` that fits into `width` columns, ended with "…" when
// something was cut.
std::string Truncate(std::string_view text, size_t width);

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
