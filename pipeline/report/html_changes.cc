#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "absl/strings/str_split.h"
#include "pipeline/report/calendar_text.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/percentile_rank.h"
#include "pipeline/report/html_parts.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

int64_t MovedCustomers(const Migration& migration, size_t row, size_t column) {
  if (row >= migration.customers.size() || column >= migration.customers[row].size()) return 0;
  return migration.customers[row][column];
}

double MovedSpend(const Migration& migration, size_t row, size_t column) {
  if (row >= migration.spend.size()) return std::nan("");
  return ValueAt(migration.spend[row], column);
}

int64_t InColumn(const Migration& migration, size_t column) {
  int64_t customers = 0;
  for (size_t row = 0; row <= migration.before.size(); ++row) {
    customers += MovedCustomers(migration, row, column);
  }
  return customers;
}

// `models/customer-segments/versions/7` is `version 7 of customer-segments`; any other name is as
// it is.
std::string VersionWords(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[0] != "models" || parts[2] != "versions") return name;
  return fmt::format("version {} of {}", parts[3], parts[1]);
}

// The largest group that went from one segment to one of another name; empty where none did.
std::string LargestMove(const ReportData& data) {
  const Migration& migration = *data.migration;
  int64_t most = 0;
  std::string text;
  for (size_t row = 0; row < migration.before.size(); ++row) {
    for (size_t column = 0; column < migration.after.size(); ++column) {
      const int64_t customers = MovedCustomers(migration, row, column);
      if (customers <= most || migration.before[row] == migration.after[column]) continue;
      most = customers;
      text = fmt::format(" The largest move: {} with {} of revenue from “{}” to “{}”.",
                         Counted(customers, "customer", "customers"),
                         Money(data.currency, MovedSpend(migration, row, column)),
                         migration.before[row], migration.after[column]);
    }
  }
  return text;
}

std::string JoinedNames(const std::vector<std::string>& names,
                        const std::vector<std::string>& others) {
  const std::set<std::string> known(others.begin(), others.end());
  std::string text;
  for (const std::string& name : names) {
    if (known.count(name) == 0) text += fmt::format("{}“{}”", text.empty() ? "" : ", ", name);
  }
  return text;
}

// Names that only one of the versions has: whoever was in such a segment cannot have stayed.
void AppendNames(HtmlPage* page, const Migration& migration) {
  const std::string now = JoinedNames(migration.after, migration.before);
  const std::string gone = JoinedNames(migration.before, migration.after);
  if (!now.empty()) page->Element("p", "", fmt::format("New segments: {}.", now));
  if (!gone.empty()) page->Element("p", "", fmt::format("Segments no longer there: {}.", gone));
}

TableRow MigrationRow(const ReportData& data, size_t row, std::string name, size_t columns) {
  const Migration& migration = *data.migration;
  TableRow cells = {{std::move(name)}};
  for (size_t column = 0; column < columns; ++column) {
    std::string text = Thousands(MovedCustomers(migration, row, column));
    if (const double spend = MovedSpend(migration, row, column); spend != 0) {
      text += " · " + CompactMoney(data.currency, spend);
    }
    cells.cells.push_back(std::move(text));
  }
  return cells;
}

void AppendMigrationTable(HtmlPage* page, const ReportData& data) {
  const Migration& migration = *data.migration;
  std::vector<TableColumn> columns = {{"From"}};
  for (const std::string& name : migration.after) columns.push_back({"To " + name, true});
  const bool left = InColumn(migration, migration.after.size()) > 0;
  if (left) columns.push_back({"No longer there", true});
  std::vector<TableRow> rows;
  for (size_t i = 0; i <= migration.before.size(); ++i) {
    const bool last = i == migration.before.size();
    rows.push_back(
        MigrationRow(data, i, last ? "New customers" : migration.before[i], columns.size() - 1));
  }
  AppendTable(page, "Customers and their revenue", columns, rows);
}

struct Rule {
  std::string_view what;
  std::string_view within;  // In a sentence.
  double hit_rate = 0;
};

std::array<Rule, 3> Rules(const RecommendationQuality& quality) {
  return {{{"The segment's best-selling products", "the segment's best-sellers",
            quality.segment_hit_rate},
           {"Everybody's best-selling products", "everybody's best-sellers",
            quality.popularity_hit_rate},
           {"Products bought with the customer's own",
            "products that others bought with the customer's own", quality.item_hit_rate}}};
}

const Rule& BestRule(const std::array<Rule, 3>& rules) {
  return *std::max_element(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
    return std::isfinite(b.hit_rate) && !(a.hit_rate >= b.hit_rate);
  });
}

void AppendRules(HtmlPage* page, const ReportData& data) {
  const RecommendationQuality& quality = *data.recommendations;
  const std::array<Rule, 3> rules = Rules(quality);
  const double best = BestRule(rules).hit_rate;
  page->Element("p", "", RecommendationSentence(data));
  std::vector<TableRow> rows;
  for (const Rule& rule : rules) {
    rows.push_back({{std::string(rule.what), Percent(rule.hit_rate)}, rule.hit_rate == best});
  }
  const std::vector<TableColumn> columns = {{"What is recommended"}, {"Hit rate", true}};
  AppendTable(page, "Hit rate of three recommendations", columns, rows);
  page->Element(
      "p", "quiet",
      fmt::format("Learned from what was sold before {}, tested from then on with the {} "
                  "that bought something new: of how many was one of three "
                  "recommendations bought?",
                  DayText(quality.split_day), Counted(quality.customers, "customer", "customers")));
}

// Rank of the segment's median among all customers, NaN without the feature.
struct Typical {
  double value = std::nan("");
  double rank = std::nan("");
};

Typical TypicalOf(const ReportData& data, const SegmentProfile& segment, std::string_view feature) {
  const auto& names = data.profiles.feature_names;
  const auto found = std::find(names.begin(), names.end(), feature);
  const auto place = static_cast<size_t>(found - names.begin());
  if (place >= segment.features.size()) return {};
  const double median = segment.features[place].median;
  return {median, PercentileRank(data, place, median)};
}

// What the figures suggest. "Lapsed" as in segment_names.h.
std::pair<std::string, std::string> AimOf(const ReportData& data, const SegmentProfile& segment) {
  const Typical days = TypicalOf(data, segment, "Days_Since_Last_Purchase");
  const Typical orders = TypicalOf(data, segment, "Total_Transactions");
  const std::string ago = Counted(std::llround(days.value), "day", "days");
  const bool lapsed = days.rank >= 0.65 && days.value >= 30;
  const bool once = orders.value <= 1;
  if (lapsed && once) {
    return {"Win a second purchase",
            fmt::format("Half bought once only, half have not bought for {} or more.", ago)};
  }
  if (lapsed) return {"Win back", fmt::format("Half have not bought for {} or more.", ago)};
  if (once) return {"Win a second purchase", "Half bought once only."};
  if (segment.spend_share > segment.customer_share) {
    return {"Keep", fmt::format("{} of the customers bring {} of the revenue.",
                                Percent(segment.customer_share), Percent(segment.spend_share))};
  }
  return {"Have them buy more often",
          fmt::format("They still buy, but bring {} of the revenue with {} of the customers.",
                      Percent(segment.spend_share), Percent(segment.customer_share))};
}

void AppendAims(HtmlPage* page, const ReportData& data) {
  std::vector<TableRow> rows;
  for (size_t i = 0; i < data.profiles.segments.size(); ++i) {
    const SegmentProfile& segment = data.profiles.segments[i];
    if (segment.customers == 0) continue;
    const auto customers = static_cast<double>(segment.customers);
    const double order = TypicalOf(data, segment, "Average_Transaction_Value").value;
    const auto [aim, why] = AimOf(data, segment);
    rows.push_back(
        {{SegmentLabel(data, i, 60), aim, why, WholeMoney(data.currency, segment.spend / customers),
          WholeMoney(data.currency, customers * 0.1 * order)}});
  }
  if (rows.empty()) return;
  const std::vector<TableColumn> columns = {{"Segment"},
                                            {"Aim"},
                                            {"Why", false, true},
                                            {"Revenue per customer", true},
                                            {"If one in ten buys once more", true}};
  AppendTable(page, "An aim for each segment", columns, rows);
  page->Element(
      "p", "quiet",
      "Aims follow from the figures by a fixed rule and have not been tried on customers. "
      "The last column is a tenth of the customers times the segment's median "
      "transaction: a size to compare with what a campaign costs, no forecast.");
}

}  // namespace

std::string AimsSentence(const ReportData& data) {
  std::string text;
  for (size_t i = 0; i < data.profiles.segments.size(); ++i) {
    const SegmentProfile& segment = data.profiles.segments[i];
    if (segment.customers == 0) continue;
    std::string aim = AimOf(data, segment).first;
    aim.front() = static_cast<char>(aim.front() - 'A' + 'a');
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", SegmentLabel(data, i, 60), aim);
  }
  return text.empty() ? text : text + ".";
}

std::string MigrationSentence(const ReportData& data) {
  if (!data.migration) return "";
  const double stayed = data.migration->same_segment_share;
  if (!std::isfinite(stayed)) return "No customer is in both versions.";
  return fmt::format("{} of the customers in both versions are in the segment of the same name.",
                     Percent(stayed)) +
         LargestMove(data);
}

std::string RecommendationSentence(const ReportData& data) {
  if (!data.recommendations) return "";
  const std::array<Rule, 3> rules = Rules(*data.recommendations);
  const Rule& best = BestRule(rules);
  const Rule& segment = rules[0];
  const Rule& popular = rules[1];
  if (!std::isfinite(best.hit_rate)) return "No customer bought anything new after the split.";
  std::string text = fmt::format("Of the rules that were tested, {} hit most often, with {}.",
                                 best.within, Percent(best.hit_rate));
  if (!std::isfinite(segment.hit_rate) || &best == &segment) return text;
  text += fmt::format(" The segment's best-sellers hit with {}", Percent(segment.hit_rate));
  if (segment.hit_rate < popular.hit_rate) {
    return text + fmt::format(
                      ", less than everybody's best-sellers with {}: segments are no good "
                      "guide to what to offer.",
                      Percent(popular.hit_rate));
  }
  return text + ".";
}

void AppendMigrationSection(HtmlPage* page, const ReportData& data,
                            std::span<const ChartFile> charts) {
  if (!data.migration) return;
  page->Raw("<section id=\"migration\"><h2>Who moved</h2>");
  page->Element("p", "",
                fmt::format("Compared with {}: {}", VersionWords(data.migration->from),
                            MigrationSentence(data)));
  AppendNames(page, *data.migration);
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "migration",
               "Left: the segments before; right: those now. A band is as high as its customers "
               "are many; the table below has their revenue.",
               true);
  page->Raw("</div>");
  AppendMigrationTable(page, data);
  page->Raw("</section>");
}

void AppendActionSection(HtmlPage* page, const ReportData& data) {
  page->Raw("<section id=\"recommendations\"><h2>What to do</h2>");
  AppendAims(page, data);
  page->Raw("<h3>What to offer</h3>");
  if (data.recommendations) {
    AppendRules(page, data);
  } else {
    AppendNothing(page, "No recommendations were tested.");
  }
  page->Raw("</section>");
}

}  // namespace cairn::pipeline
