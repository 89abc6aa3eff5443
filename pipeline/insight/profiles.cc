#include "pipeline/insight/profiles.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/parallel.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/parallel.h"
#include "pipeline/insight/best_sellers.h"
#include "pipeline/insight/feature_order.h"
#include "pipeline/insight/money.h"
#include "pipeline/insight/month_table.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kCountriesShown = 5;

absl::Status CheckOutliers(std::span<const int32_t> outlier_rows, size_t customers) {
  for (const int32_t row : outlier_rows) {
    if (row >= 0 && static_cast<size_t>(row) < customers) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, "outlier_rows", std::to_string(row),
                        fmt::format("must be a row of {} customers", customers));
  }
  return absl::OkStatus();
}

double ShareOf(double part, double whole) { return whole == 0 ? 0 : part / whole; }

void CountCustomers(std::span<const int32_t> segments, std::span<const int32_t> outlier_rows,
                    SegmentProfiles* out) {
  for (const int32_t segment : segments) ++out->segments[static_cast<size_t>(segment)].customers;
  for (const int32_t row : outlier_rows) {
    ++out->segments[static_cast<size_t>(segments[static_cast<size_t>(row)])].outliers;
  }
  for (SegmentProfile& segment : out->segments) {
    segment.customer_share =
        ShareOf(static_cast<double>(segment.customers), static_cast<double>(segments.size()));
  }
}

void CountTimes(const TransactionTable& table, std::span<const uint32_t> rows,
                SegmentProfile* out) {
  const std::vector<int64_t>& times = *table.columns().time;
  for (const uint32_t row : rows) {
    const int64_t day = DayOf(times[row]);
    ++out->weekdays[static_cast<size_t>(WeekdayOf(day))];
    ++out->hours[static_cast<size_t>((times[row] - day * kSecondsPerDay) / 3600)];
  }
}

// Without descriptions; those need all segments' products.
void TakeBestSellers(const TransactionTable& table, std::span<const ProductTotal> products,
                     SegmentProfile* out) {
  for (const ProductTotal& product : products) {
    out->products.push_back({std::string(table.columns().stock_code.dictionary->at(product.code)),
                             "", product.quantity, MoneyOf(product.units)});
  }
}

void Describe(const TransactionTable& table, const std::vector<std::vector<ProductTotal>>& best,
              SegmentProfiles* out) {
  const std::vector<std::string> descriptions = DescribeProducts(table, best);
  size_t next = 0;
  for (SegmentProfile& segment : out->segments) {
    for (ProductFigures& product : segment.products) product.description = descriptions[next++];
  }
}

// The most frequent country of each customer, counted by segment.
void CountCountries(const TransactionTable& table, const SegmentRows& rows,
                    std::span<const int32_t> segments, SegmentProfiles* out) {
  const DictionaryColumn& column = table.columns().country;
  ModeCounter counter(segments.size());
  for (size_t i = 0; i < table.rows(); ++i) {
    if (rows.customers[i] < 0) continue;
    counter.Add(static_cast<uint32_t>(rows.customers[i]), column.code(table.selection()[i]));
  }
  const std::vector<uint32_t> countries = counter.Modes(*column.dictionary);
  const size_t all = column.dictionary->size();
  std::vector<int64_t> counts(all * out->segments.size(), 0);
  for (size_t i = 0; i < segments.size(); ++i) {
    if (countries[i] == ModeCounter::kNone) continue;
    ++counts[static_cast<size_t>(segments[i]) * all + countries[i]];
  }
  for (size_t s = 0; s < out->segments.size(); ++s) {
    SegmentProfile& segment = out->segments[s];
    for (uint32_t code = 0; code < all; ++code) {
      const int64_t customers = counts[s * all + code];
      if (customers == 0) continue;
      segment.countries.push_back(
          {std::string(column.dictionary->at(code)), customers,
           ShareOf(static_cast<double>(customers), static_cast<double>(segment.customers))});
    }
    std::sort(segment.countries.begin(), segment.countries.end(),
              [](const CountryFigures& a, const CountryFigures& b) {
                return std::pair(-a.customers, std::string_view(a.country)) <
                       std::pair(-b.customers, std::string_view(b.country));
              });
    if (segment.countries.size() > kCountriesShown) segment.countries.resize(kCountriesShown);
  }
}

void TakeMonths(MonthTable months, SegmentProfiles* out) {
  out->first_day = std::move(months.first_day);
  out->last_day = std::move(months.last_day);
  out->invoices = months.invoices;
  out->spend = MoneyOf(months.units);
  out->months = std::move(months.whole);
  for (size_t s = 0; s < out->segments.size(); ++s) {
    SegmentProfile& segment = out->segments[s];
    segment.spend = MoneyOf(months.segment_units[s]);
    segment.spend_share = ShareOf(months.segment_units[s], months.units);
    segment.months = std::move(months.segments[s]);
  }
}

}  // namespace

absl::StatusOr<SegmentProfiles> ComputeProfiles(const TransactionTable& cleaned,
                                                const FeatureMatrix& features,
                                                std::span<const int32_t> segment_of_customer, int k,
                                                std::span<const int32_t> outlier_rows,
                                                int threads) {
  CAIRN_ASSIGN_OR_RETURN(const SegmentRows rows,
                         GroupBySegment(cleaned, features, segment_of_customer, k));
  CAIRN_RETURN_IF_ERROR(CheckOutliers(outlier_rows, segment_of_customer.size()));
  std::vector<std::vector<double>> columns;
  for (const std::string& name : features.columns) {
    CAIRN_ASSIGN_OR_RETURN(columns.emplace_back(), FeatureColumn(features, name));
  }
  SegmentProfiles out;
  out.customers = static_cast<int64_t>(segment_of_customer.size());
  out.lines = static_cast<int64_t>(cleaned.rows());
  out.feature_names = features.columns;
  out.features.resize(columns.size());
  out.segments.resize(static_cast<size_t>(k));
  for (size_t s = 0; s < out.segments.size(); ++s) {
    out.segments[s].number = static_cast<int>(s);
    out.segments[s].silhouette = std::numeric_limits<double>::quiet_NaN();
    out.segments[s].features.resize(columns.size());
  }
  CountCustomers(segment_of_customer, outlier_rows, &out);
  const std::vector<uint8_t> cancelled = CancelledInvoices(cleaned);
  std::vector<std::vector<ProductTotal>> best(out.segments.size());

  // Each task writes fields of its own. The long ones begin first.
  MonthTable months;
  std::vector<std::function<void()>> tasks;
  tasks.emplace_back(
      [&] { months = ComputeMonths(cleaned, rows, segment_of_customer, /*threads=*/1); });
  tasks.emplace_back([&] { CountCountries(cleaned, rows, segment_of_customer, &out); });
  for (size_t s = 0; s < out.segments.size(); ++s) {
    tasks.emplace_back([&, s] {
      const std::span<const uint32_t> own = rows.of(static_cast<int>(s));
      best[s] = BestSellers(cleaned.columns(), own, cancelled, kBestSellers);
      TakeBestSellers(cleaned, best[s], &out.segments[s]);
      CountTimes(cleaned, own, &out.segments[s]);
    });
  }
  for (size_t column = 0; column < columns.size(); ++column) {
    tasks.emplace_back([&, column] {
      const FeatureOrder order = OrderOf(columns[column]);
      out.features[column] = Summarize(order.values);
      const auto summaries = SummarizeBySegment(order, segment_of_customer, k);
      for (size_t s = 0; s < summaries.size(); ++s) {
        out.segments[s].features[column] = summaries[s];
      }
    });
  }
  clustering::Parallel pool(ThreadCount(threads));
  pool.For(tasks.size(), [&](size_t task) { tasks[task](); });
  Describe(cleaned, best, &out);
  TakeMonths(std::move(months), &out);
  return out;
}

}  // namespace cairn::pipeline
