#include "pipeline/lifecycle/backfill_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

BackfillMonth MonthOf(const std::string& month, const std::string& outcome) {
  BackfillMonth out;
  out.month = month;
  out.turn.outcome_word = outcome;
  return out;
}

TEST(BackfillChartTest, TellsEachMonthWhatWasDecidedAndTheVerdictOnDrift) {
  std::vector<BackfillMonth> months = {MonthOf("2010-12", "collecting"),
                                       MonthOf("2011-01", "refused")};
  EXPECT_THAT(BackfillChart(months), Not(HasSubstr(">drifted<")));
  months[1].turn.drift.features.emplace();
  months[1].turn.drift.features->verdict = DriftVerdict::kDrifted;
  const std::string chart = BackfillChart(months);
  for (const char* part : {">Dec 2010<", ">Jan 2011<", ">collecting<", ">refused<", ">drifted<"}) {
    EXPECT_THAT(chart, HasSubstr(part));
  }
}

TEST(BackfillChartTest, NamesSegmentsAboveTheColumnsThatShowThem) {
  std::vector<BackfillMonth> months = {MonthOf("2011-01", "promoted")};
  months[0].segments.resize(1);
  months[0].segments[0].name = "Loyal spenders";
  months[0].segments[0].customers = 7;
  const std::string chart = BackfillChart(months);
  EXPECT_LT(chart.find("Loyal spenders"), chart.find("Customers by segment"));
}

TEST(BackfillChartTest, WithoutMonthsSaysSo) {
  EXPECT_THAT(BackfillChart({}), HasSubstr("there are no months"));
}

}  // namespace
}  // namespace cairn::pipeline
