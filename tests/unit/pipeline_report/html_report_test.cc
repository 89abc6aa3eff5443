#include "pipeline/report/html_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <iterator>
#include <regex>

#include "lib/base/files.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/html_parts.h"
#include "pipeline/report/interactive_data.h"
#include "pipeline/report/page_assets.h"
#include "pipeline/report/report_json.h"
#include "tests/unit/pipeline_report/sample_report.h"

namespace cairn::pipeline {
namespace {

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// The page without the library, whose text is not ours to check.
std::string WithoutLibrary(std::string page) {
  const std::string& library = EmbeddedChartLibrary().text;
  if (const size_t at = library.empty() ? std::string::npos : page.find(library);
      at != std::string::npos) {
    page.erase(at, library.size());
  }
  return page;
}

TEST(RenderReportTest, HasEverySectionAndTheFacts) {
  const std::string page = WithoutLibrary(RenderReport(SampleReport()));
  for (const char* part : {"id=\"segments\"",
                           "id=\"differences\"",
                           "id=\"map\"",
                           "id=\"selection\"",
                           "id=\"sweep\"",
                           "id=\"data\"",
                           "id=\"outliers\"",
                           "id=\"migration\"",
                           "id=\"recommendations\"",
                           "id=\"costs\"",
                           "id=\"lineage\"",
                           "4,362",
                           "1 December 2010",
                           "online-retail.csv.zst",
                           "Regular high spenders",
                           "JUMBO BAG RED RETROSPOT",
                           "United Kingdom 90.0\u00A0%",
                           "models/customer-segments/versions/7",
                           "cairn-pipeline 0.9.0",
                           "missing values",
                           "The other 43 of 55",
                           "21.4\u00A0%",
                           "k is below 3"}) {
    EXPECT_TRUE(Contains(page, part)) << part;
  }
  EXPECT_EQ(page.find("ot measured"), std::string::npos);
}

TEST(RenderReportTest, WhoWorthMovesAndActionsComeBeforeHowItWasMade) {
  const std::string page = WithoutLibrary(RenderReport(SampleReport()));
  size_t last = 0;
  for (const char* id : {"short", "worth", "segments", "migration", "recommendations",
                         "differences", "map", "selection", "sweep", "data", "lineage"}) {
    const size_t at = page.find(std::string(" id=\"") + id + "\"");
    ASSERT_NE(at, std::string::npos) << id;
    EXPECT_GT(at, last) << id;
    last = at;
  }
}

TEST(RenderReportTest, EveryFigureHasACaption) {
  const std::string page = WithoutLibrary(RenderReport(SampleReport()));
  EXPECT_FALSE(Contains(page, "<figcaption></figcaption>"));
  const std::regex figure("<figure");
  const std::regex caption("<figcaption>[^<]");
  const auto count = [&](const std::regex& what) {
    return std::distance(std::sregex_iterator(page.begin(), page.end(), what), {});
  };
  EXPECT_EQ(count(figure), 18);
  EXPECT_EQ(count(caption), 18);
}

TEST(RenderReportTest, AnUnfinishedLastMonthIsSaid) {
  ReportData data = SampleReport();
  data.profiles.last_day = "2011-12-09";
  EXPECT_TRUE(Contains(RenderReport(data), "The data ends on 9 December 2011"));
  EXPECT_TRUE(Contains(SegmentMonthsChart(data), "incomplete"));
  data.profiles.last_day = "2011-12-31";
  EXPECT_FALSE(Contains(RenderReport(data), "The data ends on"));
  EXPECT_FALSE(Contains(SegmentMonthsChart(data), "incomplete"));
}

TEST(RecommendationSentenceTest, SaysThatSegmentsAreNoGuideWhereABaselineIsBetter) {
  ReportData data;
  EXPECT_EQ(RecommendationSentence(data), "");
  data.recommendations = RecommendationQuality{"2011-09-26", 1831, 0.087, 0.098, 0.216};
  EXPECT_EQ(
      RecommendationSentence(data),
      "Of the rules that were tested, products that others bought with the customer's own hit "
      "most often, with 21.6 %. The segment's best-sellers hit with 8.7 %, less than "
      "everybody's best-sellers with 9.8 %: segments are no good guide to what to offer.");
  data.recommendations = RecommendationQuality{"2011-09-26", 1831, 0.3, 0.098, 0.216};
  EXPECT_EQ(
      RecommendationSentence(data),
      "Of the rules that were tested, the segment's best-sellers hit most often, with 30.0 %.");
  data.recommendations =
      RecommendationQuality{"2011-09-26", 0, std::nan(""), std::nan(""), std::nan("")};
  EXPECT_EQ(RecommendationSentence(data), "No customer bought anything new after the split.");
}

TEST(MigrationSentenceTest, NamesTheLargestMoveBetweenNames) {
  ReportData data;
  EXPECT_EQ(MigrationSentence(data), "");
  data.currency = "£";
  data.migration = Migration{"v1",
                             {"A", "B"},
                             {"A", "C"},
                             {{70, 2, 0}, {1, 9, 4}, {500, 0, 0}},
                             {{700, 20, 0}, {10, 900, 1}, {5, 0, 0}},
                             0.853};
  EXPECT_EQ(MigrationSentence(data),
            "85.3 % of the customers in both versions are in the segment of the same name. The "
            "largest move: 9 customers with £900 of revenue from “B” to “C”.");
}

// The page's policy forbids what the library would compile at run time.
TEST(EmbeddedChartLibraryTest, SizesOfBuffersAreReadWithoutCompilingThem) {
  const std::string& library = EmbeddedChartLibrary().text;
  if (library.empty()) GTEST_SKIP() << "this build has no chart library";
  EXPECT_FALSE(Contains(library, "new Function(\"width\""));
  EXPECT_TRUE(Contains(library, "cairnExpression(\"\"+"));
}

TEST(RenderReportTest, IsAtMostFiveMegabytesAndTheSameTwice) {
  const ReportData data = SampleReport();
  const std::string page = RenderReport(data);
  EXPECT_LE(page.size(), 5U << 20);
  EXPECT_EQ(page, RenderReport(data));
}

// Whoever wants to look at the page says where it is to go, and of which report.json it is.
TEST(RenderReportTest, CanBeWrittenToAFile) {
  const char* path = std::getenv("CAIRN_REPORT_FILE");
  const std::string file = path != nullptr ? path : testing::TempDir() + "cairn-report.html";
  const char* stored = std::getenv("CAIRN_REPORT_JSON");
  const std::string page = RenderReport(
      stored != nullptr ? ParseReportJson(ReadFile(stored).value()).value() : SampleReport());
  ASSERT_TRUE(WriteFileAtomically(file, page).ok());
  EXPECT_EQ(ReadFile(file).value(), page);
}

TEST(RenderReportTest, AsksForNothingFromOutside) {
  const std::string page = WithoutLibrary(RenderReport(SampleReport()));
  const std::regex outside(
      "(src|href|action|data|poster)=\"(?!#|data:)|url\\(|@import|http-equiv=\"refresh");
  std::smatch found;
  EXPECT_FALSE(std::regex_search(page, found, outside)) << found.str();
  EXPECT_TRUE(Contains(page, "default-src 'none'"));
  EXPECT_FALSE(Contains(page, "'unsafe-eval'"));
}

TEST(RenderReportTest, OnlyScriptsWithTheirHashInThePolicyAreInIt) {
  const std::string page = RenderReport(SampleReport());
  size_t scripts = 0;
  for (size_t at = page.find("<script>"); at != std::string::npos; at = page.find("<script>", at)) {
    at += std::string_view("<script>").size();
    const size_t end = page.find("</script>", at);
    EXPECT_TRUE(Contains(page, "'" + ScriptHash(page.substr(at, end - at)) + "'"));
    ++scripts;
    at = end;
  }
  EXPECT_EQ(scripts, 1U);
}

// The page's script makes a script of it, which the policy lets run by its hash.
TEST(RenderReportTest, TheLibraryStandsAsTextWithItsHashInThePolicy) {
  const ChartLibrary& library = EmbeddedChartLibrary();
  if (library.text.empty()) GTEST_SKIP() << "this build has no chart library";
  const std::string page = RenderReport(SampleReport());
  const std::string_view opening = "<script type=\"text/plain\" id=\"chart-library\">";
  const size_t at = page.find(opening);
  ASSERT_NE(at, std::string::npos);
  const size_t begin = at + opening.size();
  const std::string text = page.substr(begin, page.find("</script>", begin) - begin);
  EXPECT_EQ(text, library.text);
  EXPECT_TRUE(Contains(page, "'" + ScriptHash(text) + "'"));
}

TEST(RenderReportTest, WithoutAVersionBeforeNobodyMoved) {
  ReportData data = SampleReport();
  data.migration.reset();
  const std::string page = WithoutLibrary(RenderReport(data));
  EXPECT_FALSE(Contains(page, "#migration"));
  EXPECT_FALSE(Contains(page, "id=\"migration\""));
  EXPECT_TRUE(Contains(page, "no version before this one"));
}

TEST(RenderReportTest, RunsAreNamedByWhatTellsThemApart) {
  ReportData data;
  data.sweep.resize(2);
  data.sweep[0].name = "k=3,n_init=1,seed=42";
  data.sweep[1].name = "k=4,n_init=1,seed=42";
  const std::string page = WithoutLibrary(RenderReport(data));
  EXPECT_TRUE(Contains(page, ">k=3</th>"));
  EXPECT_TRUE(Contains(page, "The same in all runs: n_init=1, seed=42."));
}

TEST(AimsSentenceTest, SaysOneAimForEachSegmentWithCustomers) {
  ReportData data;
  EXPECT_EQ(AimsSentence(data), "");
  data.profiles.segments.resize(2);
  data.profiles.segments[0].name = "A";
  data.profiles.segments[0].customers = 3;
  data.profiles.segments[0].customer_share = 0.2;
  data.profiles.segments[0].spend_share = 0.7;
  EXPECT_EQ(AimsSentence(data), "A: keep.");
}

TEST(RenderReportTest, MarkupInNamesIsInert) {
  const std::string bad = "</script></title><script>alert(\"x\")</script><img src=x onerror='y'>";
  const std::string page = WithoutLibrary(RenderReport(ReportOfTexts(bad)));
  EXPECT_FALSE(Contains(page, "<script>alert"));
  EXPECT_FALSE(Contains(page, "<img"));
  EXPECT_TRUE(Contains(page, "&lt;script&gt;alert(&quot;x&quot;)"));
  const std::string data = InteractiveData(ReportOfTexts(bad));
  EXPECT_EQ(data.find_first_of("<>&"), std::string::npos);
}

TEST(RenderReportTest, DegenerateDataGivesAPage) {
  for (const ReportData& data : DegenerateReports()) {
    const std::string page = WithoutLibrary(RenderReport(data));
    EXPECT_TRUE(Contains(page, "id=\"lineage\""));
    EXPECT_TRUE(page.ends_with("</html>\n"));
  }
}

TEST(RenderReportTest, SaysWhereInteractiveChartsWereLeftOut) {
  const std::string page = WithoutLibrary(RenderReport(SampleReport()));
  EXPECT_EQ(Contains(page, "Interactive charts were left out of this build."),
            EmbeddedChartLibrary().text.empty());
}

TEST(InteractiveDataTest, PointsHaveThousandths) {
  ReportData data;
  data.profiles.segments.resize(1);
  data.profiles.segments[0].name = "A<b>";
  data.points = {{"1", "2"}, {{1.23456, -0.05, 2}, {std::nan(""), 0, 0}}, {0, 0}, {true, false}, 2};
  EXPECT_EQ(InteractiveData(data),
            "{\"segments\":[\"A\\u003cb\\u003e\"],\"customers\":[\"1\"],"
            "\"points\":[[1.235,-0.05,2,0,1]],\"axes\":[],\"runs\":[],\"chosen\":-1}");
}

}  // namespace
}  // namespace cairn::pipeline
