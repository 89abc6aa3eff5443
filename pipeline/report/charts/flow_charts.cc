#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/charts/svg_text.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr double kNodeGap = 10;

// Counts of a migration with its margins; every row and column is there.
struct Flow {
  std::vector<std::vector<double>> customers;  // Rows: before and new; columns: after and gone.
  std::vector<double> before;
  std::vector<double> after;
  double total = 0;
};

Flow FlowOf(const Migration& migration) {
  Flow flow;
  const size_t rows = migration.before.size() + 1;
  const size_t columns = migration.after.size() + 1;
  flow.customers.assign(rows, std::vector<double>(columns, 0));
  flow.before.assign(rows, 0);
  flow.after.assign(columns, 0);
  for (size_t row = 0; row < std::min(rows, migration.customers.size()); ++row) {
    const auto& counts = migration.customers[row];
    for (size_t column = 0; column < std::min(columns, counts.size()); ++column) {
      const double count = std::max(0.0, static_cast<double>(counts[column]));
      flow.customers[row][column] = count;
      flow.before[row] += count;
      flow.after[column] += count;
      flow.total += count;
    }
  }
  return flow;
}

// The top edge of each node of one side.
std::vector<double> NodeTops(const std::vector<double>& sizes, double top, double pixels) {
  std::vector<double> tops;
  for (const double size : sizes) {
    tops.push_back(top);
    if (size > 0) top += size * pixels + kNodeGap;
  }
  return tops;
}

std::string NodeName(const std::vector<std::string>& names, size_t i, std::string_view other) {
  return i < names.size() ? names[i] : std::string(other);
}

std::string NowStyle(size_t i, const Migration& migration) {
  return i < migration.after.size() ? SegmentFill(i) : "fm";
}

// A segment has the colour that its name has now, also where its place was another. One whose name
// is gone is grey, as new customers are.
std::string BeforeStyle(size_t i, const Migration& migration) {
  if (i >= migration.before.size()) return "fm";
  const auto& now = migration.after;
  const auto found = std::find(now.begin(), now.end(), migration.before[i]);
  return NowStyle(static_cast<size_t>(found - now.begin()), migration);
}

double SpendOf(const Migration& migration, size_t row, size_t column) {
  if (row >= migration.spend.size()) return std::nan("");
  return ValueAt(migration.spend[row], column);
}

void DrawNodes(SvgCanvas* canvas, const Flow& flow, const Migration& migration, double pixels,
               const std::vector<double>& left, const std::vector<double>& right) {
  const auto draw = [&](double x, double y, double size, const std::string& style,
                        const std::string& name, double text_x, Anchor anchor) {
    if (!(size > 0)) return;
    canvas->Rect(x, y, 12, std::max(size * pixels, 1.0), style);
    const double middle = y + size * pixels / 2;
    canvas->Text({text_x, middle}, Ellipsis(name, 28), anchor, "tb");
    canvas->Text({text_x, middle + 13}, Decimal(size, 0), anchor, "tm");
  };
  for (size_t i = 0; i < flow.before.size(); ++i) {
    draw(220, left[i], flow.before[i], BeforeStyle(i, migration),
         NodeName(migration.before, i, "New customers"), 212, Anchor::kEnd);
  }
  for (size_t i = 0; i < flow.after.size(); ++i) {
    draw(528, right[i], flow.after[i], NowStyle(i, migration),
         NodeName(migration.after, i, "No longer there"), 548, Anchor::kStart);
  }
}

void DrawFlow(SvgCanvas* canvas, const ReportData& data, const Flow& flow, double top,
              double pixels) {
  const Migration& migration = *data.migration;
  const std::vector<double> left = NodeTops(flow.before, top, pixels);
  const std::vector<double> right = NodeTops(flow.after, top, pixels);
  std::vector<double> from = left;
  std::vector<double> to = right;
  for (size_t row = 0; row < flow.before.size(); ++row) {
    for (size_t column = 0; column < flow.after.size(); ++column) {
      const double height = flow.customers[row][column] * pixels;
      if (!(height > 0)) continue;
      canvas->Ribbon(
          {232, from[row]}, height, {528, to[column]}, height, BeforeStyle(row, migration) + " rib",
          fmt::format("{} to {}: {}, {}", NodeName(migration.before, row, "New customers"),
                      NodeName(migration.after, column, "no longer there"),
                      Counted(std::llround(flow.customers[row][column]), "customer", "customers"),
                      Money(data.currency, SpendOf(migration, row, column))));
      from[row] += height;
      to[column] += height;
    }
  }
  DrawNodes(canvas, flow, migration, pixels, left, right);
}

// The part of `before` that a step took away; NaN where nothing was there.
double LostShare(double before, double after) {
  return before != 0 ? (before - after) / before : std::nan("");
}

}  // namespace

std::string MigrationChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Where customers went since the version before";
  if (!data.migration) return NotMeasuredChart(kTitle, "There is no version before this one.");
  const Flow flow = FlowOf(*data.migration);
  if (!(flow.total > 0)) return NotMeasuredChart(kTitle, "No customers were compared.");
  const size_t nodes = std::max(flow.before.size(), flow.after.size());
  const double inner = std::max(260.0, 34 * static_cast<double>(nodes));
  const double height = inner + kNodeGap * static_cast<double>(nodes);
  SvgCanvas canvas(760, height + 60, kTitle,
                   "Bands from the segments before to those now, as wide as their customers.");
  canvas.Text({226, 20}, "Before", Anchor::kMiddle, "tm");
  canvas.Text({534, 20}, "Now", Anchor::kMiddle, "tm");
  DrawFlow(&canvas, data, flow, 36, inner / flow.total);
  return canvas.Finish();
}

std::string CleaningChart(const ReportData& data) {
  constexpr std::string_view kTitle = "What cleaning dropped";
  if (data.quality.empty()) return NotMeasuredChart(kTitle, "No stages were recorded.");
  std::vector<Bar> rows;
  std::vector<Bar> spend;
  for (const QualityStep& step : data.quality) {
    const double lost_rows = static_cast<double>(step.rows_in) - static_cast<double>(step.rows_out);
    const double lost_spend = step.spend_in - step.spend_out;
    const std::string name = Ellipsis(StageLabel(step.stage), 22);
    rows.push_back({name,
                    fmt::format("{} · {}", Decimal(lost_rows, 0),
                                Percent(LostShare(static_cast<double>(step.rows_in),
                                                  static_cast<double>(step.rows_out)))),
                    lost_rows, "fa", step.rule});
    spend.push_back({"",
                     fmt::format("{} · {}", CompactMoney(data.currency, lost_spend),
                                 Percent(LostShare(step.spend_in, step.spend_out))),
                     std::abs(lost_spend), lost_spend < 0 ? "hn" : "fb", step.rule});
  }
  const double height = 30 * static_cast<double>(rows.size());
  SvgCanvas canvas(640, height + 56, kTitle, "Rows and revenue that each stage took away.");
  canvas.Text({150, 20}, "Rows dropped", Anchor::kStart, "tb");
  canvas.Text({410, 20}, "Revenue dropped", Anchor::kStart, "tb");
  DrawBars(&canvas, {150, 32, 290, 32 + height}, rows);
  DrawBars(&canvas, {410, 32, 530, 32 + height}, spend);
  return canvas.Finish();
}

std::string CostsChart(const ReportData& data) {
  constexpr std::string_view kTitle = "What the run cost";
  if (data.costs.empty()) return NotMeasuredChart(kTitle, "No costs were recorded.");
  std::vector<Bar> bars;
  for (const CostLine& line : data.costs) {
    std::string text = Seconds(line.cpu_seconds);
    if (line.cached) text += " (from the cache)";
    bars.push_back({Ellipsis(StageLabel(line.stage), 22), text, line.cpu_seconds,
                    line.cached ? "fm" : "fa",
                    fmt::format("{} of wall time", Seconds(line.seconds))});
  }
  const double height = 24 * static_cast<double>(bars.size());
  SvgCanvas canvas(640, height + 52, kTitle, "Processor time of each stage.");
  canvas.Text({170, 20}, "Processor time", Anchor::kStart, "tb");
  DrawBars(&canvas, {170, 32, 500, 32 + height}, bars);
  return canvas.Finish();
}

}  // namespace cairn::pipeline
