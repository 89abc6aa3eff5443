#ifndef CAIRN_PIPELINE_REPORT_REPORT_DATA_H_
#define CAIRN_PIPELINE_REPORT_REPORT_DATA_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/insight/profiles.h"

namespace cairn::pipeline {

// Everything a report shows, as plain values: what a run keeps as report.json, and all that
// `cairn-pipeline report RUN` needs later. Numbers that were not measured are NaN (null in JSON).
// Large data is thinned before it comes here, and says of how many it is a part.

// What one cleaning stage left. Spend is Quantity × UnitPrice of the rows.
struct QualityStep {
  std::string stage;  // `missing_values`
  std::string rule;   // What it does, in words.
  int64_t rows_in = 0;
  int64_t rows_out = 0;
  double spend_in = 0;
  double spend_out = 0;
  std::vector<std::pair<std::string, int64_t>> counts;
};

// How one feature is distributed in each segment. Bin i lies between edges i and i + 1.
struct FeatureHistogram {
  std::string feature;
  bool signed_log = false;  // Bins are even in sign(x)·log(1+|x|); the edges are raw values.
  std::vector<double> edges;
  std::vector<std::vector<int64_t>> counts;  // By segment, then bin.
};

// Silhouettes of the training rows for the run that stands for one k.
struct SilhouettePlot {
  int k = 0;
  double mean = 0;
  std::vector<int64_t> sizes;  // Rows by segment.
  std::vector<double> means;   // By segment.
  // By segment, descending; at most 300 values at even steps.
  std::vector<std::vector<double>> samples;
};

// One line of the table of k.
struct SelectionLine {
  int k = 0;
  double inertia = 0;
  double silhouette = 0;
  double davies_bouldin = 0;
  double calinski_harabasz = 0;
  double min_share = 0;
  double stability = 0;  // Mean adjusted Rand index over seeds; NaN with a single one.
  bool eligible = false;
  std::string note;  // Why it is not eligible.
};

// Customers in the space of the components, the first three (fewer are 0).
struct PointCloud {
  std::vector<std::string> customers;
  std::vector<std::array<double, 3>> points;
  std::vector<int> segments;
  std::vector<bool> outliers;
  int64_t total = 0;  // Of how many customers these are.
};

struct OutlierLine {
  std::string customer;
  double score = 0;  // Of the isolation forest: the lower the odder.
  int segment = 0;   // The nearest.
  double spend = 0;
  int64_t transactions = 0;
};

// One training run.
struct SweepLine {
  std::string name;  // `k=3,n_init=1,…`
  int k = 0;
  std::map<std::string, std::string> params;
  std::map<std::string, double> metrics;
  double seconds = 0;
  bool version = false;  // Became a model version.
  bool chosen = false;
};

// Where the customers of the segments before went. Rows: segments before and, last, customers that
// were in none; columns: segments now and, last, customers that are in none.
struct Migration {
  std::string from;  // The model version before.
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::vector<std::vector<int64_t>> customers;
  std::vector<std::vector<double>> spend;  // Their Total_Spend now; before, of those that left.
  double same_segment_share = 0;           // Of those in both.
};

// How often one of three recommendations was bought afterwards, on a split by time.
struct RecommendationQuality {
  std::string split_day;  // Learned before it, tested from it on.
  int64_t customers = 0;  // Who bought something new after the split.
  double segment_hit_rate = 0;
  double popularity_hit_rate = 0;
  double item_hit_rate = 0;
};

// What a stage cost.
struct CostLine {
  std::string stage;
  double seconds = 0;
  double cpu_seconds = 0;
  int64_t bytes_read = 0;
  int64_t bytes_stored = 0;
  int64_t bytes_transferred = 0;
  double money = 0;  // By the price table of the configuration; 0 without one.
  bool cached = false;
};

struct ReportData {
  std::string title;  // `Customer segments`
  std::string input;  // Name of the file of transactions.
  std::string input_sha256;
  std::string preset;
  std::string producer;  // `cairn-pipeline 0.9.0`
  std::string run;       // Resource name of the chosen run; empty without a server.
  std::string version;   // Of its model version; empty without one.
  std::string currency;  // Sign before amounts of money; may be empty.

  SegmentProfiles profiles;
  std::vector<QualityStep> quality;
  std::vector<FeatureHistogram> histograms;
  // Features × features, of all customers.
  std::vector<std::vector<double>> pearson;
  std::vector<std::vector<double>> spearman;
  // Of the prepared training rows: what the published heat map shows.
  std::vector<std::vector<double>> prepared_pearson;
  std::vector<double> variance_ratios;  // Of every component, descending.
  int components = 0;                   // That are kept.
  std::vector<SelectionLine> selection;
  int elbow_k = 0;  // 0 when there is none.
  int chosen_k = 0;
  std::string reason;
  std::vector<SilhouettePlot> silhouettes;
  PointCloud points;
  std::vector<OutlierLine> outliers;  // The oddest twenty.
  int64_t outlier_count = 0;
  std::vector<SweepLine> sweep;
  std::optional<Migration> migration;
  std::optional<RecommendationQuality> recommendations;
  std::vector<CostLine> costs;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_REPORT_DATA_H_
