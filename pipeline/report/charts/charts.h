#ifndef CAIRN_PIPELINE_REPORT_CHARTS_CHARTS_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_CHARTS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// The still charts of a report, as SVG.
//
// Each is drawn once; the same bytes are in the page, among the artifacts of a run and in the PNG.
// A chart says by itself what it shows: axes have names and units (money in the sign of
// ReportData::currency, shares in percent, sizes with k and M), and nothing needs a colour alone to
// be read. Colours are those of the light page, and of the dark one where the reader prefers it;
// programs that know no media queries draw the light. Coordinates are pixels: 640 wide, or 960
// where a chart takes the whole width of a page.
//
// All functions are pure, so they may be called on any thread, and the same data gives the same
// bytes. They keep nothing of their arguments; who calls owns what they return.

// A chart as a file of its own: `segment-sizes.svg`. The names are part of what a run keeps: links
// and scripts of users have them, so a chart is added or left out but never renamed.
struct ChartFile {
  std::string name;   // `segment-sizes`: lower-case words with hyphens.
  std::string title;  // `Revenue by month`: the heading of the figure, not in the picture itself.
  std::string svg;    // Well-formed, without references to anything outside.
};

// All charts, always the same ones in the same order, about 0.4 MB of text. What was not measured
// (an empty vector, NaN, a vector shorter than its neighbours) is a chart that says so, never an
// error; lengths are those of the vectors, whatever the counts beside them say.
std::vector<ChartFile> DrawCharts(const ReportData& data);

// Each alone, as SVG. Segments have the order of ReportData::profiles.
std::string SegmentSizesChart(const ReportData& data);   // Customers and revenue side by side.
std::string SegmentRadarsChart(const ReportData& data);  // Medians as percentile ranks.
std::string SegmentMonthsChart(const ReportData& data);  // Spend by month.
std::string HistogramsChart(const ReportData& data);     // A row a feature, a column a segment.
std::string BoxPlotsChart(const ReportData& data);       // Quartiles by feature and segment.
std::string ProjectionChart(const ReportData& data);     // The first two components.
std::string SilhouettesChart(const ReportData& data);    // Knife plots, one for each k.
std::string ElbowChart(const ReportData& data);          // Inertia over k with the knee.
std::string IndexCurvesChart(const ReportData& data);    // The indices over k.
std::string SweepParallelChart(const ReportData& data);  // Each run a line over its figures.
std::string VarianceChart(const ReportData& data);       // Of the principal components.
std::string OutliersChart(const ReportData& data);       // Score against spend.
std::string MigrationChart(const ReportData& data);      // From segments before to those now.
std::string CleaningChart(const ReportData& data);       // Rows and spend that each stage dropped.
std::string CostsChart(const ReportData& data);          // Seconds by stage.

// Features × features, each value -1..1, NaN is an en dash; `title` says which of the three
// matrices it is.
std::string CorrelationChart(const std::vector<std::string>& features,
                             const std::vector<std::vector<double>>& matrix,
                             std::string_view title);

// The spend of months as a line without axes, for the card of a segment; `colour` is the place of
// the segment. It begins at zero, so that a small change looks small.
std::string MonthsSparkline(std::span<const MonthFigures> months, size_t colour);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_CHARTS_H_
