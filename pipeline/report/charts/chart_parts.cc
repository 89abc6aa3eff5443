#include "pipeline/report/charts/chart_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/svg_text.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr double kLegendLine = 18;
constexpr size_t kMostNames = 16;

// Calls `place` with each name of a legend and where it goes; returns the height of all.
template <typename Place>
double LayOutLegend(double width, std::span<const std::string> names, const Place& place) {
  double x = 0;
  double y = 0;
  const auto next = [&](std::string_view text, size_t index) {
    const double needed = TextWidth(text, 12) + 32;
    if (x > 0 && x + needed > width) {
      x = 0;
      y += kLegendLine;
    }
    place(ChartPoint{x, y}, text, index);
    x += needed;
  };
  for (size_t i = 0; i < std::min(names.size(), kMostNames); ++i) next(names[i], i);
  if (names.size() > kMostNames) {
    next(fmt::format("and {} more", names.size() - kMostNames), names.size());
  }
  return y + kLegendLine;
}

}  // namespace

void ValueRange::Add(double value) {
  if (!std::isfinite(value)) return;
  const bool first = empty();
  low = first ? value : std::min(low, value);
  high = first ? value : std::max(high, value);
}

std::string SegmentLabel(const ReportData& data, size_t segment, size_t characters) {
  const auto& segments = data.profiles.segments;
  if (segment >= segments.size() || segments[segment].name.empty()) {
    return fmt::format("Segment {}", segment);
  }
  return Ellipsis(segments[segment].name, characters);
}

std::string StageLabel(std::string_view stage) {
  std::string label(stage);
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
}

std::vector<std::string> SegmentLabels(const ReportData& data) {
  std::vector<std::string> names;
  for (size_t i = 0; i < data.profiles.segments.size(); ++i) names.push_back(SegmentLabel(data, i));
  return names;
}

double DrawLegend(SvgCanvas* canvas, ChartPoint at, double width,
                  std::span<const std::string> names) {
  return LayOutLegend(width, names, [&](ChartPoint place, std::string_view text, size_t index) {
    const double x = at.x + place.x;
    const double y = at.y + place.y;
    if (index < names.size()) canvas->Rect(x, y + 3, 10, 10, SegmentFill(index));
    canvas->Text({x + 15, y + 12}, text);
  });
}

double LegendHeight(double width, std::span<const std::string> names) {
  return LayOutLegend(width, names, [](ChartPoint, std::string_view, size_t) {});
}

void DrawBars(SvgCanvas* canvas, const Frame& frame, std::span<const Bar> bars) {
  if (bars.empty()) return;
  ValueRange range;
  range.Add(0);
  for (const Bar& bar : bars) range.Add(bar.value);
  const Scale scale(0, range.high, 0, frame.Width());
  const double row = frame.Height() / static_cast<double>(bars.size());
  for (size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double y = frame.top + row * static_cast<double>(i);
    const double width =
        range.high > 0 && std::isfinite(bar.value) && bar.value > 0 ? scale(bar.value) : 0;
    canvas->Text({frame.left - 8, y + row / 2 + 4}, bar.name, Anchor::kEnd);
    canvas->Rect(frame.left, y + row * 0.15, std::max(width, 1.0), row * 0.7, bar.style, bar.tip);
    canvas->Text({frame.left + width + 6, y + row / 2 + 4}, bar.text, Anchor::kStart, "t");
  }
  canvas->Line({frame.left, frame.top}, {frame.left, frame.bottom}, "ax");
}

void DrawSeries(SvgCanvas* canvas, const Scale& x, const Scale& y, const Series& series) {
  std::vector<ChartPoint> piece;
  std::vector<ChartPoint> dots;
  const auto flush = [&] {
    if (piece.size() > 1) canvas->Polyline(piece, series.line);
    piece.clear();
  };
  for (size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
    if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) {
      flush();
      continue;
    }
    piece.push_back({x(series.x[i]), y(series.y[i])});
    dots.push_back(piece.back());
  }
  flush();
  for (const ChartPoint& dot : dots) canvas->Circle(dot, 3.5, series.dot);
}

double ValueAt(const std::vector<double>& values, size_t i) {
  return i < values.size() ? values[i] : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace cairn::pipeline
