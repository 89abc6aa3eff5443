#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "absl/strings/str_split.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/sweep_axes.h"
#include "pipeline/report/feature_text.h"
#include "pipeline/report/html_parts.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kVisibleRuns = 12;

std::string StepCounts(const QualityStep& step) {
  std::string text;
  for (const auto& [name, count] : step.counts) {
    const bool bytes = name.ends_with("_bytes");
    const std::string label = bytes ? name.substr(0, name.size() - 6) : MetricLabel(name);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", label,
                        bytes ? Bytes(count) : Thousands(count));
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

// As in the table of k.
std::string AxisText(const std::string& key, double value) {
  if (key == "seconds") return Decimal(value, 3);
  if (key == "min_cluster_share") return Percent(value);
  if (key == "silhouette") return Decimal(value, 4);
  if (key == "davies_bouldin") return Decimal(value, 3);
  if (key == "calinski_harabasz" || key == "inertia") return Decimal(value, 1);
  return Compact(value);
}

std::set<std::string> ParametersOf(const std::string& name) {
  return absl::StrSplit(name, ',', absl::SkipEmpty());
}

// The parts `name=value` that are in the names of all runs; nothing where there is a single one.
std::set<std::string> SharedParameters(const std::vector<SweepLine>& sweep) {
  if (sweep.size() < 2) return {};
  std::set<std::string> shared = ParametersOf(sweep.front().name);
  for (const SweepLine& line : sweep) {
    const std::set<std::string> parts = ParametersOf(line.name);
    std::erase_if(shared, [&](const std::string& part) { return parts.count(part) == 0; });
  }
  return shared;
}

// What tells a run from the others; its name as it is where nothing does.
std::string ShortRunName(const std::string& name, const std::set<std::string>& shared) {
  std::vector<std::string> parts = absl::StrSplit(name, ',', absl::SkipEmpty());
  std::erase_if(parts, [&](const std::string& part) { return shared.count(part) != 0; });
  return parts.empty() ? name : fmt::format("{}", fmt::join(parts, ", "));
}

std::string RunMark(const SweepLine& line) {
  if (line.chosen) return "chosen";
  return line.version ? "model version" : "";
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
  AppendFigure(
      page, charts, "cleaning",
      "Each stage in order: rows and revenue that it took away, as shares of what came into it.",
      true);
  page->Raw("</div>");
  std::vector<TableRow> rows;
  for (const QualityStep& step : data.quality) {
    const double lost_rows = static_cast<double>(step.rows_in) - static_cast<double>(step.rows_out);
    rows.push_back(
        {{StageLabel(step.stage), step.rule, Thousands(step.rows_in), Decimal(lost_rows, 0),
          Thousands(step.rows_out), WholeMoney(data.currency, step.spend_in - step.spend_out),
          WholeMoney(data.currency, step.spend_out), StepCounts(step)}});
  }
  const std::vector<TableColumn> columns = {{"Stage"},
                                            {"Rule", false, true},
                                            {"Rows in", true},
                                            {"Dropped", true},
                                            {"Rows out", true},
                                            {"Revenue dropped", true},
                                            {"Revenue left", true},
                                            {"Counts", false, true}};
  if (rows.empty()) {
    AppendNothing(page, "No cleaning stages were recorded.");
  } else {
    AppendTable(page, "Cleaning: rows and revenue at each stage", columns, rows);
  }
  page->Raw("<div class=\"figures\">");
  AppendFigure(
      page, charts, "correlation-pearson",
      "All customers, features in their own units. Blue pairs rise together, orange ones in "
      "opposite directions.");
  AppendFigure(page, charts, "correlation-spearman",
               "The same by rank: large customers weigh no more than small ones.");
  AppendFigure(page, charts, "correlation-prepared",
               "Training rows after scaling, without outliers: what the segments were made from.");
  AppendFigure(page, charts, "variance",
               "How much of the differences between customers each component holds. Those left of "
               "the dashed line are what segments are made from.");
  page->Raw("</div></section>");
}

void AppendSelectionSection(HtmlPage* page, const ReportData& data,
                            std::span<const ChartFile> charts) {
  page->Raw("<section id=\"selection\"><h2>How many segments</h2>");
  page->Element("p", "reason", data.reason);
  page->Raw("<div class=\"figures\">");
  AppendFigure(
      page, charts, "elbow",
      "The lower, the closer customers are to their segment; with more segments it always falls. "
      "From the knee on it falls slowly.");
  AppendFigure(page, charts, "index-curves",
               "Of the training rows, which leave outliers out. The sentence above says which of "
               "them decided; where another would choose otherwise, look at both.");
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
                                            {"Verdict", false, true}};
  if (rows.empty()) {
    AppendNothing(page, "Only one k was trained.");
  } else {
    AppendTable(page, "Indices of the run that stands for each k", columns, rows);
  }
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "silhouettes",
               "The longer a blade, the better its customers belong together.", true);
  page->Raw("</div></section>");
}

void AppendSweepSection(HtmlPage* page, const ReportData& data, std::span<const ChartFile> charts) {
  page->Raw("<section id=\"sweep\"><h2>Training runs</h2><div class=\"figures\">");
  AppendFigure(
      page, charts, "sweep-parallel",
      "Each line is one training run through its figures; the thick one is the chosen run.", true,
      "live-sweep", "Drag along an axis to pick runs.");
  page->Raw("</div>");
  if (data.sweep.empty()) {
    AppendNothing(page, "There was no sweep.");
    page->Raw("</section>");
    return;
  }
  const std::vector<SweepAxis> axes = SweepAxes(data);
  const std::set<std::string> shared = SharedParameters(data.sweep);
  std::vector<TableColumn> columns = {{"Run"}};
  for (const SweepAxis& axis : axes) columns.push_back({axis.label, true});
  columns.push_back({"Outcome"});
  std::vector<TableRow> rows;
  for (const size_t i : LeaderboardOrder(data.sweep)) {
    const SweepLine& line = data.sweep[i];
    TableRow row = {{ShortRunName(line.name, shared)}, line.chosen};
    for (const SweepAxis& axis : axes) row.cells.push_back(AxisText(axis.key, axis.values[i]));
    row.cells.push_back(RunMark(line));
    rows.push_back(std::move(row));
  }
  if (!shared.empty()) {
    page->Element("p", "quiet", fmt::format("The same in all runs: {}.", fmt::join(shared, ", ")));
  }
  AppendTable(page, "Leaderboard: the chosen run, then by silhouette", columns, rows, kVisibleRuns);
  page->Raw("</section>");
}

void AppendOutlierSection(HtmlPage* page, const ReportData& data,
                          std::span<const ChartFile> charts) {
  page->Raw("<section id=\"outliers\"><h2>Outliers</h2>");
  page->Element("p", "",
                fmt::format("{} set aside for training and counted in the nearest segment.",
                            Counted(data.outlier_count, "customer was", "customers were")));
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "outliers",
               "Each dot is a customer; the further left, the less like the others.");
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
    rows.push_back({{StageLabel(line.stage) + (line.cached ? " (cached)" : ""),
                     Seconds(line.seconds), Seconds(line.cpu_seconds), Bytes(line.bytes_read),
                     Bytes(line.bytes_stored), Bytes(line.bytes_transferred)}});
    if (priced) rows.back().cells.push_back(Money(data.currency, line.money));
  }
  rows.push_back(TotalCosts(data.costs, data.currency, priced));
  page->Raw("<div class=\"figures\">");
  AppendFigure(page, charts, "costs",
               "Processor time of each stage; grey bars were taken from the cache.");
  page->Raw("<div>");
  AppendTable(page, "What each stage took", columns, rows);
  page->Raw("</div></div></section>");
}

void AppendLineageSection(HtmlPage* page, const ReportData& data) {
  page->Raw("<section id=\"lineage\"><h2>Where this comes from</h2><dl class=\"lineage\">");
  const auto fact = [&](std::string_view name, std::string_view value) {
    page->Raw("<dt>").Text(name).Raw("</dt><dd>").Text(value.empty() ? kNotMeasuredText : value);
    page->Raw("</dd>");
  };
  fact("Input", data.input);
  fact("SHA-256 of the input", data.input_sha256);
  fact("Features", data.preset);
  // The page is drawn before a run is registered: that it names none does not mean there is none.
  if (!data.run.empty()) fact("Run", data.run);
  if (!data.version.empty()) fact("Model version", data.version);
  fact("Compared with", data.migration ? data.migration->from : "no version before this one");
  fact("Made by", data.producer);
  page->Raw("</dl></section>");
}

}  // namespace cairn::pipeline
