#include "client-cli/commands/metric_lines.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

using Json = nlohmann::json;

constexpr int64_t kNanosPerMilli = 1'000'000;

absl::Status BadField(int64_t line, std::string_view field, std::string_view value,
                      std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("line {}: {}", line, field), value,
                      rule);
}

template <typename Number>
std::optional<Number> NumberIn(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> ValueIn(std::string_view text) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (text == "NaN" || text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity" || text == "inf") return kInf;
  if (text == "-Infinity" || text == "-inf") return -kInf;
  return NumberIn<double>(text);
}

std::optional<int64_t> TimeIn(std::string_view text) {
  if (const auto millis = NumberIn<int64_t>(text)) return millis;
  const auto nanos = ParseRfc3339(text);
  if (!nanos.ok()) return std::nullopt;
  return *nanos / kNanosPerMilli;
}

constexpr std::string_view kValueRule = "must be a number, NaN, Infinity or -Infinity";
constexpr std::string_view kStepRule = "must be a whole number of 64 bits";
constexpr std::string_view kTimeRule = "must be milliseconds since 1970 or an RFC 3339 time";

// JSON has no word for what is not finite; the common extension writes it bare.
std::string QuoteBareWords(std::string_view line) {
  std::string out;
  bool quoted = false;
  for (size_t i = 0; i < line.size();) {
    if (line[i] == '"') quoted = !quoted;
    if (quoted && line[i] == '\\' && i + 1 < line.size()) {
      out.append(line.substr(i, 2));
      i += 2;
      continue;
    }
    bool replaced = false;
    for (const std::string_view word : {"-Infinity", "Infinity", "NaN"}) {
      if (quoted || line.substr(i, word.size()) != word) continue;
      out.append("\"").append(word).append("\"");
      i += word.size();
      replaced = true;
      break;
    }
    if (!replaced) out.push_back(line[i++]);
  }
  return out;
}

// The cells of a line as RFC 4180 has them; nothing when a quote is not closed, or does not
// stand at the ends of its cell.
std::optional<std::vector<std::string>> CellsOf(std::string_view line) {
  std::vector<std::string> cells;
  while (true) {
    std::string cell;
    if (line.starts_with('"')) {
      size_t at = 1;
      for (;; ++at) {
        if (at == line.size()) return std::nullopt;
        if (line[at] == '"' && (at + 1 == line.size() || line[at + 1] != '"')) break;
        if (line[at] == '"') ++at;
        cell += line[at];
      }
      line.remove_prefix(at + 1);
      if (!line.empty() && line.front() != ',') return std::nullopt;
    } else {
      const size_t comma = std::min(line.find(','), line.size());
      cell = std::string(line.substr(0, comma));
      if (cell.find('"') != std::string::npos) return std::nullopt;
      line.remove_prefix(comma);
    }
    cells.push_back(std::move(cell));
    if (line.empty()) return cells;
    line.remove_prefix(1);
  }
}

constexpr std::string_view kHeaderRule = "must be one of key (or metric, name), step, value, time";

// Which of key, step, value and time a title names, in upper or lower case; -1 for none.
int ColumnCalled(std::string_view title) {
  std::string word;
  for (const char c : title) {
    if (c != ' ' && c != '\t') word += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  if (word == "key" || word == "metric" || word == "name") return 0;
  if (word == "step") return 1;
  if (word == "value") return 2;
  return word == "time" ? 3 : -1;
}

// What a number of milliseconds since 1970 probably is instead; empty if it may be that.
// Seconds of the years 1973 to 2286 are milliseconds of the first four months of 1970.
std::string OtherUnit(int64_t time) {
  constexpr int64_t kSecondsFrom = 100'000'000;
  constexpr int64_t kMillisFrom = 10'000'000'000;
  constexpr int64_t kMicrosFrom = 100'000'000'000'000;
  constexpr int64_t kNanosFrom = 100'000'000'000'000'000;
  const auto looks_like = [](std::string_view unit, int64_t millis) {
    return fmt::format("looks like {} since 1970; write milliseconds, {}, or RFC 3339", unit,
                       millis);
  };
  if (time >= kNanosFrom) return looks_like("nanoseconds", time / 1'000'000);
  if (time >= kMicrosFrom) return looks_like("microseconds", time / 1000);
  if (time >= kSecondsFrom && time < kMillisFrom) return looks_like("seconds", time * 1000);
  return "";
}

// The members of the object that `line` is, in their order: a name may be there more than once.
bool MembersOf(std::string_view line, std::vector<std::pair<std::string, Json>>* members) {
  members->clear();
  std::vector<std::string> names;
  const auto listen = [&names](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth == 1 && event == Json::parse_event_t::key) names.push_back(parsed);
    return true;
  };
  const Json object = Json::parse(line, listen, false);
  if (!object.is_object()) return false;
  for (const std::string& name : names) members->emplace_back(name, object[name]);
  return true;
}

}  // namespace

absl::StatusOr<std::optional<MetricLine>> MetricLineReader::Read(std::string_view line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (++line_number_ == 1 && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return std::optional<MetricLine>();
  return format_ == Format::kJson ? ReadJson(line) : ReadCsv(line);
}

// One member for each column, in the order key, step, value, time; null where there is none.
absl::Status MetricLineReader::TakeMembers(const std::vector<std::pair<std::string, Json>>& members,
                                           const Json* (&columns)[4]) {
  constexpr size_t kMostIgnored = 10;
  constexpr std::string_view kAndOthers = "and others";
  for (const auto& [name, value] : members) {
    const int column = ColumnCalled(name);
    if (column < 0) {
      // Quoted, so that no name moves the terminal's cursor.
      const std::string quoted = Json(name).dump();
      if (ignored_.contains(quoted)) continue;
      ignored_.insert(ignored_.size() < kMostIgnored ? quoted : std::string(kAndOthers));
      continue;
    }
    if (columns[column] != nullptr) {
      return BadField(line_number_, "member", name, "is there before, and one value is meant");
    }
    columns[column] = &value;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<MetricLine>> MetricLineReader::ReadJson(std::string_view line) {
  std::vector<std::pair<std::string, Json>> members;
  if (!MembersOf(line, &members) && !MembersOf(QuoteBareWords(line), &members)) {
    return BadField(line_number_, "text", line, "must be a JSON object");
  }
  const Json* columns[4] = {};
  CAIRN_RETURN_IF_ERROR(TakeMembers(members, columns));
  const auto text_of = [](const Json* member) {
    if (member == nullptr) return std::string();
    return member->is_string() ? member->get<std::string>() : member->dump();
  };
  const auto [key, step, value, time] = columns;
  MetricLine point;
  if (key == nullptr || !key->is_string()) {
    return BadField(line_number_, "key", text_of(key), "must be a text");
  }
  point.key = key->get<std::string>();
  if (step != nullptr) {
    const auto number = NumberIn<int64_t>(text_of(step));
    if (!number) return BadField(line_number_, "step", text_of(step), kStepRule);
    point.step = *number;
  }
  const auto number = ValueIn(text_of(value));
  if (!number) return BadField(line_number_, "value", text_of(value), kValueRule);
  point.value = *number;
  if (time != nullptr) {
    const std::string text = text_of(time);
    point.time_unix_millis = TimeIn(text);
    if (!point.time_unix_millis) return BadField(line_number_, "time", text, kTimeRule);
    const std::string other = NumberIn<int64_t>(text) ? OtherUnit(*point.time_unix_millis) : "";
    if (!other.empty()) return BadField(line_number_, "time", text, other);
  }
  return std::optional<MetricLine>(std::move(point));
}

// Takes the order of columns from a line that names them; false for a line that is none.
absl::StatusOr<bool> MetricLineReader::TakeHeader(const std::vector<std::string>& cells) {
  int places[] = {-1, -1, -1, -1};
  int unknown = -1;
  for (size_t i = 0; i < cells.size(); ++i) {
    const int column = ColumnCalled(cells[i]);
    if (column < 0) {
      unknown = static_cast<int>(i);
    } else if (places[column] >= 0) {
      return BadCell(static_cast<int>(i), "header", cells[i],
                     "names a column that is there before");
    } else {
      places[column] = static_cast<int>(i);
    }
  }
  if (places[0] < 0 || places[2] < 0) return false;
  if (unknown >= 0) {
    return BadCell(unknown, "header", cells[static_cast<size_t>(unknown)], kHeaderRule);
  }
  key_column_ = places[0];
  step_column_ = places[1];
  value_column_ = places[2];
  time_column_ = places[3];
  columns_ = cells.size();
  has_header_ = true;
  return true;
}

absl::Status MetricLineReader::BadCell(int column, std::string_view field, std::string_view value,
                                       std::string_view rule) const {
  return BadField(line_number_, fmt::format("column {}: {}", column + 1, field), value, rule);
}

absl::StatusOr<std::optional<MetricLine>> MetricLineReader::ReadCsv(std::string_view line) {
  const auto read = CellsOf(line);
  if (!read) {
    return BadField(line_number_, "text", line,
                    "must have each cell in quotes or without any, and quotes in it doubled");
  }
  const std::vector<std::string>& cells = *read;
  if (std::exchange(is_first_, false)) {
    CAIRN_ASSIGN_OR_RETURN(const bool header, TakeHeader(cells));
    if (header) return std::optional<MetricLine>();
  }
  if (cells.size() > columns_) {
    return BadCell(static_cast<int>(columns_), "text", cells[columns_],
                   fmt::format("is a field too many: there are {} columns", columns_));
  }
  const auto cell = [&cells](int column) {
    const bool there = column >= 0 && static_cast<size_t>(column) < cells.size();
    return there ? std::string_view(cells[static_cast<size_t>(column)]) : std::string_view();
  };
  MetricLine point;
  point.key = std::string(cell(key_column_));
  if (point.key.empty()) return BadCell(key_column_, "key", "", "must not be empty");
  if (!IsValidUtf8(point.key)) return BadCell(key_column_, "key", point.key, "must be UTF-8");
  if (step_column_ >= 0) {
    const auto step = NumberIn<int64_t>(cell(step_column_));
    if (!step) return BadCell(step_column_, "step", cell(step_column_), kStepRule);
    point.step = *step;
  }
  const auto value = ValueIn(cell(value_column_));
  if (!value) return BadCell(value_column_, "value", cell(value_column_), kValueRule);
  point.value = *value;
  if (cell(time_column_).empty()) return std::optional<MetricLine>(std::move(point));
  CAIRN_ASSIGN_OR_RETURN(point.time_unix_millis, TimeOf(cell(time_column_)));
  return std::optional<MetricLine>(std::move(point));
}

absl::StatusOr<int64_t> MetricLineReader::TimeOf(std::string_view text) const {
  // Without a header nobody says that there is a time, and no clock shows so little.
  constexpr int64_t kSmallestTime = 100'000'000;
  const auto number = NumberIn<int64_t>(text);
  if (number && !has_header_ && *number < kSmallestTime) {
    return BadCell(time_column_, "text", text,
                   "is a field too many, unless a header line names a time; a decimal mark is a "
                   "point");
  }
  const auto time = TimeIn(text);
  if (!time) return BadCell(time_column_, "time", text, kTimeRule);
  const std::string other = number ? OtherUnit(*number) : "";
  if (!other.empty()) return BadCell(time_column_, "time", text, other);
  return *time;
}

}  // namespace cairn::cli
