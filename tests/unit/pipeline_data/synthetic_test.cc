#include "pipeline/data/synthetic.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/features.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/load.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;

SyntheticCsv Generate(const SyntheticOptions& options) {
  auto data = GenerateTransactionsCsv(options);
  EXPECT_THAT(data, IsOk());
  return data.ok() ? *std::move(data) : SyntheticCsv{};
}

TEST(Synthetic, ASeedGivesTheSameBytesAndAnotherSeedOthers) {
  SyntheticOptions options;
  options.customers = 50;
  const SyntheticCsv first = Generate(options);
  EXPECT_EQ(first.csv, Generate(options).csv);
  EXPECT_EQ(first.summary.bytes, first.csv.size());
  options.seed = 2;
  EXPECT_NE(first.csv, Generate(options).csv);
}

TEST(Synthetic, LoadsWithoutRejectsAndGivesEveryCleaningStageWork) {
  SyntheticOptions options;
  options.customers = 300;
  const SyntheticCsv data = Generate(options);
  const auto loaded = LoadTransactionsFromBytes(data.csv);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->rows_rejected, 0u);
  EXPECT_EQ(loaded->table.rows(), data.summary.rows);
  const CleaningResult cleaned = CleanTransactions(loaded->table);
  for (const CleaningStep& step : cleaned.steps) {
    SCOPED_TRACE(step.name);
    if (step.name == "transaction_status") {
      EXPECT_GT(step.counts[0].second, 0u);
    } else {
      EXPECT_LT(step.rows_out, step.rows_in);
    }
  }
  const double missing = static_cast<double>(cleaned.steps[0].counts[0].second) /
                         static_cast<double>(loaded->table.rows());
  EXPECT_NEAR(missing, options.missing_customer_share, 0.05);
}

TEST(Synthetic, RowsComeInOrderOfDate) {
  SyntheticOptions options;
  options.customers = 100;
  const auto loaded = LoadTransactionsFromBytes(Generate(options).csv);
  ASSERT_THAT(loaded, IsOk());
  for (size_t i = 1; i < loaded->table.rows(); ++i) {
    ASSERT_LE(DayOf(loaded->table.time(i - 1)), DayOf(loaded->table.time(i)));
  }
}

TEST(Synthetic, PlantedSegmentsDifferInTheFeaturesTheyShould) {
  SyntheticOptions options;
  options.customers = 600;
  options.outlier_share = 0.0;
  const SyntheticCsv data = Generate(options);
  const auto loaded = LoadTransactionsFromBytes(data.csv);
  ASSERT_THAT(loaded, IsOk());
  const auto features =
      ComputeFeatures(CleanTransactions(loaded->table).table, FeaturePreset::kDefault);
  ASSERT_THAT(features, IsOk());
  std::map<int32_t, int32_t> segment_of;
  for (const PlantedCustomer& customer : data.summary.customers) {
    EXPECT_GE(customer.invoices, 1);
    segment_of[customer.customer_id] = customer.segment;
  }
  std::vector<double> visits(4, 0.0);
  std::vector<double> recency(4, 0.0);
  std::vector<double> count(4, 0.0);
  for (size_t i = 0; i < features->customer_ids.size(); ++i) {
    const auto segment = static_cast<size_t>(segment_of.at(features->customer_ids[i]));
    visits[segment] += features->values(static_cast<Eigen::Index>(i), kTotalTransactions);
    recency[segment] += features->values(static_cast<Eigen::Index>(i), kDaysSinceLastPurchase);
    count[segment] += 1.0;
  }
  ASSERT_EQ(PlantedSegmentNames()[3], "lapsed");
  EXPECT_GT(visits[0] / count[0], 2 * visits[1] / count[1]);
  EXPECT_GT(visits[1] / count[1], 2 * visits[2] / count[2]);
  EXPECT_GT(recency[3] / count[3], 2 * recency[1] / count[1]);
}

TEST(Synthetic, ScaleMultipliesCustomersAndOutliersAreMarked) {
  SyntheticOptions options;
  options.customers = 100;
  options.scale = 2.5;
  options.outlier_share = 0.2;
  options.days = 30;
  const SyntheticCsv data = Generate(options);
  ASSERT_EQ(data.summary.customers.size(), 250u);
  int outliers = 0;
  for (const PlantedCustomer& customer : data.summary.customers) outliers += customer.outlier;
  EXPECT_GT(outliers, 20);
  EXPECT_LT(outliers, 80);
}

TEST(Synthetic, DriftThinsOutTheEndOfThePeriod) {
  const auto late_share = [](double drift) {
    SyntheticOptions options;
    options.customers = 400;
    options.drift = drift;
    const auto loaded = LoadTransactionsFromBytes(Generate(options).csv);
    EXPECT_THAT(loaded, IsOk());
    size_t late = 0;
    for (size_t i = 0; i < loaded->table.rows(); ++i) {
      late += DayOf(loaded->table.time(i)) > options.first_day + options.days * 3 / 4 ? 1 : 0;
    }
    return static_cast<double>(late) / static_cast<double>(loaded->table.rows());
  };
  EXPECT_LT(late_share(1.0), late_share(0.0) - 0.03);
}

TEST(Synthetic, RefusesOptionsOutOfRange) {
  for (const auto& change : std::vector<void (*)(SyntheticOptions&)>{
           [](SyntheticOptions& o) { o.customers = 0; }, [](SyntheticOptions& o) { o.scale = 0; },
           [](SyntheticOptions& o) { o.drift = 1.5; }, [](SyntheticOptions& o) { o.days = 0; },
           [](SyntheticOptions& o) { o.duplicate_share = -0.1; },
           [](SyntheticOptions& o) { o.outlier_share = 0.6; }}) {
    SyntheticOptions options;
    change(options);
    EXPECT_EQ(InputErrorKind(GenerateTransactionsCsv(options).status()), kOptionOutOfRange);
  }
}

TEST(Synthetic, StopsWithTheErrorOfItsSink) {
  SyntheticOptions options;
  const auto result =
      GenerateTransactions(options, [](std::string_view) { return absl::AbortedError("full"); });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kAborted));
}

}  // namespace
}  // namespace cairn::pipeline
