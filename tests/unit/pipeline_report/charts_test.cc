#include "pipeline/report/charts/charts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "pipeline/report/charts/percentile_rank.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "tests/unit/pipeline_report/sample_report.h"
#include "tests/unit/pipeline_report/well_formed.h"

namespace cairn::pipeline {
namespace {

size_t CountOf(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

const ChartFile& Named(const std::vector<ChartFile>& charts, std::string_view name) {
  return *std::find_if(charts.begin(), charts.end(),
                       [&](const ChartFile& chart) { return chart.name == name; });
}

TEST(DrawChartsTest, AMeasuredReportHasEveryChartAndEachIsWellFormed) {
  const std::vector<ChartFile> charts = DrawCharts(SampleReport());
  std::set<std::string> names;
  for (const ChartFile& chart : charts) {
    names.insert(chart.name);
    EXPECT_EQ(XmlError(chart.svg), "") << chart.name;
    EXPECT_NE(chart.svg.find("role=\"img\""), std::string::npos) << chart.name;
    EXPECT_EQ(chart.svg.find("ot measured"), std::string::npos) << chart.name;
    EXPECT_LT(chart.svg.size(), 300000U) << chart.name;
  }
  EXPECT_EQ(names.size(), 18U);
}

TEST(DrawChartsTest, DegenerateDataGivesWellFormedCharts) {
  const std::vector<ReportData> reports = DegenerateReports();
  for (size_t i = 0; i < reports.size(); ++i) {
    for (const ChartFile& chart : DrawCharts(reports[i])) {
      EXPECT_EQ(XmlError(chart.svg), "") << chart.name << " of report " << i;
      EXPECT_EQ(chart.svg.find("nan"), std::string::npos) << chart.name << " of report " << i;
    }
  }
}

TEST(DrawChartsTest, WithoutDataEveryChartSaysThatItWasNotMeasured) {
  for (const ChartFile& chart : DrawCharts(ReportData{})) {
    EXPECT_NE(chart.svg.find("Not measured"), std::string::npos) << chart.name;
  }
}

TEST(DrawChartsTest, MarkupInTextsIsInert) {
  for (const ChartFile& chart :
       DrawCharts(ReportOfTexts("</title></svg><script>x('\"')</script>"))) {
    EXPECT_EQ(XmlError(chart.svg), "") << chart.name;
    EXPECT_EQ(chart.svg.find("<script"), std::string::npos) << chart.name;
  }
}

TEST(DrawChartsTest, TheProjectionDrawsAtMost2500Dots) {
  const std::string& few = Named(DrawCharts(SampleReport(4, 500)), "projection").svg;
  EXPECT_EQ(CountOf(few, "h0"), 500U);
  const std::string many = ProjectionChart(SampleReport(4, 4362));
  EXPECT_LE(CountOf(many, "h0"), 2500U);
  EXPECT_GE(CountOf(many, "h0"), 2000U);
  EXPECT_NE(many.find("of 4,362 customers"), std::string::npos);
}

TEST(DrawChartsTest, TheElbowMarksItsKneeAndWhatWasChosen) {
  ReportData data = SampleReport();
  data.chosen_k = 3;
  data.elbow_k = 4;
  EXPECT_NE(ElbowChart(data).find("k = 3, chosen<"), std::string::npos);
  EXPECT_NE(ElbowChart(data).find("k = 4, the knee"), std::string::npos);
  data.chosen_k = 4;
  EXPECT_NE(ElbowChart(data).find("k = 4, chosen and the knee"), std::string::npos);
  data.elbow_k = 0;
  EXPECT_EQ(ElbowChart(data).find("the knee<"), std::string::npos);
}

TEST(DrawChartsTest, ASegmentKeepsTheColourOfItsNameBesideOneThatIsGone) {
  ReportData data;
  data.migration = Migration{
      "v1", {"Gone", "Kept"}, {"Kept"}, {{0, 0}, {5, 0}, {0, 0}}, {{0, 0}, {1, 0}, {0, 0}}, 1};
  const std::string svg = MigrationChart(data);
  EXPECT_EQ(svg.find("class=\"f1"), std::string::npos) << svg;
  EXPECT_NE(svg.find("class=\"f0 rib"), std::string::npos) << svg;
  data.migration->after = {"New"};
  EXPECT_NE(MigrationChart(data).find("class=\"fm rib"), std::string::npos);
}

TEST(DrawChartsTest, MigrationSaysCustomersAndMoneyOfEachBand) {
  ReportData data;
  data.currency = "£";
  data.migration = Migration{"v1", {"A"}, {"B"}, {{7, 2}, {1, 0}}, {{700, 20}, {10, 0}}, 0};
  const std::string svg = MigrationChart(data);
  EXPECT_NE(svg.find("A to B: 7 customers, £700"), std::string::npos) << svg;
  EXPECT_NE(svg.find("A to no longer there: 2 customers"), std::string::npos);
  EXPECT_NE(svg.find("New customers to B: 1 customer,"), std::string::npos);
}

TEST(PercentileRankTest, IsReadOffTheHistogramOfAllSegments) {
  ReportData data;
  data.profiles.feature_names = {"x"};
  data.histograms = {{"x", false, {0, 10, 20}, {{30, 0}, {10, 60}}}};
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, -1), 0);
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, 0), 0.2);
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, 20), 0.7);
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, 5), 0.2);
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, 15), 0.7);
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, 99), 1);
  EXPECT_TRUE(std::isnan(PercentileRank(data, 1, 5)));
}

TEST(PercentileRankTest, WithoutAHistogramQuartilesStandIn) {
  ReportData data;
  data.profiles.feature_names = {"x"};
  data.profiles.features = {{0, 1, 2, 2, 1000, 9}};
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, 1), 0.25);
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, 2), 0.625);
  EXPECT_DOUBLE_EQ(PercentileRank(data, 0, 1000), 1);
  EXPECT_NEAR(PercentileRank(data, 0, FromSignedLog((SignedLog(2) + SignedLog(1000)) / 2)), 0.875,
              1e-9);
}

TEST(WithoutStyleTest, TakesAwayTheStyleAlone) {
  SvgCanvas canvas(10, 10, "t", "d");
  canvas.Text({1, 2}, "x");
  const std::string svg = canvas.Finish();
  const std::string bare = WithoutStyle(svg);
  EXPECT_NE(svg.find("<style>"), std::string::npos);
  EXPECT_EQ(bare.find("style"), std::string::npos);
  EXPECT_EQ(XmlError(bare), "");
  EXPECT_NE(bare.find(">x</text>"), std::string::npos);
}

}  // namespace
}  // namespace cairn::pipeline
