#include "tests/unit/pipeline_report/sample_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "pipeline/data/features.h"
#include "pipeline/report/report_fields.h"

namespace cairn::pipeline {
namespace {

constexpr const char* kNames[] = {
    "Regular high spenders", "Occasional buyers", "Lapsed one-timers", "Frequent small baskets",
    "Weekend gift buyers",   "New customers",     "Wholesalers"};
constexpr const char* kProducts[] = {"WHITE HANGING HEART T-LIGHT HOLDER",
                                     "JUMBO BAG RED RETROSPOT",
                                     "REGENCY CAKESTAND 3 TIER",
                                     "ASSORTED COLOUR BIRD ORNAMENT",
                                     "PACK OF 72 RETROSPOT CAKE CASES",
                                     "LUNCH BAG RED RETROSPOT",
                                     "PARTY BUNTING",
                                     "SET OF 3 CAKE TINS PANTRY DESIGN",
                                     "NATURAL SLATE HEART CHALKBOARD",
                                     "HEART OF WICKER SMALL"};
// Median and spread (in the logarithm) of each feature.
constexpr double kMedians[kFeatureCount] = {50, 3, 380, 660,  210, 35,  28, 3,
                                            12, 1, 0.4, 0.04, 230, 120, 15};

// Standard distributions differ between libraries; sums of uniform numbers do not.
class Noise {
 public:
  double Uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  double Normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += Uniform();
    return sum;
  }

 private:
  std::mt19937_64 engine_{20101201};
};

double FeatureOf(int feature, double level, Noise* noise) {
  if (feature == kDayOfWeek) return std::floor(noise->Uniform() * 6);
  if (feature == kHour) return 9 + std::floor(noise->Uniform() * 8);
  if (feature == kIsUk) return noise->Uniform() < 0.9 ? 1 : 0;
  if (feature == kCancellationRate) return std::min(1.0, noise->Uniform() * 0.2);
  const double sign = feature == kDaysSinceLastPurchase ? -0.6 : 1;
  const double value = kMedians[feature] * std::exp(sign * level + 0.9 * noise->Normal());
  if (feature == kSpendingTrend) return noise->Uniform() < 0.5 ? -value : value;
  return feature < kTotalSpend ? std::round(value) : value;
}

FeatureSummary SummaryOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {
    return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
  };
  double sum = 0;
  for (const double value : values) sum += value;
  return {at(0), at(0.25), at(0.5), at(0.75), at(1), sum / static_cast<double>(values.size())};
}

FeatureHistogram HistogramOf(int feature, const std::vector<std::vector<double>>& by_segment) {
  FeatureHistogram histogram = {
      std::string(kFeatureNames[static_cast<size_t>(feature)]), false, {}, {}};
  double low = 0;
  double high = 1;
  for (const auto& values : by_segment) {
    low = std::min(low, *std::min_element(values.begin(), values.end()));
    high = std::max(high, *std::max_element(values.begin(), values.end()));
  }
  histogram.signed_log = high - low > 50;
  const auto forth = [&](double v) {
    return histogram.signed_log ? std::copysign(std::log1p(std::abs(v)), v) : v;
  };
  const auto back = [&](double v) {
    return histogram.signed_log ? std::copysign(std::expm1(std::abs(v)), v) : v;
  };
  constexpr int kBins = 24;
  const double width = (forth(high) - forth(low)) / kBins;
  for (int i = 0; i <= kBins; ++i) histogram.edges.push_back(back(forth(low) + i * width));
  for (const auto& values : by_segment) {
    std::vector<int64_t> counts(kBins, 0);
    for (const double value : values) {
      const auto bin = static_cast<int>((forth(value) - forth(low)) / width);
      ++counts[static_cast<size_t>(std::clamp(bin, 0, kBins - 1))];
    }
    histogram.counts.push_back(std::move(counts));
  }
  return histogram;
}

std::vector<MonthFigures> MonthsOf(double spend, int64_t customers, Noise* noise) {
  std::vector<MonthFigures> months;
  for (int i = 0; i < 13; ++i) {
    const double season = 1 + 0.6 * std::exp(-std::pow((i - 11) / 1.5, 2));
    months.push_back({fmt::format("{}-{:02}", i == 0 ? 2010 : 2011, i == 0 ? 12 : i),
                      static_cast<int64_t>(0.3 * static_cast<double>(customers)),
                      static_cast<int64_t>(0.5 * static_cast<double>(customers)),
                      spend / 14 * season * (0.85 + 0.3 * noise->Uniform())});
  }
  return months;
}

SegmentProfile ProfileOf(int number, int64_t customers, double share, double level, Noise* noise) {
  SegmentProfile profile;
  profile.number = number;
  profile.name = number < 7 ? kNames[number] : fmt::format("Segment of kind {}", number);
  profile.summary = level > 0.3 ? "Frequent, high spend, bought lately; Thursdays around noon."
                                : "Bought rarely and long ago, small baskets; Tuesdays at 13:00.";
  profile.customers = customers;
  profile.outliers = customers / 25;
  profile.customer_share = share;
  profile.spend = static_cast<double>(customers) * 900 * std::exp(1.3 * level);
  profile.silhouette = 0.18 + 0.1 * noise->Uniform();
  for (int i = 0; i < 10; ++i) {
    const auto sold = static_cast<int64_t>(9000 * std::exp(level) / (i + 1));
    profile.products.push_back(
        {fmt::format("85{}A", 123 + i), kProducts[i], sold, static_cast<double>(sold) * 2.55});
  }
  profile.countries = {{"United Kingdom", customers * 9 / 10, 0.9},
                       {"Germany", customers / 40, 0.025},
                       {"France", customers / 50, 0.02},
                       {"EIRE", customers / 100, 0.01}};
  profile.months = MonthsOf(profile.spend, customers, noise);
  profile.weekdays = {100, 120, 130, 160, 90, 0, 80};
  for (size_t hour = 8; hour < 20; ++hour) profile.hours[hour] = 50;
  return profile;
}

// Customers, their profiles, histograms and points.
void AddCustomers(ReportData* data, int segments, int customers, Noise* noise) {
  SegmentProfiles& profiles = data->profiles;
  std::vector<std::vector<std::vector<double>>> values(
      kFeatureCount, std::vector<std::vector<double>>(static_cast<size_t>(segments)));
  std::vector<int64_t> sizes(static_cast<size_t>(segments), 0);
  for (int i = 0; i < customers; ++i) {
    // The first segments are the smaller ones, each has somebody.
    const auto segment =
        i < segments ? i : static_cast<int>(std::sqrt(noise->Uniform()) * segments);
    const double level = 1.1 - 2.0 * segment / std::max(segments, 2);
    ++sizes[static_cast<size_t>(segment)];
    for (int feature = 0; feature < kFeatureCount; ++feature) {
      values[static_cast<size_t>(feature)][static_cast<size_t>(segment)].push_back(
          FeatureOf(feature, level, noise));
    }
    data->points.customers.push_back(std::to_string(12346 + i));
    data->points.points.push_back({2.5 * level + 0.9 * noise->Normal(),
                                   (segment % 2 == 0 ? 1.2 : -1.2) + noise->Normal(),
                                   0.7 * segment + 0.8 * noise->Normal()});
    data->points.segments.push_back(segment);
    data->points.outliers.push_back(noise->Uniform() < 0.05);
  }
  data->points.total = customers;
  for (int i = 0; i < segments; ++i) {
    const int64_t size = sizes[static_cast<size_t>(i)];
    profiles.segments.push_back(ProfileOf(i, size, static_cast<double>(size) / customers,
                                          1.1 - 2.0 * i / std::max(segments, 2), noise));
    profiles.spend += profiles.segments.back().spend;
  }
  for (SegmentProfile& segment : profiles.segments) {
    segment.spend_share = segment.spend / profiles.spend;
  }
  for (int feature = 0; feature < kFeatureCount; ++feature) {
    std::vector<double> all;
    profiles.feature_names.emplace_back(kFeatureNames[static_cast<size_t>(feature)]);
    const auto& by_segment = values[static_cast<size_t>(feature)];
    for (int i = 0; i < segments; ++i) {
      const auto& mine = by_segment[static_cast<size_t>(i)];
      profiles.segments[static_cast<size_t>(i)].features.push_back(SummaryOf(mine));
      all.insert(all.end(), mine.begin(), mine.end());
    }
    profiles.features.push_back(SummaryOf(all));
    data->histograms.push_back(HistogramOf(feature, by_segment));
  }
  profiles.customers = customers;
  profiles.invoices = customers * 5;
  profiles.lines = 399567;
  profiles.first_day = "2010-12-01";
  profiles.last_day = "2011-12-09";
  profiles.months = MonthsOf(profiles.spend, customers, noise);
}

std::vector<std::vector<double>> CorrelationsOf(double strength, Noise* noise) {
  std::vector<std::vector<double>> matrix(kFeatureCount, std::vector<double>(kFeatureCount, 1));
  for (size_t row = 0; row < kFeatureCount; ++row) {
    for (size_t column = 0; column < row; ++column) {
      matrix[row][column] = matrix[column][row] =
          std::clamp(strength * noise->Normal() / 2, -0.97, 0.97);
    }
  }
  return matrix;
}

void AddSelection(ReportData* data, Noise* noise) {
  for (int k = 2; k <= 12; ++k) {
    SelectionLine line = {k,
                          31000 / std::pow(k, 0.55),
                          0.29 - 0.012 * k + 0.01 * noise->Uniform(),
                          1.1 + 0.05 * k + 0.1 * noise->Uniform(),
                          1900.0 / std::sqrt(k),
                          0.45 / k,
                          0.97 - 0.04 * std::abs(k - 4),
                          k >= 3 && k <= 8,
                          ""};
    if (k == 2) line.note = "k is below 3";
    if (k > 8) line.note = "k is above 8";
    data->selection.push_back(line);
    SilhouettePlot plot = {k, line.silhouette, {}, {}, {}};
    for (int segment = 0; segment < k; ++segment) {
      plot.sizes.push_back(4147 / k + 40 * (segment % 3));
      plot.means.push_back(line.silhouette);
      std::vector<double> samples;
      for (int i = 0; i < 300; ++i) {
        samples.push_back(line.silhouette + 0.3 * std::cos(i / 300.0 * 3.1) - 0.03 * segment / k);
      }
      plot.samples.push_back(std::move(samples));
    }
    data->silhouettes.push_back(std::move(plot));
    for (int seed = 42; seed < 47; ++seed) {
      const double off = 0.02 * noise->Uniform();
      data->sweep.push_back(
          {fmt::format("k={},n_init=1,max_iter=300,init=k-means++,seed={}", k, seed),
           k,
           {{"k", std::to_string(k)}, {"n_init", "1"}, {"seed", std::to_string(seed)}},
           {{"silhouette", line.silhouette - off},
            {"davies_bouldin", line.davies_bouldin + off},
            {"calinski_harabasz", line.calinski_harabasz - 400 * off},
            {"inertia", line.inertia + 5000 * off},
            {"min_cluster_share", line.min_share - off}},
           0.02 + 0.05 * noise->Uniform(),
           k == 4,
           k == 4 && seed == 43});
    }
  }
  data->elbow_k = 4;
  data->chosen_k = 4;
  data->reason =
      "Of k = 3..8, four segments agree most over seeds (0.97) and have a silhouette of "
      "0.24; k = 2 has the highest silhouette but says little.";
}

void AddQuality(ReportData* data) {
  data->quality = {
      {"missing_values",
       "Rows without CustomerID or Description are dropped.",
       541909,
       406829,
       9747747.93,
       8300065.81,
       {{"without_customer", 135080}, {"without_description", 1454}}},
      {"duplicates",
       "The first of rows equal in five columns is kept.",
       406829,
       401550,
       8300065.81,
       8278403.9,
       {{"duplicates", 5279}}},
      {"transaction_status",
       "Cancelled invoices are marked; nothing is dropped.",
       401550,
       401550,
       8278403.9,
       8278403.9,
       {{"cancelled", 8841}}},
      {"stock_codes",
       "Codes with at most one digit are dropped.",
       401550,
       399682,
       8278403.9,
       8295117.2,
       {{"codes", 8}}},
      {"descriptions", "Service lines are dropped.", 399682, 399599, 8295117.2, 8294500.1, {}},
      {"zero_price",
       "Rows without a price are dropped.",
       399599,
       399567,
       8294500.1,
       8294500.1,
       {{"rows", 32}}}};
}

void AddMigration(ReportData* data, Noise* noise) {
  Migration migration;
  migration.from = "models/customer-segments/versions/6";
  migration.same_segment_share = 0.873;
  for (const SegmentProfile& segment : data->profiles.segments) {
    migration.before.push_back(segment.name);
    migration.after.push_back(segment.name);
  }
  const size_t sides = migration.before.size() + 1;
  for (size_t row = 0; row < sides; ++row) {
    std::vector<int64_t> counts;
    std::vector<double> money;
    for (size_t column = 0; column < sides; ++column) {
      const bool nobody = row + 1 == sides && column + 1 == sides;
      counts.push_back(
          nobody ? 0 : static_cast<int64_t>((row == column ? 800 : 60) * (0.5 + noise->Uniform())));
      money.push_back(static_cast<double>(counts.back()) * 700);
    }
    migration.customers.push_back(std::move(counts));
    migration.spend.push_back(std::move(money));
  }
  data->migration = std::move(migration);
}

// Replaces every text that it visits.
struct TextSetter {
  void operator()(const char*, std::string& value) { value = text; }
  template <typename T>
  void operator()(const char*, T& value) {
    Set(value);
  }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void Set(T&) {}
  void Set(std::string& value) { value = text; }
  template <typename T>
  void Set(std::vector<T>& values) {
    for (T& value : values) Set(value);
  }
  void Set(std::vector<bool>&) {}
  template <typename T, size_t n>
  void Set(std::array<T, n>&) {}
  template <typename T>
  void Set(std::pair<std::string, T>& value) {
    value.first = text;
  }
  template <typename T>
  void Set(std::map<std::string, T>& values) {
    if (!values.empty()) values.emplace(text, values.begin()->second);
  }
  template <typename T>
  void Set(std::optional<T>& value) {
    if (value) Set(*value);
  }
  template <typename T>
  requires std::is_class_v<T>
  void Set(T& value) { VisitFields(*this, value); }
  std::string text;
};

ReportData WithNumbers(ReportData data, double number) {
  for (SegmentProfile& segment : data.profiles.segments) {
    segment.spend = segment.spend_share = segment.customer_share = number;
    for (FeatureSummary& summary : segment.features)
      summary = {number, number, number, number, number, number};
    for (MonthFigures& month : segment.months) month.spend = number;
  }
  for (auto& point : data.points.points) point = {number, number, number};
  for (auto& histogram : data.histograms) histogram.edges.assign(histogram.edges.size(), number);
  for (auto& row : data.pearson) row.assign(row.size(), number);
  data.variance_ratios.assign(data.variance_ratios.size(), number);
  for (SelectionLine& line : data.selection) {
    line.inertia = line.silhouette = line.davies_bouldin = line.calinski_harabasz = number;
    line.stability = line.min_share = number;
  }
  for (SilhouettePlot& plot : data.silhouettes) {
    plot.mean = number;
    for (auto& samples : plot.samples) samples.assign(samples.size(), number);
  }
  for (OutlierLine& line : data.outliers) line.score = line.spend = number;
  for (SweepLine& line : data.sweep) {
    line.seconds = number;
    for (auto& [name, value] : line.metrics) value = number;
  }
  for (QualityStep& step : data.quality) step.spend_in = step.spend_out = number;
  for (auto& row : data.migration->spend) row.assign(row.size(), number);
  for (CostLine& line : data.costs) line.seconds = line.cpu_seconds = line.money = number;
  return data;
}

ReportData Shortened() {
  ReportData data = SampleReport(3, 200);
  data.points.segments.resize(50);
  data.points.outliers.resize(10);
  data.points.customers.clear();
  data.points.segments[0] = -5;
  data.points.segments[1] = 99;
  data.histograms[0].counts.resize(1);
  data.histograms[1].edges.resize(1);
  data.histograms[2].edges.clear();
  data.histograms[3].counts[0].resize(2);
  data.pearson.resize(4);
  data.pearson[1].clear();
  data.profiles.segments[1].features.resize(2);
  data.profiles.segments[2].months.clear();
  data.profiles.features.resize(5);
  data.silhouettes[0].sizes.resize(1);
  data.silhouettes[1].samples.clear();
  data.migration->customers.resize(1);
  data.migration->spend.clear();
  data.outliers[0].segment = -1;
  data.components = 1000;
  data.chosen_k = 1000;
  return data;
}

}  // namespace

ReportData SampleReport(int segments, int customers) {
  Noise noise;
  ReportData data;
  data.title = "Customer segments";
  data.input = "online-retail.csv.zst";
  data.input_sha256 = "3f0c8f3a5d7b1b7c9e2f4a6081c3d5e7f90a1b2c3d4e5f60718293a4b5c6d7e8";
  data.preset = "default";
  data.producer = "cairn-pipeline 0.9.0";
  data.run = "experiments/3/runs/01HX5T9";
  data.version = "models/customer-segments/versions/7";
  data.currency = "£";
  AddCustomers(&data, segments, customers, &noise);
  AddQuality(&data);
  data.pearson = CorrelationsOf(0.5, &noise);
  data.spearman = CorrelationsOf(0.9, &noise);
  data.prepared_pearson = CorrelationsOf(0.3, &noise);
  data.variance_ratios = {0.42, 0.16, 0.11, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01, 0.01, 0.005};
  data.components = 5;
  AddSelection(&data, &noise);
  for (int i = 0; i < 20; ++i) {
    data.outliers.push_back({std::to_string(14646 + i), -0.32 + 0.006 * i, i % segments,
                             280000 * std::exp(-0.25 * i), 210 - 9 * i});
  }
  data.outlier_count = customers / 20;
  AddMigration(&data, &noise);
  data.recommendations = RecommendationQuality{"2011-10-01", 1834, 0.214, 0.187, 0.263};
  for (const char* stage : {"load", "missing_values", "duplicates", "features", "outliers",
                            "preparation", "train", "select", "register"}) {
    data.costs.push_back({stage, 0.05 + 0.4 * noise.Uniform(), 0.09 + 0.6 * noise.Uniform(),
                          45000000, 3300000, 1200000, 0.0004, data.costs.size() == 1});
  }
  return data;
}

ReportData ReportOfTexts(const std::string& text) {
  ReportData data = SampleReport(3, 60);
  TextSetter setter = {text};
  VisitFields(setter, data);
  return data;
}

std::vector<ReportData> DegenerateReports() {
  std::vector<ReportData> reports = {ReportData{},          SampleReport(1, 1),
                                     SampleReport(1, 50),   SampleReport(2, 100),
                                     SampleReport(40, 400), Shortened()};
  ReportData no_segments = SampleReport(3, 50);
  no_segments.profiles.segments.clear();
  reports.push_back(std::move(no_segments));
  for (const double number :
       {std::nan(""), std::numeric_limits<double>::infinity(), -1e308, 1e308, 0.0, 5e-324}) {
    reports.push_back(WithNumbers(SampleReport(3, 60), number));
  }
  return reports;
}

}  // namespace cairn::pipeline
