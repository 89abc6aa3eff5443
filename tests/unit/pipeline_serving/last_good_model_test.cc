#include "pipeline/serving/last_good_model.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "tests/testing/server_process.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

namespace fs = std::filesystem;

// What a follower would show: a folder with one file, and what it should be.
client::KeptModel Shown(const std::string& folder, const std::string& bytes,
                        const std::string& version) {
  client::KeptModel shown;
  shown.head = {1, version, ""};
  shown.path = folder + "/shown";
  fs::create_directories(shown.path + "/model");
  EXPECT_TRUE(WriteFileAtomically(shown.path + "/model/model.cairnseg", bytes).ok());
  v1::ArtifactFile& file = shown.files.emplace_back();
  file.set_path("model/model.cairnseg");
  file.mutable_digest()->set_sha256(Sha256Hex(bytes));
  return shown;
}

TEST(LastGoodModelTest, AModelThatWasServedIsThereAtTheNextStart) {
  const testing::TempFolder folder;
  EXPECT_TRUE(absl::IsNotFound(LoadGood(folder.path(), kLoaded).status()));
  const auto first = Shown(folder.path(), FileOf(model::SmallModel()), "models/m/versions/1");
  const auto model = LoadShown(first, kLoaded);
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_TRUE(KeepGood(folder.path(), **model, first).ok());
  const auto good = LoadGood(folder.path(), kLoaded);
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ((*good)->version(), "models/m/versions/1");
  EXPECT_EQ((*good)->sha256(), (*model)->sha256());
}

TEST(LastGoodModelTest, TheNextOneTakesItsPlace) {
  const testing::TempFolder folder;
  const auto first = Shown(folder.path(), FileOf(model::SmallModel()), "v1");
  ASSERT_TRUE(KeepGood(folder.path(), **LoadShown(first, kLoaded), first).ok());
  cairn::v1::SegmentationModel other = model::SmallModel();
  other.set_centers(0, 9);
  const auto second = Shown(folder.path(), FileOf(other), "v2");
  ASSERT_TRUE(KeepGood(folder.path(), **LoadShown(second, kLoaded), second).ok());
  EXPECT_EQ((*LoadGood(folder.path(), kLoaded))->version(), "v2");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 3);
}

TEST(LastGoodModelTest, DamageIsSaidAndNotServed) {
  const testing::TempFolder folder;
  const std::string bytes = FileOf(model::SmallModel());
  auto shown = Shown(folder.path(), bytes, "v1");
  const auto model = LoadShown(shown, kLoaded);
  ASSERT_TRUE(KeepGood(folder.path(), **model, shown).ok());
  const std::string kept = folder.path() + "/good-" + (*model)->sha256() + ".cairnseg";
  ASSERT_TRUE(WriteFileAtomically(kept, bytes + "x").ok());
  EXPECT_TRUE(HasReason(LoadGood(folder.path(), kLoaded).status(), ErrorReason::BLOB_CORRUPT));
  ASSERT_TRUE(WriteFileAtomically(shown.path + "/model/model.cairnseg", bytes + "x").ok());
  EXPECT_TRUE(HasReason(LoadShown(shown, kLoaded).status(), ErrorReason::BLOB_CORRUPT));
  shown.files.clear();
  EXPECT_TRUE(HasReason(LoadShown(shown, kLoaded).status(), ErrorReason::ARTIFACT_NOT_FOUND));
  const auto broken = Shown(folder.path(), "no model", "v2");
  EXPECT_TRUE(HasReason(LoadShown(broken, kLoaded).status(), ErrorReason::MODEL_MALFORMED));
}

}  // namespace
}  // namespace cairn::pipeline::serving
