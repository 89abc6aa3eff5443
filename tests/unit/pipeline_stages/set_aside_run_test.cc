// Kind of fault: half of the input is set aside and the run ends well, or registers it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "pipeline/data/input_error.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_stages/recording_publisher.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

// A request whose every second row has no customer.
RunRequest HalfWithoutCustomer(const ScratchFolder& folder) {
  RunRequest request = SmallRequest(folder, 3);
  std::string csv = ReadFile(request.data).value();
  std::string out = csv.substr(0, csv.find('\n') + 1);
  bool odd = false;
  for (size_t at = out.size(); at < csv.size();) {
    const size_t end = csv.find('\n', at) + 1;
    std::string row = csv.substr(at, end - at);
    if (odd) {
      const size_t country = row.rfind(',');
      const size_t customer = row.rfind(',', country - 1) + 1;
      row.erase(customer, country - customer);
    }
    odd = !odd;
    out += row;
    at = end;
  }
  EXPECT_THAT(WriteFileAtomically(request.data, out), IsOk());
  return request;
}

std::vector<std::string> Said(const RunRequest& request) {
  std::vector<std::string> lines;
  const RunObserver observer{.stage = {}, .progress = {}, .input = [&](const std::string& line) {
                               lines.push_back(line);
                             }};
  EXPECT_THAT(RunPipeline(request, observer, nullptr), IsOk());
  std::erase_if(lines, [](const std::string& line) { return !line.starts_with("set aside:"); });
  return lines;
}

TEST(SetAsideRun, AboveTheAllowedShareStopsAndRegistersNothing) {
  const ScratchFolder folder;
  RunRequest request = HalfWithoutCustomer(folder);
  request.out = folder / "out";
  RecordingPublisher publisher;
  const auto outcome = RunPipeline(request, {}, &publisher);
  EXPECT_EQ(InputErrorKind(outcome.status()), kTooManySetAside) << outcome.status();
  EXPECT_TRUE(publisher.datasets.empty());
  EXPECT_FALSE(std::filesystem::exists(request.out + "/features.csv"));
}

TEST(SetAsideRun, TheSharesAreSaidAlsoFromTheCacheAndJudgedAgain) {
  const ScratchFolder folder;
  RunRequest request = HalfWithoutCustomer(folder);
  request.out = folder / "out";
  ASSERT_THAT(ApplySetting("cleaning.max_set_aside_share=0.9", &request.config), IsOk());
  const std::vector<std::string> first = Said(request);
  ASSERT_GE(first.size(), 2u);
  EXPECT_TRUE(first[0].starts_with("set aside: no customer: ")) << first[0];
  EXPECT_EQ(Said(request), first);
  const std::string stages = ReadFile(request.out + "/stages.json").value();
  EXPECT_NE(stages.find("\"reason\": \"no customer\""), stages.npos);
  request.config.cleaning.max_set_aside_share = 0.4;
  EXPECT_EQ(InputErrorKind(RunPipeline(request, {}, nullptr).status()), kTooManySetAside);
}

}  // namespace
}  // namespace cairn::pipeline
