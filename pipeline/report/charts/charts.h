#ifndef CAIRN_PIPELINE_REPORT_CHARTS_CHARTS_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_CHARTS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// A chart as a file of its own: `segment-sizes.svg`. The names are part of what a run keeps.
struct ChartFile {
  std::string name;   // `segment-sizes`: lower-case words with hyphens.
  std::string title;  // `Segment sizes`
  std::string svg;    // Well-formed, without references to anything outside.
};

// All charts, always the same ones in the same order. Each is a pure function of the data. What
// was not measured (an empty vector, NaN, a vector shorter than its neighbours) is a chart that
// says so, never an error; lengths are those of the vectors, whatever the counts beside them say.
std::vector<ChartFile> DrawCharts(const ReportData& data);

// Each alone, as SVG.
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

// Features × features; `title` says which of the three matrices it is.
std::string CorrelationChart(const std::vector<std::string>& features,
                             const std::vector<std::vector<double>>& matrix,
                             std::string_view title);

// Months as a line without axes, for the card of a segment.
std::string MonthsSparkline(std::span<const MonthFigures> months, size_t colour);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_CHARTS_H_
