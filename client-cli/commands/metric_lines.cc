#include "client-cli/commands/metric_lines.h"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/clock.h"
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

std::vector<std::string_view> Split(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const size_t comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace

absl::StatusOr<std::optional<MetricLine>> MetricLineReader::Read(std::string_view line) {
  ++line_number_;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return std::optional<MetricLine>();
  return format_ == Format::kJson ? ReadJson(line) : ReadCsv(line);
}

absl::StatusOr<std::optional<MetricLine>> MetricLineReader::ReadJson(std::string_view line) {
  Json object = Json::parse(line, nullptr, false);
  if (object.is_discarded()) object = Json::parse(QuoteBareWords(line), nullptr, false);
  if (!object.is_object()) {
    return BadField(line_number_, "text", line, "must be a JSON object");
  }
  const auto text_of = [&object](const char* name) {
    const auto at = object.find(name);
    if (at == object.end()) return std::string();
    return at->is_string() ? at->get<std::string>() : at->dump();
  };
  MetricLine point;
  if (!object.contains("key") || !object["key"].is_string()) {
    return BadField(line_number_, "key", text_of("key"), "must be a text");
  }
  point.key = object["key"].get<std::string>();
  if (object.contains("step")) {
    const auto step = NumberIn<int64_t>(text_of("step"));
    if (!step) return BadField(line_number_, "step", text_of("step"), kStepRule);
    point.step = *step;
  }
  const auto value = ValueIn(text_of("value"));
  if (!value) return BadField(line_number_, "value", text_of("value"), kValueRule);
  point.value = *value;
  if (object.contains("time")) {
    point.time_unix_millis = TimeIn(text_of("time"));
    if (!point.time_unix_millis) {
      return BadField(line_number_, "time", text_of("time"), kTimeRule);
    }
  }
  return std::optional<MetricLine>(std::move(point));
}

// Takes the order of columns from a line that names them.
bool MetricLineReader::TakeHeader(std::string_view line) {
  int places[] = {-1, -1, -1, -1};
  const std::vector<std::string_view> cells = Split(line);
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] == "key") places[0] = static_cast<int>(i);
    if (cells[i] == "step") places[1] = static_cast<int>(i);
    if (cells[i] == "value") places[2] = static_cast<int>(i);
    if (cells[i] == "time") places[3] = static_cast<int>(i);
  }
  if (places[0] < 0 || places[2] < 0) return false;
  key_column_ = places[0];
  step_column_ = places[1];
  value_column_ = places[2];
  time_column_ = places[3];
  return true;
}

absl::StatusOr<std::optional<MetricLine>> MetricLineReader::ReadCsv(std::string_view line) {
  if (line_number_ == 1 && TakeHeader(line)) return std::optional<MetricLine>();
  const std::vector<std::string_view> cells = Split(line);
  const auto cell = [&cells](int column) {
    const bool there = column >= 0 && static_cast<size_t>(column) < cells.size();
    return there ? cells[static_cast<size_t>(column)] : std::string_view();
  };
  MetricLine point;
  point.key = std::string(cell(key_column_));
  if (point.key.empty()) return BadField(line_number_, "key", "", "must not be empty");
  if (step_column_ >= 0) {
    const auto step = NumberIn<int64_t>(cell(step_column_));
    if (!step) return BadField(line_number_, "step", cell(step_column_), kStepRule);
    point.step = *step;
  }
  const auto value = ValueIn(cell(value_column_));
  if (!value) return BadField(line_number_, "value", cell(value_column_), kValueRule);
  point.value = *value;
  if (!cell(time_column_).empty()) {
    point.time_unix_millis = TimeIn(cell(time_column_));
    if (!point.time_unix_millis) {
      return BadField(line_number_, "time", cell(time_column_), kTimeRule);
    }
  }
  return std::optional<MetricLine>(std::move(point));
}

}  // namespace cairn::cli
