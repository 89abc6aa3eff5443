#ifndef CAIRN_PIPELINE_STAGES_GRID_H_
#define CAIRN_PIPELINE_STAGES_GRID_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::pipeline {

// How the first centres of a k-means start are chosen.
enum class CenterInit { kKMeansPlusPlus, kRandom };

// "k-means++" or "random".
std::string_view CenterInitName(CenterInit init);

// One training run's settings. Value type. Checked by CheckConfig, not here.
struct GridPoint {
  int k = 0;           // Segments, >= 2.
  int n_init = 1;      // Starts, the best of which counts, >= 1.
  int max_iter = 300;  // Iterations of one start at most, >= 1.
  CenterInit init = CenterInit::kKMeansPlusPlus;
  uint32_t seed = 42;

  bool operator==(const GridPoint&) const = default;

  // What the run is called and found by: `k=3,n_init=10,max_iter=300,init=k-means++,seed=42`.
  std::string Id() const;
};

// A sweep as lists whose product are its points. An empty list, but for `seeds`, leaves
// no points.
struct SweepGrid {
  // "default", "classic" or "custom".
  std::string name = "custom";
  std::vector<int> k;
  std::vector<int> n_init = {1};
  std::vector<int> max_iter = {300};
  std::vector<CenterInit> init = {CenterInit::kKMeansPlusPlus};
  // Empty: the configuration's seed alone.
  std::vector<uint32_t> seeds;

  // Every combination once, k outermost, then init, n_init, max_iter, seed innermost;
  // `seed` stands in for an empty list of seeds. The order is that of the sweep, and
  // RunDraft::index counts in it.
  std::vector<GridPoint> Points(uint32_t seed) const;
};

// k 2..12 with five seeds from `seed` upwards, one start each: 55 runs. Several seeds
// show how stable a k is; one start each keeps the points apart.
SweepGrid DefaultGrid(uint32_t seed);

// k {3,4,8} × n_init {1,2,5,10,20,50} × max_iter {100,250,500,1000} × both inits, one
// seed: 144.
SweepGrid ClassicGrid();

// The most points a grid may have.
inline constexpr size_t kMaxGridPoints = 10'000;

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_GRID_H_
