#include "tests/unit/pipeline_insight/insight_support.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/synthetic.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline::testing {

using cairn::testing::IsOk;

FeatureMatrix FeaturesOf(const TransactionTable& table) {
  auto features = ComputeFeatures(table, FeaturePreset::kDefault, 1);
  EXPECT_THAT(features, IsOk());
  return features.ok() ? *std::move(features) : FeatureMatrix();
}

TransactionTable Generated(int customers, uint64_t seed) {
  SyntheticOptions options;
  options.customers = customers;
  options.seed = seed;
  const auto generated = GenerateTransactionsCsv(options);
  EXPECT_THAT(generated, IsOk());
  if (!generated.ok()) return {};
  const std::string_view text = generated->csv;
  return CleanTransactions(LoadRows(text.substr(text.find('\n') + 1)).table).table;
}

std::vector<int32_t> RandomSegments(size_t customers, int k, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> segments;
  for (size_t i = 0; i < customers; ++i) {
    segments.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(k)));
  }
  return segments;
}

FeatureMatrix PlainFeatures(const std::vector<PlainCustomer>& customers) {
  FeatureMatrix features;
  features.columns.assign(kFeatureNames.begin(), kFeatureNames.end());
  features.values.setZero(static_cast<Eigen::Index>(customers.size()), kFeatureCount);
  for (size_t i = 0; i < customers.size(); ++i) {
    const PlainCustomer& customer = customers[i];
    features.customer_ids.push_back(static_cast<int32_t>(i) + 1);
    auto row = features.values.row(static_cast<Eigen::Index>(i));
    row(kDaysSinceLastPurchase) = customer.days;
    row(kTotalTransactions) = customer.invoices;
    row(kTotalSpend) = customer.spend;
    row(kAverageTransactionValue) = customer.spend / customer.invoices;
    row(kCancellationRate) = customer.return_rate;
    row(kDayOfWeek) = customer.weekday;
    row(kHour) = customer.hour;
    row(kIsUk) = customer.home ? 1 : 0;
  }
  return features;
}

}  // namespace cairn::pipeline::testing
