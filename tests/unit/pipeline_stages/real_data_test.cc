// Counts and published figures of UCI Online Retail; runs where CAIRN_DATASET names the file.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "pipeline/stages/runner.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

class RealDataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* file = std::getenv("CAIRN_DATASET");
    if (file == nullptr || *file == '\0') GTEST_SKIP() << "CAIRN_DATASET is not set";
    request_.data = file;
  }

  RunOutcome Run(std::string_view preset) {
    request_.config = PresetConfig(preset).value();
    auto outcome = RunPipeline(request_, {}, nullptr);
    EXPECT_THAT(outcome, IsOk());
    return outcome.ok() ? *std::move(outcome) : RunOutcome();
  }

  RunRequest request_;
};

std::map<std::string, int64_t> RowsOut(const RunOutcome& outcome) {
  std::map<std::string, int64_t> out;
  for (const StageRecord& record : outcome.stages) out[record.name] = record.rows_out;
  return out;
}

TEST_F(RealDataTest, DefaultCountsAndAModelThatPassesTheRules) {
  const RunOutcome outcome = Run("default");
  auto rows = RowsOut(outcome);
  EXPECT_EQ(rows["load"], 541'909);
  EXPECT_EQ(rows["missing_values"], 406'829);
  EXPECT_EQ(rows["duplicates"], 401'550);
  EXPECT_EQ(rows["transaction_status"], 401'550);
  EXPECT_EQ(rows["stock_codes"], 399'682);
  EXPECT_EQ(rows["descriptions"], 399'599);
  EXPECT_EQ(rows["zero_price"], 399'567);
  EXPECT_EQ(rows["features"], 4'362);
  ASSERT_TRUE(outcome.selected);
  const SelectionRow& chosen = outcome.selection.rows[outcome.selection.chosen];
  EXPECT_TRUE(chosen.eligible) << chosen.note;
  const Indices& all = outcome.runs[chosen.run].everyone;
  EXPECT_GE(all.silhouette, 0.20);
  EXPECT_LE(all.davies_bouldin, 1.6);
  EXPECT_GE(all.min_cluster_share, 0.02);
}

TEST_F(RealDataTest, ClassicCountsAndPublishedMeans) {
  const RunOutcome outcome = Run("classic");
  auto rows = RowsOut(outcome);
  EXPECT_EQ(rows["features"], 4'282);
  EXPECT_EQ(rows["outliers"], 4'067);
  EXPECT_EQ(outcome.runs.size(), 144u);
  const auto mean = [&](int column) { return outcome.features.values.col(column).mean(); };
  EXPECT_NEAR(mean(kDaysSinceLastPurchase), 89.43, 0.005);
  EXPECT_NEAR(mean(kTotalSpend), 1926.13, 0.005);
  EXPECT_NEAR(mean(kTotalTransactions), 5.07, 0.005);
  EXPECT_NEAR(mean(kUniqueProductsPurchased), 62.29, 0.005);
  // The published indices, which rest on scikit-learn's outliers; k-means has starts of its own.
  EXPECT_EQ(outcome.preparation.components.cols(), 6);
  const SelectionRow& four = outcome.selection.rows[1];
  ASSERT_EQ(four.k, 4);
  EXPECT_NEAR(four.silhouette, 0.2315, 0.0002);
  EXPECT_NEAR(four.davies_bouldin, 1.349, 0.001);
  EXPECT_NEAR(four.calinski_harabasz, 1085.8, 0.1);
  ASSERT_TRUE(four.stability.has_value());
  EXPECT_EQ(four.stability->extra_fits, 2);
}

TEST_F(RealDataTest, WithoutOutlierRemovalTwoSegmentsAreATrap) {
  request_.config = PresetConfig("default").value();
  ASSERT_THAT(SetOutlierMethod("none", &request_.config), IsOk());
  ASSERT_THAT(SetScaling("standard", &request_.config), IsOk());
  request_.config.sweep.grid = SweepGrid();
  request_.config.sweep.grid.k = {2};
  request_.config.sweep.grid.n_init = {10};
  const auto outcome = RunPipeline(request_, {}, nullptr);
  ASSERT_THAT(outcome, IsOk());
  EXPECT_NEAR(outcome->runs[0].everyone.silhouette, 0.86, 0.02);
  EXPECT_LT(outcome->runs[0].everyone.min_cluster_share, 0.02);
}

}  // namespace
}  // namespace cairn::pipeline
