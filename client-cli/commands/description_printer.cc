#include "client-cli/commands/description_printer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

constexpr size_t kShownLines = 20;

}  // namespace

DescriptionPrinter::DescriptionPrinter(Session& session)
    : session_(session), human_(session.format() == "table") {
  if (!human_ || session.flags().Switch("all")) return;
  limit_ = kShownLines;
  const int64_t given = session.flags().Integer("limit");
  if (session.flags().IsGiven("limit")) limit_ = static_cast<size_t>(given);
}

size_t DescriptionPrinter::Shown(size_t count) const { return std::min(count, limit_); }

void DescriptionPrinter::Line(std::string_view label, const Cell& cell) {
  const std::string& value = human_ && !cell.human.empty() ? cell.human : cell.exact;
  if (value.empty()) return;
  if (human_) {
    session_.Print(fmt::format("{:<12}{}\n", label, Printable(value)));
  } else {
    session_.Print(fmt::format("{}\t{}\n", label, Printable(value)));
  }
}

absl::Status DescriptionPrinter::List(std::string_view title, size_t count, Table table) {
  if (count == 0) return absl::OkStatus();
  session_.Print(fmt::format("\n{} ({})\n", title, count));
  TableOptions options;
  options.format = human_ ? "table" : session_.format();
  options.human = human_;
  options.headers = !session_.flags().Switch("no-headers");
  options.width = human_ ? session_.width() : 0;
  const size_t shown = table.rows.size();
  CAIRN_ASSIGN_OR_RETURN(const Rendering rendering, Render(std::move(table), options));
  session_.Print(rendering.text);
  session_.NoteLeftOut(rendering);
  if (shown < count) {
    session_.Print(fmt::format("… {} more; --all or -o json shows them\n", count - shown));
  }
  return absl::OkStatus();
}

absl::Status DescriptionPrinter::Pairs(
    std::string_view title, const google::protobuf::Map<std::string, std::string>& pairs) {
  const std::map<std::string, std::string> sorted(pairs.begin(), pairs.end());
  Table table;
  table.columns = {{.title = "KEY", .id = true}, {"VALUE"}};
  for (const auto& [key, value] : sorted) {
    if (table.rows.size() == Shown(sorted.size())) break;
    table.rows.push_back({key, key, {Cell(key), Cell(value)}});
  }
  return List(title, sorted.size(), std::move(table));
}

Cell ExactNumber(double value) { return {ShortestDouble(value), fmt::format("{:.6g}", value)}; }

}  // namespace cairn::cli
