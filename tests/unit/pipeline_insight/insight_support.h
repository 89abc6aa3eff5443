#ifndef CAIRN_TESTS_UNIT_PIPELINE_INSIGHT_INSIGHT_SUPPORT_H_
#define CAIRN_TESTS_UNIT_PIPELINE_INSIGHT_INSIGHT_SUPPORT_H_

// Inputs for the tests of pipeline/insight.

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/data/features.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline::testing {

// The features of `table` by the default preset. Fails the test when there are none.
FeatureMatrix FeaturesOf(const TransactionTable& table);

// Generated transactions after cleaning, the same for the same numbers.
TransactionTable Generated(int customers, uint64_t seed);

// Numbers below k, the same everywhere.
std::vector<int32_t> RandomSegments(size_t customers, int k, uint32_t seed);

// What names are made from; other features are 0.
struct PlainCustomer {
  double days = 0;
  double invoices = 1;
  double spend = 0;
  double return_rate = 0;
  double weekday = 0;
  double hour = 12;
  bool home = true;
};
// Customers 1, 2, 3, …
FeatureMatrix PlainFeatures(const std::vector<PlainCustomer>& customers);

}  // namespace cairn::pipeline::testing

#endif  // CAIRN_TESTS_UNIT_PIPELINE_INSIGHT_INSIGHT_SUPPORT_H_
