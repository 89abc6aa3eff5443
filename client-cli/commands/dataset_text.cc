#include "client-cli/commands/dataset_text.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "client-cli/cli/reference.h"
#include "client-cli/cli/sparkline.h"
#include "client-cli/cli/terminal.h"
#include "client-cli/commands/description_printer.h"
#include "fmt/format.h"
#include "lib/base/clock.h"

namespace cairn::cli {
namespace {

using v1::DatasetDiff;

// A number of a column, or the instant that it stands for.
Cell ValueCell(const v1::Column& column, double value) {
  constexpr double kLastSecond = 253'402'300'799;  // of the year 9999
  if (column.type() == "timestamp" && std::abs(value) <= 9.2e9 && value <= kLastSecond) {
    return {FormatRfc3339(std::llround(value) * kNanosPerSecond)};
  }
  return ExactNumber(value);
}

std::string Whole(int64_t value) { return std::to_string(value); }

std::string Signed(int64_t value) { return fmt::format("{:+}", value); }

char Sign(DatasetDiff::Change change) {
  return change == DatasetDiff::ADDED ? '+' : change == DatasetDiff::REMOVED ? '-' : '~';
}

std::string FileLine(const DatasetDiff::FileChange& file) {
  std::string line = fmt::format("  {} {}", Sign(file.change()), Printable(file.path()));
  if (file.has_from() && file.has_to()) {
    line += fmt::format("  {} -> {}, {} bytes", file.from().sha256().substr(0, 12),
                        file.to().sha256().substr(0, 12),
                        Signed(file.to().size_bytes() - file.from().size_bytes()));
  } else {
    const auto& digest = file.has_to() ? file.to() : file.from();
    line += fmt::format("  {}  {} bytes", digest.sha256().substr(0, 12), digest.size_bytes());
  }
  return line + "\n";
}

// "nulls 1 -> 5" for each number that is not the same.
class Movements {
 public:
  void Add(std::string_view what, int64_t from, int64_t to) {
    if (from != to) parts_.push_back(fmt::format("{} {} -> {}", what, from, to));
  }
  void Add(std::string_view what, const Cell& from, const Cell& to) {
    if (from.exact == to.exact) return;
    const auto text = [](const Cell& cell) { return cell.human.empty() ? cell.exact : cell.human; };
    parts_.push_back(fmt::format("{} {} -> {}", what, text(from), text(to)));
  }
  void Add(std::string_view what) { parts_.emplace_back(what); }
  std::string Text() const { return fmt::format("{}", fmt::join(parts_, ", ")); }

 private:
  std::vector<std::string> parts_;
};

bool SameFrequent(const v1::ColumnStatistics& a, const v1::ColumnStatistics& b) {
  return std::equal(a.frequent().begin(), a.frequent().end(), b.frequent().begin(),
                    b.frequent().end(), [](const v1::TextCount& x, const v1::TextCount& y) {
                      return x.text() == y.text() && x.count() == y.count();
                    });
}

std::string MovedStatistics(const v1::Column& from, const v1::Column& to) {
  Movements moved;
  const auto& a = from.statistics();
  const auto& b = to.statistics();
  moved.Add("nulls", a.null_count(), b.null_count());
  moved.Add("distinct", a.distinct_count(), b.distinct_count());
  if (a.has_numbers() && b.has_numbers()) {
    moved.Add("min", ValueCell(from, a.numbers().min()), ValueCell(to, b.numbers().min()));
    moved.Add("mean", ValueCell(from, a.numbers().mean()), ValueCell(to, b.numbers().mean()));
    moved.Add("max", ValueCell(from, a.numbers().max()), ValueCell(to, b.numbers().max()));
  }
  if (a.min_text() != b.min_text() || a.max_text() != b.max_text()) moved.Add("first or last text");
  if (!SameFrequent(a, b)) moved.Add("frequent texts");
  return moved.Text();
}

std::string ColumnLine(const DatasetDiff::ColumnChange& column) {
  std::string line = fmt::format("  {} {}", Sign(column.change()), Printable(column.name()));
  if (!column.has_from() || !column.has_to()) {
    return line + "  " + (column.has_to() ? column.to() : column.from()).type() + "\n";
  }
  if (column.from().type() != column.to().type()) {
    line += fmt::format("  {} -> {}", column.from().type(), column.to().type());
  }
  if (column.has_stability_index()) {
    const double index = column.stability_index();
    line += fmt::format("  stability {:.3f} ({})", index,
                        index < 0.1     ? "small"
                        : index <= 0.25 ? "moderate"
                                        : "large");
  }
  if (!column.from().has_statistics() || !column.to().has_statistics()) return line + "\n";
  const std::string moved = MovedStatistics(column.from(), column.to());
  return line + (moved.empty() ? "" : "  ") + moved + "\n";
}

std::string RowText(const v1::RowChanges& rows) {
  std::string text = fmt::format("rows by {}: {} added, {} removed, {} changed, {} equal\n",
                                 fmt::join(rows.key_columns(), ","), rows.added_count(),
                                 rows.removed_count(), rows.changed_count(), rows.equal_count());
  if (rows.repeated_key_count() > 0) {
    text += fmt::format("  {} keys stand in several rows, which are compared as a set\n",
                        rows.repeated_key_count());
  }
  for (const auto& row : rows.added()) text += fmt::format("  + {}\n", Printable(row.to()));
  for (const auto& row : rows.removed()) text += fmt::format("  - {}\n", Printable(row.from()));
  for (const auto& row : rows.changed()) {
    text += fmt::format("  ~ {}\n  > {}\n", Printable(row.from()), Printable(row.to()));
  }
  const int64_t hidden = rows.added_count() + rows.removed_count() + rows.changed_count() -
                         rows.added_size() - rows.removed_size() - rows.changed_size();
  if (hidden > 0) text += fmt::format("  … {} more\n", hidden);
  return text;
}

}  // namespace

std::string HistogramShape(const v1::NumberStatistics& numbers, bool unicode) {
  if (numbers.histogram().empty()) return "";
  // A 0 in front, so that heights begin there and not at the emptiest bin.
  std::vector<std::optional<double>> bins = {0};
  bins.insert(bins.end(), numbers.histogram().begin(), numbers.histogram().end());
  const std::string line = Sparkline(bins, unicode);
  return line.substr(Sparkline({0}, unicode).size());
}

Table ColumnTable(const v1::DatasetVersion& version, size_t limit, bool unicode) {
  Table table;
  table.columns = {{.title = "COLUMN", .id = true},
                   {"TYPE"},
                   {"NULLS", false, true},
                   {"DISTINCT", false, true},
                   {"MIN", false, true},
                   {"MEAN", false, true},
                   {"MAX", false, true},
                   {"SHAPE"}};
  for (const v1::Column& column : version.columns()) {
    if (table.rows.size() == limit) break;
    Row row{column.name(), column.name(), {Cell(column.name()), Cell(column.type())}};
    const v1::ColumnStatistics& statistics = column.statistics();
    const v1::NumberStatistics& numbers = statistics.numbers();
    if (!column.has_statistics()) {
      row.cells.resize(table.columns.size());
    } else if (statistics.has_numbers()) {
      row.cells.insert(
          row.cells.end(),
          {Cell(Whole(statistics.null_count())), Cell(Whole(statistics.distinct_count())),
           ValueCell(column, numbers.min()), ValueCell(column, numbers.mean()),
           ValueCell(column, numbers.max()), Cell(HistogramShape(numbers, unicode))});
    } else {
      std::string most;
      if (!statistics.frequent().empty()) {
        most =
            fmt::format("{} ({})", statistics.frequent(0).text(), statistics.frequent(0).count());
      }
      row.cells.insert(
          row.cells.end(),
          {Cell(Whole(statistics.null_count())), Cell(Whole(statistics.distinct_count())),
           Cell(statistics.min_text()), Cell(), Cell(statistics.max_text()), Cell(most)});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string DiffText(const DatasetDiff& diff) {
  std::string text = fmt::format("{} -> {}\n", ShortName(diff.from()), ShortName(diff.to()));
  text += fmt::format("size  {} bytes\n", Signed(diff.size_bytes_delta()));
  if (diff.has_row_count_delta()) {
    text += fmt::format("rows  {}\n", Signed(diff.row_count_delta()));
  }
  text += diff.files().empty() ? "files are the same\n" : "files\n";
  for (const auto& file : diff.files()) text += FileLine(file);
  text += diff.columns().empty() ? "columns are the same\n" : "columns\n";
  for (const auto& column : diff.columns()) text += ColumnLine(column);
  if (diff.columns_reordered()) text += "columns stand in another order\n";
  if (diff.truncated()) text += "(more changes were left out)\n";
  if (diff.has_rows()) text += RowText(diff.rows());
  return text;
}

std::string RetentionText(const v1::Dataset& dataset) {
  if (!dataset.has_retention()) return "keep all versions";
  const v1::RetentionRule& rule = dataset.retention();
  constexpr int64_t kDaySeconds = 24 * 3600;
  const int64_t seconds = rule.keep_for().seconds();
  const std::string age = seconds >= kDaySeconds && seconds % kDaySeconds == 0
                              ? fmt::format("{} days", seconds / kDaySeconds)
                              : fmt::format("{} s", seconds);
  std::string text = "keep ";
  if (rule.keep_last() > 0) text += fmt::format("the newest {}", rule.keep_last());
  if (rule.keep_last() > 0 && rule.has_keep_for()) text += " and ";
  if (rule.has_keep_for()) text += fmt::format("those younger than {}", age);
  return text;
}

}  // namespace cairn::cli
