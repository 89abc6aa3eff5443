#include "pipeline/report/html_report.h"

#include <fmt/format.h>

#include "pipeline/report/html_parts.h"
#include "pipeline/report/interactive_data.h"
#include "pipeline/report/page_assets.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kLeftOut = "Interactive charts were left out of this build.";

// Nothing may be loaded; only the scripts of this page run. Styles may stand at elements.
std::string SecurityPolicy() {
  const std::string& library = EmbeddedChartLibrary().hash;
  return fmt::format(
      "default-src 'none'; script-src '{}'{}; style-src 'unsafe-inline'; img-src data:; "
      "base-uri 'none'; form-action 'none'",
      ScriptHash(PageScript()), library.empty() ? "" : fmt::format(" '{}'", library));
}

void AppendHead(HtmlPage* page, const ReportData& data) {
  page->Raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
  page->Raw(fmt::format("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">",
                        SecurityPolicy()));
  page->Raw(
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\">"
      "<meta name=\"referrer\" content=\"no-referrer\"><link rel=\"icon\" href=\"data:,\">");
  page->Raw("<title>").Text(data.title.empty() ? "Customer segments" : data.title);
  page->Raw("</title><style>").Raw(PageStyle()).Raw("</style></head>");
}

void AppendContents(HtmlPage* page, const ReportData& data) {
  static constexpr std::pair<std::string_view, std::string_view> kSections[] = {
      {"worth", "Worth"},         {"segments", "Segments"},
      {"migration", "Who moved"}, {"recommendations", "What to do"},
      {"differences", "Details"}, {"map", "Map"},
      {"selection", "How many"},  {"sweep", "Training runs"},
      {"data", "Data"},           {"outliers", "Outliers"},
      {"costs", "Costs"},         {"lineage", "Lineage"}};
  page->Raw("<nav aria-label=\"Contents\">");
  for (const auto& [id, name] : kSections) {
    if (id == "migration" && !data.migration) continue;
    page->Raw(fmt::format("<a href=\"#{}\">{}</a>", id, name));
  }
  page->Raw("</nav>");
}

void AppendDifferences(HtmlPage* page, std::span<const ChartFile> charts) {
  page->Raw("<section id=\"differences\"><h2>How segments differ</h2><div class=\"figures\">");
  AppendFigure(page, charts, "segment-radars",
               "The further out, the higher the segment's median stands among all customers: a "
               "shape outside the dashed ring is above the median customer.",
               true);
  AppendFigure(
      page, charts, "box-plots",
      "The box holds the middle half of the customers, the thick line is the median: where "
      "boxes do not overlap, the feature tells segments apart. Whiskers reach 1.5 times the "
      "length of the box at most; the axis reaches to the farthest customer.",
      true);
  AppendFigure(
      page, charts, "histograms",
      "Bars are shares of the segment's customers; what the full height of a row stands for is "
      "written at its left. What a median hides, such as two peaks, is seen here.",
      true);
  page->Raw("</div></section>");
}

void AppendMap(HtmlPage* page, const ReportData& data, std::span<const ChartFile> charts) {
  page->Raw("<section id=\"map\"><h2>Map of the customers</h2><div class=\"figures\">");
  AppendFigure(
      page, charts, "projection",
      "Customers that behave alike stand close together; where colours mix, segments have no sharp "
      "border. The axes are the principal components: sums of all features that hold most of the "
      "differences.",
      true, data.points.points.empty() ? "" : "live-cloud", "Drag to turn the cloud.");
  page->Raw("</div></section>");
}

void AppendScripts(HtmlPage* page, const ReportData& data) {
  const ChartLibrary& library = EmbeddedChartLibrary();
  if (!library.text.empty()) {
    page->Raw("<script type=\"application/json\" id=\"report-data\">");
    page->Raw(InteractiveData(data));
    // As text: the page's own script runs it when the first chart is needed.
    page->Raw("</script><script type=\"text/plain\" id=\"chart-library\">");
    page->Raw(library.text).Raw("</script>");
  }
  page->Raw("<script>").Raw(PageScript()).Raw("</script>");
}

void AppendFooter(HtmlPage* page, const ReportData& data) {
  page->Raw("<footer>");
  page->Element("p", "", data.producer.empty() ? "" : "Made by " + data.producer + ".");
  page->Element("p", "",
                EmbeddedChartLibrary().text.empty()
                    ? kLeftOut
                    : "Charts that can be turned are drawn by Apache ECharts (Apache License 2.0) "
                      "and ECharts GL (BSD 3-Clause License).");
  page->Raw("</footer>");
}

}  // namespace

std::string RenderReport(const ReportData& data, std::span<const ChartFile> charts) {
  HtmlPage page;
  page.Reserve(EmbeddedChartLibrary().text.size() + (size_t{2} << 20));
  AppendHead(&page, data);
  page.Raw("<body>");
  AppendHeader(&page, data);
  AppendInShort(&page, data);
  AppendContents(&page, data);
  page.Raw("<main>");
  AppendWorth(&page, data, charts);
  AppendSegmentCards(&page, data);
  AppendMigrationSection(&page, data, charts);
  AppendActionSection(&page, data);
  AppendDifferences(&page, charts);
  AppendMap(&page, data, charts);
  AppendSelectionSection(&page, data, charts);
  AppendSweepSection(&page, data, charts);
  AppendQualitySection(&page, data, charts);
  AppendOutlierSection(&page, data, charts);
  AppendCostSection(&page, data, charts);
  AppendLineageSection(&page, data);
  page.Raw("</main>");
  AppendFooter(&page, data);
  AppendScripts(&page, data);
  page.Raw("</body></html>\n");
  return page.Finish();
}

std::string RenderReport(const ReportData& data) { return RenderReport(data, DrawCharts(data)); }

}  // namespace cairn::pipeline
