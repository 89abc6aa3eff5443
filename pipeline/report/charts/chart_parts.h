#ifndef CAIRN_PIPELINE_REPORT_CHARTS_CHART_PARTS_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_CHART_PARTS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// What several charts need.

// The smallest and the largest finite value; low > high when there is none.
struct ValueRange {
  double low = 1;
  double high = 0;

  bool empty() const { return low > high; }
  void Add(double value);
};

// The name of the segment at a place, its number where it has none. At most `characters` long.
std::string SegmentLabel(const ReportData& data, size_t segment, size_t characters = 28);

// A stage in words: `missing_values` is `missing values`.
std::string StageLabel(std::string_view stage);

// A legend from `at` on: squares in the segments' colours with their names, in lines of at most
// `width`. Returns the height it takes. At most 16 names, then the number of the others.
double DrawLegend(SvgCanvas* canvas, ChartPoint at, double width,
                  std::span<const std::string> names);
double LegendHeight(double width, std::span<const std::string> names);
std::vector<std::string> SegmentLabels(const ReportData& data);

// Horizontal bars with a name at the left and a text at the right; the width of the longest bar
// stands for the largest value. Values below zero and such that were not measured have no bar.
struct Bar {
  std::string name;
  std::string text;
  double value = 0;
  std::string style;
  std::string tip;
};
void DrawBars(SvgCanvas* canvas, const Frame& frame, std::span<const Bar> bars);

// The line of one series with a dot at each point; points that are not finite interrupt it.
struct Series {
  std::vector<double> x;
  std::vector<double> y;
  std::string line;  // Classes.
  std::string dot;
};
void DrawSeries(SvgCanvas* canvas, const Scale& x, const Scale& y, const Series& series);

// Element `i`, NaN beyond the end.
double ValueAt(const std::vector<double>& values, size_t i);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_CHART_PARTS_H_
