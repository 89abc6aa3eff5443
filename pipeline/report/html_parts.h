#ifndef CAIRN_PIPELINE_REPORT_HTML_PARTS_H_
#define CAIRN_PIPELINE_REPORT_HTML_PARTS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/report/charts/charts.h"
#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// Pieces of the report page. Every function appends HTML; texts from the data are escaped here
// and nowhere else.

class HtmlPage {
 public:
  // Markup as it stands, for what this program wrote itself.
  HtmlPage& Raw(std::string_view markup);
  // Text, escaped. A number stays with its percent sign where lines break.
  HtmlPage& Text(std::string_view text);
  // `<p class="…">text</p>`; nothing for an empty text.
  HtmlPage& Element(std::string_view tag, std::string_view style, std::string_view text);

  void Reserve(size_t bytes) { out_.reserve(bytes); }
  std::string Finish() { return std::move(out_); }

 private:
  std::string out_;
};

struct TableColumn {
  std::string heading;
  bool number = false;  // Aligned to the right, with digits of one width.
  bool prose = false;   // Sentences, which keep a width that can be read on a phone.
};

struct TableRow {
  std::vector<std::string> cells;
  bool marked = false;
};

// A table with a caption that scrolls by itself where the window is narrow. Of more than
// `visible` rows the others stand behind a line to click on; 0 shows all.
void AppendTable(HtmlPage* page, std::string_view caption, std::span<const TableColumn> columns,
                 std::span<const TableRow> rows, size_t visible = 0);

// A chart of the list as a figure; nothing if there is none of the name. `caption` says what there
// is to see. `wide` takes the whole width of the page. `live` is the id of the element that scripts
// may fill instead; `live_caption` is read only where scripts run.
void AppendFigure(HtmlPage* page, std::span<const ChartFile> charts, std::string_view name,
                  std::string_view caption, bool wide = false, std::string_view live = {},
                  std::string_view live_caption = {});

// A paragraph instead of what was not measured.
void AppendNothing(HtmlPage* page, std::string_view why);

// What changed, what to aim at and what to offer, in a sentence or two; empty where it was not
// measured.
std::string AimsSentence(const ReportData& data);
std::string MigrationSentence(const ReportData& data);
std::string RecommendationSentence(const ReportData& data);

// One after the other: the sections of the page, each with its heading.
void AppendHeader(HtmlPage* page, const ReportData& data);
void AppendInShort(HtmlPage* page, const ReportData& data);
void AppendSegmentCards(HtmlPage* page, const ReportData& data);
void AppendWorth(HtmlPage* page, const ReportData& data, std::span<const ChartFile> charts);
// Nothing where there is no version to compare with.
void AppendMigrationSection(HtmlPage* page, const ReportData& data,
                            std::span<const ChartFile> charts);
void AppendActionSection(HtmlPage* page, const ReportData& data);
void AppendQualitySection(HtmlPage* page, const ReportData& data,
                          std::span<const ChartFile> charts);
void AppendSelectionSection(HtmlPage* page, const ReportData& data,
                            std::span<const ChartFile> charts);
void AppendSweepSection(HtmlPage* page, const ReportData& data, std::span<const ChartFile> charts);
void AppendOutlierSection(HtmlPage* page, const ReportData& data,
                          std::span<const ChartFile> charts);
void AppendCostSection(HtmlPage* page, const ReportData& data, std::span<const ChartFile> charts);
void AppendLineageSection(HtmlPage* page, const ReportData& data);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_HTML_PARTS_H_
