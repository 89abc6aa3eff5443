#include "client-cli/commands/policy_draft.h"

#include <limits>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cairn::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Evaluation Measured(int version, const std::string& metric, double value) {
  v1::Evaluation evaluation;
  evaluation.set_name(fmt::format("models/segments/versions/{}/evaluations/1", version));
  evaluation.set_state(v1::Evaluation::FINAL);
  evaluation.set_dataset_version("datasets/retail/versions/2");
  auto* one = evaluation.add_values();
  one->set_metric(metric);
  one->set_value(value);
  return evaluation;
}

TEST(PolicyDraft, GathersWhatTheNewestVersionsHave) {
  v1::Evaluation open = Measured(9, "silhouette", 9);
  open.set_state(v1::Evaluation::OPEN);
  const auto draft = GatherDraft(
      {open, Measured(3, "silhouette", 0.31), Measured(3, "latency_ms", 12),
       Measured(2, "silhouette", 0.2604),
       Measured(2, "nan", std::numeric_limits<double>::infinity()), Measured(1, "silhouette", 0.1)},
      2);
  EXPECT_EQ(draft.versions, 2);
  EXPECT_EQ(draft.dataset, "retail");
  ASSERT_EQ(draft.metrics.size(), 2u);
  EXPECT_EQ(draft.metrics.at("silhouette").least, 0.2604);
  EXPECT_EQ(draft.metrics.at("silhouette").most, 0.31);
  EXPECT_EQ(draft.metrics.at("silhouette").versions, 2);
}

TEST(PolicyDraft, GatesStandWhereTheWorstOfThemStillPassesAndNothingIsGuessed) {
  PolicyDraft draft =
      GatherDraft({Measured(2, "silhouette", 0.2604), Measured(2, "latency_ms", 12)}, 20);
  draft.model = "segments";
  draft.channel = "production";
  draft.metrics["silhouette"].direction = "higher";
  const std::string text = DraftText(draft);
  EXPECT_THAT(text, HasSubstr("- id: silhouette-floor\n      metric: \"silhouette\"\n"
                              "      pass: \">= 0.26\"\n"));
  EXPECT_THAT(text, HasSubstr("  #   \"latency_ms\": {direction: higher}  # or lower; seen: 12 to "
                              "12 in 1 version\n"));
  EXPECT_THAT(text, Not(HasSubstr("metric: \"latency_ms\"")));
  EXPECT_THAT(text, HasSubstr("mode: shadow"));
  EXPECT_THAT(text, HasSubstr("dataset: \"retail\""));
  draft.metrics["silhouette"].direction = "lower";
  EXPECT_THAT(DraftText(draft), HasSubstr("pass: \"<= 0.261\""));
}

}  // namespace
}  // namespace cairn::cli
