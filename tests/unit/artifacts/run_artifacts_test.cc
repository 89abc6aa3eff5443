// Removing files from a run's artifacts: all or none, files and directories.

#include "server/artifacts/run_artifacts.h"

#include <vector>

#include "gmock/gmock.h"
#include "tests/unit/artifacts/blob_life_fixture.h"

namespace cairn::artifacts {
namespace {

using v1::DeleteArtifactsRequest;
using v1::DeleteArtifactsResponse;

class DeleteArtifactsTest : public BlobLifeTest {
 protected:
  void SetUp() override {
    internal::RunRecord run;
    run.set_experiment_id(0);
    ASSERT_TRUE(
        store_
            ->CommitAndWait(storage::WriteSet().PutRecord(
                storage::RunKey("0123456789abcdef0123456789abcdef"), run.SerializeAsString()))
            .ok());
    ASSERT_TRUE(Upload("bytes").ok());
    for (const char* path : {"a", "model", "models/x", "plots/a", "plots/b/c", "plots0"}) {
      ASSERT_TRUE(Refer("bytes", path).ok());
    }
  }

  // Plans and commits; the paths that went.
  absl::StatusOr<std::vector<std::string>> Delete(const std::vector<std::string>& paths,
                                                  bool validate_only = false) {
    DeleteArtifactsRequest request;
    request.set_run(kOwner);
    request.set_validate_only(validate_only);
    for (const std::string& path : paths) request.add_paths(path);
    auto plan = PlanDeleteArtifacts(*store_->GetSnapshot(), request);
    if (!plan.ok()) return plan.status();
    if (!plan->nothing_to_write) {
      EXPECT_EQ(plan->write_set.events.size(), 1u);
      const absl::Status done = store_->CommitAndWait(std::move(plan->write_set)).status();
      if (!done.ok()) return done;
    }
    std::vector<std::string> gone;
    for (const auto& file : static_cast<const DeleteArtifactsResponse&>(*plan->response).files()) {
      EXPECT_EQ(file.digest().sha256(), Sha256Hex("bytes"));
      gone.push_back(file.path());
    }
    return gone;
  }

  std::vector<std::string> Left() {
    v1::ListArtifactsRequest request;
    request.set_parent(kOwner);
    std::vector<std::string> paths;
    const auto listed = ListArtifacts(*store_->GetSnapshot(), request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    if (!listed.ok()) return paths;
    for (const auto& file : listed->files()) paths.push_back(file.path());
    return paths;
  }
};

TEST_F(DeleteArtifactsTest, FilesAndDirectoriesGoTogether) {
  const auto gone = Delete({"plots/", "plots/a", "model"});
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_THAT(*gone, ::testing::ElementsAre("model", "plots/a", "plots/b/c"));
  EXPECT_THAT(Left(), ::testing::ElementsAre("a", "models/x", "plots0"));
  EXPECT_TRUE(IsThere("bytes"));
}

TEST_F(DeleteArtifactsTest, OnePathThatIsNotThereKeepsAll) {
  for (const char* absent : {"plots", "b", "b/", "a/", "plots/b/"}) {
    const auto gone = Delete({"model", absent});
    if (std::string(absent) == "plots/b/") {
      EXPECT_TRUE(gone.ok()) << gone.status();
      continue;
    }
    EXPECT_TRUE(HasReason(gone.status(), ErrorReason::ARTIFACT_NOT_FOUND)) << absent;
    EXPECT_EQ(Left().size(), 6u);
  }
  EXPECT_EQ(Left().size(), 4u);
}

TEST_F(DeleteArtifactsTest, ValidateOnlyTellsAndChangesNothing) {
  EXPECT_EQ(Delete({"plots/"}, /*validate_only=*/true).value().size(), 2u);
  EXPECT_TRUE(absl::IsNotFound(Delete({"none"}, /*validate_only=*/true).status()));
  EXPECT_EQ(Left().size(), 6u);
}

TEST_F(DeleteArtifactsTest, PathsAreCheckedAndTheRootStays) {
  for (const char* bad : {"", "/", "../a", "a/../b", "a//", "%2e%2e/a"}) {
    EXPECT_TRUE(HasReason(Delete({bad}).status(), ErrorReason::ARTIFACT_PATH_INVALID)) << bad;
  }
  EXPECT_TRUE(HasReason(Delete({"a", "%61"}).status(), ErrorReason::VALUE_INVALID));
  EXPECT_TRUE(HasReason(Delete({}).status(), ErrorReason::FIELD_REQUIRED));
  EXPECT_TRUE(
      HasReason(Delete(std::vector<std::string>(1001, "a")).status(), ErrorReason::TOO_LARGE));
  EXPECT_EQ(Left().size(), 6u);
}

TEST_F(DeleteArtifactsTest, OfTwoAtOnceOneFails) {
  DeleteArtifactsRequest request;
  request.set_run(kOwner);
  request.add_paths("a");
  auto first = PlanDeleteArtifacts(*store_->GetSnapshot(), request).value();
  auto second = PlanDeleteArtifacts(*store_->GetSnapshot(), request).value();
  EXPECT_TRUE(store_->CommitAndWait(std::move(first.write_set)).ok());
  EXPECT_TRUE(absl::IsAborted(store_->CommitAndWait(std::move(second.write_set)).status()));
}

}  // namespace
}  // namespace cairn::artifacts
