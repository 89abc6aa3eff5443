#include "pipeline/report/html_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/charts/svg_text.h"

namespace cairn::pipeline {
namespace {

void AppendRows(HtmlPage* page, std::span<const TableColumn> columns,
                std::span<const TableRow> rows) {
  page->Raw("<tbody>");
  for (const TableRow& row : rows) {
    page->Raw(row.marked ? "<tr class=\"marked\">" : "<tr>");
    for (size_t i = 0; i < std::min(columns.size(), row.cells.size()); ++i) {
      const std::string_view tag = i == 0 ? "th" : "td";
      page->Raw(fmt::format("<{}{}{}>", tag, i == 0 ? " scope=\"row\"" : "",
                            columns[i].number  ? " class=\"num\""
                            : columns[i].prose ? " class=\"prose\""
                                               : ""));
      page->Text(row.cells[i]).Raw(fmt::format("</{}>", tag));
    }
    page->Raw("</tr>");
  }
  page->Raw("</tbody>");
}

void AppendWholeTable(HtmlPage* page, std::string_view caption,
                      std::span<const TableColumn> columns, std::span<const TableRow> rows) {
  page->Raw("<div class=\"scroll\" tabindex=\"0\"><table><caption>").Text(caption);
  page->Raw("</caption><thead><tr>");
  for (const TableColumn& column : columns) {
    page->Raw(column.number ? "<th scope=\"col\" class=\"num\">" : "<th scope=\"col\">");
    page->Text(column.heading).Raw("</th>");
  }
  page->Raw("</tr></thead>");
  AppendRows(page, columns, rows);
  page->Raw("</table></div>");
}

// Charts are drawn for one width: much wider, their texts would be larger than the page's.
std::string DrawnWidth(std::string_view svg) {
  constexpr std::string_view kBox = "viewBox=\"0 0 ";
  const size_t at = svg.find(kBox);
  if (at == std::string_view::npos) return "640";
  svg.remove_prefix(at + kBox.size());
  return std::string(svg.substr(0, svg.find(' ')));
}

}  // namespace

void AppendNothing(HtmlPage* page, std::string_view why) {
  page->Raw("<p class=\"quiet\">Not measured. ").Text(why).Raw("</p>");
}

HtmlPage& HtmlPage::Raw(std::string_view markup) {
  out_ += markup;
  return *this;
}

HtmlPage& HtmlPage::Text(std::string_view text) {
  AppendEscaped(absl::StrReplaceAll({text.data(), text.size()}, {{" %", "\u00A0%"}}), &out_);
  return *this;
}

HtmlPage& HtmlPage::Element(std::string_view tag, std::string_view style, std::string_view text) {
  if (text.empty()) return *this;
  Raw(style.empty() ? fmt::format("<{}>", tag) : fmt::format("<{} class=\"{}\">", tag, style));
  return Text(text).Raw(fmt::format("</{}>", tag));
}

void AppendTable(HtmlPage* page, std::string_view caption, std::span<const TableColumn> columns,
                 std::span<const TableRow> rows, size_t visible) {
  if (visible == 0 || rows.size() <= visible) return AppendWholeTable(page, caption, columns, rows);
  AppendWholeTable(page, caption, columns, rows.first(visible));
  page->Raw("<details><summary>")
      .Text(fmt::format("The other {} of {}", rows.size() - visible, rows.size()))
      .Raw("</summary>");
  AppendWholeTable(page, fmt::format("{}, continued", caption), columns, rows.subspan(visible));
  page->Raw("</details>");
}

void AppendFigure(HtmlPage* page, std::span<const ChartFile> charts, std::string_view name,
                  std::string_view caption, bool wide, std::string_view live,
                  std::string_view live_caption) {
  const auto chart = std::find_if(charts.begin(), charts.end(),
                                  [&](const ChartFile& file) { return file.name == name; });
  if (chart == charts.end()) return;
  page->Raw(wide ? "<figure class=\"wide\">" : "<figure>");
  page->Raw("<h3>").Text(chart->title).Raw("</h3>");
  if (!live.empty()) page->Raw(fmt::format("<div class=\"live\" id=\"{}\" hidden></div>", live));
  page->Raw(fmt::format("<div class=\"still\" tabindex=\"0\" style=\"--drawn:{}px\">",
                        DrawnWidth(chart->svg)));
  page->Raw(WithoutStyle(chart->svg)).Raw("</div><figcaption>").Text(caption);
  if (!live_caption.empty()) {
    page->Raw(" <span data-live=\"").Text(live_caption).Raw("\"></span>");
  }
  page->Raw("</figcaption>");
  page->Raw("</figure>");
}

}  // namespace cairn::pipeline
