#include "pipeline/report/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "pipeline/report/feature_text.h"

namespace cairn::pipeline {
namespace {

TEST(NumberTextTest, ThousandsHaveSeparators) {
  EXPECT_EQ(Thousands(0), "0");
  EXPECT_EQ(Thousands(999), "999");
  EXPECT_EQ(Thousands(-1234567), "-1,234,567");
  EXPECT_EQ(Thousands(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(Decimal(1234.5, 2), "1,234.50");
  EXPECT_EQ(Decimal(-0.001, 2), "0.00");
}

TEST(NumberTextTest, MoneyHasPenniesBelowAThousand) {
  EXPECT_EQ(Money("£", 8911407.9), "£8,911,408");
  EXPECT_EQ(Money("£", -12.5), "-£12.50");
  EXPECT_EQ(Money("£", 99.994), "£99.99");
  EXPECT_EQ(Money("£", 99.996), "£100");
  EXPECT_EQ(Money("", -0.001), "0.00");
  EXPECT_EQ(CompactMoney("£", -8911407.9), "-£8.91M");
}

TEST(NumberTextTest, CompactRoundsUpToTheNextUnit) {
  EXPECT_EQ(Compact(999999), "1M");
  EXPECT_EQ(Compact(1500), "1.5k");
  EXPECT_EQ(Compact(-0.0312), "-0.0312");
  EXPECT_EQ(Compact(-0.0), "0");
}

TEST(NumberTextTest, SharesTimesAndBytesHaveUnits) {
  EXPECT_EQ(Percent(0.4512), "45.1 %");
  EXPECT_EQ(Percent(0.0002), "< 0.1 %");
  EXPECT_EQ(Percent(-0.5), "-50.0 %");
  EXPECT_EQ(Bytes(412), "412 B");
  EXPECT_EQ(Bytes(45580638), "45.6 MB");
  EXPECT_EQ(Seconds(0.0034), "3.4 ms");
  EXPECT_EQ(Seconds(3.44), "3.4 s");
  EXPECT_EQ(Seconds(125), "2 min 5 s");
  EXPECT_EQ(Counted(1, "customer", "customers"), "1 customer");
}

TEST(NumberTextTest, WhatWasNotMeasuredIsADash) {
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (const std::string& text :
         {Decimal(value, 2), Compact(value), Percent(value), Money("£", value), Seconds(value),
          FeatureValue("Total_Spend", value, "£")}) {
      EXPECT_EQ(text, kNotMeasuredText);
    }
  }
}

TEST(FeatureTextTest, ValuesReadAsWhatTheyAre) {
  EXPECT_EQ(FeatureLabel("Total_Spend"), "Total spend");
  EXPECT_EQ(FeatureLabel("My_Own_Column"), "My Own Column");
  EXPECT_EQ(FeatureValue("Day_Of_Week", 3, "£"), "Thursday");
  EXPECT_EQ(FeatureValue("Day_Of_Week", 9, "£"), "9");
  EXPECT_EQ(FeatureValue("Hour", 12, "£"), "12:00");
  EXPECT_EQ(FeatureValue("Total_Spend", 1926, "£"), "£1,926");
  EXPECT_EQ(FeatureValue("Days_Since_Last_Purchase", 51, ""), "51 days");
  EXPECT_EQ(FeatureValue("Days_Since_Last_Purchase", 1, ""), "1 day");
  EXPECT_EQ(FeatureValue("Total_Transactions", 1, ""), "1 invoice");
  EXPECT_EQ(FeatureValue("Total_Transactions", 1.5, ""), "1.5 invoices");
  EXPECT_EQ(FeatureFigure("Total_Transactions", 1, ""), "1");
  EXPECT_EQ(FeatureFigure("Monthly_Spending_Mean", 62.53, "£"), "£63");
  EXPECT_EQ(FeatureFigure("Total_Spend", -0.4, "£"), "£0");
  EXPECT_EQ(FeatureValue("Is_UK", 1, ""), "100.0 %");
}

}  // namespace
}  // namespace cairn::pipeline
