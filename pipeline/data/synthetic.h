#ifndef CAIRN_PIPELINE_DATA_SYNTHETIC_H_
#define CAIRN_PIPELINE_DATA_SYNTHETIC_H_

// Transactions that never happened, in the schema of the real data.
//
// Customers belong to planted segments (how often they buy, how much, when in the week, how
// likely they cancel), so that a test can ask whether the pipeline finds them again. The year has
// a season with a peak in autumn. Every cleaning stage has work: rows without customer, without
// description, doubled rows, cancelled invoices, service codes, zero prices, and a few
// wholesalers as outliers.
//
// A seed gives the same bytes on any machine: integers and exactly rounded operations only, no
// library distributions and no mathematical functions.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::pipeline {

// Checked by the functions below.
struct SyntheticOptions {
  int32_t customers = 1000;  // 1..10,000,000, before `scale`.
  uint64_t seed = 1;
  // Multiplies the number of customers, 0.001..10,000.
  double scale = 1.0;
  // 0 = none; 1 = visits halve and baskets double by the end of the year, segments mix: a
  // current data set to compare with a reference. Range 0..1.
  double drift = 0.0;
  // First day as days since 1970 (14944 = 2010-12-01) and length, 1..3660 days.
  int32_t first_day = 14944;
  int32_t days = 374;
  // Shares of rows, 0..0.9 each.
  double missing_customer_share = 0.2;
  double missing_description_share = 0.003;
  double duplicate_share = 0.01;
  double service_share = 0.004;
  double zero_price_share = 0.0005;
  // Share of customers that are wholesalers, 0..0.5.
  double outlier_share = 0.01;
};

// The planted truth, one entry per customer in ascending id. Every customer buys at least once.
struct PlantedCustomer {
  int32_t customer_id = 0;
  int32_t segment = 0;   // Index into PlantedSegmentNames().
  bool outlier = false;  // A wholesaler, beside its segment.
  int32_t invoices = 0;  // Sales and cancellations written for it.
};

// What was written; `bytes` with the header.
struct SyntheticSummary {
  std::vector<PlantedCustomer> customers;
  uint64_t rows = 0;
  uint64_t cancelled_rows = 0;
  uint64_t bytes = 0;
};

// "frequent_big", "regular", "occasional", "lapsed".
const std::vector<std::string>& PlantedSegmentNames();

// Receives consecutive pieces of the file; an error stops the generator and is returned.
using ByteSink = std::function<absl::Status(std::string_view)>;

// Writes a CSV file with header to `sink`, rows in order of date. Memory grows with customers,
// not with rows. kInvalidArgument, kind OPTION_OUT_OF_RANGE, names a bad option.
absl::StatusOr<SyntheticSummary> GenerateTransactions(const SyntheticOptions& options,
                                                      const ByteSink& sink);

// The same into one string, for tests and small sizes.
struct SyntheticCsv {
  std::string csv;
  SyntheticSummary summary;
};
absl::StatusOr<SyntheticCsv> GenerateTransactionsCsv(const SyntheticOptions& options);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_SYNTHETIC_H_
