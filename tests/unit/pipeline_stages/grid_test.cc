#include "pipeline/stages/grid.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace cairn::pipeline {
namespace {

std::set<std::string> Ids(const SweepGrid& grid) {
  std::set<std::string> ids;
  for (const GridPoint& point : grid.Points(42)) ids.insert(point.Id());
  return ids;
}

TEST(GridTest, DefaultIsElevenKWithFiveSeeds) {
  EXPECT_EQ(Ids(DefaultGrid(42)).size(), 55u);
  EXPECT_EQ(DefaultGrid(42).Points(42).front().Id(),
            "k=2,n_init=1,max_iter=300,init=k-means++,seed=42");
  EXPECT_EQ(DefaultGrid(42).Points(42).back().seed, 46u);
}

TEST(GridTest, ClassicIs144PointsOfOneSeed) {
  EXPECT_EQ(Ids(ClassicGrid()).size(), 144u);
  for (const GridPoint& point : ClassicGrid().Points(7)) EXPECT_EQ(point.seed, 7u);
}

TEST(GridTest, EverySettingIsPartOfTheId) {
  const GridPoint base{3, 10, 300, CenterInit::kKMeansPlusPlus, 42};
  std::set<std::string> ids = {base.Id()};
  for (const GridPoint& other : {GridPoint{4, 10, 300, CenterInit::kKMeansPlusPlus, 42},
                                 GridPoint{3, 11, 300, CenterInit::kKMeansPlusPlus, 42},
                                 GridPoint{3, 10, 301, CenterInit::kKMeansPlusPlus, 42},
                                 GridPoint{3, 10, 300, CenterInit::kRandom, 42},
                                 GridPoint{3, 10, 300, CenterInit::kKMeansPlusPlus, 43}}) {
    ids.insert(other.Id());
  }
  EXPECT_EQ(ids.size(), 6u);
}

}  // namespace
}  // namespace cairn::pipeline
