#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "pipeline/report/calendar_text.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/html_parts.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

double SpendPerCustomer(const SegmentProfile& segment) {
  return segment.customers > 0 ? segment.spend / static_cast<double>(segment.customers) : 0;
}

// The segment with the largest value; the first of equal ones. Those without customers do not
// count.
template <typename Value>
std::optional<size_t> LargestSegment(const ReportData& data, const Value& value) {
  std::optional<size_t> largest;
  const auto& segments = data.profiles.segments;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].customers == 0 || !std::isfinite(value(segments[i]))) continue;
    if (!largest || value(segments[i]) > value(segments[*largest])) largest = i;
  }
  return largest;
}

std::string SharesSentence(const SegmentProfile& segment) {
  return fmt::format("{} of the customers, {} of the revenue.", Percent(segment.customer_share),
                     Percent(segment.spend_share));
}

void AppendPoint(HtmlPage* page, std::string_view head, std::string_view text) {
  if (text.empty()) return;
  page->Raw("<li><strong>").Text(head).Raw("</strong> ").Text(text).Raw("</li>");
}

void AppendFactBox(HtmlPage* page, std::string_view name, std::string_view value,
                   std::string_view more) {
  page->Raw("<div><dt>").Text(name).Raw("</dt><dd>").Text(value);
  page->Element("small", "", more);
  page->Raw("</dd></div>");
}

std::string RevenueNote(const ReportData& data) {
  return data.currency.empty() ? "in the currency of the data, cancelled lines subtracted"
                               : "cancelled lines subtracted";
}

std::string SizesCaption(const ReportData& data) {
  const auto most = LargestSegment(data, SpendPerCustomer);
  std::string caption =
      "Where the revenue bar is the longer one, customers spend more than the average.";
  if (most && data.profiles.segments.size() > 1) {
    caption += fmt::format(
        " A customer of “{}” brings {}, the average customer {}.", SegmentLabel(data, *most, 60),
        Money(data.currency, SpendPerCustomer(data.profiles.segments[*most])),
        Money(data.currency,
              data.profiles.spend /
                  std::max<double>(1, static_cast<double>(data.profiles.customers))));
  }
  return caption;
}

std::string MonthsCaption(const ReportData& data) {
  std::string caption = "Each line is the revenue of one segment, cancelled lines subtracted.";
  const std::string note = PartialMonthsNote(data.profiles);
  if (!note.empty()) caption += " " + note;
  return caption;
}

}  // namespace

void AppendHeader(HtmlPage* page, const ReportData& data) {
  const SegmentProfiles& profiles = data.profiles;
  const auto day = [](const std::string& text) {
    return text.empty() ? std::string(kNotMeasuredText) : DayText(text);
  };
  page->Raw("<header class=\"top\"><div><h1>")
      .Text(data.title.empty() ? "Customer segments" : data.title)
      .Raw("</h1><p class=\"source\">");
  page->Text(data.input.empty() ? "Transactions" : data.input).Raw(", <time>");
  page->Text(day(profiles.first_day)).Raw("</time> to <time>").Text(day(profiles.last_day));
  page->Raw("</time></p></div><button id=\"theme\" type=\"button\" hidden>Light or dark</button>");
  page->Raw("</header><dl class=\"facts\">");
  AppendFactBox(page, "Customers", Thousands(profiles.customers), "");
  AppendFactBox(page, "Revenue", Money(data.currency, profiles.spend), RevenueNote(data));
  AppendFactBox(page, "Invoices", Thousands(profiles.invoices),
                Counted(profiles.lines, "line", "lines"));
  AppendFactBox(
      page, "Segments",
      Thousands(data.chosen_k > 0 ? data.chosen_k : static_cast<int64_t>(profiles.segments.size())),
      "");
  AppendFactBox(page, "Outliers", Thousands(data.outlier_count),
                "counted in their nearest segment");
  page->Raw("</dl>");
}

void AppendInShort(HtmlPage* page, const ReportData& data) {
  const auto& segments = data.profiles.segments;
  page->Raw("<section id=\"short\" class=\"short\"><h2>In short</h2><ul>");
  const auto most = LargestSegment(data, [](const SegmentProfile& s) { return s.spend; });
  const auto least = LargestSegment(
      data, [](const SegmentProfile& s) { return s.customer_share - s.spend_share; });
  if (most) {
    AppendPoint(page, fmt::format("Most revenue: {}.", SegmentLabel(data, *most, 60)),
                SharesSentence(segments[*most]));
  }
  if (least && least != most) {
    AppendPoint(page,
                fmt::format("Least revenue for its size: {}.", SegmentLabel(data, *least, 60)),
                SharesSentence(segments[*least]));
  }
  AppendPoint(page, "Who moved:", MigrationSentence(data));
  AppendPoint(page, "What to do:", AimsSentence(data));
  AppendPoint(page, "What to offer:", RecommendationSentence(data));
  AppendPoint(page, "With care:", PartialMonthsNote(data.profiles));
  page->Raw("</ul></section>");
}

void AppendWorth(HtmlPage* page, const ReportData& data, std::span<const ChartFile> charts) {
  page->Raw("<section id=\"worth\"><h2>What they are worth</h2><div class=\"figures\">");
  AppendFigure(page, charts, "segment-sizes", SizesCaption(data));
  AppendFigure(page, charts, "segment-months", MonthsCaption(data));
  page->Raw("</div></section>");
}

}  // namespace cairn::pipeline
