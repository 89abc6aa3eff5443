#include "pipeline/report/charts/charts.h"

#include <utility>

namespace cairn::pipeline {

std::vector<ChartFile> DrawCharts(const ReportData& data) {
  const auto& features = data.profiles.feature_names;
  const auto correlations = [&](const auto& matrix, std::string_view title) {
    return CorrelationChart(features, matrix, title);
  };
  std::vector<ChartFile> charts;
  const auto add = [&](std::string name, std::string title, std::string svg) {
    charts.push_back({std::move(name), std::move(title), std::move(svg)});
  };
  add("segment-sizes", "Share of customers and of revenue", SegmentSizesChart(data));
  add("segment-radars", "What is typical of each segment", SegmentRadarsChart(data));
  add("segment-months", "Revenue by month", SegmentMonthsChart(data));
  add("box-plots", "Quartiles of each feature by segment", BoxPlotsChart(data));
  add("histograms", "How each feature is distributed in each segment", HistogramsChart(data));
  add("projection", "Customers by what they have in common", ProjectionChart(data));
  add("silhouettes", "Silhouettes for each k", SilhouettesChart(data));
  add("elbow", "How close customers are to their segment", ElbowChart(data));
  add("index-curves", "Indices for each k", IndexCurvesChart(data));
  add("sweep-parallel", "All training runs", SweepParallelChart(data));
  add("correlation-pearson", "Pearson correlation of the features",
      correlations(data.pearson, "Pearson correlation of the features"));
  add("correlation-spearman", "Spearman rank correlation of the features",
      correlations(data.spearman, "Spearman rank correlation of the features"));
  add("correlation-prepared", "Pearson correlation of the prepared training rows",
      correlations(data.prepared_pearson, "Pearson correlation of the prepared training rows"));
  add("variance", "Variance that the components explain", VarianceChart(data));
  add("outliers", "The oddest customers", OutliersChart(data));
  add("migration", "Where customers went since the version before", MigrationChart(data));
  add("cleaning", "What cleaning dropped", CleaningChart(data));
  add("costs", "What the run cost", CostsChart(data));
  return charts;
}

}  // namespace cairn::pipeline
