#include "pipeline/monitoring/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/monitoring/drift_json.h"

namespace cairn::pipeline {
namespace {

TEST(LimitTable, EveryLimitStandsOnceWithinItsBoundsAndHasASentence) {
  const MonitoringLimits limits;
  std::set<std::string_view> keys;
  for (const LimitRow& row : LimitTable()) {
    SCOPED_TRACE(row.key);
    EXPECT_TRUE(keys.insert(row.key).second);
    EXPECT_GE(row.read(limits), row.least);
    EXPECT_LE(row.read(limits), row.most);
    EXPECT_THAT(std::string(row.help), ::testing::EndsWith("."));
  }
  // All members but the window, which is no double.
  EXPECT_EQ(keys.size() * sizeof(double) + sizeof(double), sizeof(MonitoringLimits));
}

// Kind of fault: two rows for one member.
TEST(LimitTable, EveryRowWritesTheMemberThatItReadsAndNoOther) {
  for (const LimitRow& row : LimitTable()) {
    SCOPED_TRACE(row.key);
    MonitoringLimits limits;
    row.write(limits) = 77;
    int changed = 0;
    for (const auto& [key, value] : LimitValues(limits)) changed += value == 77 ? 1 : 0;
    EXPECT_EQ(changed, 1);
    EXPECT_EQ(row.read(limits), 77);
  }
}

TEST(LimitTable, WhatALimitMayNotBeBelowIsALimitThatItIsNotBelow) {
  const MonitoringLimits limits;
  std::map<std::string_view, double> values;
  for (const LimitRow& row : LimitTable()) values[row.key] = row.read(limits);
  int pairs = 0;
  for (const LimitRow& row : LimitTable()) {
    if (row.not_below.empty()) continue;
    SCOPED_TRACE(row.key);
    ASSERT_EQ(values.count(row.not_below), 1u) << row.not_below;
    EXPECT_GE(row.read(limits), values[row.not_below]);
    ++pairs;
  }
  EXPECT_EQ(pairs, 7);
}

TEST(DriftJson, StatesTheLimitsThatWereUsed) {
  DriftFindings findings;
  findings.limits.features.psi_drift = 0.33;
  findings.limits.delivery.window = 5;
  const auto json = nlohmann::json::parse(DriftJson(findings));
  EXPECT_EQ(json["limits"].size(), LimitTable().size() + 1);
  EXPECT_EQ(json["limits"]["drift.psi_drift"], 0.33);
  EXPECT_EQ(json["limits"]["delivery.window"], 5);
  EXPECT_EQ(json["limits"]["delivery.median_price_most"], 1.6);
}

}  // namespace
}  // namespace cairn::pipeline
