#include "client-cli/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "fmt/format.h"
#include "lib/base/clock.h"

namespace cairn::cli {
namespace {

int TerminalWidth(const Environment& environment) {
  if (const auto columns = environment("COLUMNS")) {
    const int width = std::atoi(columns->c_str());
    if (width > 0) return width;
  }
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    winsize size{};
    if (::ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return 80;
}

bool IsSet(const Environment& environment, std::string_view name) {
  const auto value = environment(name);
  return value.has_value() && !value->empty();
}

}  // namespace

Terminal DetectTerminal(const Environment& environment) {
  Terminal terminal;
  terminal.stdin_is_tty = ::isatty(STDIN_FILENO) == 1;
  terminal.stdout_is_tty = ::isatty(STDOUT_FILENO) == 1;
  terminal.stderr_is_tty = ::isatty(STDERR_FILENO) == 1;
  terminal.width = TerminalWidth(environment);
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!IsSet(environment, name)) continue;
    const std::string locale = *environment(name);
    terminal.unicode = locale.find("UTF-8") != std::string::npos ||
                       locale.find("utf8") != std::string::npos ||
                       locale.find("utf-8") != std::string::npos;
    return terminal;
  }
  terminal.unicode = !terminal.stdout_is_tty;
  return terminal;
}

bool UseColor(std::string_view mode, bool is_tty, const Environment& environment) {
  if (mode == "always") return true;
  if (mode == "never" || IsSet(environment, "NO_COLOR")) return false;
  const auto force = environment("CLICOLOR_FORCE");
  if (force && !force->empty() && *force != "0") return true;
  if (environment("CLICOLOR") == "0" || environment("TERM") == "dumb") return false;
  if (IsSet(environment, "CI")) return false;
  return is_tty;
}

std::string Fit(std::string_view text, size_t width) {
  if (width == 0 || DisplayWidth(text) <= width) return std::string(text);
  std::string fitted;
  for (const std::string& line : WrapWords(text, std::max<size_t>(width, 24) - 2)) {
    if (!fitted.empty()) fitted += "\n  ";
    fitted += line;
  }
  return fitted;
}

std::string Printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t' || c == '\n' || c == '\r') {
      result += ' ';
    } else if (byte < 0x20 || byte == 0x7f) {
      result += "\xef\xbf\xbd";
    } else {
      result += c;
    }
  }
  return result;
}

std::string RelativeTime(int64_t then, int64_t now) {
  const bool past = then <= now;
  const int64_t seconds = (past ? now - then : then - now) / kNanosPerSecond;
  std::string span;
  if (seconds < 1) return "now";
  if (seconds < 60) {
    span = fmt::format("{}s", seconds);
  } else if (seconds < 3600) {
    span = fmt::format("{}m", seconds / 60);
  } else if (seconds < 2 * 86400) {
    span = fmt::format("{}h", seconds / 3600);
  } else {
    span = fmt::format("{}d", seconds / 86400);
  }
  return past ? span + " ago" : "in " + span;
}

std::string HumanBytes(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array<std::string_view, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace cairn::cli
