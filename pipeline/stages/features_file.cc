#include "pipeline/stages/features_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {
namespace {

absl::Status Malformed(std::string_view file, size_t line, std::string_view column,
                       std::string_view value, std::string_view rule) {
  value = value.substr(0, 100);
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
               fmt::format("{}, line {}: {} is `{}`: {}", file, line, column, value, rule))
      .With("file", file)
      .With("line", std::to_string(line))
      .With("column", column)
      .With("value", value)
      .With("rule", rule);
}

// Takes the next line off `text`, without its end.
std::string_view TakeLine(std::string_view* text) {
  const size_t end = text->find('\n');
  std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::vector<std::string_view> SplitFields(std::string_view line) {
  std::vector<std::string_view> fields;
  size_t begin = 0;
  for (size_t end = line.find(','); end != std::string_view::npos; end = line.find(',', begin)) {
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  fields.push_back(line.substr(begin));
  return fields;
}

bool ReadNumber(std::string_view text, double* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(*value);
}

class TableReader {
 public:
  TableReader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  absl::StatusOr<FeatureMatrix> Read() {
    CAIRN_RETURN_IF_ERROR(ReadHeader());
    size_t line_number = 1;
    while (!text_.empty()) {
      ++line_number;
      const std::string_view line = TakeLine(&text_);
      if (!line.empty()) CAIRN_RETURN_IF_ERROR(ReadRow(line, line_number));
    }
    if (table_.customer_ids.empty()) {
      return Malformed(file_, line_number, "the table", "", "has no rows");
    }
    NameCustomers();
    table_.values = Eigen::Map<const RowMajorMatrix>(
        values_.data(), static_cast<Eigen::Index>(table_.customer_ids.size()),
        static_cast<Eigen::Index>(table_.columns.size()));
    return std::move(table_);
  }

 private:
  absl::Status ReadHeader() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
    const std::string_view header = TakeLine(&text_);
    const auto names = SplitFields(header);
    if (names.front() != "CustomerID" || names.size() < 2) {
      return Error(absl::StatusCode::kInvalidArgument, ErrorReason::COLUMN_MISSING,
                   fmt::format("{} does not begin with the column CustomerID and feature columns; "
                               "its header is `{}`",
                               file_, header.substr(0, 200)))
          .With("file", file_)
          .With("column", "CustomerID");
    }
    for (size_t i = 1; i < names.size(); ++i) table_.columns.emplace_back(names[i]);
    return absl::OkStatus();
  }

  absl::Status ReadRow(std::string_view line, size_t line_number) {
    const auto fields = SplitFields(line);
    if (fields.size() != table_.columns.size() + 1) {
      return Malformed(file_, line_number, "the number of fields", std::to_string(fields.size()),
                       fmt::format("must be {}", table_.columns.size() + 1));
    }
    double id = 0;
    const bool number = ReadNumber(fields[0], &id);
    if (fields[0].empty() || (number && (id != std::floor(id) || id < 0))) {
      return Malformed(file_, line_number, "CustomerID", fields[0],
                       "must be a whole number or a text");
    }
    if (!number || id > 2e9) {
      texts_.emplace_back(table_.customer_ids.size(), fields[0]);
      id = kMissingCustomer;
    }
    table_.customer_ids.push_back(static_cast<int32_t>(id));
    for (size_t i = 1; i < fields.size(); ++i) {
      if (!ReadNumber(fields[i], &values_.emplace_back())) {
        return Malformed(file_, line_number, table_.columns[i - 1], fields[i],
                         "must be a finite number");
      }
    }
    return absl::OkStatus();
  }

  // Gives customers that are texts their ids, as loading does.
  void NameCustomers() {
    if (texts_.empty()) return;
    std::vector<std::string> names;
    for (const auto& [row, name] : texts_) names.push_back(name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const auto& [row, name] : texts_) {
      const auto place = std::lower_bound(names.begin(), names.end(), name) - names.begin();
      table_.customer_ids[row] = TextCustomerId(static_cast<size_t>(place));
    }
    table_.customer_names = std::make_shared<const std::vector<std::string>>(std::move(names));
  }

  std::string_view text_;
  std::vector<std::pair<size_t, std::string>> texts_;
  const std::string_view file_;
  FeatureMatrix table_;
  std::vector<double> values_;
};

}  // namespace

absl::StatusOr<FeatureMatrix> ParseFeaturesCsv(std::string_view text, std::string_view file) {
  return TableReader(text, file).Read();
}

}  // namespace cairn::pipeline
