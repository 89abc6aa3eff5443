#include "pipeline/stages/features_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/errors.h"
#include "pipeline/data/table_csv.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

absl::Status ErrorOf(std::string_view text) { return ParseFeaturesCsv(text, "f.csv").status(); }

TEST(FeaturesFileTest, WhatIsWrittenReadsBackToTheSameBits) {
  FeatureMatrix features;
  features.customer_ids = {1, 20, 300};
  features.columns = {"a", "b"};
  features.values.resize(3, 2);
  features.values << 0.1, -1e300, 1.0 / 3, 5e-324, 0, -0.0;
  const auto back = ParseFeaturesCsv(FeaturesCsv(features), "f.csv");
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->customer_ids, features.customer_ids);
  EXPECT_EQ(back->columns, features.columns);
  EXPECT_EQ(back->values, features.values);
}

TEST(FeaturesFileTest, ABadFieldIsPlaced) {
  const absl::Status status = ErrorOf("CustomerID,a,b\n1,2,3\n2,x,4\n");
  EXPECT_TRUE(HasReason(status, ErrorReason::DATA_MALFORMED));
  EXPECT_EQ(MetadataOf(status, "line"), "3");
  EXPECT_EQ(MetadataOf(status, "column"), "a");
  EXPECT_EQ(MetadataOf(status, "value"), "x");
}

TEST(FeaturesFileTest, MalformedTablesAreRefused) {
  for (const char* text :
       {"CustomerID,a\n", "CustomerID,a\n1\n", "CustomerID,a\n1,2,3\n", "CustomerID,a\n1.5,2\n",
        "CustomerID,a\n1,nan\n", "CustomerID,a\n1,\n"}) {
    EXPECT_TRUE(HasReason(ErrorOf(text), ErrorReason::DATA_MALFORMED)) << text;
  }
  for (const char* text : {"", "a,b\n1,2\n", "CustomerID\n1\n"}) {
    EXPECT_TRUE(HasReason(ErrorOf(text), ErrorReason::COLUMN_MISSING)) << text;
  }
}

}  // namespace
}  // namespace cairn::pipeline
