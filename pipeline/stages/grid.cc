#include "pipeline/stages/grid.h"

#include <fmt/format.h>

namespace cairn::pipeline {

std::string_view CenterInitName(CenterInit init) {
  return init == CenterInit::kRandom ? "random" : "k-means++";
}

std::string GridPoint::Id() const {
  return fmt::format("k={},n_init={},max_iter={},init={},seed={}", k, n_init, max_iter,
                     CenterInitName(init), seed);
}

std::vector<GridPoint> SweepGrid::Points(uint32_t seed) const {
  const std::vector<uint32_t> all_seeds = seeds.empty() ? std::vector<uint32_t>{seed} : seeds;
  std::vector<GridPoint> points;
  for (const int clusters : k) {
    for (const CenterInit centers : init) {
      for (const int starts : n_init) {
        for (const int iterations : max_iter) {
          for (const uint32_t one : all_seeds) {
            points.push_back({clusters, starts, iterations, centers, one});
          }
        }
      }
    }
  }
  return points;
}

SweepGrid DefaultGrid(uint32_t seed) {
  SweepGrid grid;
  grid.name = "default";
  for (int k = 2; k <= 12; ++k) grid.k.push_back(k);
  for (uint32_t i = 0; i < 5; ++i) grid.seeds.push_back(seed + i);
  return grid;
}

SweepGrid ClassicGrid() {
  SweepGrid grid;
  grid.name = "classic";
  grid.k = {3, 4, 8};
  grid.n_init = {1, 2, 5, 10, 20, 50};
  grid.max_iter = {100, 250, 500, 1000};
  grid.init = {CenterInit::kKMeansPlusPlus, CenterInit::kRandom};
  return grid;
}

}  // namespace cairn::pipeline
