#ifndef CAIRN_CLIENT_CLI_COMMANDS_METRIC_LINES_H_
#define CAIRN_CLIENT_CLI_COMMANDS_METRIC_LINES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::cli {

// One observation of a metric as a line of text has it.
struct MetricLine {
  std::string key;
  int64_t step = 0;
  double value = 0;
  std::optional<int64_t> time_unix_millis;  // none: when it was read
};

// Reads the lines of a metric file: JSON objects, or comma-separated values.
//
// JSON: {"key": "loss", "step": 3, "value": 0.5, "time": 1700000000000}; the step may be
// left out and is then 0, the time is in milliseconds since 1970 or RFC 3339 text, and
// the value is a number or one of the words "NaN", "Infinity", "-Infinity", with or
// without quotes. Other members are ignored.
//
// CSV: key,step,value[,time]; a first line that names these columns gives their order.
//
// Not thread-safe. Values are as written: nothing is rounded or invented.
class MetricLineReader {
 public:
  enum class Format { kJson, kCsv };
  explicit MetricLineReader(Format format) : format_(format) {}

  // The observation in `line`, which has no line end; nullopt for an empty line or a
  // header. INVALID_ARGUMENT (VALUE_INVALID) naming the line's number from 1, the field
  // and what it should be.
  absl::StatusOr<std::optional<MetricLine>> Read(std::string_view line);

 private:
  absl::StatusOr<std::optional<MetricLine>> ReadJson(std::string_view line);
  absl::StatusOr<std::optional<MetricLine>> ReadCsv(std::string_view line);
  bool TakeHeader(std::string_view line);

  const Format format_;
  int64_t line_number_ = 0;
  // Where the columns of a CSV file are; -1 for none.
  int key_column_ = 0;
  int step_column_ = 1;
  int value_column_ = 2;
  int time_column_ = 3;
};

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_METRIC_LINES_H_
