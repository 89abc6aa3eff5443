#include "pipeline/stages/request_log_table.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {
namespace {

using nlohmann::ordered_json;

class LogReader {
 public:
  explicit LogReader(std::string_view file) : file_(file) {}

  absl::Status Take(std::string_view text) {
    for (line_ = 1; !text.empty(); ++line_) {
      const size_t end = text.find('\n');
      const bool torn = end == std::string_view::npos;
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(torn ? text.size() : end + 1);
      const ordered_json row = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (row.is_discarded() && torn) break;
      CAIRN_RETURN_IF_ERROR(TakeRow(row));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<RequestLogTable> Finish() {
    if (values_.empty()) return Malformed("has no predictions");
    const auto width = static_cast<Eigen::Index>(table_.features.columns.size());
    const Eigen::Index rows = static_cast<Eigen::Index>(values_.size()) / width;
    if (rows >= std::numeric_limits<int32_t>::max()) return Malformed("has too many predictions");
    table_.features.values = Eigen::Map<const RowMajorMatrix>(values_.data(), rows, width);
    for (int32_t id = 1; id <= rows; ++id) table_.features.customer_ids.push_back(id);
    return std::move(table_);
  }

 private:
  absl::Status TakeRow(const ordered_json& row) {
    if (!row.is_object()) return Malformed("is no row of a request log", line_);
    const auto inputs = row.find("inputs");
    if (inputs == row.end() && row.contains("message")) {
      ++table_.refused;
      return absl::OkStatus();
    }
    if (inputs == row.end() || !inputs->is_object() || inputs->empty()) {
      return Malformed("is no row of a request log", line_);
    }
    if (!HasColumnsOf(*inputs)) BeginAnew(*inputs);
    for (const auto& [name, value] : inputs->items()) {
      const double number = value.is_number() ? value.get<double>() : std::nan("");
      if (!std::isfinite(number)) {
        return Malformed(fmt::format("has no finite number for {}", name), line_);
      }
      values_.push_back(number);
    }
    return absl::OkStatus();
  }

  bool HasColumnsOf(const ordered_json& inputs) const {
    if (inputs.size() != table_.features.columns.size()) return false;
    size_t i = 0;
    for (const auto& item : inputs.items()) {
      if (item.key() != table_.features.columns[i++]) return false;
    }
    return true;
  }

  void BeginAnew(const ordered_json& inputs) {
    std::vector<std::string>& columns = table_.features.columns;
    if (!columns.empty()) {
      table_.other_columns += static_cast<int64_t>(values_.size() / columns.size());
    }
    columns.clear();
    for (const auto& item : inputs.items()) columns.push_back(item.key());
    values_.clear();
  }

  absl::Status Malformed(std::string_view what, int64_t line = 0) const {
    const std::string where = line == 0 ? "" : fmt::format(", line {},", line);
    Error error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
                fmt::format("{}{} {}", file_, where, what));
    error.With("file", file_);
    if (line != 0) error.With("line", std::to_string(line));
    return error.ToStatus();
  }

  const std::string_view file_;
  int64_t line_ = 0;
  RequestLogTable table_;
  std::vector<double> values_;
};

}  // namespace

bool LooksLikeRequestLog(std::string_view bytes) { return bytes.starts_with(R"({"time":")"); }

absl::StatusOr<RequestLogTable> ParseRequestLog(const std::vector<std::string_view>& texts,
                                                std::string_view file) {
  LogReader reader(file);
  for (const std::string_view text : texts) CAIRN_RETURN_IF_ERROR(reader.Take(text));
  return reader.Finish();
}

}  // namespace cairn::pipeline
