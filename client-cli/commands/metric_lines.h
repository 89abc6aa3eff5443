#ifndef CAIRN_CLIENT_CLI_COMMANDS_METRIC_LINES_H_
#define CAIRN_CLIENT_CLI_COMMANDS_METRIC_LINES_H_

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
// without quotes. metric and name stand for key, in upper or lower case; a member that is there
// twice is refused, and others are left out and told by ignored_members().
//
// CSV (RFC 4180): key,step,value[,time]; a first line that names these columns gives their
// order, in upper or lower case, with metric or name for key; another title among them, or one
// twice, is refused. A cell may stand in quotes, with a quote in it doubled; a line has as many
// cells as there are columns, the time may be left out.
//
// A byte order mark is stepped over. A time that is a number of seconds, microseconds or
// nanoseconds is told by its size and refused, not taken for milliseconds.
//
// Not thread-safe. Values are as written: nothing is rounded or invented.
class MetricLineReader {
 public:
  enum class Format { kJson, kCsv };
  explicit MetricLineReader(Format format) : format_(format) {}

  // The observation in `line`, which has no line end; nullopt for an empty line or a
  // header. INVALID_ARGUMENT (VALUE_INVALID) naming the line's number from 1, the field, in
  // CSV its column from 1, and what it should be.
  absl::StatusOr<std::optional<MetricLine>> Read(std::string_view line);

  // The first ten members of JSON lines that were left out, by their quoted names, and `and others`
  // if there are more.
  const std::set<std::string>& ignored_members() const { return ignored_; }

 private:
  absl::StatusOr<std::optional<MetricLine>> ReadJson(std::string_view line);
  absl::StatusOr<std::optional<MetricLine>> ReadCsv(std::string_view line);
  absl::Status TakeMembers(const std::vector<std::pair<std::string, nlohmann::json>>& members,
                           const nlohmann::json* (&columns)[4]);
  absl::StatusOr<bool> TakeHeader(const std::vector<std::string>& cells);
  absl::StatusOr<int64_t> TimeOf(std::string_view text) const;
  absl::Status BadCell(int column, std::string_view field, std::string_view value,
                       std::string_view rule) const;

  const Format format_;
  int64_t line_number_ = 0;
  // Where the columns of a CSV file are; -1 for none.
  int key_column_ = 0;
  int step_column_ = 1;
  int value_column_ = 2;
  int time_column_ = 3;
  size_t columns_ = 4;
  bool has_header_ = false;
  std::set<std::string> ignored_;
  bool is_first_ = true;  // no line but empty ones was read
};

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_METRIC_LINES_H_
