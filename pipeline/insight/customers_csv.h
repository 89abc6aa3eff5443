#ifndef CAIRN_PIPELINE_INSIGHT_CUSTOMERS_CSV_H_
#define CAIRN_PIPELINE_INSIGHT_CUSTOMERS_CSV_H_

// customers.csv: one line for each customer, for programs that look after customers.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/insight/recommendations.h"

namespace cairn::pipeline {

inline constexpr std::string_view kCustomersHeader =
    "customer,segment,segment_name,second_segment,silhouette,outlier,"
    "recommendation_1,recommendation_2,recommendation_3";

// Spans stand beside the rows of `features`; those marked so may be empty as a whole.
struct CustomersInput {
  const FeatureMatrix& features;
  std::span<const int32_t> segments;  // 0..segment_names.size()-1
  std::span<const std::string> segment_names;
  std::span<const int32_t> second_segments;          // The next nearest; -1 for none. May be empty.
  std::span<const double> silhouettes;               // -1..1; NaN where not measured. May be empty.
  std::span<const int32_t> outlier_rows;             // Rows of features.
  const Recommendations* recommendations = nullptr;  // Null: cells stay empty.
};

// The text of customers.csv, in the order of the features: lines end in "\n", `outlier` is 0 or 1,
// a silhouette the shortest text of its double, a recommendation the code of a product, and what is
// not known an empty cell.
//
// Fields are quoted where RFC 4180 asks for it and otherwise as they are in the data. A customer or
// product that begins with = + - or @ is not changed: a sign put before it would make it another
// customer to the program that reads the file. Quotes would not help; a spreadsheet takes
// `"=1+1"` for a formula too. Import the columns as text where the data is not to be trusted.
//
// INVALID_ARGUMENT (VALUE_INVALID): a span of another length, a segment or row out of range.
absl::StatusOr<std::string> CustomersCsv(const CustomersInput& input);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_CUSTOMERS_CSV_H_
