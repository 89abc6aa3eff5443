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

// In the order of weight.
enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// A key and its value. Keys are written as they are: plain words, chosen by the code.
// Values may be any bytes; broken UTF-8 is replaced.
using LogField = std::pair<std::string_view, std::string>;

// Sets what is written from now on; called once at start. Until then info and above are
// written, as text.
void ConfigureLog(LogLevel least, LogFormat format);

// Writes one record if `level` is high enough. Safe to call from any thread; a record
// is one write, so records never mix. A record that cannot be written is lost: there is
// nobody to tell.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// The line that Log would write, without the newline. Pure; for tests. Times are cut to
// milliseconds.
std::string FormatLogLine(LogFormat format, int64_t unix_nanos, LogLevel level,
                          std::string_view message, std::initializer_list<LogField> fields);

}  // namespace cairn::observability

#endif  // CAIRN_SERVER_OBSERVABILITY_LOG_H_
