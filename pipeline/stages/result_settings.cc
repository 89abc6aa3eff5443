// Settings of what becomes of a training: the choice, limits of drift, money, and the server.

#include "pipeline/stages/setting_rows.h"

namespace cairn::pipeline {
namespace {

// The names of the data sets.
std::vector<Setting> DatasetRows() {
  const auto row = [](const char* key, Member<std::string> member, std::string_view help) {
    return Row(std::string("register.datasets.") + key, std::move(member), kUnbounded, "", help);
  };
  return {
      row("transactions",
          MemberAt([](auto& c) -> auto& { return c.registration.transactions_dataset; }),
          "Data set of the input as it was given."),
      row("cleaned", MemberAt([](auto& c) -> auto& { return c.registration.cleaned_dataset; }),
          "Data set of the cleaned transactions."),
      row("features", MemberAt([](auto& c) -> auto& { return c.registration.features_dataset; }),
          "Data set of the features of all customers."),
      row("prepared", MemberAt([](auto& c) -> auto& { return c.registration.prepared_dataset; }),
          "Data set of the scaled features that are trained on."),
      row("components",
          MemberAt([](auto& c) -> auto& { return c.registration.components_dataset; }),
          "Data set of the components that are trained on."),
      row("outliers", MemberAt([](auto& c) -> auto& { return c.registration.outliers_dataset; }),
          "Data set of the outliers and their nearest segments.")};
}

}  // namespace

std::vector<Setting> SelectRows() {
  return {Row("select.min_k", MemberAt([](auto& c) -> auto& { return c.select.min_k; }),
              {2, kLargestK}, "segments", "Fewer are not chosen."),
          Row("select.max_k", MemberAt([](auto& c) -> auto& { return c.select.max_k; }),
              {2, kLargestK}, "segments", "More are not chosen; not below min_k."),
          Row("select.min_share", MemberAt([](auto& c) -> auto& { return c.select.min_share; }),
              kShareBounds, "share of customers", "No segment of all customers is smaller."),
          Row("select.min_silhouette",
              MemberAt([](auto& c) -> auto& { return c.select.min_silhouette; }), {-1, 1}, "",
              "The silhouette of all customers is not below."),
          Row("select.max_davies_bouldin",
              MemberAt([](auto& c) -> auto& { return c.select.max_davies_bouldin; }),
              {0, kUnbounded.most}, "", "The Davies-Bouldin index of all customers is not above.")};
}

// The limits of drift and of deliveries, which have a table of their own.
std::vector<Setting> LimitRows() {
  std::vector<Setting> rows;
  for (const LimitRow& limit : LimitTable()) {
    Member<double> member{
        [&limit](PipelineConfig& config) -> double& { return limit.write(config.monitoring); },
        [&limit](const PipelineConfig& config) -> const double& {
          return limit.read(config.monitoring);
        }};
    rows.push_back(Row(std::string(limit.key), std::move(member), {limit.least, limit.most},
                       limit.unit, limit.help));
  }
  rows.push_back(Row(std::string(kWindowKey),
                     MemberAt([](auto& c) -> auto& { return c.monitoring.delivery.window; }),
                     {1, kLargestWindow}, "deliveries",
                     "The median is that of so many deliveries before, the latest."));
  return rows;
}

std::vector<Setting> PriceRows() {
  const SettingBounds price = {0, kUnbounded.most};
  return {Row("prices.cpu_hour", MemberAt([](auto& c) -> auto& { return c.prices.cpu_hour; }),
              price, "money an hour", "What an hour of one processor costs."),
          Row("prices.gib_read", MemberAt([](auto& c) -> auto& { return c.prices.gib_read; }),
              price, "money a GiB", "What reading 2^30 bytes of input costs."),
          Row("prices.gib_stored", MemberAt([](auto& c) -> auto& { return c.prices.gib_stored; }),
              price, "money a GiB", "What storing 2^30 bytes of results costs."),
          Row("prices.gib_transferred",
              MemberAt([](auto& c) -> auto& { return c.prices.gib_transferred; }), price,
              "money a GiB", "What sending 2^30 bytes to the server costs."),
          Row("prices.currency", MemberAt([](auto& c) -> auto& { return c.prices.currency; }),
              kUnbounded, "", "The sign before amounts of money in the report.")};
}

std::vector<Setting> ReportRows() {
  return {
      Row("report.png",
          ChoiceAt(
              [](auto& c) -> auto& { return c.report.png; },
              std::vector<std::pair<std::string, ChartPngs>>{
                  {"auto", ChartPngs::kAuto}, {"on", ChartPngs::kOn}, {"off", ChartPngs::kOff}}),
          kUnbounded, "",
          "Charts as PNG besides SVG, where rsvg-convert is found: `auto` with a run that is "
          "registered, `on` also in `charts/` of --out.")};
}

std::vector<Setting> RegisterRows() {
  std::vector<Setting> rows = {
      Row("register.experiment",
          MemberAt([](auto& c) -> auto& { return c.registration.experiment; }), kUnbounded, "",
          "Experiment of the training runs."),
      Row("register.model", MemberAt([](auto& c) -> auto& { return c.registration.model; }),
          kUnbounded, "", "Model of which the best runs become versions.")};
  for (Setting& row : DatasetRows()) rows.push_back(std::move(row));
  for (Setting& row : std::vector<Setting>{
           Row("register.min_share",
               MemberAt([](auto& c) -> auto& { return c.registration.min_share; }), kShareBounds,
               "share of customers",
               "A run with a smaller segment of all customers becomes no version."),
           Row("register.always_k",
               MemberAt([](auto& c) -> auto& { return c.registration.always_k; }), {2, kLargestK},
               "segments", "These become versions whatever their segments look like."),
           Row("register.max_versions",
               MemberAt([](auto& c) -> auto& { return c.registration.max_versions; }), {0, 1000},
               "versions", "At most so many become versions, the best silhouettes first."),
           Row("register.label", MemberAt([](auto& c) -> auto& { return c.registration.label; }),
               kUnbounded, "", "Another label registers the same sweep anew.")}) {
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace cairn::pipeline
