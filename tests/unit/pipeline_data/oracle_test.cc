// Compares cleaning and features with an independent computation in pandas
// (tests/oracle/features/features_oracle.py). Needs a Python with pandas; the real data needs
// CAIRN_DATASET besides.

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/features.h"
#include "pipeline/data/load.h"
#include "pipeline/data/synthetic.h"
#include "pipeline/data/table_csv.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

// A Python that can import pandas; empty when there is none.
std::string FindPython() {
  const char* chosen = std::getenv("CAIRN_PYTHON");
  for (const std::string& python : {std::string(chosen ? chosen : ""),
                                    std::string("/usr/bin/python3"), std::string("python3")}) {
    if (python.empty()) continue;
    if (std::system(fmt::format("{} -c 'import pandas' 2>/dev/null", python).c_str()) == 0) {
      return python;
    }
  }
  return {};
}

struct OracleTable {
  std::vector<std::string> columns;
  std::vector<std::vector<double>> rows;
};

OracleTable ReadNumbers(const std::string& path) {
  OracleTable table;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    std::stringstream fields(line);
    std::string field;
    if (table.columns.empty()) {
      while (std::getline(fields, field, ',')) table.columns.push_back(field);
      continue;
    }
    table.rows.emplace_back();
    while (std::getline(fields, field, ',')) table.rows.back().push_back(std::stod(field));
  }
  return table;
}

void ExpectEqual(const OracleTable& oracle, const FeatureMatrix& features) {
  ASSERT_EQ(oracle.rows.size(), features.customer_ids.size());
  ASSERT_EQ(oracle.columns.size(), features.columns.size() + 1);
  for (size_t j = 0; j < features.columns.size(); ++j) {
    EXPECT_EQ(oracle.columns[j + 1], features.columns[j]);
  }
  for (size_t i = 0; i < oracle.rows.size(); ++i) {
    ASSERT_EQ(oracle.rows[i][0], features.customer_ids[i]);
    for (size_t j = 0; j < features.columns.size(); ++j) {
      const double expected = oracle.rows[i][j + 1];
      const double actual =
          features.values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
      ASSERT_LE(std::abs(actual - expected), 1e-9 * std::max(1.0, std::abs(expected)))
          << features.columns[j] << " of customer " << features.customer_ids[i];
    }
  }
}

// Runs the oracle on the table as loaded and compares both presets and all counts.
void CompareWithOracle(const TransactionTable& table) {
  const std::string python = FindPython();
  if (python.empty()) GTEST_SKIP() << "no Python with pandas (CAIRN_PYTHON may name one)";
  const testing::TemporaryFolder folder;
  ASSERT_THAT(WriteOutputFile(folder.File("in.csv"), TransactionsCsv(table)), IsOk());
  const std::string command =
      fmt::format("{} {}/tests/oracle/features/features_oracle.py {} {}", python, CAIRN_SOURCE_DIR,
                  folder.File("in.csv"), folder.File(""));
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const CleaningResult cleaned = CleanTransactions(table);
  const auto counts = nlohmann::json::parse(std::ifstream(folder.File("counts.json")));
  EXPECT_EQ(counts["load"], table.rows());
  for (const CleaningStep& step : cleaned.steps) EXPECT_EQ(counts[step.name], step.rows_out);
  EXPECT_EQ(counts["cancelled"], cleaned.steps[2].counts[0].second);
  EXPECT_EQ(counts["customers"], cleaned.table.CustomerIds().size());
  for (const FeaturePreset preset : {FeaturePreset::kDefault, FeaturePreset::kClassic}) {
    SCOPED_TRACE(FeaturePresetName(preset));
    const auto features = ComputeFeatures(cleaned.table, preset);
    ASSERT_THAT(features, IsOk());
    ExpectEqual(ReadNumbers(folder.File(fmt::format("{}.csv", FeaturePresetName(preset)))),
                *features);
  }
}

TEST(FeaturesOracle, SyntheticDataGivesTheSameFeaturesInPandas) {
  SyntheticOptions options;
  options.customers = 300;
  options.seed = 5;
  options.drift = 0.3;
  const auto data = GenerateTransactionsCsv(options);
  ASSERT_THAT(data, IsOk());
  const auto loaded = LoadTransactionsFromBytes(data->csv);
  ASSERT_THAT(loaded, IsOk());
  CompareWithOracle(loaded->table);
}

class RealData : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("CAIRN_DATASET");
    if (path == nullptr) GTEST_SKIP() << "CAIRN_DATASET does not name the data set";
    auto loaded = LoadTransactions(path);
    ASSERT_THAT(loaded, IsOk());
    loaded_ = *std::move(loaded);
  }
  LoadedTransactions loaded_;
};

TEST_F(RealData, EveryCleaningStageLeavesTheDocumentedRows) {
  EXPECT_EQ(loaded_.rows_read, 541'909u);
  EXPECT_EQ(loaded_.rows_rejected, 0u);
  const CleaningResult cleaned = CleanTransactions(loaded_.table);
  const uint64_t expected[] = {406'829, 401'550, 401'550, 399'682, 399'599, 399'567};
  ASSERT_EQ(cleaned.steps.size(), std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(cleaned.steps[i].rows_out, expected[i]) << cleaned.steps[i].name;
  }
  EXPECT_EQ(cleaned.steps[0].counts[0].second, 135'080u);
  EXPECT_EQ(cleaned.steps[2].counts[0].second, 8'841u);
  EXPECT_EQ(cleaned.steps[3].counts[0].second, 8u);
  EXPECT_EQ(cleaned.table.CustomerIds().size(), 4'362u);
}

TEST_F(RealData, ClassicFeaturesHaveThePublishedMeans) {
  const auto features =
      ComputeFeatures(CleanTransactions(loaded_.table).table, FeaturePreset::kClassic);
  ASSERT_THAT(features, IsOk());
  ASSERT_EQ(features->values.rows(), 4'282);
  EXPECT_NEAR(features->values.col(kDaysSinceLastPurchase).mean(), 89.43, 0.005);
  EXPECT_NEAR(features->values.col(kTotalSpend).mean(), 1926.13, 0.005);
  EXPECT_NEAR(features->values.col(kTotalTransactions).mean(), 5.07, 0.005);
  EXPECT_NEAR(features->values.col(kUniqueProductsPurchased).mean(), 62.29, 0.005);
}

TEST_F(RealData, WrittenAndReadAgainIsTheSame) {
  const auto again = LoadTransactionsFromBytes(TransactionsCsv(loaded_.table));
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(SameRows(loaded_.table, again->table));
}

TEST_F(RealData, FeaturesAreThoseOfPandas) { CompareWithOracle(loaded_.table); }

}  // namespace
}  // namespace cairn::pipeline
