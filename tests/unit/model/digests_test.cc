#include "lib/model/digests.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/unit/model/test_model.h"

namespace cairn::model {
namespace {

TEST(DigestsTest, CentersAndCountsAreNotPartOfTheSpace) {
  auto model = SmallModel();
  const std::string before = EvaluationSpaceDigest(model, "none");
  EXPECT_EQ(before.size(), 64u);
  model.set_centers(0, 77);
  model.set_cluster_sizes(0, 1);
  (*model.mutable_metrics())["inertia"] = 1;
  model.mutable_features(0)->set_mean(99);
  EXPECT_EQ(EvaluationSpaceDigest(model, "none"), before);
}

TEST(DigestsTest, EverythingThatMovesARowIsPartOfTheSpace) {
  std::set<std::string> digests = {EvaluationSpaceDigest(SmallModel(), "none"),
                                   EvaluationSpaceDigest(SmallModel(), "isolation_forest()")};
  const auto add = [&](const auto& change) {
    auto model = SmallModel();
    change(&model);
    digests.insert(EvaluationSpaceDigest(model, "none"));
  };
  add([](auto* m) { m->mutable_features(0)->set_center(0.6); });
  add([](auto* m) { m->mutable_features(0)->set_scale(3); });
  add([](auto* m) { m->mutable_features(1)->set_row_norm_group(0); });
  add([](auto* m) { m->mutable_features(0)->set_transform(m->features(1).transform()); });
  add([](auto* m) { m->mutable_features(0)->set_name("money"); });
  add([](auto* m) { m->mutable_projection()->set_mean(0, 0); });
  add([](auto* m) { m->mutable_projection()->set_components(0, -0.6); });
  add([](auto* m) { m->clear_projection(); });
  EXPECT_EQ(digests.size(), 10u);
}

TEST(DigestsTest, MinusZeroIsZero) {
  auto model = SmallModel();
  model.mutable_projection()->set_mean(0, 0.0);
  const std::string zero = EvaluationSpaceDigest(model, "none");
  model.mutable_projection()->set_mean(0, -0.0);
  EXPECT_EQ(EvaluationSpaceDigest(model, "none"), zero);
}

TEST(DigestsTest, ThePreparationKeepsNothingThatWasFitted) {
  auto model = SmallModel();
  (*model.mutable_params())["scaling"] = "standard";
  const std::string before = PreparationDigest(model, "none");
  model.mutable_features(0)->set_center(17);
  model.mutable_features(0)->set_scale(3);
  model.mutable_projection()->set_mean(0, 9);
  model.mutable_projection()->set_components(0, 0.25);
  model.set_centers(0, 5);
  EXPECT_EQ(PreparationDigest(model, "none"), before);
  EXPECT_NE(EvaluationSpaceDigest(model, "none"), EvaluationSpaceDigest(SmallModel(), "none"));
  std::set<std::string> digests = {before, PreparationDigest(model, "isolation_forest()")};
  const auto changed = [&](auto change) {
    auto other = model;
    change(other);
    digests.insert(PreparationDigest(other, "none"));
  };
  changed([](auto& m) { m.mutable_features(0)->set_name("other"); });
  changed([](auto& m) {
    m.mutable_features(0)->set_transform(cairn::v1::SegmentationModel::Feature::IDENTITY);
  });
  changed([](auto& m) { m.mutable_features(1)->set_row_norm_group(0); });
  changed([](auto& m) { (*m.mutable_params())["scaling"] = "robust"; });
  changed([](auto& m) { m.clear_projection(); });
  EXPECT_EQ(digests.size(), 7u);
}

TEST(DigestsTest, TheSchemaDependsOnNamesOrderAndDefinition) {
  const std::vector<std::string> ab = {"a", "b"};
  const std::vector<std::string> ba = {"b", "a"};
  const std::vector<std::string> joined = {"ab"};
  const std::set<std::string> digests = {
      FeatureSchemaDigest(ab, "x/1"), FeatureSchemaDigest(ba, "x/1"),
      FeatureSchemaDigest(joined, "x/1"), FeatureSchemaDigest(ab, "x/2")};
  EXPECT_EQ(digests.size(), 4u);
  EXPECT_EQ(FeatureSchemaDigest(ab, "x/1"), FeatureSchemaDigest(ab, "x/1"));
}

}  // namespace
}  // namespace cairn::model
