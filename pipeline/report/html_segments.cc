#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "pipeline/report/calendar_text.h"
#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/percentile_rank.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/feature_text.h"
#include "pipeline/report/html_parts.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMediansOfCard = 6;
// Every card has these, so that cards can be compared; what else is telling differs.
constexpr std::array<std::string_view, 4> kEveryCard = {
    "Days_Since_Last_Purchase", "Total_Transactions", "Total_Spend", "Average_Transaction_Value"};
constexpr size_t kProductsOfCard = 5;

void AppendFact(HtmlPage* page, std::string_view name, std::string_view value,
                std::string_view more = {}) {
  page->Raw("<div><dt>").Text(name).Raw("</dt><dd>").Text(value);
  page->Element("small", "", more);
  page->Raw("</dd></div>");
}

// The features of every card, then those in which the segment stands out most, by rank of its
// median among all customers. Times have no rank: the summary says them.
std::vector<std::pair<size_t, double>> TellingFeatures(const ReportData& data,
                                                       const SegmentProfile& segment) {
  std::vector<std::pair<size_t, double>> ranks;
  const size_t features = std::min(
      {segment.features.size(), data.profiles.features.size(), data.profiles.feature_names.size()});
  for (size_t i = 0; i < features; ++i) {
    if (IsClock(data.profiles.feature_names[i])) continue;
    const double rank = PercentileRank(data, i, segment.features[i].median);
    if (std::isfinite(rank)) ranks.emplace_back(i, rank);
  }
  const auto first = [&](size_t feature) {
    return std::find(kEveryCard.begin(), kEveryCard.end(), data.profiles.feature_names[feature]) -
           kEveryCard.begin();
  };
  const auto telling = [&](const auto& entry) {
    const bool differs =
        segment.features[entry.first].median != data.profiles.features[entry.first].median;
    return std::pair(first(entry.first), differs ? -std::abs(entry.second - 0.5) : 0.0);
  };
  std::stable_sort(ranks.begin(), ranks.end(),
                   [&](const auto& a, const auto& b) { return telling(a) < telling(b); });
  if (ranks.size() > kMediansOfCard) ranks.resize(kMediansOfCard);
  return ranks;
}

void AppendMedians(HtmlPage* page, const ReportData& data, const SegmentProfile& segment) {
  const auto features = TellingFeatures(data, segment);
  if (features.empty()) return;
  page->Raw(
      "<table class=\"medians\"><thead><tr><th scope=\"col\">Median</th>"
      "<th scope=\"col\" class=\"num\">Here</th><th scope=\"col\" class=\"num\">All</th>"
      "<th scope=\"col\">Rank</th></tr></thead><tbody>");
  for (const auto& [feature, rank] : features) {
    const std::string& name = data.profiles.feature_names[feature];
    const auto text = [&](double value) { return FeatureFigure(name, value, data.currency); };
    const int percent = static_cast<int>(std::lround(rank * 100));
    page->Raw("<tr><th scope=\"row\">").Text(FeatureLabel(name)).Raw("</th><td class=\"num\">");
    page->Text(text(segment.features[feature].median)).Raw("</td><td class=\"num\">");
    page->Text(text(data.profiles.features[feature].median));
    page->Raw(
        fmt::format("</td><td><span class=\"rank\" role=\"img\" aria-label=\"percentile {0}\" "
                    "title=\"percentile {0}\"><i style=\"left:{0}%\"></i></span></td></tr>",
                    percent));
  }
  page->Raw("</tbody></table>");
}

void AppendProducts(HtmlPage* page, const ReportData& data, const SegmentProfile& segment) {
  if (segment.products.empty()) return;
  page->Raw("<h4>Best-selling products, cancellations not subtracted</h4><ol>");
  for (size_t i = 0; i < std::min(kProductsOfCard, segment.products.size()); ++i) {
    const ProductFigures& product = segment.products[i];
    page->Raw("<li>").Text(product.description.empty() ? product.code : product.description);
    page->Element("small", "",
                  fmt::format(" {} sold for {}", Thousands(product.quantity),
                              Money(data.currency, product.spend)));
    page->Raw("</li>");
  }
  page->Raw("</ol>");
}

void AppendCountries(HtmlPage* page, const SegmentProfile& segment) {
  if (segment.countries.empty()) return;
  std::string text;
  for (const CountryFigures& country : segment.countries) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", country.country, Percent(country.share));
  }
  page->Raw("<h4>Countries</h4>").Element("p", "", text);
}

// Full months only: the fall into a month that has just begun is none.
void AppendMonths(HtmlPage* page, const ReportData& data, const SegmentProfile& segment, size_t i) {
  const MonthSpan full = FullMonths(data.profiles);
  const size_t end = std::min(full.end, segment.months.size());
  const size_t first = std::min(full.first, end);
  const std::span months = std::span(segment.months).subspan(first, end - first);
  page->Raw("<h4>").Text("Revenue by month");
  if (!months.empty()) {
    page->Text(fmt::format(", {} to {}", ShortMonth(months.front().month),
                           ShortMonth(months.back().month)));
  }
  page->Raw("</h4>").Raw(WithoutStyle(MonthsSparkline(months, i)));
}

void AppendCard(HtmlPage* page, const ReportData& data, size_t i) {
  const SegmentProfile& segment = data.profiles.segments[i];
  page->Raw(fmt::format("<article class=\"card c{}\"><header><h3>", i % kSegmentColours));
  page->Text(SegmentLabel(data, i, 60)).Raw("</h3>");
  page->Element("span", "number", fmt::format("Segment {}", segment.number));
  page->Raw("</header>").Element("p", "summary", segment.summary);
  page->Raw("<dl class=\"pair\">");
  AppendFact(page, "Customers", Thousands(segment.customers),
             Percent(segment.customer_share) + " of all");
  AppendFact(page, "Revenue", Money(data.currency, segment.spend),
             Percent(segment.spend_share) + " of all");
  page->Raw("</dl>");
  AppendMedians(page, data, segment);
  AppendMonths(page, data, segment, i);
  AppendProducts(page, data, segment);
  AppendCountries(page, segment);
  page->Element("p", "quiet",
                fmt::format("Silhouette {} · {}",
                            std::isfinite(segment.silhouette) ? Decimal(segment.silhouette, 3)
                                                              : "not measured",
                            Counted(segment.outliers, "outlier", "outliers")));
  page->Raw("</article>");
}

}  // namespace

void AppendSegmentCards(HtmlPage* page, const ReportData& data) {
  page->Raw("<section id=\"segments\"><h2>Who the customers are</h2>");
  if (data.profiles.segments.empty()) page->Element("p", "quiet", "Not measured.");
  page->Raw("<div class=\"cards\">");
  for (size_t i = 0; i < data.profiles.segments.size(); ++i) AppendCard(page, data, i);
  page->Raw("</div></section>");
}

}  // namespace cairn::pipeline
