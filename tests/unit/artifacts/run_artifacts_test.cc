// Files of a run: added and removed all or none, one at a time or by a manifest, and never a
// file and a directory at one path.

#include "server/artifacts/run_artifacts.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "server/artifacts/manifest_blob.h"
#include "server/core/manifest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/artifacts/blob_life_fixture.h"

namespace cairn::artifacts {
namespace {

using testing::IsOk;
using testing::StatusIs;
using v1::DeleteArtifactsRequest;
using v1::DeleteArtifactsResponse;

class DeleteArtifactsTest : public BlobLifeTest {
 protected:
  void SetUp() override {
    internal::RunRecord run;
    run.set_experiment_id(0);
    ASSERT_THAT(store_->CommitAndWait(storage::WriteSet().PutRecord(
                    storage::RunKey("0123456789abcdef0123456789abcdef"), run.SerializeAsString())),
                IsOk());
    ASSERT_THAT(Upload("bytes"), IsOk());
    for (const char* path : {"a", "model", "models/x", "plots/a", "plots/b/c", "plots0"}) {
      ASSERT_THAT(Refer("bytes", path), IsOk());
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
    EXPECT_THAT(listed, IsOk());
    if (!listed.ok()) return paths;
    for (const auto& file : listed->files()) paths.push_back(file.path());
    return paths;
  }
};

TEST_F(DeleteArtifactsTest, FilesAndDirectoriesGoTogether) {
  const auto gone = Delete({"plots/", "plots/a", "model"});
  ASSERT_THAT(gone, IsOk());
  EXPECT_THAT(*gone, ::testing::ElementsAre("model", "plots/a", "plots/b/c"));
  EXPECT_THAT(Left(), ::testing::ElementsAre("a", "models/x", "plots0"));
  EXPECT_TRUE(IsThere("bytes"));
}

TEST_F(DeleteArtifactsTest, OnePathThatIsNotThereKeepsAll) {
  for (const char* absent : {"plots", "b", "b/", "a/", "plots/b/"}) {
    const auto gone = Delete({"model", absent});
    if (std::string(absent) == "plots/b/") {
      EXPECT_THAT(gone, IsOk());
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
  for (const char* bad : {"", "/", "../a", "a/../b", "a//"}) {
    EXPECT_TRUE(HasReason(Delete({bad}).status(), ErrorReason::ARTIFACT_PATH_INVALID)) << bad;
  }
  EXPECT_TRUE(HasReason(Delete({"a", "a"}).status(), ErrorReason::VALUE_INVALID));
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
  EXPECT_THAT(store_->CommitAndWait(std::move(first.write_set)), IsOk());
  EXPECT_TRUE(absl::IsAborted(store_->CommitAndWait(std::move(second.write_set)).status()));
}

class LogArtifactsTest : public DeleteArtifactsTest {
 protected:
  static v1::ArtifactFile File(const std::string& path, const std::string& bytes = "bytes") {
    v1::ArtifactFile file;
    file.set_path(path);
    file.mutable_digest()->set_sha256(Sha256Hex(bytes));
    file.mutable_digest()->set_size_bytes(static_cast<int64_t>(bytes.size()));
    return file;
  }

  absl::StatusOr<storage::Plan> PlanLog(const v1::LogArtifactsRequest& request) {
    return PlanLogArtifacts(*store_->GetSnapshot(), request, MakeManifestLoader(*blobs_));
  }

  absl::StatusOr<storage::Plan> PlanLog(const std::string& path) {
    v1::LogArtifactsRequest request;
    request.set_run(kOwner);
    *request.add_files() = File(path);
    return PlanLog(request);
  }

  absl::Status Commit(absl::StatusOr<storage::Plan> plan) {
    if (!plan.ok()) return plan.status();
    if (plan->nothing_to_write) return absl::OkStatus();
    return store_->CommitAndWait(std::move(plan->write_set)).status();
  }

  // A request whose manifest is `text`, which is stored.
  v1::LogArtifactsRequest Manifest(const std::string& text) {
    EXPECT_THAT(Upload(text, "0d444840-9dc0-41d1-b245-5ffdce74fad2"), IsOk());
    v1::LogArtifactsRequest request;
    request.set_run(kOwner);
    *request.mutable_manifest() = File("", text).digest();
    return request;
  }

  // A manifest of so many files with the same bytes.
  static std::string Text(int count, const std::string& bytes = "bytes") {
    core::ArtifactFiles files;
    for (int i = 0; i < count; ++i) *files.Add() = File(fmt::format("many/{:06}", i), bytes);
    return core::CanonicalManifest(files);
  }

  // How many files the run has; all pages are of the same snapshot.
  int CountFiles() {
    const auto snapshot = store_->GetSnapshot();
    v1::ListArtifactsRequest request;
    request.set_parent(kOwner);
    request.set_page_size(1000);
    int count = 0;
    do {
      const auto page = ListArtifacts(*snapshot, request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) break;
      count += page->files_size();
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return count;
  }
};

TEST_F(LogArtifactsTest, OfAFileAndADirectoryLoggedAtOnceOneIsPlannedAgainAndRefused) {
  for (const bool file_first : {true, false}) {
    const std::string name = file_first ? "one" : "two";
    const std::string first = file_first ? name : name + "/below/it";
    const std::string second = file_first ? name + "/below/it" : name;
    auto plan = PlanLog(first);
    auto other = PlanLog(second);
    ASSERT_THAT(plan, IsOk());
    ASSERT_THAT(other, IsOk());
    EXPECT_THAT(Commit(std::move(plan)), IsOk());
    EXPECT_TRUE(absl::IsAborted(Commit(std::move(other)))) << second;
    EXPECT_TRUE(HasReason(Commit(PlanLog(second)), ErrorReason::ARTIFACT_PATH_INVALID)) << second;
  }
  // What was deleted in between leaves its place.
  auto plan = PlanLog("one/below/it");
  EXPECT_THAT(plan, StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(Delete({"one"}), IsOk());
  EXPECT_THAT(Commit(PlanLog("one/below/it")), IsOk());
}

TEST_F(LogArtifactsTest, AllFilesOfAManifestAppearInOneCommit) {
  const auto request = Manifest(Text(2500));
  auto plan = PlanLog(request);
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(CountFiles(), 6);
  ASSERT_THAT(Commit(std::move(plan)), IsOk());
  EXPECT_EQ(CountFiles(), 2506);
  const auto again = PlanLog(request);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->nothing_to_write);
}

TEST_F(LogArtifactsTest, OneFileOfAManifestThatDoesNotFitKeepsAllOut) {
  ASSERT_THAT(Upload("other"), IsOk());
  core::ArtifactFiles files;
  *files.Add() = File("new");
  *files.Add() = File("plots");  // is a directory
  EXPECT_TRUE(HasReason(Commit(PlanLog(Manifest(core::CanonicalManifest(files)))),
                        ErrorReason::ARTIFACT_PATH_INVALID));
  *files.Mutable(1) = File("plots/a", "other");
  EXPECT_TRUE(HasReason(Commit(PlanLog(Manifest(core::CanonicalManifest(files)))),
                        ErrorReason::ARTIFACT_EXISTS));
  *files.Mutable(1) = File("z", "was never sent");
  EXPECT_TRUE(HasReason(Commit(PlanLog(Manifest(core::CanonicalManifest(files)))),
                        ErrorReason::BLOB_NOT_FOUND));
  EXPECT_EQ(CountFiles(), 6);
}

TEST_F(LogArtifactsTest, WhatIsNoManifestIsRefused) {
  EXPECT_TRUE(HasReason(PlanLog(Manifest("bytes")).status(), ErrorReason::VALUE_INVALID));
  auto request = Manifest(Text(1));
  *request.add_files() = File("b");
  EXPECT_TRUE(HasReason(PlanLog(request).status(), ErrorReason::VALUE_INVALID));
  request = Manifest(Text(1));
  *request.mutable_manifest() = File("", "was never sent").digest();
  EXPECT_TRUE(HasReason(PlanLog(request).status(), ErrorReason::BLOB_NOT_FOUND));
  request.mutable_manifest()->set_size_bytes(core::kMaxManifestBytes + 1);
  EXPECT_TRUE(HasReason(PlanLog(request).status(), ErrorReason::TOO_LARGE));
  request.mutable_manifest()->set_size_bytes(-1);
  EXPECT_TRUE(HasReason(PlanLog(request).status(), ErrorReason::DIGEST_INVALID));
}

TEST_F(LogArtifactsTest, ManifestsAreReadUntilTheirRoomIsTakenAndAgainWhenItIsFree) {
  const auto load = MakeManifestLoader(*blobs_);
  const std::string text = Text(100'000);
  const auto digest = Manifest(text).manifest();
  std::vector<std::shared_ptr<const core::Manifest>> held;
  const auto fit = static_cast<size_t>(kManifestBytesAtOnce) / text.size();
  for (size_t i = 0; i < fit; ++i) {
    const auto manifest = load(digest);
    ASSERT_THAT(manifest, IsOk());
    held.push_back(*manifest);
  }
  EXPECT_TRUE(HasReason(load(digest).status(), ErrorReason::QUEUE_FULL));
  held.pop_back();
  EXPECT_THAT(load(digest), IsOk());
}

TEST_F(LogArtifactsTest, ACollectionKeepsTheFilesOfAManifestAndTakesTheManifest) {
  const std::string rare = Noise(100, 7);
  ASSERT_THAT(Upload(rare), IsOk());
  const std::string text = Text(1500, rare);
  const auto request = Manifest(text);
  LetLeasesEnd();
  LetLeasesEnd();
  auto plan = PlanLog(request);  // leases what it will refer to
  ASSERT_THAT(plan, IsOk());
  Collect();
  EXPECT_TRUE(HasEntry(rare));
  ASSERT_THAT(Commit(std::move(plan)), IsOk());
  LetLeasesEnd();
  LetLeasesEnd();
  Collect();
  EXPECT_TRUE(HasEntry(rare));
  EXPECT_FALSE(HasEntry(text));
  EXPECT_EQ(blobs_->Usage(kOwner)->file_count(), 1506);
}

TEST_F(LogArtifactsTest, VeryManyFilesGoInOneCallAndTheAnswerStaysSmall) {
  ASSERT_THAT(Commit(PlanLog(Manifest(Text(60'000)))), IsOk());
  DeleteArtifactsRequest request;
  request.set_run(kOwner);
  request.add_paths("many/");
  auto plan = PlanDeleteArtifacts(*store_->GetSnapshot(), request);
  ASSERT_THAT(plan, IsOk());
  const auto& answer = static_cast<const DeleteArtifactsResponse&>(*plan->response);
  EXPECT_EQ(answer.file_count(), 60'000);
  EXPECT_LT(answer.ByteSizeLong(), size_t{4} << 20);
  EXPECT_GT(answer.files_size(), 20'000);
  ASSERT_THAT(Commit(std::move(plan)), IsOk());
  EXPECT_EQ(CountFiles(), 6);
}

}  // namespace
}  // namespace cairn::artifacts
