#include "pipeline/stages/spelling.h"

#include <gtest/gtest.h>

namespace cairn::pipeline {
namespace {

TEST(SpellingTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> known = {"outliers", "scaling", "sweep"};
  EXPECT_EQ(NearestWord("outlier", known), "outliers");
  EXPECT_EQ(NearestWord("scalling", known), "scaling");
  EXPECT_EQ(NearestWord("sweep", known), "sweep");
}

TEST(SpellingTest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(NearestWord("banana", {"outliers", "scaling"}), "");
  EXPECT_EQ(NearestWord("", {"a"}), "");
  EXPECT_EQ(NearestWord("k", {}), "");
}

}  // namespace
}  // namespace cairn::pipeline
