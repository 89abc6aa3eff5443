#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/sweep_axes.h"
#include "pipeline/report/feature_text.h"
#include "pipeline/report/html_parts.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kVisibleRuns = 12;

void AppendNothing(HtmlPage* page, std::string_view why) {
  page->Raw("<p class=\"quiet\">Not measured. ").Text(why).Raw("</p>");
}

std::string StepCounts(const QualityStep& step) {
  std::string text;
  for (const auto& [name, count] : step.counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", MetricLabel(name), Thousands(count));
  }
  return text;
}

double MetricOfRun(const SweepLine& line, const std::string& key) {
  const auto found = line.metrics.find(key);
  return found == line.metrics.end() ? std::nan("") : found->second;
}

// The chosen run first, then by silhouette; runs without one last.
std::vector<size_t> LeaderboardOrder(const std::vector<SweepLine>& sweep) {
  std::vector<size_t> order(sweep.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto key = [&](size_t i) {
    const double silhouette = MetricOfRun(sweep[i], "silhouette");
    return std::pair(sweep[i].chosen, std::isfinite(silhouette) ? silhouette : -2.0);
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) > key(b); });
  return order;
}

std::string RunMark(const SweepLine& line) {
  if (line.chosen) return "chosen";
  return line.version ? "model version" : "";
}

TableRow MigrationRow(const Migration& migration, size_t row, std::string name,
                      const std::string& currency) {
  TableRow cells = {{std::move(name)}};
  for (size_t column = 0; column <= migration.after.size(); ++column) {
    std::string text(kNotMeasured);
    if (row < migration.customers.size() && column < migration.customers[row].size()) {
      text = Thousands(migration.customers[row][column]);
    }
    if (row < migration.spend.size() && column < migration.spend[row].size()) {
      text += " · " + CompactMoney(currency, migration.spend[row][column]);
    }
    cells.cells.push_back(std::move(text));
  }
  return cells;
}

TableRow TotalCosts(const std::vector<CostLine>& costs, const std::string& currency, bool priced) {
  double seconds = 0;
  double cpu = 0;
  double read = 0;
  double stored = 0;
  double sent = 0;
  double money = 0;
  for (const CostLine& line : costs) {
    seconds += line.seconds;
    cpu += line.cpu_seconds;
    read += static_cast<double>(line.bytes_read);
    stored += static_cast<double>(line.bytes_stored);
    sent += static_cast<double>(line.bytes_transferred);
    money += line.money;
  }
  const auto bytes = [](double value) {
    return Bytes(static_cast<int64_t>(std::clamp(value, 0.0, 9e18)));
  };
  TableRow row = {
      {"Together", Seconds(seconds), Seconds(cpu), bytes(read), bytes(stored), bytes(sent)}, true};
  if (priced) row.cells.push_back(Money(currency, money));
  return row;
}

}  // namespace

void AppendQualitySection(HtmlPage* page, const ReportData& data,
                          std::span<const ChartFile> charts) {
  page->Raw("<section id=\"data\"><h2>The data</h2><div class=\"figures\">");
  AppendFigure(page, charts, "cleaning", "Each stage in order; shares are of what came into it.");
  AppendFigure(page, charts, "variance", "Components that are kept are coloured.");
  page->Raw("</div>");
  std::vector<TableRow> rows;
  for (const QualityStep& step : data.quality) {
    const double lost_rows = static_cast<double>(step.rows_in) - static_cast<double>(step.rows_out);
    rows.push_back({{step.stage, step.rule, Thousands(step.rows_in), Decimal(lost_rows, 0),
                     Thousands(step.rows_out), Money(data.currency, step.spend_in - step.spend_out),
                     Money(data.currency, step.spend_out), StepCounts(step)}});
  }
  const std::vector<TableColumn> columns = {{"Stage"},
                                            {"Rule"},
                                            {"Rows in", true},
                                            {"Dropped", true},
                                            {"Rows out", true},
                                            {"Revenue dropped", true},
                                            {"Revenue left", true},
                                            {"Counts"}};
  if (rows.empty()) {
    AppendNothing(page, "No cleaning stages were recorded.");
  } else {
    AppendTable(page, "Cleaning: rows and revenue at each stage", columns, rows);
  }
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "correlation-pearson", "All customers, features in their own units.");
  AppendFigure(page, charts, "correlation-spearman", "All customers, by rank.");
  AppendFigure(page, charts, "correlation-prepared",
               "Training rows after scaling, without outliers.");
  page->Raw("</div></section>");
}

void AppendSelectionSection(HtmlPage* page, const ReportData& data,
                            std::span<const ChartFile> charts) {
  page->Raw("<section id=\"selection\"><h2>How many segments</h2>");
  page->Element("p", "", data.reason);
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "elbow", "Where more segments stop paying off.");
  AppendFigure(page, charts, "index-curves", "The run that stands for each k.");
  page->Raw("</div>");
  std::vector<TableRow> rows;
  for (const SelectionLine& line : data.selection) {
    const bool chosen = line.k == data.chosen_k;
    rows.push_back({{std::to_string(line.k), Decimal(line.inertia, 1), Decimal(line.silhouette, 4),
                     Decimal(line.davies_bouldin, 3), Decimal(line.calinski_harabasz, 1),
                     Percent(line.min_share), Decimal(line.stability, 3),
                     chosen          ? "chosen"
                     : line.eligible ? "eligible"
                                     : line.note},
                    chosen});
  }
  const std::vector<TableColumn> columns = {{"k"},
                                            {"Inertia", true},
                                            {"Silhouette", true},
                                            {"Davies-Bouldin", true},
                                            {"Calinski-Harabasz", true},
                                            {"Smallest share", true},
                                            {"Stability", true},
                                            {"Verdict"}};
  if (rows.empty()) {
    AppendNothing(page, "Only one k was trained.");
  } else {
    AppendTable(page, "Indices of the run that stands for each k", columns, rows);
  }
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "silhouettes", "", true);
  page->Raw("</div></section>");
}

void AppendSweepSection(HtmlPage* page, const ReportData& data, std::span<const ChartFile> charts) {
  page->Raw("<section id=\"sweep\"><h2>Training runs</h2><div class=\"figures\">");
  AppendFigure(page, charts, "sweep-parallel",
               "Where scripts run: drag along an axis to pick runs.", true, "live-sweep");
  page->Raw("</div>");
  if (data.sweep.empty()) {
    AppendNothing(page, "There was no sweep.");
    page->Raw("</section>");
    return;
  }
  const std::vector<SweepAxis> axes = SweepAxes(data);
  std::vector<TableColumn> columns = {{"Run"}};
  for (const SweepAxis& axis : axes) columns.push_back({axis.label, true});
  columns.push_back({"Outcome"});
  std::vector<TableRow> rows;
  for (const size_t i : LeaderboardOrder(data.sweep)) {
    const SweepLine& line = data.sweep[i];
    TableRow row = {{line.name}, line.chosen};
    for (const SweepAxis& axis : axes) {
      const bool seconds = axis.key == "seconds";
      row.cells.push_back(seconds ? Seconds(axis.values[i]) : Compact(axis.values[i]));
    }
    row.cells.push_back(RunMark(line));
    rows.push_back(std::move(row));
  }
  AppendTable(page, "Leaderboard, by silhouette", columns, rows, kVisibleRuns);
  page->Raw("</section>");
}

void AppendOutlierSection(HtmlPage* page, const ReportData& data,
                          std::span<const ChartFile> charts) {
  page->Raw("<section id=\"outliers\"><h2>Outliers</h2>");
  page->Element("p", "",
                fmt::format("{} were set aside for training and belong to their nearest segment.",
                            Counted(data.outlier_count, "customer", "customers")));
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "outliers", "The oddest customers; rest the pointer on a dot.");
  page->Raw("<div>");
  std::vector<TableRow> rows;
  for (const OutlierLine& line : data.outliers) {
    rows.push_back({{line.customer, Decimal(line.score, 3),
                     SegmentLabel(data, static_cast<size_t>(std::max(line.segment, 0)), 40),
                     Money(data.currency, line.spend), Thousands(line.transactions)}});
  }
  const std::vector<TableColumn> columns = {
      {"Customer"}, {"Score", true}, {"Nearest segment"}, {"Spend", true}, {"Transactions", true}};
  if (!rows.empty()) AppendTable(page, "The oddest customers", columns, rows, 10);
  page->Raw("</div></div></section>");
}

void AppendMigrationSection(HtmlPage* page, const ReportData& data,
                            std::span<const ChartFile> charts) {
  page->Raw("<section id=\"migration\"><h2>Since the version before</h2>");
  if (!data.migration) {
    AppendNothing(page, "There is no version before this one.");
    page->Raw("</section>");
    return;
  }
  const Migration& migration = *data.migration;
  page->Element(
      "p", "",
      fmt::format("Compared with {}: {} of the customers in both are in the same segment.",
                  migration.from, Percent(migration.same_segment_share)));
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "migration", "Rest the pointer on a band for customers and money.");
  page->Raw("<div>");
  std::vector<TableColumn> columns = {{"From"}};
  for (const std::string& name : migration.after) columns.push_back({name, true});
  columns.push_back({"No longer there", true});
  std::vector<TableRow> rows;
  for (size_t i = 0; i < migration.before.size(); ++i) {
    rows.push_back(MigrationRow(migration, i, migration.before[i], data.currency));
  }
  rows.push_back(MigrationRow(migration, migration.before.size(), "New customers", data.currency));
  AppendTable(page, "Customers and their revenue, from the segments before to those now", columns,
              rows);
  page->Raw("</div></div></section>");
}

void AppendRecommendationSection(HtmlPage* page, const ReportData& data) {
  page->Raw("<section id=\"recommendations\"><h2>Recommendations</h2>");
  if (!data.recommendations) {
    AppendNothing(page, "No recommendations were tested.");
    page->Raw("</section>");
    return;
  }
  const RecommendationQuality& quality = *data.recommendations;
  page->Element(
      "p", "",
      fmt::format("Learned from what was sold before {}, tested from then on with the {} "
                  "that bought something new: of how many was one of three "
                  "recommendations bought?",
                  quality.split_day, Counted(quality.customers, "customer", "customers")));
  const std::vector<TableRow> rows = {
      {{"The segment's best-selling products", Percent(quality.segment_hit_rate)}, true},
      {{"Everybody's best-selling products", Percent(quality.popularity_hit_rate)}},
      {{"Products bought with the customer's own", Percent(quality.item_hit_rate)}}};
  const std::vector<TableColumn> columns = {{"What is recommended"}, {"Hit rate", true}};
  AppendTable(page, "Hit rate of three recommendations", columns, rows);
  page->Raw("</section>");
}

void AppendCostSection(HtmlPage* page, const ReportData& data, std::span<const ChartFile> charts) {
  page->Raw("<section id=\"costs\"><h2>Costs</h2>");
  if (data.costs.empty()) {
    AppendNothing(page, "No costs were recorded.");
    page->Raw("</section>");
    return;
  }
  const bool priced = std::any_of(data.costs.begin(), data.costs.end(),
                                  [](const CostLine& line) { return line.money > 0; });
  std::vector<TableColumn> columns = {{"Stage"},      {"Wall time", true}, {"Processor", true},
                                      {"Read", true}, {"Stored", true},    {"Sent", true}};
  if (priced) columns.push_back({"Money", true});
  std::vector<TableRow> rows;
  for (const CostLine& line : data.costs) {
    rows.push_back({{line.stage + (line.cached ? " (cached)" : ""), Seconds(line.seconds),
                     Seconds(line.cpu_seconds), Bytes(line.bytes_read), Bytes(line.bytes_stored),
                     Bytes(line.bytes_transferred)}});
    if (priced) rows.back().cells.push_back(Money(data.currency, line.money));
  }
  rows.push_back(TotalCosts(data.costs, data.currency, priced));
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "costs", "");
  page->Raw("<div>");
  AppendTable(page, "What each stage took", columns, rows);
  page->Raw("</div></div></section>");
}

void AppendLineageSection(HtmlPage* page, const ReportData& data) {
  page->Raw("<section id=\"lineage\"><h2>Where this comes from</h2><dl class=\"lineage\">");
  const auto fact = [&](std::string_view name, std::string_view value) {
    page->Raw("<dt>").Text(name).Raw("</dt><dd>").Text(value.empty() ? kNotMeasured : value);
    page->Raw("</dd>");
  };
  fact("Input", data.input);
  fact("SHA-256 of the input", data.input_sha256);
  fact("Features", data.preset);
  fact("Run", data.run.empty() ? "not registered" : data.run);
  fact("Model version", data.version.empty() ? "none" : data.version);
  fact("Made by", data.producer);
  page->Raw("</dl></section>");
}

}  // namespace cairn::pipeline
