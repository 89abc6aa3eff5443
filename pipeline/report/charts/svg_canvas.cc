#include "pipeline/report/charts/svg_canvas.h"

#include <algorithm>
#include <utility>

#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/svg_text.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kStyleBegin = "<style>";
constexpr std::string_view kStyleEnd = "</style>";
constexpr double kTickSize = 11;

std::string_view AnchorWord(Anchor anchor) {
  switch (anchor) {
    case Anchor::kMiddle:
      return " text-anchor=\"middle\"";
    case Anchor::kEnd:
      return " text-anchor=\"end\"";
    case Anchor::kStart:
      break;
  }
  return "";
}

}  // namespace

SvgCanvas::SvgCanvas(double width, double height, std::string_view title,
                     std::string_view description) {
  out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ";
  AppendCoordinate(width, &out_);
  out_ += ' ';
  AppendCoordinate(height, &out_);
  out_ += "\"><title>";
  AppendEscaped(title, &out_);
  out_ += "</title><desc>";
  AppendEscaped(description, &out_);
  out_ += "</desc>";
  out_ += kStyleBegin;
  out_ += ChartStyle();
  out_ += kStyleEnd;
  out_ += "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>";
}

void SvgCanvas::Open(std::string_view element, std::string_view style) {
  out_ += '<';
  out_ += element;
  if (style.empty()) return;
  out_ += " class=\"";
  out_ += style;
  out_ += '"';
}

void SvgCanvas::Attribute(std::string_view name, double value) {
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  AppendCoordinate(value, &out_);
  out_ += '"';
}

void SvgCanvas::Points(std::span<const ChartPoint> points) {
  out_ += " points=\"";
  for (const ChartPoint& point : points) {
    AppendCoordinate(point.x, &out_);
    out_ += ',';
    AppendCoordinate(point.y, &out_);
    out_ += ' ';
  }
  if (!points.empty()) out_.pop_back();
  out_ += '"';
}

void SvgCanvas::Close(std::string_view element, std::string_view tip) {
  if (tip.empty()) {
    out_ += "/>";
    return;
  }
  out_ += "><title>";
  AppendEscaped(tip, &out_);
  out_ += "</title></";
  out_ += element;
  out_ += '>';
}

void SvgCanvas::Rect(double x, double y, double width, double height, std::string_view style,
                     std::string_view tip) {
  Open("rect", style);
  Attribute("x", x);
  Attribute("y", y);
  Attribute("width", std::max(width, 0.0));
  Attribute("height", std::max(height, 0.0));
  Close("rect", tip);
}

void SvgCanvas::Line(ChartPoint from, ChartPoint to, std::string_view style) {
  Open("line", style);
  Attribute("x1", from.x);
  Attribute("y1", from.y);
  Attribute("x2", to.x);
  Attribute("y2", to.y);
  Close("line", {});
}

void SvgCanvas::Circle(ChartPoint centre, double radius, std::string_view style,
                       std::string_view tip) {
  Open("circle", style);
  Attribute("cx", centre.x);
  Attribute("cy", centre.y);
  Attribute("r", std::max(radius, 0.0));
  Close("circle", tip);
}

void SvgCanvas::Polyline(std::span<const ChartPoint> points, std::string_view style,
                         std::string_view tip) {
  Open("polyline", style);
  Points(points);
  Close("polyline", tip);
}

void SvgCanvas::Polygon(std::span<const ChartPoint> points, std::string_view style,
                        std::string_view tip) {
  Open("polygon", style);
  Points(points);
  Close("polygon", tip);
}

void SvgCanvas::Dots(std::span<const ChartPoint> points, std::string_view style) {
  if (points.empty()) return;
  Open("path", style);
  out_ += " d=\"";
  for (const ChartPoint& point : points) {
    out_ += 'M';
    AppendCoordinate(point.x, &out_);
    out_ += ' ';
    AppendCoordinate(point.y, &out_);
    out_ += "h0";
  }
  out_ += "\"/>";
}

void SvgCanvas::Ribbon(ChartPoint a, double height_a, ChartPoint b, double height_b,
                       std::string_view style, std::string_view tip) {
  const double middle = (a.x + b.x) / 2;
  const auto curve = [&](char command, ChartPoint from, ChartPoint to) {
    if (command != 0) out_ += command;
    for (const ChartPoint& at : {ChartPoint{middle, from.y}, ChartPoint{middle, to.y}, to}) {
      AppendCoordinate(at.x, &out_);
      out_ += ' ';
      AppendCoordinate(at.y, &out_);
      out_ += ' ';
    }
  };
  const auto point = [&](char command, ChartPoint at) {
    out_ += command;
    AppendCoordinate(at.x, &out_);
    out_ += ' ';
    AppendCoordinate(at.y, &out_);
  };
  Open("path", style);
  out_ += " d=\"";
  point('M', a);
  curve('C', a, b);
  point('L', {b.x, b.y + height_b});
  curve('C', {b.x, b.y + height_b}, {a.x, a.y + height_a});
  out_ += "Z\"";
  Close("path", tip);
}

void SvgCanvas::Text(ChartPoint at, std::string_view text, Anchor anchor, std::string_view style) {
  Open("text", style);
  Attribute("x", at.x);
  Attribute("y", at.y);
  out_ += AnchorWord(anchor);
  out_ += '>';
  AppendEscaped(text, &out_);
  out_ += "</text>";
}

void SvgCanvas::UprightText(ChartPoint at, std::string_view text, std::string_view style) {
  Open("text", style);
  out_ += " text-anchor=\"start\" transform=\"translate(";
  AppendCoordinate(at.x, &out_);
  out_ += ' ';
  AppendCoordinate(at.y, &out_);
  out_ += ") rotate(-90)\">";
  AppendEscaped(text, &out_);
  out_ += "</text>";
}

std::string SvgCanvas::Finish() {
  out_ += "</svg>";
  return std::exchange(out_, {});
}

void DrawLeftAxis(SvgCanvas* canvas, const Frame& frame, const Ticks& ticks, const TickText& text,
                  std::string_view label) {
  const Scale scale(ticks.low, ticks.high, frame.bottom, frame.top);
  for (const double value : ticks.values) {
    const double y = scale(value);
    canvas->Line({frame.left, y}, {frame.right, y}, value == 0 ? "ax" : "gr");
    canvas->Text({frame.left - 6, y + 4}, text(value), Anchor::kEnd, "ts");
  }
  if (!label.empty()) canvas->Text({4, frame.top - 12}, label, Anchor::kStart, "tm");
}

void DrawBottomAxis(SvgCanvas* canvas, const Frame& frame, std::span<const double> ticks,
                    const Scale& scale, const TickText& text, std::string_view label) {
  canvas->Line({frame.left, frame.bottom}, {frame.right, frame.bottom}, "ax");
  double free_from = -1e9;
  for (const double value : ticks) {
    const double x = scale(value);
    canvas->Line({x, frame.bottom}, {x, frame.bottom + 4}, "ax");
    const std::string words = text(value);
    const double half = TextWidth(words, kTickSize) / 2;
    if (x - half < free_from) continue;
    free_from = x + half + 3;
    canvas->Text({x, frame.bottom + 16}, words, Anchor::kMiddle, "ts");
  }
  if (label.empty()) return;
  canvas->Text({(frame.left + frame.right) / 2, frame.bottom + 33}, label, Anchor::kMiddle, "tm");
}

std::string NotMeasuredChart(std::string_view title, std::string_view reason) {
  SvgCanvas canvas(640, 120, title, reason);
  canvas.Text({320, 58}, "Not measured", Anchor::kMiddle, "tb");
  canvas.Text({320, 78}, reason, Anchor::kMiddle, "tm");
  return canvas.Finish();
}

std::string WithoutStyle(std::string_view svg) {
  const size_t begin = svg.find(kStyleBegin);
  const size_t end = svg.find(kStyleEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos) return std::string(svg);
  std::string out(svg.substr(0, begin));
  out += svg.substr(end + kStyleEnd.size());
  return out;
}

}  // namespace cairn::pipeline
