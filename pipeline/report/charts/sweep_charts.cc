#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/base/numbers.h"
#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/charts/sweep_axes.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kMetricLabels = {{
    {"k", "k"},
    {"n_init", "Starts"},
    {"max_iter", "Iterations allowed"},
    {"seed", "Seed"},
    {"silhouette", "Silhouette"},
    {"davies_bouldin", "Davies-Bouldin"},
    {"calinski_harabasz", "Calinski-Harabasz"},
    {"inertia", "Inertia"},
    {"min_cluster_share", "Smallest share"},
    {"max_cluster_share", "Largest share"},
    {"stability", "Stability"},
    {"seconds", "Seconds of fit"},
}};
constexpr std::array<std::string_view, 3> kParameters = {"n_init", "max_iter", "seed"};
constexpr std::array<std::string_view, 5> kIndices = {
    "silhouette", "davies_bouldin", "calinski_harabasz", "inertia", "min_cluster_share"};

template <typename ValueOf>
void AddAxis(const ReportData& data, std::string_view key, bool must_differ, const ValueOf& value,
             std::vector<SweepAxis>* axes) {
  SweepAxis axis = {std::string(key), MetricLabel(std::string(key)), {}};
  ValueRange range;
  for (const SweepLine& line : data.sweep) {
    axis.values.push_back(value(line));
    range.Add(axis.values.back());
  }
  if (range.empty() || (must_differ && range.low == range.high)) return;
  axes->push_back(std::move(axis));
}

double ParameterOf(const SweepLine& line, std::string_view key) {
  const auto found = line.params.find(std::string(key));
  return found == line.params.end() ? kMissing : ParseNumber(found->second).value_or(kMissing);
}

double MetricOf(const SweepLine& line, std::string_view key) {
  const auto found = line.metrics.find(std::string(key));
  return found == line.metrics.end() ? kMissing : found->second;
}

std::string AxisTick(std::string_view key, double value) {
  return key.ends_with("_share") ? Decimal(value * 100, 0) + " %" : Compact(value);
}

std::string_view RunStyle(const SweepLine& line) { return line.chosen ? "lb" : "la thin"; }

void DrawRuns(SvgCanvas* canvas, const ReportData& data, std::span<const SweepAxis> axes,
              std::span<const Scale> scales, std::span<const double> places, bool chosen) {
  for (size_t run = 0; run < data.sweep.size(); ++run) {
    if (data.sweep[run].chosen != chosen) continue;
    std::vector<ChartPoint> line;
    for (size_t i = 0; i < axes.size(); ++i) {
      const double value = axes[i].values[run];
      if (std::isfinite(value)) line.push_back({places[i], scales[i](value)});
    }
    canvas->Polyline(line, RunStyle(data.sweep[run]), data.sweep[run].name);
  }
}

}  // namespace

std::string MetricLabel(const std::string& key) {
  for (const auto& [name, label] : kMetricLabels) {
    if (name == key) return std::string(label);
  }
  std::string label = key;
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
}

std::vector<SweepAxis> SweepAxes(const ReportData& data) {
  std::vector<SweepAxis> axes;
  AddAxis(
      data, "k", false, [](const SweepLine& line) { return static_cast<double>(line.k); }, &axes);
  for (const std::string_view key : kParameters) {
    AddAxis(
        data, key, true, [&](const SweepLine& line) { return ParameterOf(line, key); }, &axes);
  }
  for (const std::string_view key : kIndices) {
    AddAxis(
        data, key, false, [&](const SweepLine& line) { return MetricOf(line, key); }, &axes);
  }
  AddAxis(
      data, "seconds", false, [](const SweepLine& line) { return line.seconds; }, &axes);
  return axes;
}

std::string SweepParallelChart(const ReportData& data) {
  constexpr std::string_view kTitle = "All training runs";
  const std::vector<SweepAxis> axes = SweepAxes(data);
  if (axes.size() < 2) return NotMeasuredChart(kTitle, "There was no sweep.");
  SvgCanvas canvas(960, 380, kTitle,
                   "Parallel coordinates: each run is a line through its figures; the chosen run "
                   "is drawn thick.");
  const Frame frame = {50, 62, 910, 330};
  std::vector<Scale> scales;
  std::vector<double> places;
  for (size_t i = 0; i < axes.size(); ++i) {
    ValueRange range;
    for (const double value : axes[i].values) range.Add(value);
    const Ticks ticks = NiceTicks(range.low, range.high, 5);
    scales.emplace_back(ticks.low, ticks.high, frame.bottom, frame.top);
    places.push_back(frame.left +
                     frame.Width() * static_cast<double>(i) / static_cast<double>(axes.size() - 1));
    // Neighbours stand at two heights, so that their names do not meet.
    canvas.Text({places[i], i % 2 == 0 ? 20.0 : 38.0}, axes[i].label, Anchor::kMiddle, "tb");
    canvas.Line({places[i], i % 2 == 0 ? 24.0 : 42.0}, {places[i], frame.bottom}, "ax");
  }
  DrawRuns(&canvas, data, axes, scales, places, false);
  DrawRuns(&canvas, data, axes, scales, places, true);
  for (size_t i = 0; i < axes.size(); ++i) {
    ValueRange range;
    for (const double value : axes[i].values) range.Add(value);
    for (const double value : NiceTicks(range.low, range.high, 5).values) {
      canvas.Text({places[i] + 5, scales[i](value) + 4}, AxisTick(axes[i].key, value),
                  Anchor::kStart, "ts th");
    }
  }
  canvas.Text({480, 366},
              fmt::format("{}; thick: the chosen run",
                          Counted(static_cast<int64_t>(data.sweep.size()), "run", "runs")),
              Anchor::kMiddle, "tm");
  return canvas.Finish();
}

}  // namespace cairn::pipeline
