#ifndef CAIRN_PIPELINE_STAGES_STABILITY_H_
#define CAIRN_PIPELINE_STAGES_STABILITY_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/stages/grid.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// How far the segments of a k depend on the seed: k-means finds a local optimum, and where another
// seed finds another one, so would the next month's retraining.

// Seeds that a k is judged by at least.
inline constexpr int kFewestSeeds = 3;

// What a k came to.
struct Stability {
  // Mean adjusted Rand index over all pairs of seeds at the same settings, 1 = the same segments
  // whatever the seed, about 0 = unrelated ones.
  double rand_index = 0;
  int seeds = 0;       // How many stand behind it, >= 2.
  int extra_fits = 0;  // Of these, fits that were made for it and are no runs.

  bool operator==(const Stability&) const = default;
};

// By k.
using StabilityByK = std::map<int, Stability>;

// Measures every k that `runs` have. Where no settings of a k have several seeds, the settings of
// its run among `representatives` are fitted with the next seeds until there are kFewestSeeds;
// these fits are thrown away. Their starts are those of the representative, so the cost of a k is
// kFewestSeeds - 1 of its fits. Errors are those of FitGrid. Threads never change a result.
absl::StatusOr<StabilityByK> MeasureStability(const SweepInput& input,
                                              const std::vector<TrainingRun>& runs,
                                              const std::vector<size_t>& representatives,
                                              const SweepOptions& options);

// In words, for the reason of a choice: `over 5 seeds the segments are the same for most
// customers (adjusted Rand index 0.913)`.
std::string StabilityWords(const Stability& stability);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STABILITY_H_
