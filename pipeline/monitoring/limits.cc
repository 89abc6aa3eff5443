#include "pipeline/monitoring/limits.h"

namespace cairn::pipeline {
namespace {

constexpr double kAny = std::numeric_limits<double>::infinity();

struct LimitBounds {
  double least;
  double most;
};

// Place is a generic lambda from limits, const or not, to a member of them. Clang 14 makes no
// pointer of one that returns a reference.
template <typename Place>
LimitRow Limit(std::string_view key, Place, LimitBounds bounds, std::string_view unit,
               std::string_view help, std::string_view not_below = {}) {
  return {key,
          [](MonitoringLimits& limits) -> double& { return Place()(limits); },
          [](const MonitoringLimits& limits) -> const double& { return Place()(limits); },
          bounds.least,
          bounds.most,
          unit,
          help,
          not_below};
}

// Of features.
std::vector<LimitRow> FeatureLimitRows() {
  return {
      Limit(
          "drift.psi_warning", [](auto& l) -> auto& { return l.features.psi_warning; }, {0, kAny},
          "",
          "From this population stability index of a feature on it is a warning, if the distance "
          "says so too."),
      Limit(
          "drift.psi_drift", [](auto& l) -> auto& { return l.features.psi_drift; }, {0, kAny}, "",
          "From this index on the feature has drifted, if the distance says so too.",
          "drift.psi_warning"),
      Limit(
          "drift.ks_warning", [](auto& l) -> auto& { return l.features.ks_warning; }, {0, 1}, "",
          "From this Kolmogorov-Smirnov distance of a feature on it is a warning, if the index "
          "says so too."),
      Limit(
          "drift.ks_drift", [](auto& l) -> auto& { return l.features.ks_drift; }, {0, 1}, "",
          "From this distance on the feature has drifted, if the index says so too.",
          "drift.ks_warning"),
      Limit(
          "drift.out_of_range_warning",
          [](auto& l) -> auto& { return l.features.out_of_range_warning; }, {0, 1},
          "share of customers",
          "From this share outside the range of the reference on it is a warning."),
      Limit(
          "drift.out_of_range_drift",
          [](auto& l) -> auto& { return l.features.out_of_range_drift; }, {0, 1},
          "share of customers", "From this share outside that range on the feature has drifted.",
          "drift.out_of_range_warning"),
      Limit(
          "drift.missing_warning", [](auto& l) -> auto& { return l.features.missing_warning; },
          {0, 1}, "share of customers", "From this share without a value on it is a warning."),
      Limit(
          "drift.missing_drift", [](auto& l) -> auto& { return l.features.missing_drift; }, {0, 1},
          "share of customers", "From this share without a value on the feature has drifted.",
          "drift.missing_warning"),
  };
}

// Of the model.
std::vector<LimitRow> ModelLimitRows() {
  return {
      Limit(
          "drift.silhouette_loss_warning",
          [](auto& l) -> auto& { return l.model.silhouette_loss_warning; }, {0, 2}, "",
          "From this loss of the silhouette of the model on it is a warning."),
      Limit(
          "drift.silhouette_loss_drift",
          [](auto& l) -> auto& { return l.model.silhouette_loss_drift; }, {0, 2}, "",
          "From this loss on the model has drifted.", "drift.silhouette_loss_warning"),
      Limit(
          "drift.davies_bouldin_rise_warning",
          [](auto& l) -> auto& { return l.model.davies_bouldin_rise_warning; }, {0, kAny}, "",
          "From this rise of the Davies-Bouldin index of the model on it is a warning."),
      Limit(
          "drift.davies_bouldin_rise_drift",
          [](auto& l) -> auto& { return l.model.davies_bouldin_rise_drift; }, {0, kAny}, "",
          "From this rise on the model has drifted.", "drift.davies_bouldin_rise_warning"),
      Limit(
          "drift.churn_warning", [](auto& l) -> auto& { return l.model.churn_warning; }, {0, 1},
          "share of customers",
          "From this share on that a challenger puts into another segment it is a warning."),
      Limit(
          "drift.churn_drift", [](auto& l) -> auto& { return l.model.churn_drift; }, {0, 1},
          "share of customers", "From this share on the segments have drifted.",
          "drift.churn_warning"),
  };
}

// Of deliveries.
std::vector<LimitRow> DeliveryRows() {
  return {
      Limit(
          "delivery.rows_per_day_least",
          [](auto& l) -> auto& { return l.delivery.rows_per_day_least; }, {0, 1},
          "times the median", "With fewer rows a day a delivery is broken."),
      Limit(
          "delivery.rows_per_day_most",
          [](auto& l) -> auto& { return l.delivery.rows_per_day_most; }, {1, kAny},
          "times the median", "With more rows a day a delivery is broken."),
      Limit(
          "delivery.trading_days_least",
          [](auto& l) -> auto& { return l.delivery.trading_days_least; }, {0, 1},
          "times the median", "With fewer days with sales a complete delivery is broken."),
      Limit(
          "delivery.lines_per_invoice_least",
          [](auto& l) -> auto& { return l.delivery.lines_per_invoice_least; }, {0, 1},
          "times the median", "With fewer lines an invoice a delivery is broken."),
      Limit(
          "delivery.lines_per_invoice_most",
          [](auto& l) -> auto& { return l.delivery.lines_per_invoice_most; }, {1, kAny},
          "times the median", "With more lines an invoice a delivery is broken."),
      Limit(
          "delivery.invoice_density_least",
          [](auto& l) -> auto& { return l.delivery.invoice_density_least; }, {0, 1},
          "times the median",
          "With fewer of the invoice numbers between the first and the last a delivery is broken."),
      Limit(
          "delivery.median_price_least",
          [](auto& l) -> auto& { return l.delivery.median_price_least; }, {0, 1},
          "times the median", "With a lower median price a delivery is broken."),
      Limit(
          "delivery.median_price_most",
          [](auto& l) -> auto& { return l.delivery.median_price_most; }, {1, kAny},
          "times the median", "With a higher median price a delivery is broken."),
      Limit(
          "delivery.missing_customer_change",
          [](auto& l) -> auto& { return l.delivery.missing_customer_change; }, {0, 1},
          "share of rows",
          "When the share of rows without customer moves by more a delivery is broken."),
      Limit(
          "delivery.cancelled_change", [](auto& l) -> auto& { return l.delivery.cancelled_change; },
          {0, 1}, "share of rows",
          "When the share of cancelled rows moves by more a delivery is broken."),
      Limit(
          "delivery.new_country_share",
          [](auto& l) -> auto& { return l.delivery.new_country_share; }, {0, 1}, "share of rows",
          "With more rows of countries never seen before a delivery is broken."),
  };
}

}  // namespace

const std::vector<LimitRow>& LimitTable() {
  static const auto* const table = [] {
    auto* all = new std::vector<LimitRow>(FeatureLimitRows());
    for (const LimitRow& row : ModelLimitRows()) all->push_back(row);
    for (const LimitRow& row : DeliveryRows()) all->push_back(row);
    return all;
  }();
  return *table;
}

std::vector<std::pair<std::string, double>> LimitValues(const MonitoringLimits& limits) {
  std::vector<std::pair<std::string, double>> out;
  for (const LimitRow& row : LimitTable()) out.emplace_back(row.key, row.read(limits));
  out.emplace_back(kWindowKey, limits.delivery.window);
  return out;
}

}  // namespace cairn::pipeline
