#ifndef CAIRN_PIPELINE_MONITORING_LIMITS_H_
#define CAIRN_PIPELINE_MONITORING_LIMITS_H_

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::pipeline {

// From which value on a measurement of drift counts, and what a delivery may be like. All of them
// are settings (settings_table.h), in one table here, so that files, the record of a measurement
// and the evidence that is sealed of it name them alike.

// Data drift. A feature drifts when its stability index AND its Kolmogorov-Smirnov distance say so,
// for each alone has a blind spot: the index is large where a handful of customers leave a nearly
// constant feature, the distance where a little of everything moves. Values outside the range of
// the reference, and missing ones, count by themselves.
struct DriftLimits {
  // Usual for the index: below 0.1 stable, above 0.25 another population.
  double psi_warning = 0.1;
  double psi_drift = 0.25;
  double ks_warning = 0.1;
  double ks_drift = 0.2;
  double out_of_range_warning = 0.02;  // Shares of the current customers.
  double out_of_range_drift = 0.1;
  double missing_warning = 0.01;
  double missing_drift = 0.05;
};

// Concept drift.
struct ConceptLimits {
  // How much of the model's silhouette, and how much Davies-Bouldin in addition, may go.
  double silhouette_loss_warning = 0.03;
  double silhouette_loss_drift = 0.07;
  double davies_bouldin_rise_warning = 0.15;
  double davies_bouldin_rise_drift = 0.4;
  // The share of customers that a model trained on today's data puts into another segment.
  double churn_warning = 0.3;
  double churn_drift = 0.5;
};

// Between which ratios to the median of the deliveries before a figure may lie, and how far a share
// may move. Set by what a year of a growing shop does by itself: its quietest month has 0.64 of
// the rows a day before it, the busiest 1.7.
struct BatchLimits {
  double rows_per_day_least = 0.6;
  double rows_per_day_most = 2.5;
  double trading_days_least = 0.6;  // Only of deliveries that are complete.
  double lines_per_invoice_least = 0.78;
  double lines_per_invoice_most = 1.6;
  double invoice_density_least = 0.75;
  double median_price_least = 0.6;
  double median_price_most = 1.6;
  double missing_customer_change = 0.25;
  double cancelled_change = 0.1;
  double new_country_share = 0.05;  // Rows of countries that no delivery before had.
  int window = 3;                   // How many deliveries before are compared with, the latest.
};

struct MonitoringLimits {
  DriftLimits features;
  ConceptLimits model;
  BatchLimits delivery;
};

// One limit that is a number. Lives as long as the process.
struct LimitRow {
  std::string_view key;  // "drift.psi_warning", as the setting is called.
  double& (*write)(MonitoringLimits&);
  const double& (*read)(const MonitoringLimits&);
  double least = 0;  // Bounds, both included.
  double most = std::numeric_limits<double>::infinity();
  std::string_view unit;
  std::string_view help;       // One sentence, with its full stop.
  std::string_view not_below;  // Key of the limit that it may not be below; empty for none.
};

// All but `window`, in the order in which they are printed.
const std::vector<LimitRow>& LimitTable();

// The setting `window`, and its bounds.
inline constexpr std::string_view kWindowKey = "delivery.window";
inline constexpr int kLargestWindow = 120;

// Every limit with its value, by key, in the order of the table.
std::vector<std::pair<std::string, double>> LimitValues(const MonitoringLimits& limits);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_MONITORING_LIMITS_H_
