#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/serving/request_body.h"

namespace cairn::pipeline::serving {
namespace {

// Takes field after field off a text.
class CsvFields {
 public:
  explicit CsvFields(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  bool AtEnd() const { return text_.empty(); }

  // An empty line is passed over; true if there was one.
  bool SkipEmptyLine() {
    const size_t bytes = text_.starts_with("\r\n") ? 2 : text_.starts_with("\n") ? 1 : 0;
    text_.remove_prefix(bytes);
    return bytes > 0;
  }

  // The next field of the line, and whether the line ends behind it. The view lives until the next
  // call. False: quotes do not end, or something stands behind them.
  bool Next(std::string_view* field, bool* last) {
    if (text_.starts_with('"')) return NextQuoted(field, last);
    const size_t end = text_.find_first_of(",\n");
    *field = text_.substr(0, end);
    *last = end == std::string_view::npos || text_[end] == '\n';
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    if (*last && field->ends_with('\r')) field->remove_suffix(1);
    return true;
  }

 private:
  bool NextQuoted(std::string_view* field, bool* last) {
    unquoted_.clear();
    text_.remove_prefix(1);
    for (;;) {
      const size_t quote = text_.find('"');
      if (quote == std::string_view::npos) return false;
      unquoted_ += text_.substr(0, quote);
      text_.remove_prefix(quote + 1);
      if (!text_.starts_with('"')) break;
      unquoted_ += '"';
      text_.remove_prefix(1);
    }
    *field = unquoted_;
    if (text_.starts_with("\r\n") || (text_ == "\r")) text_.remove_prefix(1);
    *last = text_.empty() || text_.front() == '\n';
    if (!*last && text_.front() != ',') return false;
    if (!text_.empty()) text_.remove_prefix(1);
    return true;
  }

  std::string_view text_;
  std::string unquoted_;
};

absl::Status BrokenQuotes(size_t line) {
  return InvalidField(ErrorReason::DATA_MALFORMED, fmt::format("line {}", line), "\"",
                      "quotes must end, right before a comma or the end of the line")
      .With("line", std::to_string(line));
}

// Where the model's columns are: for each field of a row its place, or -1.
absl::Status ReadHeader(CsvFields& fields, const ServedModel& model, std::vector<int>* places,
                        size_t* ignored) {
  std::vector<bool> seen(model.columns().size());
  std::string_view name;
  for (bool last = false; !last;) {
    if (!fields.Next(&name, &last)) return BrokenQuotes(1);
    const int place = model.ColumnOf(name);
    places->push_back(place);
    if (place < 0) {
      ++*ignored;
    } else if (seen[static_cast<size_t>(place)]) {
      return InvalidField(ErrorReason::VALUE_INVALID, "header", name, "the column is there twice");
    } else {
      seen[static_cast<size_t>(place)] = true;
    }
  }
  for (size_t j = 0; j < seen.size(); ++j) {
    if (!seen[j]) return MissingColumn(0, model.columns()[j]);
  }
  return absl::OkStatus();
}

absl::Status ReadRow(CsvFields& fields, const ServedModel& model, const std::vector<int>& places,
                     size_t instance, double* row) {
  std::string_view text;
  size_t count = 0;
  for (bool last = false; !last; ++count) {
    // A header takes line 1.
    if (!fields.Next(&text, &last)) return BrokenQuotes(instance + 2);
    if (count >= places.size() || places[count] < 0) continue;
    double& value = row[places[count]];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
      return BadValue(instance, model.columns()[static_cast<size_t>(places[count])], text,
                      "must be a finite number");
    }
  }
  if (count == places.size()) return absl::OkStatus();
  return BadValue(instance, "fields", std::to_string(count),
                  fmt::format("must be {}, as in the header", places.size()));
}

}  // namespace

absl::Status TooManyInstances(size_t max_instances) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::TOO_LARGE,
               fmt::format("a request has at most {} instances; send several", max_instances))
      .With("limit", std::to_string(max_instances));
}

absl::Status NoInstances() {
  return InvalidField(ErrorReason::VALUE_INVALID, "instances", "0", "must be at least one");
}

absl::Status MissingColumn(size_t instance, const std::string& column) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::COLUMN_MISSING,
               fmt::format("instance {} has no {}, which the model needs", instance, column))
      .With("instance", std::to_string(instance))
      .With("column", column)
      .With("rule", "must be there");
}

absl::Status BadValue(size_t instance, std::string_view column, std::string_view value,
                      std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("instances.{}.{}", instance, column),
                      value, rule)
      .With("instance", std::to_string(instance))
      .With("column", column);
}

absl::Status ReadCsvBody(std::string_view body, const ServedModel& model, size_t max_instances,
                         FeatureRows* rows) {
  rows->values.clear();
  rows->count = rows->ignored_columns = 0;
  CsvFields fields(body);
  std::vector<int> places;
  CAIRN_RETURN_IF_ERROR(ReadHeader(fields, model, &places, &rows->ignored_columns));
  const size_t width = model.columns().size();
  while (!fields.AtEnd()) {
    if (fields.SkipEmptyLine()) continue;
    if (rows->count == max_instances) return TooManyInstances(max_instances);
    rows->values.resize((rows->count + 1) * width);
    CAIRN_RETURN_IF_ERROR(
        ReadRow(fields, model, places, rows->count, &rows->values[rows->count * width]));
    ++rows->count;
  }
  return rows->count == 0 ? NoInstances() : absl::OkStatus();
}

}  // namespace cairn::pipeline::serving
