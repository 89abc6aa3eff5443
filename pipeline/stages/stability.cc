#include "pipeline/stages/stability.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "lib/base/status_macros.h"
#include "pipeline/stages/rand_index.h"

namespace cairn::pipeline {
namespace {

using LabelLists = std::vector<const std::vector<int32_t>*>;

// Sum and number of the indices of pairs.
struct PairSum {
  double sum = 0;
  int pairs = 0;

  void Add(const LabelLists& labels) {
    for (size_t i = 0; i < labels.size(); ++i) {
      for (size_t j = i + 1; j < labels.size(); ++j) {
        sum += AdjustedRandIndex(*labels[i], *labels[j]);
        ++pairs;
      }
    }
  }
};

// From the runs alone; no entry where no settings have several seeds.
StabilityByK OfRuns(const std::vector<TrainingRun>& runs) {
  std::map<int, std::map<std::string, LabelLists>> groups;
  std::map<int, std::set<uint32_t>> seeds;
  for (const TrainingRun& run : runs) {
    GridPoint settings = run.point;
    settings.seed = 0;
    groups[run.point.k][settings.Id()].push_back(&run.fit->training_labels);
    seeds[run.point.k].insert(run.point.seed);
  }
  StabilityByK out;
  for (const auto& [k, of_k] : groups) {
    PairSum pairs;
    for (const auto& [settings, labels] : of_k) pairs.Add(labels);
    if (pairs.pairs == 0) continue;
    out[k] = {pairs.sum / pairs.pairs, static_cast<int>(seeds[k].size()), 0};
  }
  return out;
}

}  // namespace

absl::StatusOr<StabilityByK> MeasureStability(const SweepInput& input,
                                              const std::vector<TrainingRun>& runs,
                                              const std::vector<size_t>& representatives,
                                              const SweepOptions& options) {
  StabilityByK out = OfRuns(runs);
  std::vector<size_t> alone;
  std::vector<GridPoint> points;
  for (const size_t run : representatives) {
    if (out.contains(runs[run].point.k)) continue;
    alone.push_back(run);
    GridPoint point = runs[run].point;
    for (int i = 1; i < kFewestSeeds; ++i) {
      ++point.seed;
      points.push_back(point);
    }
  }
  if (points.empty()) return out;
  CAIRN_ASSIGN_OR_RETURN(const auto fits, FitGrid(input, points, options));
  constexpr int kExtra = kFewestSeeds - 1;
  for (size_t i = 0; i < alone.size(); ++i) {
    LabelLists labels = {&runs[alone[i]].fit->training_labels};
    for (size_t j = i * kExtra; j < (i + 1) * kExtra; ++j) {
      labels.push_back(&fits[j].fit->training_labels);
    }
    PairSum pairs;
    pairs.Add(labels);
    out[runs[alone[i]].point.k] = {pairs.sum / pairs.pairs, kFewestSeeds, kExtra};
  }
  return out;
}

std::string StabilityWords(const Stability& stability) {
  const std::string_view words = stability.rand_index >= 0.95  ? "the same for nearly all customers"
                                 : stability.rand_index >= 0.8 ? "the same for most customers"
                                 : stability.rand_index >= 0.5
                                     ? "the same for a part of the customers"
                                     : "others for most customers";
  return fmt::format("over {} seeds the segments are {} (adjusted Rand index {:.3f})",
                     stability.seeds, words, stability.rand_index);
}

}  // namespace cairn::pipeline
