#ifndef CAIRN_PIPELINE_INSIGHT_PROFILES_H_
#define CAIRN_PIPELINE_INSIGHT_PROFILES_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/data/features.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// What the customers of each segment are like, from the cleaned transactions and the segment of
// every customer. Plain values; money is in the currency of the data, which no file names. All
// customers count, outliers in their nearest segment, so that sizes and money add up to the whole.

// One feature over some customers, in its own unit: quartiles as numpy.percentile has them.
struct FeatureSummary {
  double min = 0;
  double lower_quartile = 0;
  double median = 0;
  double upper_quartile = 0;
  double max = 0;
  double mean = 0;
};

// A product and what was bought of it; cancelled lines are left out.
struct ProductFigures {
  std::string code;
  std::string description;  // The one that most lines have.
  int64_t quantity = 0;
  double spend = 0;
};

struct CountryFigures {
  std::string country;
  int64_t customers = 0;  // Whose most frequent country it is.
  double share = 0;       // Of the segment's customers.
};

// One calendar month of the data; cancelled lines count with their negative spend.
struct MonthFigures {
  std::string month;      // `2010-12`.
  int64_t customers = 0;  // That bought anything.
  int64_t invoices = 0;   // Distinct, cancellations included.
  double spend = 0;
};

struct SegmentProfile {
  int number = 0;       // As in the model: the row of its centre.
  std::string name;     // Short, unique, ASCII; see segment_names.h.
  std::string summary;  // What is typical of it, in a sentence.
  int64_t customers = 0;
  int64_t outliers = 0;       // Of them, those that were not trained on.
  double customer_share = 0;  // 0..1
  double spend = 0;           // Cancelled lines subtracted.
  double spend_share = 0;     // Below 0 or above 1 where returns outweigh sales.
  double silhouette = 0;      // Mean over its training rows; NaN where it was not measured.
  std::vector<FeatureSummary> features;   // Beside SegmentProfiles::features.
  std::vector<ProductFigures> products;   // The ten best-selling by quantity, the most first.
  std::vector<CountryFigures> countries;  // The five with the most customers.
  std::vector<MonthFigures> months;       // Every month of the data, in order.
  std::array<int64_t, 7> weekdays{};      // Lines by weekday, Monday first.
  std::array<int64_t, 24> hours{};        // Lines by hour.
};

// profiles.json says the same.
struct SegmentProfiles {
  int64_t customers = 0;
  int64_t invoices = 0;
  int64_t lines = 0;
  double spend = 0;       // Of the whole cleaned table.
  std::string first_day;  // `2010-12-01`
  std::string last_day;
  std::vector<std::string> feature_names;
  std::vector<FeatureSummary> features;  // Of all customers, beside feature_names.
  std::vector<MonthFigures> months;      // Of all customers.
  std::vector<SegmentProfile> segments;  // By number.
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_PROFILES_H_
