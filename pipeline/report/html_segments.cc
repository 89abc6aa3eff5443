#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/percentile_rank.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/feature_text.h"
#include "pipeline/report/html_parts.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMediansOfCard = 5;
constexpr size_t kProductsOfCard = 5;

void AppendFact(HtmlPage* page, std::string_view name, std::string_view value,
                std::string_view more = {}) {
  page->Raw("<div><dt>").Text(name).Raw("</dt><dd>").Text(value);
  page->Element("small", "", more);
  page->Raw("</dd></div>");
}

// The features in which a segment stands out most, by rank of its median among all customers.
std::vector<std::pair<size_t, double>> TellingFeatures(const ReportData& data,
                                                       const SegmentProfile& segment) {
  std::vector<std::pair<size_t, double>> ranks;
  const size_t features = std::min(
      {segment.features.size(), data.profiles.features.size(), data.profiles.feature_names.size()});
  for (size_t i = 0; i < features; ++i) {
    const double rank = PercentileRank(data, i, segment.features[i].median);
    if (std::isfinite(rank)) ranks.emplace_back(i, rank);
  }
  std::stable_sort(ranks.begin(), ranks.end(), [](const auto& a, const auto& b) {
    return std::abs(a.second - 0.5) > std::abs(b.second - 0.5);
  });
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
    const auto text = [&](double value) { return FeatureValue(name, value, data.currency); };
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
  page->Raw("<h4>Best-selling products</h4><ol>");
  for (size_t i = 0; i < std::min(kProductsOfCard, segment.products.size()); ++i) {
    const ProductFigures& product = segment.products[i];
    page->Raw("<li>").Text(product.description.empty() ? product.code : product.description);
    page->Element("small", "",
                  fmt::format(" {} sold, {}", Thousands(product.quantity),
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
  page->Raw("<h4>Revenue by month</h4>").Raw(WithoutStyle(MonthsSparkline(segment, i)));
  AppendProducts(page, data, segment);
  AppendCountries(page, segment);
  page->Element("p", "quiet",
                fmt::format("Silhouette {}; {} among them",
                            std::isfinite(segment.silhouette) ? Decimal(segment.silhouette, 3)
                                                              : "not measured",
                            Counted(segment.outliers, "outlier", "outliers")));
  page->Raw("</article>");
}

}  // namespace

void AppendHeader(HtmlPage* page, const ReportData& data) {
  const SegmentProfiles& profiles = data.profiles;
  page->Raw("<header class=\"top\"><div><h1>")
      .Text(data.title.empty() ? "Customer segments" : data.title)
      .Raw("</h1>");
  page->Element("p", "source",
                fmt::format("{}, {} to {}", data.input.empty() ? "Transactions" : data.input,
                            profiles.first_day.empty() ? kNotMeasured : profiles.first_day,
                            profiles.last_day.empty() ? kNotMeasured : profiles.last_day));
  page->Raw("</div><button id=\"theme\" type=\"button\" hidden>Light or dark</button></header>");
  page->Raw("<dl class=\"facts\">");
  AppendFact(page, "Customers", Thousands(profiles.customers));
  AppendFact(page, "Revenue", Money(data.currency, profiles.spend), "cancelled lines subtracted");
  AppendFact(page, "Invoices", Thousands(profiles.invoices),
             Counted(profiles.lines, "line", "lines"));
  AppendFact(page, "Segments",
             Thousands(data.chosen_k > 0 ? data.chosen_k
                                         : static_cast<int64_t>(profiles.segments.size())));
  AppendFact(page, "Outliers", Thousands(data.outlier_count), "counted in their nearest segment");
  page->Raw("</dl>");
  if (!data.reason.empty()) {
    page->Raw("<p class=\"reason\"><strong>")
        .Text(fmt::format("Why {} segments: ", data.chosen_k))
        .Raw("</strong>")
        .Text(data.reason)
        .Raw("</p>");
  }
}

void AppendSegmentCards(HtmlPage* page, const ReportData& data) {
  page->Raw("<section id=\"segments\"><h2>Segments</h2>");
  if (data.profiles.segments.empty()) page->Element("p", "quiet", "Not measured.");
  page->Raw("<div class=\"cards\">");
  for (size_t i = 0; i < data.profiles.segments.size(); ++i) AppendCard(page, data, i);
  page->Raw("</div></section>");
}

}  // namespace cairn::pipeline
