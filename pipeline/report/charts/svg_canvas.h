#ifndef CAIRN_PIPELINE_REPORT_CHARTS_SVG_CANVAS_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_SVG_CANVAS_H_

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "pipeline/report/charts/ticks.h"

namespace cairn::pipeline {

struct ChartPoint {
  double x = 0;
  double y = 0;
};

// The area of a chart between its axes, in pixels of the canvas; y grows downwards.
struct Frame {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  double Width() const { return right - left; }
  double Height() const { return bottom - top; }
};

enum class Anchor { kStart, kMiddle, kEnd };

// Draws SVG text. A `style` is one or more classes of chart_colours.h. Coordinates are pixels of
// the viewBox; texts are escaped; whatever is not finite is clamped, so that the result is
// well-formed for every input. Neither copyable nor thread-safe.
class SvgCanvas {
 public:
  // `title` is read out by screen readers, `description` says what there is to see.
  SvgCanvas(double width, double height, std::string_view title, std::string_view description);
  SvgCanvas(const SvgCanvas&) = delete;
  SvgCanvas& operator=(const SvgCanvas&) = delete;

  // A `tip` is shown where the pointer rests on the shape.
  void Rect(double x, double y, double width, double height, std::string_view style,
            std::string_view tip = {});
  void Line(ChartPoint from, ChartPoint to, std::string_view style);
  void Circle(ChartPoint centre, double radius, std::string_view style, std::string_view tip = {});
  void Polyline(std::span<const ChartPoint> points, std::string_view style,
                std::string_view tip = {});
  void Polygon(std::span<const ChartPoint> points, std::string_view style,
               std::string_view tip = {});
  // All dots of one style in a single element: a chart of thousands stays small. The style gives
  // their width and colour as a stroke.
  void Dots(std::span<const ChartPoint> points, std::string_view style);
  // A band from a to b that is as high as asked at either end, as in a Sankey diagram.
  void Ribbon(ChartPoint a, double height_a, ChartPoint b, double height_b, std::string_view style,
              std::string_view tip = {});
  void Text(ChartPoint at, std::string_view text, Anchor anchor = Anchor::kStart,
            std::string_view style = "t");
  // Turned by a quarter to the left around `at`.
  void UprightText(ChartPoint at, std::string_view text, std::string_view style = "t");

  // The whole file. What is drawn is gone afterwards.
  std::string Finish();

 private:
  void Open(std::string_view element, std::string_view style);
  void Attribute(std::string_view name, double value);
  void Points(std::span<const ChartPoint> points);
  void Close(std::string_view element, std::string_view tip);

  std::string out_;
};

using TickText = std::function<std::string(double)>;

// Grid lines, marks and texts at the left of the frame, and what is measured above them.
void DrawLeftAxis(SvgCanvas* canvas, const Frame& frame, const Ticks& ticks, const TickText& text,
                  std::string_view label);
// The same below the frame, with `scale` for where the marks are.
void DrawBottomAxis(SvgCanvas* canvas, const Frame& frame, std::span<const double> ticks,
                    const Scale& scale, const TickText& text, std::string_view label);

// A canvas that says that there is nothing to draw, and why.
std::string NotMeasuredChart(std::string_view title, std::string_view reason);

// The chart without its own <style>, for a page that has ChartClasses.
std::string WithoutStyle(std::string_view svg);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_SVG_CANVAS_H_
