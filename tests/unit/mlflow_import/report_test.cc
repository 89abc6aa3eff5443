#include "client-cli/mlflow_import/report.h"

#include <gtest/gtest.h>

namespace cairn::mlflow_import {
namespace {

TEST(ReportTest, CompleteUnlessSomethingDiffersOrIsLeftOut) {
  Report report;
  report.Compare(Counted::kRuns, true, true);
  report.Note("a");
  report.Note("a");
  EXPECT_EQ(report.notes().size(), 1u);
  EXPECT_TRUE(report.IsComplete());
  report.Compare(Counted::kRuns, true, false);
  EXPECT_FALSE(report.IsComplete());
  report.Compare(Counted::kRuns, false, false);
  const auto json = report.ToJson();
  EXPECT_EQ(json["counts"]["runs"]["mlflow"], 3);
  EXPECT_EQ(json["counts"]["runs"]["cairn"], 2);
  EXPECT_EQ(json["counts"]["runs"]["differs"], 2);
  EXPECT_EQ(json["complete"], false);
}

TEST(ReportTest, WhatIsLeftOutIsToldWithItsReason) {
  Report report;
  report.LeaveOut("file a", "gone");
  EXPECT_FALSE(report.IsComplete());
  EXPECT_EQ(report.ToJson()["left_out"][0]["why"], "gone");
}

}  // namespace
}  // namespace cairn::mlflow_import
