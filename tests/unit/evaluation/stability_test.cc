#include "lib/evaluation/stability.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "lib/base/errors.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/kmeans.h"
#include "lib/clustering/random.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/evaluation/line_model.h"

namespace cairn::evaluation {
namespace {

using testing::FailsWith;
using testing::IsOk;

using Params = std::vector<std::pair<std::string, std::string>>;

model::Predictor Model(int k, const Params& params) {
  auto model = LineModel({0});
  model.clear_centers();
  for (int i = 0; i < k; ++i) model.add_centers(10 * i);
  model.set_cluster_count(k);
  for (const auto& [name, value] : params) (*model.mutable_params())[name] = value;
  return *model::Predictor::Create(model);
}

std::vector<double> Uniform(int rows) {
  clustering::Mt19937 random(11);
  std::vector<double> values;
  for (int i = 0; i < rows; ++i) values.push_back(random.NextUniform(0, 100));
  return values;
}

FeatureTable Table(const std::vector<double>& values) {
  std::string csv = "id,x\n";
  for (size_t i = 0; i < values.size(); ++i) {
    csv += std::to_string(i) + "," + std::to_string(values[i]) + "\n";
  }
  return *FeatureTable::Parse(csv);
}

TEST(Stability, OfRowsThatLieFarApartInTwoGroupsIsOne) {
  const auto measured = MeasureStability(Model(2, {}), Table({0, 1, 2, 90, 91, 92}), 5, {});
  ASSERT_THAT(measured, IsOk());
  ASSERT_EQ(measured->values.size(), 1u);
  EXPECT_EQ(measured->values[0].metric, "stability_ari");
  EXPECT_EQ(measured->values[0].definition, "stability_ari.refits5.v1");
  EXPECT_EQ(measured->values[0].value, 1);
  EXPECT_EQ(measured->settings.at("stability.repeats"), "5");
  EXPECT_EQ(measured->space.size(), 64u);
}

TEST(Stability, IsThatOfFitsWithTheModelsOwnConfigurationAndTheSeedsFromZero) {
  const auto values = Uniform(400);
  const auto measured = MeasureStability(
      Model(7, {{"n_init", "1"}, {"init", "random"}, {"max_iter", "4"}, {"tol", "0"}}),
      Table(values), 3, {});
  ASSERT_THAT(measured, IsOk());
  clustering::Matrix rows(400, 1);
  for (int i = 0; i < 400; ++i) rows(i, 0) = std::stod(std::to_string(values[i]));
  std::vector<clustering::Labels> fits;
  for (const int seed : {0, 1, 2}) {
    clustering::KMeansOptions options;
    options.k = 7;
    options.init = clustering::KMeansInit::kRandom;
    options.n_init = 1;
    options.seed = static_cast<uint64_t>(seed);
    options.limits = {4, 0, clustering::KMeansAlgorithm::kLloyd};
    fits.push_back(clustering::Fit(rows, options)->labels);
  }
  EXPECT_EQ(measured->values[0].value, *clustering::Stability(fits));
  EXPECT_LT(measured->values[0].value, 1) << "uniform rows have no seven groups";
}

TEST(Stability, OfALargeTableIsThatOfRowsDrawnFromIt) {
  MeasureOptions options;
  options.exact_rows = 300;
  options.sample_rows = 100;
  options.sample_seed = 9;
  const auto measured = MeasureStability(Model(3, {}), Table(Uniform(301)), 2, options);
  ASSERT_THAT(measured, IsOk());
  EXPECT_EQ(measured->values[0].definition, "stability_ari.sampled_refits2.v1");
  EXPECT_EQ(measured->settings.at("stability.sample_rows"), "100");
  EXPECT_EQ(measured->settings.at("stability.sample_seed"), "9");
}

TEST(Stability, NeverDependsOnThreads) {
  MeasureOptions many;
  many.threads = 4;
  const auto model = Model(5, {{"n_init", "2"}});
  const auto table = Table(Uniform(2000));
  EXPECT_EQ(MeasureStability(model, table, 3, {})->values[0].value,
            MeasureStability(model, table, 3, many)->values[0].value);
}

TEST(Stability, WhatIsNoConfigurationIsNamedWithItsRule) {
  struct Case {
    const char* name;
    const char* value;
  };
  for (const Case& wrong : {Case{"n_init", "0"},
                            {"n_init", "1.5"},
                            {"n_init", "many"},
                            {"max_iter", "1e9"},
                            {"init", "pca"},
                            {"tol", "-1"},
                            {"tol", "nan"}}) {
    SCOPED_TRACE(std::string(wrong.name) + "=" + wrong.value);
    const auto measured =
        MeasureStability(Model(2, {{wrong.name, wrong.value}}), Table({1, 2, 3}), 2, {});
    ASSERT_THAT(measured, FailsWith(ErrorReason::VALUE_INVALID));
    EXPECT_EQ(MetadataOf(measured.status(), "field"), std::string("params.") + wrong.name);
    EXPECT_EQ(MetadataOf(measured.status(), "value"), wrong.value);
  }
}

TEST(Stability, WorkWithoutBoundsIsRefusedBeforeItBegins) {
  const auto measured = MeasureStability(Model(2, {{"n_init", "1000000"}, {"max_iter", "1000000"}}),
                                         Table({1, 2, 3}), 2, {});
  ASSERT_THAT(measured, FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_EQ(MetadataOf(measured.status(), "field"), "repeats");
  EXPECT_THAT(MeasureStability(Model(4, {}), Table({1, 2, 3}), 2, {}),
              FailsWith(ErrorReason::VALUE_INVALID))
      << "fewer rows than segments";
}

}  // namespace
}  // namespace cairn::evaluation
