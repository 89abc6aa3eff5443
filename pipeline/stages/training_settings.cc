// Settings of what is trained: outliers, scaling, projection and the sweep.

#include <fmt/format.h>

#include "pipeline/stages/setting_rows.h"

namespace cairn::pipeline {
namespace {

// Lists that were set by hand are no named grid any more.
void NameGrid(const PipelineConfig& before, PipelineConfig* config) {
  SweepGrid& grid = config->sweep.grid;
  const SweepGrid& old = before.sweep.grid;
  const bool same = grid.k == old.k && grid.n_init == old.n_init && grid.max_iter == old.max_iter &&
                    grid.init == old.init && grid.seeds == old.seeds;
  if (!same) grid.name = "custom";
}

Setting GridRow(Setting setting) {
  setting.then = NameGrid;
  return setting;
}

void NameScaling(const PipelineConfig& before, PipelineConfig* config) {
  if (config->scaling != before.scaling) config->scaling_name = "custom";
}

WordField ScalingMethodWord() {
  return {
      ScalingMethods(), "",
      [](const std::string& word, PipelineConfig* config) { return SetScaling(word, config).ok(); },
      [](const PipelineConfig& config) {
        return config.scaling_name == "custom" ? "" : config.scaling_name;
      }};
}

WordField GridWord() {
  return {{"default", "classic"},
          "must be default or classic",
          [](const std::string& word, PipelineConfig* config) {
            if (word != "default" && word != "classic") return false;
            config->sweep.grid = word == "classic" ? ClassicGrid() : DefaultGrid(config->seed);
            return true;
          },
          [](const PipelineConfig& config) {
            const std::string& name = config.sweep.grid.name;
            return name == "custom" ? "" : name;
          }};
}

WordsField InitWords() {
  const auto set = [](const std::optional<std::vector<std::string>>& words,
                      PipelineConfig* config) {
    std::vector<CenterInit>& init = config->sweep.grid.init;
    init.clear();
    for (const std::string& word : *words) {
      init.push_back(word == CenterInitName(CenterInit::kRandom) ? CenterInit::kRandom
                                                                 : CenterInit::kKMeansPlusPlus);
    }
    return true;
  };
  const auto get = [](const PipelineConfig& config) -> std::optional<std::vector<std::string>> {
    std::vector<std::string> out;
    for (const CenterInit init : config.sweep.grid.init) out.emplace_back(CenterInitName(init));
    return out;
  };
  return {{"k-means++", "random"}, false, set, get};
}

}  // namespace

std::vector<Setting> OutlierRows() {
  return {
      Row("features.preset",
          ChoiceAt(
              [](auto& c) -> auto& { return c.features; },
              std::vector<std::pair<std::string, FeaturePreset>>{
                  {"default", FeaturePreset::kDefault}, {"classic", FeaturePreset::kClassic}}),
          kUnbounded, "", "The definition of the features."),
      Row("outliers.method",
          ChoiceAt(
              [](auto& c) -> auto& { return c.outliers.method; },
              std::vector<std::pair<std::string, OutlierMethod>>{
                  {"none", OutlierMethod::kNone},
                  {"isolation_forest", OutlierMethod::kIsolationForest}}),
          kUnbounded, "", "How customers unlike all others are found before training."),
      Row("outliers.trees", MemberAt([](auto& c) -> auto& { return c.outliers.trees; }),
          {1, 10'000}, "trees", "Size of the forest."),
      Row("outliers.sample_size", MemberAt([](auto& c) -> auto& { return c.outliers.sample_size; }),
          {2, 100'000}, "customers", "How many customers each tree sees, at most those there are."),
      Row("outliers.contamination",
          MemberAt([](auto& c) -> auto& { return c.outliers.contamination; }), {1e-6, 0.5},
          "share of customers", "How many customers are outliers."),
      Row("outliers.seed", MemberAt([](auto& c) -> auto& { return c.outliers.seed; }),
          {0, std::numeric_limits<uint32_t>::max()}, "",
          "Seed of the isolation forest; `seed` sets it too."),
      Row("outliers.draws",
          ChoiceAt(
              [](auto& c) -> auto& { return c.outliers.draws; },
              std::vector<std::pair<std::string, clustering::ForestDraws>>{
                  {"own", clustering::ForestDraws::kOwn},
                  {"scikit-learn", clustering::ForestDraws::kScikitLearn}}),
          kUnbounded, "",
          "Whose random numbers grow the forest: with those of scikit-learn the outliers are those "
          "of its `random_state`.")};
}

std::vector<Setting> ScalingRows() {
  std::vector<Setting> rows = {
      First(Row("scaling.method", ScalingMethodWord(), kUnbounded, "",
                "How all columns are scaled; `default` and `classic` differ by column."))};
  std::vector<std::pair<std::string, ColumnScaling>> words;
  for (const ColumnScaling scaling : kColumnScalings) {
    words.emplace_back(ColumnScalingName(scaling), scaling);
  }
  for (size_t i = 0; i < kFeatureNames.size(); ++i) {
    Setting row = Row(fmt::format("scaling.columns.{}", kFeatureNames[i]),
                      ChoiceAt(
                          [i](auto& c) -> auto& { return c.scaling[i]; }, words),
                      kUnbounded, "", "How this column alone is scaled.");
    row.then = NameScaling;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Setting> PcaRows() {
  return {
      Row("pca.variance", MemberAt([](auto& c) -> auto& { return c.pca.variance; }), kShareBounds,
          "share of variance", "The fewest components that explain more than this are kept."),
      Row("pca.min_components", MemberAt([](auto& c) -> auto& { return c.pca.min_components; }),
          {1, kFeatureCount}, "components", "At least so many are kept."),
      Row("pca.max_components", MemberAt([](auto& c) -> auto& { return c.pca.max_components; }),
          {1, kFeatureCount}, "components", "At most so many are kept, the extra ones included."),
      Row("pca.extra_components", MemberAt([](auto& c) -> auto& { return c.pca.extra_components; }),
          {0, kFeatureCount - 1}, "components", "So many more are kept than the variance needs.")};
}

std::vector<Setting> SweepRows() {
  return {
      First(Row("sweep.grid", GridWord(), kUnbounded, "", "A named grid, which the lists refine.")),
      GridRow(Row("sweep.k", MemberAt([](auto& c) -> auto& { return c.sweep.grid.k; }),
                  {2, kLargestK}, "segments", "How many segments to try.")),
      GridRow(Row("sweep.n_init", MemberAt([](auto& c) -> auto& { return c.sweep.grid.n_init; }),
                  {1, 10'000}, "starts", "Starts of one fit, the best of which counts.")),
      GridRow(Row("sweep.max_iter",
                  MemberAt([](auto& c) -> auto& { return c.sweep.grid.max_iter; }), {1, 1'000'000},
                  "iterations", "Iterations of one start at most.")),
      GridRow(Row("sweep.init", InitWords(), kUnbounded, "", "How first centres are chosen.")),
      GridRow(Row("sweep.seeds", MemberAt([](auto& c) -> auto& { return c.sweep.grid.seeds; }),
                  {0, std::numeric_limits<uint32_t>::max()}, "",
                  "Seeds of the fits; without any, `seed` alone.")),
      Row("sweep.tol", MemberAt([](auto& c) -> auto& { return c.sweep.tol; }), kShareBounds,
          "share of the mean variance", "Centres that move less have converged."),
      Row("sweep.sharing", MemberAt([](auto& c) -> auto& { return c.sweep.sharing; }), kUnbounded,
          "", "Whether provably equal work is done once; never changes a result.")};
}

}  // namespace cairn::pipeline
