#include "client-cli/cli/table.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "client-cli/cli/aligned_text.h"
#include "client-cli/cli/command.h"
#include "client-cli/cli/terminal.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

std::string Upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

absl::Status NoSuchColumn(const Table& table, std::string_view title) {
  std::vector<std::string> titles;
  for (const Column& column : table.columns) titles.push_back(column.title);
  const std::string nearest = NearestOf(title, titles);
  const std::string meant = nearest.empty() ? "" : fmt::format(" (did you mean {}?)", nearest);
  return UsageError(fmt::format("there is no column \"{}\"{}; there are {}", title, meant,
                                fmt::join(titles, ", ")));
}

// The column of this title in any case. One of a family that no row has is added, without values,
// and named in `valueless`.
absl::StatusOr<size_t> FindColumn(Table& table, std::string_view title,
                                  std::vector<std::string>& valueless) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (Upper(table.columns[i].title) == Upper(title)) return i;
  }
  for (const std::string& family : table.families) {
    if (title.size() <= family.size() || title.substr(0, family.size()) != family) continue;
    table.columns.push_back({.title = std::string(title), .wide = true});
    for (Row& row : table.rows) row.cells.emplace_back();
    valueless.emplace_back(title);
    return table.columns.size() - 1;
  }
  return NoSuchColumn(table, title);
}

std::optional<double> AsNumber(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

bool Less(const std::string& a, const std::string& b) {
  const auto x = AsNumber(a);
  const auto y = AsNumber(b);
  if (x && y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return a < b;
}

absl::Status Sort(Table& table, std::string_view by, std::vector<std::string>& valueless) {
  if (by.empty()) return absl::OkStatus();
  const bool descending = by[0] == '-';
  CAIRN_ASSIGN_OR_RETURN(const size_t column,
                         FindColumn(table, by.substr(descending ? 1 : 0), valueless));
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const Row& a, const Row& b) {
    const std::string& x = a.cells[column].exact;
    const std::string& y = b.cells[column].exact;
    if (x.empty() || y.empty()) return !x.empty() && y.empty();  // without a value: last
    return descending ? Less(y, x) : Less(x, y);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<size_t>> ChooseColumns(Table& table, const TableOptions& options,
                                                  std::vector<std::string>& valueless) {
  std::vector<size_t> chosen;
  for (const std::string& title : options.columns) {
    CAIRN_ASSIGN_OR_RETURN(const size_t column, FindColumn(table, title, valueless));
    chosen.push_back(column);
  }
  if (!chosen.empty()) return chosen;
  const bool everything = options.format == "wide" || options.format == "csv";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (everything || !table.columns[i].wide) chosen.push_back(i);
  }
  return chosen;
}

std::string ForPeople(const Cell& cell, bool human) {
  const std::string text = Printable(human && !cell.human.empty() ? cell.human : cell.exact);
  return text.empty() ? "-" : text;
}

Rendering RenderAligned(const Table& table, const std::vector<size_t>& chosen,
                        const TableOptions& options) {
  std::vector<TextColumn> columns;
  for (const size_t i : chosen) {
    TextColumn column{.title = table.columns[i].title,
                      .right = table.columns[i].right,
                      .whole = table.columns[i].id || table.columns[i].right,
                      .prose = table.columns[i].prose};
    for (const Row& row : table.rows) {
      column.cells.push_back(ForPeople(row.cells[i], options.human));
    }
    columns.push_back(std::move(column));
  }
  AlignedText aligned = Align(columns, {.headers = options.headers,
                                        .bold_headers = options.color,
                                        .width = options.width,
                                        .may_hide = options.columns.empty()});
  Rendering rendering{.text = std::move(aligned.text)};
  for (const size_t i : aligned.hidden) rendering.hidden.push_back(columns[i].title);
  return rendering;
}

std::string QuoteCsv(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string EscapeMarkdown(const std::string& text) {
  std::string result;
  for (const char c : Printable(text)) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

template <typename Format>
std::string RenderSeparated(const Table& table, const std::vector<size_t>& chosen, bool headers,
                            const std::string& begin, const std::string& between,
                            const std::string& end, const Format& format) {
  std::string text;
  const auto add_line = [&](const auto& value_of) {
    std::string line;
    for (size_t i = 0; i < chosen.size(); ++i) {
      line += (i == 0 ? begin : between) + format(value_of(chosen[i]));
    }
    text += line + end;
  };
  if (headers) add_line([&](size_t column) { return table.columns[column].title; });
  if (headers && begin == "| ") {
    text += "|";
    for (size_t i = 0; i < chosen.size(); ++i) {
      text += table.columns[chosen[i]].right ? " ---: |" : " --- |";
    }
    text += "\n";
  }
  for (const Row& row : table.rows) {
    add_line([&](size_t column) { return row.cells[column].exact; });
  }
  return text;
}

}  // namespace

absl::StatusOr<Rendering> Render(Table table, const TableOptions& options) {
  Rendering rendering;
  if (table.columns.empty()) return rendering;
  CAIRN_RETURN_IF_ERROR(Sort(table, options.sort_by, rendering.valueless));
  if (options.format == "name" || options.format == "id") {
    for (const Row& row : table.rows) {
      rendering.text += (options.format == "name" ? row.name : row.id) + "\n";
    }
    return rendering;
  }
  CAIRN_ASSIGN_OR_RETURN(const std::vector<size_t> chosen,
                         ChooseColumns(table, options, rendering.valueless));
  const bool headers = options.headers;
  if (options.format == "csv") {
    rendering.text = RenderSeparated(table, chosen, headers, "", ",", "\r\n", QuoteCsv);
  } else if (options.format == "md") {
    rendering.text = RenderSeparated(table, chosen, headers, "| ", " | ", " |\n", EscapeMarkdown);
  } else if (options.format == "tsv") {
    rendering.text = RenderSeparated(table, chosen, headers, "", "\t", "\n", Printable);
  } else {
    Rendering aligned = RenderAligned(table, chosen, options);
    rendering.text = std::move(aligned.text);
    rendering.hidden = std::move(aligned.hidden);
  }
  return rendering;
}

}  // namespace cairn::cli
