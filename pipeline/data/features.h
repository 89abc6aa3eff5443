#ifndef CAIRN_PIPELINE_DATA_FEATURES_H_
#define CAIRN_PIPELINE_DATA_FEATURES_H_

// Fifteen features per customer, from cleaned transactions.
//
// A day is the calendar day of InvoiceDate; spend is Quantity × UnitPrice, where cancelled lines
// are negative and stay in the sums. Sums run in row order, so a result depends neither on the
// number of threads nor on the machine.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <Eigen/Core>

#include "absl/status/statusor.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// kDefault is correct. kClassic reproduces the features as first published for this data,
// oddities included:
//  - Average_Days_Between_Purchases is the mean difference in days between consecutive lines in
//    row order, where lines of one day count 0; a customer with one line has none and is left out;
//  - Cancellation_Rate divides the i-th remaining customer's cancellations by the transactions of
//    the i-th customer before any was left out.
enum class FeaturePreset { kDefault, kClassic };

// "default" or "classic".
std::string_view FeaturePresetName(FeaturePreset preset);
// Inverse of FeaturePresetName; kInvalidArgument lists the known names. Case counts.
absl::StatusOr<FeaturePreset> ParseFeaturePreset(std::string_view name);

// Column numbers of the feature matrix, in the order of kFeatureNames. The order is
// part of features.csv and of models.
enum Feature : int {
  kDaysSinceLastPurchase = 0,  // Last day in the data minus the customer's last day, days.
  kTotalTransactions,          // Distinct invoices, cancellations included.
  kTotalProductsPurchased,     // Sum of quantity.
  kTotalSpend,
  kAverageTransactionValue,      // Total_Spend / Total_Transactions.
  kUniqueProductsPurchased,      // Distinct stock codes.
  kAverageDaysBetweenPurchases,  // kDefault: mean gap between distinct days; 0 for one day.
  kDayOfWeek,                    // Most frequent weekday over lines, Monday = 0; ties: smallest.
  kHour,                         // Most frequent hour over lines; ties: smallest.
  kIsUk,                         // Most frequent country is the home country; ties: alphabetical.
  kCancellationFrequency,        // Distinct cancelled invoices.
  kCancellationRate,             // Cancellation_Frequency / Total_Transactions.
  kMonthlySpendingMean,          // Over the calendar months that have lines.
  kMonthlySpendingStd,           // Sample deviation (n - 1); 0 for one month.
  kSpendingTrend,                // Least-squares slope over 0, 1, 2, …; 0 for one month.
  kFeatureCount
};

inline constexpr std::array<std::string_view, kFeatureCount> kFeatureNames = {
    "Days_Since_Last_Purchase",
    "Total_Transactions",
    "Total_Products_Purchased",
    "Total_Spend",
    "Average_Transaction_Value",
    "Unique_Products_Purchased",
    "Average_Days_Between_Purchases",
    "Day_Of_Week",
    "Hour",
    "Is_UK",
    "Cancellation_Frequency",
    "Cancellation_Rate",
    "Monthly_Spending_Mean",
    "Monthly_Spending_Std",
    "Spending_Trend",
};

using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline constexpr std::string_view kHomeCountry = "United Kingdom";

// A named matrix with one row per customer. values is customer_ids.size() ×
// columns.size(). Columns are usually kFeatureNames; a table that was read from a file
// may have others.
struct FeatureMatrix {
  std::vector<int32_t> customer_ids;  // Ascending.
  CustomerNames customer_names;       // Those of the table; null when all ids are numbers.
  RowMajorMatrix values;
  std::vector<std::string> columns;
};

// Computes the features of every customer of `table`. Cancellations are recognised by invoice
// numbers that begin with "C", whether or not the table is marked. `threads` 1..64, 0 = one per
// processor, at most 8. `home_country` is compared without case.
// kFailedPrecondition, kind DATASET_EMPTY, for a table without rows, and kind
// CUSTOMER_MISSING when a row has no customer (run missing_values first); kInvalidArgument, kind
// FEATURE_NOT_FINITE, names the customer and the feature that no double can hold.
absl::StatusOr<FeatureMatrix> ComputeFeatures(const TransactionTable& table, FeaturePreset preset,
                                              int threads = 0,
                                              std::string_view home_country = kHomeCountry);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_FEATURES_H_
