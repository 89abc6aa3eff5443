#ifndef CAIRN_TESTS_UNIT_PIPELINE_STAGES_TEST_PIPELINE_H_
#define CAIRN_TESTS_UNIT_PIPELINE_STAGES_TEST_PIPELINE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/files.h"
#include "pipeline/data/synthetic.h"
#include "pipeline/stages/runner.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {

// A folder of the test's own, gone afterwards.
class ScratchFolder {
 public:
  ScratchFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + "/stages_" + test->test_suite_name() + "_" + test->name();
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Transactions of `customers` planted customers.
inline SyntheticCsv PlantedCsv(int32_t customers, uint64_t seed) {
  SyntheticOptions options;
  options.customers = customers;
  options.seed = seed;
  return GenerateTransactionsCsv(options).value();
}

// A request for a small sweep over planted transactions in `folder`.
inline RunRequest SmallRequest(const ScratchFolder& folder, uint64_t seed) {
  RunRequest request;
  request.data = folder / "data.csv";
  EXPECT_THAT(WriteFileAtomically(request.data, PlantedCsv(300, seed).csv), cairn::testing::IsOk());
  request.config = PresetConfig("default").value();
  request.config.threads = 2;
  request.config.sweep.grid.k = {2, 3, 4};
  request.config.sweep.grid.seeds = {1, 2};
  // They take longer than all the rest.
  request.config.report.png = ChartPngs::kOff;
  return request;
}

inline RunOutcome RunOrDie(const RunRequest& request, Publisher* publisher = nullptr) {
  auto outcome = RunPipeline(request, {}, publisher);
  EXPECT_THAT(outcome, cairn::testing::IsOk());
  return outcome.ok() ? *std::move(outcome) : RunOutcome();
}

}  // namespace cairn::pipeline

#endif  // CAIRN_TESTS_UNIT_PIPELINE_STAGES_TEST_PIPELINE_H_
