#include "client-cli/cli/table.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>
#include <optional>

#include "client-cli/cli/parser.h"
#include "client-cli/cli/suggest.h"
#include "client-cli/cli/terminal.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 8;

std::string Upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

absl::StatusOr<size_t> FindColumn(const Table& table, std::string_view title) {
  std::vector<std::string_view> titles;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (Upper(table.columns[i].title) == Upper(title)) return i;
    titles.push_back(table.columns[i].title);
  }
  std::string all;
  for (const std::string_view known : titles) all += (all.empty() ? "" : ", ") + std::string(known);
  return UsageError(fmt::format("there is no column \"{}\"; there are {}", title, all));
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

absl::Status Sort(Table& table, std::string_view by) {
  if (by.empty()) return absl::OkStatus();
  const bool descending = by[0] == '-';
  CAIRN_ASSIGN_OR_RETURN(const size_t column, FindColumn(table, by.substr(descending ? 1 : 0)));
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const Row& a, const Row& b) {
    const std::string& x = a.cells[column].exact;
    const std::string& y = b.cells[column].exact;
    if (x.empty() || y.empty()) return !x.empty() && y.empty();  // without a value: last
    return descending ? Less(y, x) : Less(x, y);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<size_t>> ChooseColumns(const Table& table, const TableOptions& options) {
  std::vector<size_t> chosen;
  for (const std::string& title : options.columns) {
    CAIRN_ASSIGN_OR_RETURN(const size_t column, FindColumn(table, title));
    chosen.push_back(column);
  }
  if (!chosen.empty()) return chosen;
  const bool everything = options.format == "wide" || options.format == "csv";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (everything || !table.columns[i].wide) chosen.push_back(i);
  }
  return chosen;
}

// Takes the columns that go beyond `limit` back, the widest and last first.
void Shrink(std::vector<size_t>& widths, size_t limit) {
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), size_t{0}) + kGap * (widths.size() - 1);
  };
  while (total() > limit) {
    size_t widest = 0;
    for (size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] >= widths[widest]) widest = i;
    }
    if (widths[widest] <= kNarrowest) return;
    --widths[widest];
  }
}

std::string Pad(const std::string& text, size_t width, bool right) {
  const size_t used = DisplayWidth(text);
  const std::string space(used < width ? width - used : 0, ' ');
  return right ? space + text : text + space;
}

std::string RenderAligned(const Table& table, const std::vector<size_t>& chosen,
                          const TableOptions& options) {
  std::vector<std::vector<std::string>> lines;
  if (options.headers) {
    auto& line = lines.emplace_back();
    for (const size_t column : chosen) line.push_back(table.columns[column].title);
  }
  for (const Row& row : table.rows) {
    auto& line = lines.emplace_back();
    for (const size_t column : chosen) {
      const Cell& cell = row.cells[column];
      line.push_back(Printable(options.human && !cell.human.empty() ? cell.human : cell.exact));
      if (line.back().empty()) line.back() = "-";
    }
  }
  std::vector<size_t> widths(chosen.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(line[i]));
  }
  if (options.width > 0 && !widths.empty()) Shrink(widths, options.width);
  std::string text;
  for (size_t n = 0; n < lines.size(); ++n) {
    std::string line;
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (i > 0) line += std::string(kGap, ' ');
      line += Pad(Truncate(lines[n][i], widths[i]), widths[i], table.columns[chosen[i]].right);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    const bool bold = options.color && options.headers && n == 0;
    text += bold ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
  }
  return text;
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

absl::StatusOr<std::string> Render(Table table, const TableOptions& options) {
  if (table.columns.empty()) return "";
  CAIRN_RETURN_IF_ERROR(Sort(table, options.sort_by));
  if (options.format == "name" || options.format == "id") {
    std::string text;
    for (const Row& row : table.rows) {
      text += (options.format == "name" ? row.name : row.id) + "\n";
    }
    return text;
  }
  CAIRN_ASSIGN_OR_RETURN(const std::vector<size_t> chosen, ChooseColumns(table, options));
  if (options.format == "csv") {
    return RenderSeparated(table, chosen, options.headers, "", ",", "\r\n", QuoteCsv);
  }
  if (options.format == "md") {
    return RenderSeparated(table, chosen, options.headers, "| ", " | ", " |\n", EscapeMarkdown);
  }
  if (options.format == "tsv") {
    return RenderSeparated(table, chosen, options.headers, "", "\t", "\n", Printable);
  }
  return RenderAligned(table, chosen, options);
}

}  // namespace cairn::cli
