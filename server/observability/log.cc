#include "server/observability/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "nlohmann/json.hpp"

namespace cairn::observability {
namespace {

std::atomic<LogLevel> g_least{LogLevel::kInfo};
std::atomic<LogFormat> g_format{LogFormat::kText};

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

// A JSON string, with broken UTF-8 replaced.
std::string Quoted(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Bare words stay bare; everything else is quoted.
std::string LogfmtValue(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:[]@+";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
  return plain ? std::string(text) : Quoted(text);
}

}  // namespace

void ConfigureLog(LogLevel least, LogFormat format) {
  g_least = least;
  g_format = format;
}

std::string FormatLogLine(LogFormat format, int64_t unix_nanos, LogLevel level,
                          std::string_view message, std::initializer_list<LogField> fields) {
  const std::string time = FormatRfc3339(unix_nanos / 1'000'000 * 1'000'000);
  std::string line;
  if (format == LogFormat::kJson) {
    line = fmt::format(R"({{"time":"{}","level":"{}","msg":{})", time, LevelName(level),
                       Quoted(message));
    for (const auto& [key, value] : fields) line += fmt::format(",\"{}\":{}", key, Quoted(value));
    return line + "}";
  }
  line = fmt::format("time={} level={} msg={}", time, LevelName(level), LogfmtValue(message));
  for (const auto& [key, value] : fields) line += fmt::format(" {}={}", key, LogfmtValue(value));
  return line;
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < g_least.load()) return;
  std::string line = FormatLogLine(g_format, SystemClock().NowUnixNanos(), level, message, fields);
  line.push_back('\n');
  // Nothing can be done about a log that cannot be written.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace cairn::observability
