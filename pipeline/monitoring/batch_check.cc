#include "pipeline/monitoring/batch_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include "lib/clustering/scaler.h"
#include "pipeline/data/dates.h"

namespace cairn::pipeline {
namespace {

using Figure = double (*)(const BatchFigures&);

double MedianOf(std::span<const BatchFigures> batches, Figure figure) {
  std::vector<double> values;
  for (const BatchFigures& batch : batches) values.push_back(figure(batch));
  return clustering::Percentile(values, 50);
}

// The number in an invoice, behind the letter that some begin with; nothing for any other text.
std::optional<int64_t> InvoiceNumber(std::string_view invoice) {
  if (!invoice.empty() && std::isalpha(static_cast<unsigned char>(invoice[0])) != 0) {
    invoice.remove_prefix(1);
  }
  int64_t number = 0;
  const char* const end = invoice.data() + invoice.size();
  const auto [stop, error] = std::from_chars(invoice.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

double DensityOf(const TransactionTable& batch, const std::unordered_set<uint32_t>& invoices) {
  std::set<int64_t> numbers;
  for (const uint32_t code : invoices) {
    const auto number = InvoiceNumber(batch.columns().invoice.dictionary->at(code));
    if (!number) return 0;
    numbers.insert(*number);
  }
  return static_cast<double>(numbers.size()) /
         (static_cast<double>(*numbers.rbegin()) - static_cast<double>(*numbers.begin()) + 1);
}

class Checker {
 public:
  Checker(const BatchFigures& batch, std::span<const BatchFigures> before, BatchReport* report)
      : batch_(batch), before_(before), report_(report) {}

  // The figure against the median before, as a ratio.
  void Ratio(std::string_view check, std::string_view words, Figure figure, double least,
             double most) {
    const double expected = MedianOf(before_, figure);
    const double observed = figure(batch_);
    if (!(expected > 0)) return;
    const double ratio = observed / expected;
    if (ratio >= least && ratio <= most) return;
    const std::string limit =
        ratio < least ? fmt::format("at least {:.2g}", least) : fmt::format("at most {:.2g}", most);
    Add(check, observed, expected,
        fmt::format("{:.4g} {} where {:.4g} are usual: {:.2g} times as many, {} is expected",
                    observed, words, expected, ratio, limit));
  }

  // A share against the median before, as a difference.
  void Change(std::string_view check, std::string_view words, Figure figure, double most) {
    const double expected = MedianOf(before_, figure);
    const double observed = figure(batch_);
    if (std::abs(observed - expected) <= most) return;
    Add(check, observed, expected,
        fmt::format("{:.1f} % {} where {:.1f} % are usual; a change of {:.0f} points is allowed",
                    100 * observed, words, 100 * expected, 100 * most));
  }

  void NewCountries(std::span<const BatchFigures> all_before, double most) {
    std::set<std::string_view> known;
    for (const BatchFigures& batch : all_before) {
      for (const auto& [country, rows] : batch.country_rows) known.insert(country);
    }
    int64_t rows = 0;
    std::pair<std::string, int64_t> largest;
    for (const auto& [country, count] : batch_.country_rows) {
      if (known.count(country) > 0) continue;
      rows += count;
      if (count > largest.second) largest = {country, count};
    }
    const double share = static_cast<double>(rows) / static_cast<double>(batch_.rows);
    if (share <= most) return;
    Add("new_country_share", share, most,
        fmt::format(
            "{:.1f} % of the rows are from countries never seen before, most from {}; {:.0f}"
            " % are allowed",
            100 * share, largest.first, 100 * most));
  }

 private:
  void Add(std::string_view check, double observed, double expected, std::string says) {
    report_->findings.push_back({std::string(check), observed, expected, std::move(says)});
    report_->verdict = DriftVerdict::kBroken;
  }

  const BatchFigures& batch_;
  const std::span<const BatchFigures> before_;
  BatchReport* const report_;
};

}  // namespace

BatchFigures FiguresOf(const TransactionTable& batch, std::string name) {
  BatchFigures out;
  out.name = std::move(name);
  out.rows = static_cast<int64_t>(batch.rows());
  std::unordered_set<int64_t> days;
  std::unordered_set<uint32_t> invoices;
  std::vector<double> prices;
  std::vector<int64_t> countries(batch.columns().country.dictionary->size());
  int64_t missing = 0;
  int64_t cancelled = 0;
  for (size_t i = 0; i < batch.rows(); ++i) {
    const uint32_t row = batch.selection()[i];
    days.insert(DayOf(batch.time(i)));
    invoices.insert(batch.columns().invoice.code(row));
    prices.push_back(batch.unit_price(i));
    ++countries[batch.columns().country.code(row)];
    missing += batch.customer_id(i) == kMissingCustomer ? 1 : 0;
    cancelled += batch.invoice(i).starts_with('C') ? 1 : 0;
  }
  const auto rows = static_cast<double>(out.rows);
  out.trading_days = static_cast<int64_t>(days.size());
  out.invoices = static_cast<int64_t>(invoices.size());
  out.rows_per_day = rows / static_cast<double>(days.size());
  out.lines_per_invoice = rows / static_cast<double>(invoices.size());
  out.invoice_density = DensityOf(batch, invoices);
  out.median_price = clustering::Percentile(prices, 50);
  out.missing_customer_share = static_cast<double>(missing) / rows;
  out.cancelled_share = static_cast<double>(cancelled) / rows;
  for (uint32_t code = 0; code < countries.size(); ++code) {
    if (countries[code] == 0) continue;
    out.country_rows[std::string(batch.columns().country.dictionary->at(code))] += countries[code];
  }
  return out;
}

BatchReport CheckBatch(const BatchFigures& batch, std::span<const BatchFigures> before,
                       bool complete, const BatchLimits& limits) {
  BatchReport report{batch, {}, DriftVerdict::kStable};
  if (before.empty()) return report;
  const auto window =
      before.last(std::min(before.size(), static_cast<size_t>(std::max(limits.window, 1))));
  Checker checker(batch, window, &report);
  checker.Ratio(
      "rows_per_day", "rows a day", [](const BatchFigures& b) { return b.rows_per_day; },
      limits.rows_per_day_least, limits.rows_per_day_most);
  if (complete) {
    checker.Ratio(
        "trading_days", "days with sales",
        [](const BatchFigures& b) { return static_cast<double>(b.trading_days); },
        limits.trading_days_least, INFINITY);
  }
  checker.Ratio(
      "lines_per_invoice", "lines an invoice",
      [](const BatchFigures& b) { return b.lines_per_invoice; }, limits.lines_per_invoice_least,
      limits.lines_per_invoice_most);
  if (batch.invoice_density > 0) {
    checker.Ratio(
        "invoice_density", "of the invoice numbers are there",
        [](const BatchFigures& b) { return b.invoice_density; }, limits.invoice_density_least,
        INFINITY);
  }
  checker.Ratio(
      "median_price", "as the median price", [](const BatchFigures& b) { return b.median_price; },
      limits.median_price_least, limits.median_price_most);
  checker.Change(
      "missing_customer_share", "of the rows have no customer",
      [](const BatchFigures& b) { return b.missing_customer_share; },
      limits.missing_customer_change);
  checker.Change(
      "cancelled_share", "of the rows are cancelled",
      [](const BatchFigures& b) { return b.cancelled_share; }, limits.cancelled_change);
  checker.NewCountries(before, limits.new_country_share);
  return report;
}

}  // namespace cairn::pipeline
