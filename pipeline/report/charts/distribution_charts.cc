#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/charts/svg_text.h"
#include "pipeline/report/feature_text.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

// Small multiples: the names of features at the left, one column for each segment.
constexpr double kNames = 170;
constexpr double kGap = 26;
// Beyond this many segments a column is too narrow to read; the first ones are drawn.
constexpr size_t kMostColumns = 12;

struct Grid {
  size_t columns = 0;
  double cell = 0;
  double width = 0;

  double Left(size_t column) const { return kNames + static_cast<double>(column) * (cell + kGap); }
};

Grid GridOf(const ReportData& data) {
  Grid grid;
  grid.columns = std::min(data.profiles.segments.size(), kMostColumns);
  grid.cell = std::max(70.0, (960 - kNames) / std::max<double>(1, grid.columns) - kGap);
  grid.width = std::max(grid.Left(grid.columns), 640.0);
  return grid;
}

void DrawColumnNames(SvgCanvas* canvas, const ReportData& data, const Grid& grid) {
  const auto characters = static_cast<size_t>(grid.cell / 7);
  for (size_t i = 0; i < grid.columns; ++i) {
    canvas->Text({grid.Left(i) + grid.cell / 2, 20}, SegmentLabel(data, i, characters),
                 Anchor::kMiddle, "tb");
  }
  if (data.profiles.segments.size() > grid.columns) {
    canvas->Text({4, 20}, fmt::format("First {} segments", grid.columns), Anchor::kStart, "tm");
  }
}

void DrawRowName(SvgCanvas* canvas, const ReportData& data, const std::string& feature,
                 bool signed_log, double y) {
  canvas->Text({4, y}, FeatureLabel(feature), Anchor::kStart, "t");
  std::string unit = FeatureUnit(feature, data.currency);
  if (signed_log) unit += unit.empty() ? "log axis" : ", log axis";
  if (!unit.empty()) canvas->Text({4, y + 14}, unit, Anchor::kStart, "tm");
}

// The bars of one segment, as shares of its customers: `highest` fills the cell.
void DrawHistogram(SvgCanvas* canvas, const Frame& frame, const FeatureHistogram& histogram,
                   size_t segment, double highest) {
  canvas->Line({frame.left, frame.bottom}, {frame.right, frame.bottom}, "ax");
  if (segment >= histogram.counts.size()) return;
  const auto& counts = histogram.counts[segment];
  double total = 0;
  for (const int64_t count : counts) total += static_cast<double>(count);
  if (!(total > 0)) return;
  const size_t bins = std::min(counts.size(), histogram.edges.size() - 1);
  const double width = frame.Width() / static_cast<double>(bins);
  // One outline for all bars keeps the file small.
  std::vector<ChartPoint> outline = {{frame.left, frame.bottom}};
  for (size_t bin = 0; bin < bins; ++bin) {
    const double share = static_cast<double>(counts[bin]) / total;
    const double y = frame.bottom - frame.Height() * share / highest;
    outline.push_back({frame.left + width * static_cast<double>(bin), y});
    outline.push_back({frame.left + width * static_cast<double>(bin + 1), y});
  }
  outline.push_back({frame.right, frame.bottom});
  canvas->Polygon(outline, SegmentFill(segment));
}

double HighestShare(const FeatureHistogram& histogram, size_t segments) {
  double highest = 0;
  for (size_t i = 0; i < std::min(segments, histogram.counts.size()); ++i) {
    double total = 0;
    double largest = 0;
    for (const int64_t count : histogram.counts[i]) {
      total += static_cast<double>(count);
      largest = std::max(largest, static_cast<double>(count));
    }
    if (total > 0) highest = std::max(highest, largest / total);
  }
  return highest;
}

void DrawRange(SvgCanvas* canvas, const Frame& frame, const std::string& feature, double low,
               double high) {
  canvas->Text({frame.left, frame.bottom + 11}, FeatureTick(feature, low), Anchor::kStart, "tx");
  canvas->Text({frame.right, frame.bottom + 11}, FeatureTick(feature, high), Anchor::kEnd, "tx");
}

bool IsUsable(const FeatureSummary& summary) {
  return std::isfinite(summary.min) && std::isfinite(summary.lower_quartile) &&
         std::isfinite(summary.median) && std::isfinite(summary.upper_quartile) &&
         std::isfinite(summary.max);
}

// A box from quartile to quartile with whiskers to 1.5 times its length, at most to the extremes.
void DrawBox(SvgCanvas* canvas, const Frame& frame, const Scale& x, const FeatureSummary& summary,
             size_t segment, std::string_view tip) {
  const double spread = 1.5 * (summary.upper_quartile - summary.lower_quartile);
  const double low = std::max(summary.min, summary.lower_quartile - spread);
  const double high = std::min(summary.max, summary.upper_quartile + spread);
  const double middle = (frame.top + frame.bottom) / 2;
  canvas->Line({x(low), middle}, {x(high), middle}, "ax");
  for (const double end : {low, high}) {
    canvas->Line({x(end), middle - 5}, {x(end), middle + 5}, "ax");
  }
  const double left = x(summary.lower_quartile);
  const double width = std::max(x(summary.upper_quartile) - left, 1.5);
  canvas->Rect(left, frame.top + 5, width, frame.Height() - 10, SegmentArea(segment), tip);
  const double median = x(summary.median);
  canvas->Line({median, frame.top + 3}, {median, frame.bottom - 3}, SegmentStroke(segment));
}

std::string BoxTip(const ReportData& data, size_t segment, size_t feature) {
  const FeatureSummary& summary = data.profiles.segments[segment].features[feature];
  const std::string& name = data.profiles.feature_names[feature];
  const auto text = [&](double value) { return FeatureValue(name, value, data.currency); };
  return fmt::format("{}: median {}, half between {} and {}, from {} to {}",
                     SegmentLabel(data, segment), text(summary.median),
                     text(summary.lower_quartile), text(summary.upper_quartile), text(summary.min),
                     text(summary.max));
}

void DrawBoxRow(SvgCanvas* canvas, const ReportData& data, const Grid& grid, size_t feature,
                double y) {
  const std::string& name = data.profiles.feature_names[feature];
  ValueRange range;
  for (const SegmentProfile& segment : data.profiles.segments) {
    if (feature >= segment.features.size() || !IsUsable(segment.features[feature])) continue;
    range.Add(segment.features[feature].min);
    range.Add(segment.features[feature].max);
  }
  // Money and counts have long tails; weekdays and shares have none.
  const bool signed_log = !range.empty() && range.high - range.low > 50;
  DrawRowName(canvas, data, name, signed_log, y + 18);
  if (range.empty()) {
    canvas->Text({kNames, y + 18}, "not measured", Anchor::kStart, "tm");
    return;
  }
  for (size_t i = 0; i < grid.columns; ++i) {
    const Frame frame = {grid.Left(i), y, grid.Left(i) + grid.cell, y + 30};
    canvas->Line({frame.left, frame.bottom}, {frame.right, frame.bottom}, "gr");
    DrawRange(canvas, frame, name, range.low, range.high);
    const auto& features = data.profiles.segments[i].features;
    if (feature >= features.size() || !IsUsable(features[feature])) continue;
    const Scale x(range.low, range.high, frame.left, frame.right, signed_log);
    DrawBox(canvas, frame, x, features[feature], i, BoxTip(data, i, feature));
  }
}

}  // namespace

std::string HistogramsChart(const ReportData& data) {
  constexpr std::string_view kTitle = "How each feature is distributed in each segment";
  if (data.histograms.empty() || data.profiles.segments.empty()) {
    return NotMeasuredChart(kTitle, "No histograms were kept.");
  }
  const Grid grid = GridOf(data);
  constexpr double kRow = 64;
  SvgCanvas canvas(grid.width, 36 + kRow * static_cast<double>(data.histograms.size()), kTitle,
                   "Histograms: a row for each feature, a column for each segment. Bars are shares "
                   "of the segment's customers.");
  DrawColumnNames(&canvas, data, grid);
  for (size_t row = 0; row < data.histograms.size(); ++row) {
    const FeatureHistogram& histogram = data.histograms[row];
    const double top = 32 + kRow * static_cast<double>(row);
    // From 0 to 1 the logarithm bends nothing that would be seen.
    const bool bent = histogram.signed_log && !histogram.edges.empty() &&
                      histogram.edges.back() - histogram.edges.front() > 2;
    DrawRowName(&canvas, data, histogram.feature, bent, top + 18);
    const double highest = HighestShare(histogram, grid.columns);
    if (histogram.edges.size() < 2 || !(highest > 0)) {
      canvas.Text({kNames, top + 24}, "not measured", Anchor::kStart, "tm");
      continue;
    }
    canvas.Text({4, top + 46}, "full height " + Percent(highest), Anchor::kStart, "tx tm");
    for (size_t i = 0; i < grid.columns; ++i) {
      const Frame frame = {grid.Left(i), top, grid.Left(i) + grid.cell, top + 44};
      DrawHistogram(&canvas, frame, histogram, i, highest);
      DrawRange(&canvas, frame, histogram.feature, histogram.edges.front(), histogram.edges.back());
    }
  }
  return canvas.Finish();
}

std::string BoxPlotsChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Quartiles of each feature by segment";
  const size_t features = data.profiles.feature_names.size();
  if (features == 0 || data.profiles.segments.empty()) {
    return NotMeasuredChart(kTitle, "The run has no features.");
  }
  const Grid grid = GridOf(data);
  constexpr double kRow = 50;
  SvgCanvas canvas(grid.width, 40 + kRow * static_cast<double>(features), kTitle,
                   "Box plots: a row for each feature, a column for each segment. The box holds "
                   "the middle half of the customers, the thick line is the median.");
  DrawColumnNames(&canvas, data, grid);
  for (size_t i = 0; i < features; ++i) {
    DrawBoxRow(&canvas, data, grid, i, 34 + kRow * static_cast<double>(i));
  }
  return canvas.Finish();
}

}  // namespace cairn::pipeline
