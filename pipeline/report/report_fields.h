#ifndef CAIRN_PIPELINE_REPORT_REPORT_FIELDS_H_
#define CAIRN_PIPELINE_REPORT_REPORT_FIELDS_H_

#include <concepts>
#include <type_traits>

#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// The fields of everything in a report with their names in report.json, in one list for writing and
// reading: VisitFields(visitor, value) calls visitor("name", value.field) for each, in this order,
// which is the order in the file. A writer is given a const value, a reader one that it fills.
//
// Only report_json.cc includes this. What a field means stands where its struct is: report_data.h,
// and profiles.h, migration.h and recommendation_quality.h of pipeline/insight. Common to all:
//   money    in the currency of the data, cancelled lines subtracted
//   shares   1 is all; those of spend may lie outside 0..1 where returns outweigh sales
//   seconds  of wall time where nothing else is said; bytes as they are packed
//   NaN      not measured; null in the file
//
// Names are part of the format. A field that is added makes older files unreadable, for a missing
// key is an error: it comes with a new kReportFormat (report_json.h), and with what readers take
// for it in files of the older one. A field is never renamed, and none is read under two names.
//
// Nothing here owns anything: a visitor gets references that live as long as `value`.

template <typename T, typename S>
concept Is = std::same_as<std::remove_const_t<T>, S>;

// Profiles: what the customers of a segment are like.

// One feature over a group of customers, in the feature's own unit.
void VisitFields(auto& visit, Is<FeatureSummary> auto& value) {
  visit("min", value.min);
  visit("lower_quartile", value.lower_quartile);
  visit("median", value.median);
  visit("upper_quartile", value.upper_quartile);
  visit("max", value.max);
  visit("mean", value.mean);
}

// `quantity` in pieces sold; cancellations are not subtracted here.
void VisitFields(auto& visit, Is<ProductFigures> auto& value) {
  visit("code", value.code);
  visit("description", value.description);
  visit("quantity", value.quantity);
  visit("spend", value.spend);
}

// `share` of the segment's customers.
void VisitFields(auto& visit, Is<CountryFigures> auto& value) {
  visit("country", value.country);
  visit("customers", value.customers);
  visit("share", value.share);
}

// `month` as `2010-12`; every segment has the months of the whole.
void VisitFields(auto& visit, Is<MonthFigures> auto& value) {
  visit("month", value.month);
  visit("customers", value.customers);
  visit("invoices", value.invoices);
  visit("spend", value.spend);
}

// Shares are of all customers and of all spend. `weekdays` counts lines from Monday on, `hours`
// from midnight on.
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

// Days as `2011-12-09`. `features` stands beside `feature_names`, as in every segment.
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

// How the segments came about: data, choice of k, training.

// Rows of transactions, spend of them.
void VisitFields(auto& visit, Is<QualityStep> auto& value) {
  visit("stage", value.stage);
  visit("rule", value.rule);
  visit("rows_in", value.rows_in);
  visit("rows_out", value.rows_out);
  visit("spend_in", value.spend_in);
  visit("spend_out", value.spend_out);
  visit("counts", value.counts);
}

// One edge more than bins; counts of customers by segment, then bin.
void VisitFields(auto& visit, Is<FeatureHistogram> auto& value) {
  visit("feature", value.feature);
  visit("signed_log", value.signed_log);
  visit("edges", value.edges);
  visit("counts", value.counts);
}

// Silhouettes -1..1.
void VisitFields(auto& visit, Is<SilhouettePlot> auto& value) {
  visit("k", value.k);
  visit("mean", value.mean);
  visit("sizes", value.sizes);
  visit("means", value.means);
  visit("samples", value.samples);
}

// Indices of the training rows; `min_share` is of all customers.
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

// Lists beside each other; `total` counts the customers of whom these are a part.
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

// `params` and `metrics` as the run has them on a server.
void VisitFields(auto& visit, Is<SweepLine> auto& value) {
  visit("name", value.name);
  visit("k", value.k);
  visit("params", value.params);
  visit("metrics", value.metrics);
  visit("seconds", value.seconds);
  visit("version", value.version);
  visit("chosen", value.chosen);
}

// What followed from it: moves, recommendations, costs.

// Matrices of `before` and the new customers × `after` and those that are gone.
void VisitFields(auto& visit, Is<Migration> auto& value) {
  visit("from", value.from);
  visit("before", value.before);
  visit("after", value.after);
  visit("customers", value.customers);
  visit("spend", value.spend);
  visit("same_segment_share", value.same_segment_share);
}

// Hit rates of three recommendations, 0..1, of `customers`.
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

// The whole file.
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
