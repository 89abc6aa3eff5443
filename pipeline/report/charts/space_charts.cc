#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMostDots = 2500;

std::string ComponentLabel(const ReportData& data, size_t component) {
  const double ratio = ValueAt(data.variance_ratios, component);
  if (!std::isfinite(ratio)) return fmt::format("Component {}", component + 1);
  return fmt::format("Component {} ({} of the variance)", component + 1, Percent(ratio));
}

// The number of points that have all their parts.
size_t PointCount(const PointCloud& cloud) {
  return std::min(cloud.points.size(), cloud.segments.size());
}

void DrawCloud(SvgCanvas* canvas, const ReportData& data, const Scale& x, const Scale& y) {
  const PointCloud& cloud = data.points;
  const size_t step = std::max<size_t>(1, (PointCount(cloud) + kMostDots - 1) / kMostDots);
  std::vector<std::vector<ChartPoint>> dots(std::max<size_t>(data.profiles.segments.size(), 1));
  std::vector<ChartPoint> odd;
  for (size_t i = 0; i < PointCount(cloud); i += step) {
    const auto& point = cloud.points[i];
    if (!std::isfinite(point[0]) || !std::isfinite(point[1])) continue;
    const bool outlier = i < cloud.outliers.size() && cloud.outliers[i];
    const auto segment = static_cast<size_t>(std::max(cloud.segments[i], 0));
    const ChartPoint at = {x(point[0]), y(point[1])};
    (outlier ? odd : dots[std::min(segment, dots.size() - 1)]).push_back(at);
  }
  for (size_t i = 0; i < dots.size(); ++i) canvas->Dots(dots[i], SegmentDots(i));
  canvas->Dots(odd, "pm");
}

std::string CloudNote(const PointCloud& cloud) {
  const size_t all = PointCount(cloud);
  const size_t step = std::max<size_t>(1, (all + kMostDots - 1) / kMostDots);
  const auto drawn = static_cast<int64_t>((all + step - 1) / step);
  const auto total = std::max<int64_t>(cloud.total, static_cast<int64_t>(all));
  const std::string_view dark = "Dark dots are outliers.";
  if (drawn == total) return fmt::format("All {} customers. {}", Thousands(total), dark);
  return fmt::format("{} of {} customers. {}", Thousands(drawn), Thousands(total), dark);
}

std::string_view VarianceStyle(size_t component, int kept) {
  return static_cast<int>(component) < kept ? "fa" : "fm";
}

}  // namespace

std::string ProjectionChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Customers by what they have in common";
  ValueRange across;
  ValueRange up;
  for (const auto& point : data.points.points) {
    across.Add(point[0]);
    up.Add(point[1]);
  }
  if (across.empty() || up.empty() || PointCount(data.points) == 0) {
    return NotMeasuredChart(kTitle, "No points were kept.");
  }
  const std::vector<std::string> names = SegmentLabels(data);
  const double legend = LegendHeight(900, names);
  SvgCanvas canvas(960, 516 + legend, kTitle,
                   "A dot for each customer in the colour of the segment.");
  DrawLegend(&canvas, {46, 4}, 900, names);
  const Frame frame = {46, 34 + legend, 946, 470 + legend};
  const Ticks x_ticks = NiceTicks(across.low, across.high, 8);
  const Ticks y_ticks = NiceTicks(up.low, up.high, 7);
  const Scale x(x_ticks.low, x_ticks.high, frame.left, frame.right);
  DrawLeftAxis(&canvas, frame, y_ticks, Compact, ComponentLabel(data, 1));
  DrawBottomAxis(&canvas, frame, x_ticks.values, x, Compact, ComponentLabel(data, 0));
  DrawCloud(&canvas, data, x, Scale(y_ticks.low, y_ticks.high, frame.bottom, frame.top));
  canvas.Text({946, 18 + legend}, CloudNote(data.points), Anchor::kEnd, "tm");
  return canvas.Finish();
}

std::string VarianceChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Variance that the components explain";
  const auto& ratios = data.variance_ratios;
  if (ratios.empty()) return NotMeasuredChart(kTitle, "No components were computed.");
  SvgCanvas canvas(640, 330, kTitle, "A bar for each component, a line for their sum.");
  const Frame frame = {50, 42, 626, 282};
  const Ticks ticks = NiceTicks(0, 1, 6);
  DrawLeftAxis(
      &canvas, frame, ticks, [](double v) { return Decimal(v * 100, 0) + " %"; },
      "Share of the variance");
  const Scale y(0, 1, frame.bottom, frame.top);
  const double slot = frame.Width() / static_cast<double>(ratios.size());
  std::vector<ChartPoint> sums;
  double sum = 0;
  std::vector<double> marks;
  for (size_t i = 0; i < ratios.size(); ++i) {
    const double left = frame.left + slot * static_cast<double>(i);
    marks.push_back(static_cast<double>(i));
    if (!std::isfinite(ratios[i])) continue;
    sum += ratios[i];
    canvas.Rect(
        left + slot * 0.15, y(ratios[i]), slot * 0.7, frame.bottom - y(ratios[i]),
        VarianceStyle(i, data.components),
        fmt::format("Component {}: {}, together {}", i + 1, Percent(ratios[i]), Percent(sum)));
    sums.push_back({left + slot / 2, y(sum)});
  }
  canvas.Polyline(sums, "lb");
  for (const ChartPoint& at : sums) canvas.Circle(at, 3, "fb");
  const Scale x(0, static_cast<double>(ratios.size()) - 1, frame.left + slot / 2,
                frame.right - slot / 2);
  DrawBottomAxis(
      &canvas, frame, marks, x, [](double v) { return Decimal(v + 1, 0); }, "Component");
  const auto kept = static_cast<size_t>(std::max(data.components, 0));
  if (kept > 0 && kept <= ratios.size()) {
    const double edge = frame.left + slot * static_cast<double>(kept);
    canvas.Line({edge, frame.top}, {edge, frame.bottom}, "hl");
    const bool room = edge < 520;
    canvas.Text({room ? edge + 6 : edge - 6, frame.top + 70}, fmt::format("{} kept", kept),
                room ? Anchor::kStart : Anchor::kEnd, "tb");
  }
  canvas.Rect(330, 14, 10, 10, "fa");
  canvas.Text({345, 23}, "Each component");
  canvas.Rect(470, 14, 10, 10, "fb");
  canvas.Text({485, 23}, "Together");
  return canvas.Finish();
}

std::string OutliersChart(const ReportData& data) {
  constexpr std::string_view kTitle = "The oddest customers";
  ValueRange scores;
  ValueRange spends;
  for (const OutlierLine& line : data.outliers) {
    scores.Add(line.score);
    spends.Add(line.spend);
  }
  if (scores.empty() || spends.empty()) {
    return NotMeasuredChart(kTitle, "No outliers were found.");
  }
  spends.Add(0);
  const std::vector<std::string> names = SegmentLabels(data);
  const double legend = LegendHeight(560, names);
  SvgCanvas canvas(640, 350 + legend, kTitle, "Spend against the score of the isolation forest.");
  DrawLegend(&canvas, {66, 4}, 560, names);
  const Frame frame = {66, 34 + legend, 622, 294 + legend};
  const Ticks x_ticks = NiceTicks(scores.low, scores.high, 6);
  const Ticks y_ticks = NiceTicks(spends.low, spends.high, 6);
  const Scale x(x_ticks.low, x_ticks.high, frame.left, frame.right);
  const Scale y(y_ticks.low, y_ticks.high, frame.bottom, frame.top);
  DrawLeftAxis(&canvas, frame, y_ticks, Compact,
               data.currency.empty() ? "Spend" : "Spend, " + data.currency);
  DrawBottomAxis(&canvas, frame, x_ticks.values, x, Compact,
                 "Score of the isolation forest: the lower, the odder");
  for (const OutlierLine& line : data.outliers) {
    if (!std::isfinite(line.score) || !std::isfinite(line.spend)) continue;
    canvas.Circle({x(line.score), y(line.spend)}, 5,
                  SegmentFill(static_cast<size_t>(std::max(line.segment, 0))) + " o8",
                  fmt::format("Customer {}: {} in {}, score {}", line.customer,
                              Money(data.currency, line.spend),
                              Counted(line.transactions, "transaction", "transactions"),
                              Decimal(line.score, 3)));
  }
  return canvas.Finish();
}

}  // namespace cairn::pipeline
