#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr double kKnifeCell = 236;
constexpr double kKnifeHeight = 250;

std::string WholeNumber(double value) { return Decimal(value, 0); }

// One curve over k. `better` says which way is good.
struct Curve {
  std::string_view title;
  std::string_view better;
  std::vector<double> values;
};

// A k that a dashed line stands at, with what is written beside it.
struct Mark {
  int k = 0;
  std::string text;
};

std::vector<double> KsOf(const ReportData& data) {
  std::vector<double> ks;
  for (const SelectionLine& line : data.selection) ks.push_back(line.k);
  return ks;
}

std::vector<double> WholeMarks(std::span<const double> ks) {
  ValueRange range;
  for (const double k : ks) range.Add(k);
  std::vector<double> marks;
  const double step = std::max(1.0, std::ceil((range.high - range.low) / 16));
  for (double k = range.low; k <= range.high; k += step) marks.push_back(k);
  return marks;
}

void DrawCurve(SvgCanvas* canvas, const Frame& frame, const Curve& curve,
               const std::vector<double>& ks, std::span<const Mark> marked) {
  ValueRange range;
  for (const double value : curve.values) range.Add(value);
  if (range.empty()) {
    canvas->Text({(frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2}, "not measured",
                 Anchor::kMiddle, "tm");
    return;
  }
  const Ticks ticks = NiceTicks(range.low, range.high, 5);
  DrawLeftAxis(canvas, frame, ticks, Compact, "");
  const std::vector<double> marks = WholeMarks(ks);
  const Scale x(marks.front() - 0.4, marks.back() + 0.4, frame.left, frame.right);
  const Scale y(ticks.low, ticks.high, frame.bottom, frame.top);
  DrawBottomAxis(canvas, frame, marks, x, WholeNumber, "");
  for (const Mark& mark : marked) {
    const auto found = std::find(ks.begin(), ks.end(), static_cast<double>(mark.k));
    if (found == ks.end()) continue;
    const double value = ValueAt(curve.values, static_cast<size_t>(found - ks.begin()));
    canvas->Line({x(*found), frame.top}, {x(*found), frame.bottom}, "hl");
    if (!mark.text.empty()) {
      canvas->Text({x(*found) + 6, frame.top + 12}, mark.text, Anchor::kStart, "tb");
    }
    if (std::isfinite(value)) canvas->Circle({x(*found), y(value)}, 7, "fb");
  }
  DrawSeries(canvas, x, y, {ks, curve.values, "la", "fa"});
}

// The silhouettes of one segment, descending, as a blade from `top` on.
void DrawBlade(SvgCanvas* canvas, const std::vector<double>& samples, const Scale& x, double top,
               double height, size_t segment) {
  if (samples.empty() || height <= 0) return;
  std::vector<ChartPoint> outline = {{x(0), top}};
  // More points than half pixels are not seen.
  const auto wanted = static_cast<size_t>(std::max(2.0, height * 2));
  const size_t step = std::max<size_t>(1, samples.size() / wanted);
  const auto last = static_cast<double>(std::max<size_t>(samples.size() - 1, 1));
  for (size_t i = 0; i < samples.size(); i += step) {
    if (!std::isfinite(samples[i])) continue;
    outline.push_back({x(samples[i]), top + height * static_cast<double>(i) / last});
  }
  outline.push_back({x(0), top + height});
  canvas->Polygon(outline, SegmentFill(segment));
}

void DrawKnife(SvgCanvas* canvas, const SilhouettePlot& plot, const Frame& frame, double low,
               bool chosen) {
  const Scale x(low, 1, frame.left, frame.right);
  double rows = 0;
  for (const int64_t size : plot.sizes) rows += static_cast<double>(size);
  canvas->Text(
      {frame.left, frame.top - 10},
      fmt::format("k = {} · mean {}{}", plot.k, Decimal(plot.mean, 3), chosen ? " · chosen" : ""),
      Anchor::kStart, chosen ? "tb" : "t");
  const std::array<double, 3> marks = {low, 0, 1};
  DrawBottomAxis(
      canvas, frame, marks, x, [](double v) { return Compact(v); }, "");
  canvas->Line({x(0), frame.top}, {x(0), frame.bottom}, "ax");
  const size_t segments = std::min(plot.samples.size(), plot.sizes.size());
  if (segments == 0 || !(rows > 0)) {
    canvas->Text({x(0.5), frame.top + 60}, "not measured", Anchor::kMiddle, "tm");
    return;
  }
  const double gap = std::min(4.0, 40.0 / static_cast<double>(segments));
  const double room = frame.Height() - gap * static_cast<double>(segments + 1);
  double y = frame.top + gap;
  for (size_t i = 0; i < segments; ++i) {
    const double height = room * static_cast<double>(plot.sizes[i]) / rows;
    DrawBlade(canvas, plot.samples[i], x, y, height, i);
    y += height + gap;
  }
  if (std::isfinite(plot.mean)) {
    canvas->Line({x(plot.mean), frame.top}, {x(plot.mean), frame.bottom}, "hl");
  }
}

// The chosen k and the knee; both in one where they are the same.
std::vector<Mark> ElbowMarks(const ReportData& data) {
  std::vector<Mark> marks;
  const bool same = data.chosen_k == data.elbow_k;
  if (data.chosen_k > 0) {
    marks.push_back({data.chosen_k, fmt::format("k = {}, {}", data.chosen_k,
                                                same ? "chosen and the knee" : "chosen")});
  }
  if (data.elbow_k > 0 && !same) {
    marks.push_back({data.elbow_k, fmt::format("k = {}, the knee", data.elbow_k)});
  }
  return marks;
}

}  // namespace

std::string SilhouettesChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Silhouettes for each k";
  if (data.silhouettes.empty()) return NotMeasuredChart(kTitle, "No silhouettes were kept.");
  ValueRange range;
  for (const SilhouettePlot& plot : data.silhouettes) {
    for (const auto& samples : plot.samples) {
      for (const double value : samples) range.Add(value);
    }
  }
  // Silhouettes lie between -1 and 1; the side below 0 is drawn as far as there is any.
  const double low = range.empty() ? -0.2 : std::clamp(std::floor(range.low * 5) / 5, -1.0, -0.2);
  const size_t columns = std::min<size_t>(4, data.silhouettes.size());
  const size_t rows = (data.silhouettes.size() + columns - 1) / columns;
  SvgCanvas canvas(std::max(640.0, 8 + kKnifeCell * static_cast<double>(columns)),
                   kKnifeHeight * static_cast<double>(rows) + 26, kTitle,
                   "A plot for each k: the silhouettes of each segment in descending order, dashed "
                   "their mean.");
  for (size_t i = 0; i < data.silhouettes.size(); ++i) {
    const double left = 8 + kKnifeCell * static_cast<double>(i % columns);
    const double top = 30 + kKnifeHeight * static_cast<double>(i / columns);
    const Frame frame = {left + 6, top, left + kKnifeCell - 22, top + kKnifeHeight - 60};
    const SilhouettePlot& plot = data.silhouettes[i];
    DrawKnife(&canvas, plot, frame, low, plot.k == data.chosen_k);
  }
  canvas.Text({14, kKnifeHeight * static_cast<double>(rows) + 16},
              "Height: training rows. To the right: rows that fit their segment. Left of 0: rows "
              "that fit another better. Dashed: the mean.",
              Anchor::kStart, "tm");
  return canvas.Finish();
}

std::string ElbowChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Elbow";
  if (data.selection.empty()) return NotMeasuredChart(kTitle, "Only one k was trained.");
  SvgCanvas canvas(640, 330, kTitle,
                   "Inertia over the number of segments, the chosen one and the knee marked.");
  Curve curve = {"Inertia", "", {}};
  for (const SelectionLine& line : data.selection) curve.values.push_back(line.inertia);
  const Frame frame = {66, 40, 622, 282};
  canvas.Text({4, 18}, "Inertia: squared distances of the rows to their centres", Anchor::kStart,
              "tm");
  DrawCurve(&canvas, frame, curve, KsOf(data), ElbowMarks(data));
  canvas.Text({344, 318}, "Number of segments k", Anchor::kMiddle, "tm");
  return canvas.Finish();
}

std::string IndexCurvesChart(const ReportData& data) {
  constexpr std::string_view kTitle = "Indices for each k";
  if (data.selection.empty()) return NotMeasuredChart(kTitle, "Only one k was trained.");
  std::array<Curve, 4> curves = {{{"Silhouette", "higher is better", {}},
                                  {"Davies-Bouldin", "lower is better", {}},
                                  {"Calinski-Harabasz", "higher is better", {}},
                                  {"Stability (adjusted Rand)", "higher is better", {}}}};
  for (const SelectionLine& line : data.selection) {
    curves[0].values.push_back(line.silhouette);
    curves[1].values.push_back(line.davies_bouldin);
    curves[2].values.push_back(line.calinski_harabasz);
    curves[3].values.push_back(line.stability);
  }
  SvgCanvas canvas(640, 470, kTitle, "Four indices over the number of segments.");
  const std::array<Mark, 1> chosen = {{{data.chosen_k, ""}}};
  for (size_t i = 0; i < curves.size(); ++i) {
    const double left = 320 * static_cast<double>(i % 2);
    const double top = 222 * static_cast<double>(i / 2);
    const Frame frame = {left + 46, top + 40, left + 308, top + 200};
    canvas.Text({left + 8, top + 20}, curves[i].title, Anchor::kStart, "tb");
    canvas.Text({left + 308, top + 20}, curves[i].better, Anchor::kEnd, "tm");
    DrawCurve(&canvas, frame, curves[i], KsOf(data), chosen);
  }
  canvas.Text({320, 460},
              data.chosen_k > 0
                  ? fmt::format("Number of segments k; dashed: k = {}, chosen", data.chosen_k)
                  : "Number of segments k",
              Anchor::kMiddle, "tm");
  return canvas.Finish();
}

}  // namespace cairn::pipeline
