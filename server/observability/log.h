#ifndef CAIRN_SERVER_OBSERVABILITY_LOG_H_
#define CAIRN_SERVER_OBSERVABILITY_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace cairn::observability {

// Structured log: one line a record on standard error, either logfmt
// (`time=… level=info msg="…" key=value`) or JSON.

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

using LogField = std::pair<std::string_view, std::string>;

// Sets what is written from now on; called once at start.
void ConfigureLog(LogLevel least, LogFormat format);

// Writes one record if `level` is high enough. Safe to call from any thread; a
// record is one write, so records never mix.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// The line that Log would write, without the newline. Pure; for tests.
std::string FormatLogLine(LogFormat format, int64_t unix_nanos, LogLevel level,
                          std::string_view message, std::initializer_list<LogField> fields);

}  // namespace cairn::observability

#endif  // CAIRN_SERVER_OBSERVABILITY_LOG_H_
