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

// Decodes one code point and drops it from `text`; malformed bytes count as one.
char32_t TakeCodePoint(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  size_t length = 1;
  char32_t value = lead;
  if (lead >= 0xf0) {
    length = 4;
    value = lead & 0x07;
  } else if (lead >= 0xe0) {
    length = 3;
    value = lead & 0x0f;
  } else if (lead >= 0xc0) {
    length = 2;
    value = lead & 0x1f;
  }
  if (length > text.size()) length = 1;
  for (size_t i = 1; i < length; ++i) {
    value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3f);
  }
  text.remove_prefix(length);
  return value;
}

size_t WidthOf(char32_t c) {
  const bool combining =
      (c >= 0x0300 && c <= 0x036f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f);
  if (combining) return 0;
  const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                    (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                    (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                    (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

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

Environment ProcessEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

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

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) width += WidthOf(TakeCodePoint(text));
  return width;
}

std::vector<std::string> WrapWords(std::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (DisplayWidth(line) + 1 + DisplayWidth(word) <= width) {
      line += " ";
      line += word;
    } else {
      lines.emplace_back(word);
    }
  }
  return lines;
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

std::string Truncate(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t used = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view next = rest;
    used += WidthOf(TakeCodePoint(next));
    if (used > width - 1) break;
    rest = next;
  }
  return std::string(text.substr(0, text.size() - rest.size())) + "…";
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
