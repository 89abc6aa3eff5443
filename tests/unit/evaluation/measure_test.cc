#include "lib/evaluation/measure.h"

#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/random.h"
#include "lib/model/digests.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/evaluation/line_model.h"

namespace cairn::evaluation {
namespace {

using testing::IsOk;

model::Predictor Predict(std::initializer_list<double> centers, double scale = 1) {
  return *model::Predictor::Create(LineModel(centers, scale));
}

const MeasuredValue* Find(const Measurement& measured, std::string_view metric) {
  for (const MeasuredValue& value : measured.values) {
    if (value.metric == metric) return &value;
  }
  return nullptr;
}

double ValueOf(const Measurement& measured, std::string_view metric) {
  const MeasuredValue* found = Find(measured, metric);
  return found == nullptr ? NAN : found->value;
}

FeatureTable Table(std::initializer_list<double> values) {
  return *FeatureTable::Parse(LineTable(values));
}

// Three groups of different widths, as a table of any size.
FeatureTable Groups(int rows) {
  clustering::Mt19937 random(7);
  std::string csv = "id,x\n";
  for (int i = 0; i < rows; ++i) {
    const double x = 30 * (i % 3) + random.NextUniform(0, 4 + 4 * (i % 3));
    csv += std::to_string(i) + "," + std::to_string(x) + "\n";
  }
  return *FeatureTable::Parse(csv);
}

TEST(Measure, FindsTheValuesOfAHandMadeTable) {
  const auto measured = Measure(Predict({0, 10}), Table({0, 1, 10, 11}), {});
  ASSERT_THAT(measured, IsOk());
  EXPECT_NEAR(ValueOf(*measured, "silhouette"), (9.5 / 10.5 + 8.5 / 9.5) / 2, 1e-12);
  EXPECT_EQ(Find(*measured, "silhouette")->definition, "silhouette.exact.v1");
  EXPECT_NEAR(ValueOf(*measured, "davies_bouldin"), 0.1, 1e-12);
  EXPECT_NEAR(ValueOf(*measured, "calinski_harabasz"), 200, 1e-9);
  EXPECT_NEAR(ValueOf(*measured, "inertia"), 1, 1e-12) << "around the rows' own means";
  EXPECT_EQ(ValueOf(*measured, "cluster_count"), 2);
  EXPECT_EQ(ValueOf(*measured, "min_cluster_share"), 0.5);
  EXPECT_EQ(ValueOf(*measured, "max_cluster_share"), 0.5);
  EXPECT_GT(ValueOf(*measured, "psi_max"), 0.25);
  EXPECT_TRUE(measured->settings.empty());
}

TEST(Measure, LeavesOutWhatATableInOneSegmentDoesNotShow) {
  const auto measured = Measure(Predict({0, 1000}), Table({1, 2, 3}), {});
  ASSERT_THAT(measured, IsOk());
  for (const char* metric : {"silhouette", "davies_bouldin", "calinski_harabasz", "inertia"}) {
    EXPECT_EQ(Find(*measured, metric), nullptr) << metric;
  }
  EXPECT_EQ(ValueOf(*measured, "min_cluster_share"), 0);
  EXPECT_EQ(ValueOf(*measured, "max_cluster_share"), 1);
}

TEST(Measure, ThreadsDoNotChangeABit) {
  const FeatureTable table = Groups(3000);
  MeasureOptions options;
  const auto once = *Measure(Predict({2, 34, 66}), table, options);
  options.threads = 3;
  const auto again = *Measure(Predict({2, 34, 66}), table, options);
  ASSERT_EQ(once.values.size(), again.values.size());
  for (size_t i = 0; i < once.values.size(); ++i) {
    EXPECT_EQ(once.values[i].value, again.values[i].value) << once.values[i].metric;
  }
}

TEST(Measure, SamplesLargeTablesBySeedAndSaysHowFarOffThatMayBe) {
  const FeatureTable table = Groups(3000);
  const auto exact = *Measure(Predict({2, 34, 66}), table, {});
  MeasureOptions options;
  options.exact_rows = 2999;
  options.sample_rows = 500;
  options.sample_seed = SampleSeed("0000002a00");
  EXPECT_EQ(options.sample_seed, 42u);
  const auto sampled = *Measure(Predict({2, 34, 66}), table, options);
  const MeasuredValue& value = *Find(sampled, "silhouette");
  EXPECT_EQ(value.definition, "silhouette.sampled.v1");
  ASSERT_TRUE(value.standard_error.has_value());
  EXPECT_GT(*value.standard_error, 0);
  EXPECT_NEAR(value.value, ValueOf(exact, "silhouette"), 5 * *value.standard_error);
  EXPECT_EQ(sampled.settings.at("silhouette.sample_seed"), "42");
  EXPECT_EQ(sampled.settings.at("silhouette.sample_rows"), "500");
  EXPECT_EQ(ValueOf(sampled, "inertia"), ValueOf(exact, "inertia"))
      << "only silhouettes are sampled";
  EXPECT_EQ(ValueOf(*Measure(Predict({2, 34, 66}), table, options), "silhouette"), value.value);
  options.sample_seed = 43;
  EXPECT_NE(ValueOf(*Measure(Predict({2, 34, 66}), table, options), "silhouette"), value.value);
}

TEST(MeasureAgainst, SegmentsInAnotherOrderAreTheSameSegments) {
  const auto measured =
      MeasureAgainst(Predict({10, 0}), Predict({0, 10}), Table({0, 1, 10, 11}), {});
  ASSERT_THAT(measured, IsOk());
  EXPECT_EQ(ValueOf(*measured, "label_churn"), 0);
  EXPECT_EQ(ValueOf(*measured, "ari"), 1);
  EXPECT_EQ(ValueOf(*measured, "centroid_shift"), 0);
}

TEST(MeasureAgainst, CountsWhoMovesAndHowFarSegmentsDo) {
  // 4 moves from the segment of 0 to that of 10: their means go from 5/3 to 0.5 and 10.5 to 25/3.
  const auto measured =
      MeasureAgainst(Predict({0, 7}), Predict({0, 10}), Table({0, 1, 4, 10, 11}), {});
  ASSERT_THAT(measured, IsOk());
  EXPECT_NEAR(ValueOf(*measured, "label_churn"), 0.2, 1e-12);
  EXPECT_NEAR(ValueOf(*measured, "centroid_shift"), (7.0 / 6 + 13.0 / 6) / 2, 1e-12);
  EXPECT_LT(ValueOf(*measured, "ari"), 1);
}

TEST(MeasureAgainst, IndicesLieInTheSpaceOfTheReferenceWhateverTheModelsOwnIs) {
  const model::Predictor wide = Predict({0, 1}, 10);
  const FeatureTable table = Table({0, 1, 10, 11});
  const auto own = *Measure(wide, table, {});
  const auto measured = *MeasureAgainst(wide, Predict({0, 10}), table, {});
  const auto reference = *Measure(Predict({0, 10}), table, {});
  EXPECT_NE(ValueOf(own, "inertia"), ValueOf(reference, "inertia"));
  EXPECT_EQ(ValueOf(measured, "inertia"), ValueOf(reference, "inertia"));
  EXPECT_EQ(ValueOf(measured, "silhouette"), ValueOf(reference, "silhouette"));
  EXPECT_EQ(measured.space, reference.space);
  EXPECT_EQ(measured.preparation, reference.preparation);
  EXPECT_NE(measured.space, own.space);
  for (const MeasuredValue& value : measured.values) {
    const MeasuredValue* same = Find(reference, value.metric);
    if (same != nullptr) {
      EXPECT_EQ(value.definition, same->definition);
    }
  }
  EXPECT_EQ(Find(measured, "psi_max"), nullptr) << "of the model alone";
}

}  // namespace
}  // namespace cairn::evaluation
