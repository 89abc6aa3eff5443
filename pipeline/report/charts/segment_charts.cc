#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pipeline/report/calendar_text.h"
#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/charts/percentile_rank.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/charts/svg_text.h"
#include "pipeline/report/feature_text.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMostSpokes = 10;
constexpr double kRadarCell = 320;

// Two bars for a segment: its share of the customers and of the revenue.
void DrawShares(SvgCanvas* canvas, const ReportData& data, const Frame& frame, const Ticks& ticks) {
  const Scale scale(ticks.low, ticks.high, frame.left, frame.right);
  const auto& segments = data.profiles.segments;
  const double row = frame.Height() / static_cast<double>(segments.size());
  for (size_t i = 0; i < segments.size(); ++i) {
    const SegmentProfile& segment = segments[i];
    const double y = frame.top + row * static_cast<double>(i);
    const double bar = row * 0.36;
    canvas->Text({frame.left - 8, y + row / 2 + 4}, SegmentLabel(data, i, 28), Anchor::kEnd);
    const auto draw = [&](double top, double share, std::string_view style, std::string text) {
      const double value = std::isfinite(share) ? share : 0;
      const double from = std::min(scale(0), scale(value));
      const double to = std::max(scale(0), scale(value));
      canvas->Rect(from, top, to - from, bar - 1, style, text);
      canvas->Text({to + 6, top + bar / 2 + 4}, text, Anchor::kStart, "ts");
    };
    draw(y + row * 0.12, segment.customer_share, "fa",
         fmt::format("{} · {}", Percent(segment.customer_share),
                     Counted(segment.customers, "customer", "customers")));
    draw(y + row * 0.5, segment.spend_share, "fb",
         fmt::format("{} · {}", Percent(segment.spend_share),
                     CompactMoney(data.currency, segment.spend)));
  }
}

ChartPoint OnSpoke(ChartPoint centre, double radius, size_t spoke, size_t spokes) {
  const double angle =
      2 * std::numbers::pi * static_cast<double>(spoke) / static_cast<double>(spokes) -
      std::numbers::pi / 2;
  return {centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)};
}

void DrawRings(SvgCanvas* canvas, const ReportData& data, ChartPoint centre, double radius,
               std::span<const size_t> features) {
  for (const double part : {0.25, 0.5, 0.75, 1.0}) {
    std::vector<ChartPoint> ring;
    for (size_t i = 0; i < features.size(); ++i) {
      ring.push_back(OnSpoke(centre, radius * part, i, features.size()));
    }
    ring.push_back(ring.front());
    canvas->Polyline(ring, part == 0.5 ? "rf" : "gr");
  }
  for (size_t i = 0; i < features.size(); ++i) {
    canvas->Line(centre, OnSpoke(centre, radius, i, features.size()), "gr");
    const ChartPoint at = OnSpoke(centre, radius + 10, i, features.size());
    const double side = at.x - centre.x;
    const Anchor anchor = side < -8 ? Anchor::kEnd : side > 8 ? Anchor::kStart : Anchor::kMiddle;
    canvas->Text({at.x, at.y + 4}, ShortFeatureLabel(data.profiles.feature_names[features[i]]),
                 anchor, "ts");
  }
}

void DrawRadar(SvgCanvas* canvas, const ReportData& data, size_t segment, ChartPoint corner,
               std::span<const size_t> features) {
  constexpr double kRadius = 90;
  const ChartPoint centre = {corner.x + kRadarCell / 2, corner.y + 156};
  canvas->Text({centre.x, corner.y + 18}, SegmentLabel(data, segment, 34), Anchor::kMiddle, "tb");
  DrawRings(canvas, data, centre, kRadius, features);
  std::vector<ChartPoint> shape;
  std::string tip;
  const SegmentProfile& profile = data.profiles.segments[segment];
  for (size_t i = 0; i < features.size(); ++i) {
    const size_t feature = features[i];
    if (feature >= profile.features.size()) continue;
    const double median = profile.features[feature].median;
    const double rank = PercentileRank(data, feature, median);
    if (!std::isfinite(rank)) continue;
    shape.push_back(OnSpoke(centre, kRadius * rank, i, features.size()));
    const std::string& name = data.profiles.feature_names[feature];
    tip += fmt::format("{}{}: {}, rank {:.0f}", tip.empty() ? "" : "\n", FeatureLabel(name),
                       FeatureValue(name, median, data.currency), rank * 100);
  }
  if (shape.size() > 2) {
    canvas->Polygon(shape, SegmentArea(segment), tip);
  } else {
    canvas->Text(centre, "not measured", Anchor::kMiddle, "tm");
  }
}

// The features whose middle half differs at all, the first ten. More or less of a weekday or an
// hour means nothing.
std::vector<size_t> SpokeFeatures(const ReportData& data) {
  std::vector<size_t> features;
  const SegmentProfiles& profiles = data.profiles;
  for (size_t i = 0; i < profiles.feature_names.size() && i < profiles.features.size(); ++i) {
    const FeatureSummary& all = profiles.features[i];
    if (IsClock(profiles.feature_names[i])) continue;
    if (all.upper_quartile > all.lower_quartile && features.size() < kMostSpokes) {
      features.push_back(i);
    }
  }
  return features;
}

// Shades the last month where the data ends within it.
void ShadePartialMonth(SvgCanvas* canvas, const ReportData& data, const Frame& frame,
                       const Scale& x) {
  const size_t full = FullMonths(data.profiles).end;
  if (full == 0 || full == data.profiles.months.size()) return;
  const double from = x(static_cast<double>(full) - 1);
  canvas->Rect(from, frame.top, frame.right - from, frame.Height(), "fm o2");
  canvas->Text({frame.right, frame.top - 6}, "incomplete", Anchor::kEnd, "tm");
}

// About seven marks, however many months there are; the last month has one.
std::vector<double> MonthMarks(size_t months) {
  const size_t step = std::max<size_t>(1, (months + 6) / 7);
  std::vector<double> marks;
  for (size_t i = (months - 1) % step; i < months; i += step) {
    marks.push_back(static_cast<double>(i));
  }
  return marks;
}

void DrawMonthLines(SvgCanvas* canvas, const ReportData& data, const Frame& frame,
                    const Ticks& ticks, size_t months) {
  const Scale x(0, static_cast<double>(months) - 1, frame.left, frame.right);
  const Scale y(ticks.low, ticks.high, frame.bottom, frame.top);
  for (size_t i = 0; i < data.profiles.segments.size(); ++i) {
    Series series = {{}, {}, SegmentStroke(i), SegmentFill(i)};
    const auto& figures = data.profiles.segments[i].months;
    for (size_t month = 0; month < std::min(months, figures.size()); ++month) {
      series.x.push_back(static_cast<double>(month));
      series.y.push_back(figures[month].spend);
    }
    DrawSeries(canvas, x, y, series);
  }
}

}  // namespace

std::string SegmentSizesChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Segment sizes";
  const auto& segments = data.profiles.segments;
  ValueRange range;
  for (const SegmentProfile& segment : segments) {
    range.Add(segment.customer_share);
    range.Add(segment.spend_share);
  }
  if (range.empty()) return NotMeasuredChart(kTitle, "The run has no segments.");
  range.Add(0);
  const Ticks ticks = NiceTicks(range.low, range.high, 5);
  const double height = 62 + 54 * static_cast<double>(segments.size());
  SvgCanvas canvas(640, height + 14, kTitle,
                   "Each segment's share of the customers and of the revenue.");
  canvas.Rect(206, 10, 10, 10, "fa");
  canvas.Text({222, 19}, "Share of customers");
  canvas.Rect(366, 10, 10, 10, "fb");
  canvas.Text({382, 19}, "Share of revenue");
  const Frame frame = {206, 34, 506, height - 12};
  const Scale scale(ticks.low, ticks.high, frame.left, frame.right);
  for (const double value : ticks.values) {
    canvas.Line({scale(value), frame.top}, {scale(value), frame.bottom}, "gr");
  }
  DrawBottomAxis(
      &canvas, frame, ticks.values, scale,
      [](double value) { return Decimal(value * 100, 0) + " %"; }, "");
  DrawShares(&canvas, data, frame, ticks);
  return canvas.Finish();
}

std::string SegmentRadarsChart(const ReportData& data) {
  constexpr std::string_view kTitle = "What is typical of each segment";
  const std::vector<size_t> features = SpokeFeatures(data);
  const size_t segments = data.profiles.segments.size();
  if (segments == 0 || features.size() < 3) {
    return NotMeasuredChart(kTitle, "Fewer than three features vary between customers.");
  }
  const size_t columns = std::min<size_t>(segments, 3);
  const size_t rows = (segments + columns - 1) / columns;
  SvgCanvas canvas(kRadarCell * static_cast<double>(columns), 286 * static_cast<double>(rows) + 24,
                   kTitle,
                   "The segment's median of each feature as a percentile of all customers.");
  for (size_t i = 0; i < segments; ++i) {
    DrawRadar(
        &canvas, data, i,
        {kRadarCell * static_cast<double>(i % columns), 286 * static_cast<double>(i / columns)},
        features);
  }
  canvas.Text(
      {kRadarCell * static_cast<double>(columns) / 2, 286 * static_cast<double>(rows) + 14},
      columns == 1
          ? "Dashed: the median customer."
          : "Outer ring: 100th percentile of all customers. Dashed ring: the median customer.",
      Anchor::kMiddle, "tm");
  return canvas.Finish();
}

std::string SegmentMonthsChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Revenue by month";
  const auto& months = data.profiles.months;
  ValueRange range;
  for (const SegmentProfile& segment : data.profiles.segments) {
    for (const MonthFigures& month : segment.months) range.Add(month.spend);
  }
  if (range.empty() || months.empty()) return NotMeasuredChart(kTitle, "There are no months.");
  range.Add(0);
  const Ticks ticks = NiceTicks(range.low, range.high, 6);
  const std::vector<std::string> names = SegmentLabels(data);
  const double legend = LegendHeight(560, names);
  SvgCanvas canvas(640, 330 + legend, kTitle, "Spend of each segment's customers in each month.");
  DrawLegend(&canvas, {66, 4}, 560, names);
  const Frame frame = {66, 36 + legend, 604, 290 + legend};
  const std::string unit = data.currency.empty() ? "Revenue" : "Revenue, " + data.currency;
  DrawLeftAxis(&canvas, frame, ticks, Compact, unit);
  const Scale x(0, static_cast<double>(months.size()) - 1, frame.left, frame.right);
  ShadePartialMonth(&canvas, data, frame, x);
  DrawBottomAxis(
      &canvas, frame, MonthMarks(months.size()), x,
      [&](double at) { return ShortMonth(months[static_cast<size_t>(at)].month); }, "");
  DrawMonthLines(&canvas, data, frame, ticks, months.size());
  return canvas.Finish();
}

std::string MonthsSparkline(std::span<const MonthFigures> months, size_t colour) {
  ValueRange range;
  for (const MonthFigures& month : months) range.Add(month.spend);
  SvgCanvas canvas(240, 44, "Revenue by month", "A line over the months of the data.");
  if (range.empty()) {
    canvas.Text({120, 26}, "not measured", Anchor::kMiddle, "tm");
    return canvas.Finish();
  }
  range.Add(0);
  const Scale x(0, static_cast<double>(months.size()) - 1, 5, 235);
  const Scale y(range.low, range.high, 38, 6);
  canvas.Line({5, y(0)}, {235, y(0)}, "gr");
  Series series = {{}, {}, SegmentStroke(colour), SegmentFill(colour)};
  std::vector<ChartPoint> line;
  for (size_t i = 0; i < months.size(); ++i) {
    const double spend = months[i].spend;
    if (std::isfinite(spend)) line.push_back({x(static_cast<double>(i)), y(spend)});
  }
  canvas.Polyline(line, series.line);
  if (!line.empty()) canvas.Circle(line.back(), 3, series.dot);
  return canvas.Finish();
}

}  // namespace cairn::pipeline
