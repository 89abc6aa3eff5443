#include "lib/base/nearest.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

using Names = std::vector<std::string>;

TEST(NearestTest, DistanceCountsEditsAndSwaps) {
  EXPECT_EQ(EditDistance("run", "run"), 0u);
  EXPECT_EQ(EditDistance("run", "rnu"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(NearestTest, NothingNearMeansNoSuggestion) {
  EXPECT_EQ(Nearest("zzzz", Names{"get", "list"}), "");
  EXPECT_EQ(Nearest("desc", Names{"get", "describe"}), "describe");
  EXPECT_EQ(Nearest("a", Names{"2", "b"}), "");
  EXPECT_EQ(Nearest("a", Names{"2", "ab"}), "ab");
  EXPECT_EQ(Nearest("sl", Names{"ls"}), "ls");
}

TEST(NearestTest, FindsTheWordThatWasMeant) {
  const Names known = {"outliers", "scaling", "sweep"};
  EXPECT_EQ(Nearest("outlier", known), "outliers");
  EXPECT_EQ(Nearest("scalling", known), "scaling");
  EXPECT_EQ(Nearest("sweep", known), "sweep");
  EXPECT_EQ(Nearest("banana", known), "");
  EXPECT_EQ(Nearest("", Names{"a"}), "");
  EXPECT_EQ(Nearest("k", Names{}), "");
  EXPECT_EQ(Nearest(std::string(1000, 'a'), Names{"a"}), "");
}

TEST(NearestTest, CaseIsNoDifferenceAndAWordIsNotItsOwnSuggestion) {
  EXPECT_EQ(NearestOf("MODEL", {"model"}), "model");
  EXPECT_EQ(NearestOf("model", {"model"}), "");
}

}  // namespace
}  // namespace cairn
