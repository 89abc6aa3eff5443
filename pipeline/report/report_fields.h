#ifndef CAIRN_PIPELINE_REPORT_REPORT_FIELDS_H_
#define CAIRN_PIPELINE_REPORT_REPORT_FIELDS_H_

#include <concepts>
#include <type_traits>

#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// The fields of everything in a report with their names in report.json, once for writing and
// reading: VisitFields(visitor, value) calls visitor("name", value.field) for each. The names are
// part of the format.

template <typename T, typename S>
concept Is = std::same_as<std::remove_const_t<T>, S>;

void VisitFields(auto& visit, Is<FeatureSummary> auto& value) {
  visit("min", value.min);
  visit("lower_quartile", value.lower_quartile);
  visit("median", value.median);
  visit("upper_quartile", value.upper_quartile);
  visit("max", value.max);
  visit("mean", value.mean);
}

void VisitFields(auto& visit, Is<ProductFigures> auto& value) {
  visit("code", value.code);
  visit("description", value.description);
  visit("quantity", value.quantity);
  visit("spend", value.spend);
}

void VisitFields(auto& visit, Is<CountryFigures> auto& value) {
  visit("country", value.country);
  visit("customers", value.customers);
  visit("share", value.share);
}

void VisitFields(auto& visit, Is<MonthFigures> auto& value) {
  visit("month", value.month);
  visit("customers", value.customers);
  visit("invoices", value.invoices);
  visit("spend", value.spend);
}

void VisitFields(auto& visit, Is<SegmentProfile> auto& value) {
  visit("number", value.number);
  visit("name", value.name);
  visit("summary", value.summary);
  visit("customers", value.customers);
  visit("outliers", value.outliers);
  visit("customer_share", value.customer_share);
  visit("spend", value.spend);
  visit("spend_share", value.spend_share);
  visit("silhouette", value.silhouette);
  visit("features", value.features);
  visit("products", value.products);
  visit("countries", value.countries);
  visit("months", value.months);
  visit("weekdays", value.weekdays);
  visit("hours", value.hours);
}

void VisitFields(auto& visit, Is<SegmentProfiles> auto& value) {
  visit("customers", value.customers);
  visit("invoices", value.invoices);
  visit("lines", value.lines);
  visit("spend", value.spend);
  visit("first_day", value.first_day);
  visit("last_day", value.last_day);
  visit("feature_names", value.feature_names);
  visit("features", value.features);
  visit("months", value.months);
  visit("segments", value.segments);
}

void VisitFields(auto& visit, Is<QualityStep> auto& value) {
  visit("stage", value.stage);
  visit("rule", value.rule);
  visit("rows_in", value.rows_in);
  visit("rows_out", value.rows_out);
  visit("spend_in", value.spend_in);
  visit("spend_out", value.spend_out);
  visit("counts", value.counts);
}

void VisitFields(auto& visit, Is<FeatureHistogram> auto& value) {
  visit("feature", value.feature);
  visit("signed_log", value.signed_log);
  visit("edges", value.edges);
  visit("counts", value.counts);
}

void VisitFields(auto& visit, Is<SilhouettePlot> auto& value) {
  visit("k", value.k);
  visit("mean", value.mean);
  visit("sizes", value.sizes);
  visit("means", value.means);
  visit("samples", value.samples);
}

void VisitFields(auto& visit, Is<SelectionLine> auto& value) {
  visit("k", value.k);
  visit("inertia", value.inertia);
  visit("silhouette", value.silhouette);
  visit("davies_bouldin", value.davies_bouldin);
  visit("calinski_harabasz", value.calinski_harabasz);
  visit("min_share", value.min_share);
  visit("stability", value.stability);
  visit("eligible", value.eligible);
  visit("note", value.note);
}

void VisitFields(auto& visit, Is<PointCloud> auto& value) {
  visit("customers", value.customers);
  visit("points", value.points);
  visit("segments", value.segments);
  visit("outliers", value.outliers);
  visit("total", value.total);
}

void VisitFields(auto& visit, Is<OutlierLine> auto& value) {
  visit("customer", value.customer);
  visit("score", value.score);
  visit("segment", value.segment);
  visit("spend", value.spend);
  visit("transactions", value.transactions);
}

void VisitFields(auto& visit, Is<SweepLine> auto& value) {
  visit("name", value.name);
  visit("k", value.k);
  visit("params", value.params);
  visit("metrics", value.metrics);
  visit("seconds", value.seconds);
  visit("version", value.version);
  visit("chosen", value.chosen);
}

void VisitFields(auto& visit, Is<Migration> auto& value) {
  visit("from", value.from);
  visit("before", value.before);
  visit("after", value.after);
  visit("customers", value.customers);
  visit("spend", value.spend);
  visit("same_segment_share", value.same_segment_share);
}

void VisitFields(auto& visit, Is<RecommendationQuality> auto& value) {
  visit("split_day", value.split_day);
  visit("customers", value.customers);
  visit("segment_hit_rate", value.segment_hit_rate);
  visit("popularity_hit_rate", value.popularity_hit_rate);
  visit("item_hit_rate", value.item_hit_rate);
}

void VisitFields(auto& visit, Is<CostLine> auto& value) {
  visit("stage", value.stage);
  visit("seconds", value.seconds);
  visit("cpu_seconds", value.cpu_seconds);
  visit("bytes_read", value.bytes_read);
  visit("bytes_stored", value.bytes_stored);
  visit("bytes_transferred", value.bytes_transferred);
  visit("money", value.money);
  visit("cached", value.cached);
}

void VisitFields(auto& visit, Is<ReportData> auto& value) {
  visit("title", value.title);
  visit("input", value.input);
  visit("input_sha256", value.input_sha256);
  visit("preset", value.preset);
  visit("producer", value.producer);
  visit("run", value.run);
  visit("version", value.version);
  visit("currency", value.currency);
  visit("profiles", value.profiles);
  visit("quality", value.quality);
  visit("histograms", value.histograms);
  visit("pearson", value.pearson);
  visit("spearman", value.spearman);
  visit("prepared_pearson", value.prepared_pearson);
  visit("variance_ratios", value.variance_ratios);
  visit("components", value.components);
  visit("selection", value.selection);
  visit("elbow_k", value.elbow_k);
  visit("chosen_k", value.chosen_k);
  visit("reason", value.reason);
  visit("silhouettes", value.silhouettes);
  visit("points", value.points);
  visit("outliers", value.outliers);
  visit("outlier_count", value.outlier_count);
  visit("sweep", value.sweep);
  visit("migration", value.migration);
  visit("recommendations", value.recommendations);
  visit("costs", value.costs);
}

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_REPORT_FIELDS_H_
