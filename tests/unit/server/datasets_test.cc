// Data set versions by content, lineage, and the artifact trees of runs.

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include "lib/base/resource_names.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::datasets {
namespace {

using absl::StatusCode;
using testing::IsOk;

class DatasetsTest : public UseCaseTest {
 protected:
  std::set<std::string> Reach(const std::string& name, v1::GetLineageRequest::Direction direction,
                              int depth = 0) {
    v1::GetLineageRequest request;
    request.set_name(name);
    request.set_direction(direction);
    request.set_max_depth(depth);
    const auto lineage = GetLineage(*Now(), request);
    EXPECT_THAT(lineage, IsOk());
    std::set<std::string> names;
    if (!lineage.ok()) return names;
    for (const auto& node : lineage->nodes()) names.insert(node.name());
    EXPECT_EQ(static_cast<int>(names.size()), lineage->nodes_size());
    return names;
  }

  std::vector<std::string> ListFiles(const std::string& parent, int page_size) {
    v1::ListArtifactsRequest request;
    request.set_parent(parent);
    request.set_page_size(page_size);
    std::vector<std::string> paths;
    do {
      const auto page = artifacts::ListArtifacts(*Now(), request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) break;
      for (const auto& file : page->files()) paths.push_back(file.path());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return paths;
  }
};

TEST_F(DatasetsTest, TheSameFilesAreOneVersionInAnyOrder) {
  v1::DatasetVersion version;
  *version.add_files() = PutFile("b.csv", "bb");
  *version.add_files() = PutFile("a.csv", "a");
  const auto first = CreateDatasetVersion("d", version);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->name(), "datasets/d/versions/1");
  EXPECT_EQ(first->files(0).path(), "a.csv");
  EXPECT_EQ(first->size_bytes(), 3);
  version.mutable_files()->SwapElements(0, 1);
  const storage::Revision before = Revision();
  EXPECT_EQ(CreateDatasetVersion("d", version)->name(), first->name());
  EXPECT_EQ(Revision(), before);
  EXPECT_EQ(first->sha256(),
            Sha256Hex(Sha256Hex("a") + " 1 a.csv\n" + Sha256Hex("bb") + " 2 b.csv\n"));
}

TEST_F(DatasetsTest, OtherBytesParentsOrProducersAreAnotherVersion) {
  const std::string first = PutDataset("d", "one");
  EXPECT_EQ(PutDataset("d", "two"), "datasets/d/versions/2");
  EXPECT_EQ(PutDataset("d", "two", {first}), "datasets/d/versions/3");
  v1::DatasetVersion version;
  *version.add_files() = PutFile("data.csv", "two");
  version.set_producer("clean");
  EXPECT_EQ(CreateDatasetVersion("d", version)->name(), "datasets/d/versions/4");
  EXPECT_EQ(PutDataset("d", "one"), first);
  v1::GetDatasetVersionRequest latest;
  latest.set_name("datasets/d/versions/latest");
  EXPECT_EQ(GetDatasetVersion(*Now(), latest)->name(), "datasets/d/versions/4");
}

TEST_F(DatasetsTest, ABlobThatIsMissingOrOfAnotherSizeLeavesNothing) {
  v1::DatasetVersion version;
  *version.add_files() = PutFile("there.csv", "there");
  *version.add_files() = FileWithoutBlob("missing.csv", "never sent");
  const storage::Revision before = Revision();
  const auto missing = CreateDatasetVersion("d", version);
  ExpectError(missing.status(), StatusCode::kNotFound, "BLOB_NOT_FOUND");
  EXPECT_EQ(MetadataOf(missing.status(), "path"), "missing.csv");
  version.mutable_files()->RemoveLast();
  version.mutable_files(0)->mutable_digest()->set_size_bytes(6);
  ExpectError(CreateDatasetVersion("d", version).status(), StatusCode::kNotFound, "BLOB_NOT_FOUND");
  EXPECT_EQ(Revision(), before);
  EXPECT_EQ(ListDatasets(*Now(), {})->datasets_size(), 0);
}

TEST_F(DatasetsTest, ValidationAloneStoresNothing) {
  v1::CreateDatasetVersionRequest request;
  request.set_parent("datasets/d");
  *request.mutable_dataset_version()->add_files() = PutFile("a", "a");
  request.set_validate_only(true);
  const auto plan = PlanCreateDatasetVersion(*Now(), request, kStart);
  ASSERT_THAT(plan, IsOk());
  EXPECT_TRUE(plan->nothing_to_write);
}

TEST_F(DatasetsTest, OfTwoVersionsPlannedTogetherOneIsPlannedAgain) {
  v1::CreateDatasetVersionRequest request;
  request.set_parent("datasets/d");
  *request.mutable_dataset_version()->add_files() = PutFile("a", "a");
  const v1::ArtifactFile other = PutFile("a", "b");
  const auto snapshot = Now();
  auto first = PlanCreateDatasetVersion(*snapshot, request, kStart);
  *request.mutable_dataset_version()->mutable_files(0) = other;
  auto second = PlanCreateDatasetVersion(*snapshot, request, kStart);
  EXPECT_THAT(Apply<v1::DatasetVersion>(std::move(first)), IsOk());
  ExpectError(Apply<v1::DatasetVersion>(std::move(second)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
  EXPECT_EQ(Apply<v1::DatasetVersion>(PlanCreateDatasetVersion(*Now(), request, kStart))->name(),
            "datasets/d/versions/2");
}

TEST_F(DatasetsTest, VersionsAreListedNewestFirstInPages) {
  for (const char* bytes : {"1", "2", "3"}) PutDataset("d", bytes);
  v1::ListDatasetVersionsRequest request;
  request.set_parent("datasets/d");
  request.set_page_size(2);
  const auto first = ListDatasetVersions(*Now(), request);
  ASSERT_EQ(first->dataset_versions_size(), 2);
  EXPECT_EQ(first->dataset_versions(0).name(), "datasets/d/versions/3");
  request.set_page_token(first->next_page_token());
  const auto second = ListDatasetVersions(*Now(), request);
  ASSERT_EQ(second->dataset_versions_size(), 1);
  EXPECT_EQ(second->next_page_token(), "");
  request.set_parent("datasets/other");
  ExpectError(ListDatasetVersions(*Now(), request).status(), StatusCode::kNotFound,
              "DATASET_NOT_FOUND");
}

TEST_F(DatasetsTest, LineageRunsBothWays) {
  const std::string raw = PutDataset("raw", "raw");
  const std::string clean = PutDataset("clean", "clean", {raw});
  const v1::Run run = CreateRun({}, clean);
  const std::string derived = PutDataset("labels", "labels", {clean}, run.name());
  v1::ModelVersion version;
  version.set_run(run.name());
  *version.add_files() = PutFile("model.bin", "model");
  const std::string model = CreateModelVersion("m", version)->name();

  using Request = v1::GetLineageRequest;
  EXPECT_EQ(Reach(raw, Request::DOWNSTREAM),
            (std::set<std::string>{raw, clean, run.name(), derived, model}));
  EXPECT_EQ(Reach(model, Request::UPSTREAM),
            (std::set<std::string>{raw, clean, run.name(), model}));
  EXPECT_EQ(Reach(run.name(), Request::DIRECTION_UNSPECIFIED),
            (std::set<std::string>{raw, clean, run.name(), derived, model}));
  EXPECT_EQ(Reach(raw, Request::DOWNSTREAM, 1), (std::set<std::string>{raw, clean}));
}

TEST_F(DatasetsTest, LineageIsTheSameHoweverAParentIsSpelled) {
  const std::string raw = PutDataset("raw-data", "raw");
  const std::string clean = PutDataset("clean", "clean", {"datasets/raw%2Ddata/versions/1"});
  EXPECT_EQ(Reach(raw, v1::GetLineageRequest::DOWNSTREAM), (std::set<std::string>{raw, clean}));
  EXPECT_EQ(Reach(clean, v1::GetLineageRequest::UPSTREAM), (std::set<std::string>{raw, clean}));
  EXPECT_EQ(PutDataset("clean", "clean", {raw}), clean);
}

TEST_F(DatasetsTest, LineageOfWhatDoesNotExistIsNotFound) {
  const v1::Run run = CreateRun();
  v1::GetLineageRequest request;
  for (const auto& [name, reason] : std::vector<std::pair<std::string, std::string>>{
           {"datasets/d/versions/1", "DATASET_VERSION_NOT_FOUND"},
           {FormatRunName(3, run.uid()), "RUN_NOT_FOUND"},
           {"models/m/versions/1", "MODEL_VERSION_NOT_FOUND"},
           {"models/m/channels/c", "CHANNEL_NOT_FOUND"}}) {
    request.set_name(name);
    ExpectError(GetLineage(*Now(), request).status(), StatusCode::kNotFound, reason);
  }
  request.set_name("policies/p");
  ExpectError(GetLineage(*Now(), request).status(), StatusCode::kInvalidArgument, "NAME_INVALID");
}

TEST_F(DatasetsTest, ARunIsKnownByItsWholeNameOnly) {
  const v1::Run run = CreateRun();
  const std::string elsewhere = FormatRunName(3, run.uid());
  v1::DatasetVersion version;
  *version.add_files() = PutFile("a", "a");
  version.set_run(elsewhere);
  ExpectError(CreateDatasetVersion("d", version).status(), StatusCode::kNotFound, "RUN_NOT_FOUND");
  v1::ListArtifactsRequest list;
  list.set_parent(elsewhere);
  ExpectError(artifacts::ListArtifacts(*Now(), list).status(), StatusCode::kNotFound,
              "RUN_NOT_FOUND");
  ExpectError(LogArtifacts(elsewhere, {PutFile("a", "a")}), StatusCode::kNotFound, "RUN_NOT_FOUND");
}

TEST_F(DatasetsTest, ArtifactsAppearTogetherOrNotAtAll) {
  const std::string run = CreateRun().name();
  const auto status =
      LogArtifacts(run, {PutFile("model/m.bin", "m"), FileWithoutBlob("plot.svg", "svg")});
  ExpectError(status, StatusCode::kNotFound, "BLOB_NOT_FOUND");
  EXPECT_TRUE(ListFiles(run, 10).empty());
  ASSERT_THAT(LogArtifacts(run, {PutFile("plot.svg", "svg"), PutFile("model/m.bin", "m")}), IsOk());
  EXPECT_EQ(ListFiles(run, 1), (std::vector<std::string>{"model/m.bin", "plot.svg"}));
}

TEST_F(DatasetsTest, AnArtifactMayBeLoggedAgainButNotChanged) {
  const std::string run = CreateRun().name();
  ASSERT_THAT(LogArtifacts(run, {PutFile("m.bin", "m")}), IsOk());
  const storage::Revision before = Revision();
  EXPECT_THAT(LogArtifacts(run, {FileWithoutBlob("m.bin", "m")}), IsOk());
  EXPECT_EQ(Revision(), before);
  const auto changed = LogArtifacts(run, {PutFile("m.bin", "other")});
  ExpectError(changed, StatusCode::kAlreadyExists, "ARTIFACT_EXISTS");
  EXPECT_EQ(MetadataOf(changed, "sha256"), Sha256Hex("m"));
}

TEST_F(DatasetsTest, NoPathIsAFileAndADirectory) {
  const std::string run = CreateRun().name();
  ASSERT_THAT(LogArtifacts(run, {PutFile("a/b", "1"), PutFile("c", "2")}), IsOk());
  for (const char* path : {"a", "a/b/c", "c/d"}) {
    ExpectError(LogArtifacts(run, {PutFile(path, "3")}), StatusCode::kInvalidArgument,
                "ARTIFACT_PATH_INVALID");
  }
  EXPECT_THAT(LogArtifacts(run, {PutFile("a/c", "3"), PutFile("ab", "4")}), IsOk());
  ExpectError(LogArtifacts(run, {PutFile("x", "5"), PutFile("x/y", "6")}),
              StatusCode::kInvalidArgument, "ARTIFACT_PATH_INVALID");
}

TEST_F(DatasetsTest, TheFilesOfAVersionAreListedInPages) {
  v1::DatasetVersion version;
  for (const char* path : {"c", "a", "b"}) *version.add_files() = PutFile(path, path);
  const std::string name = CreateDatasetVersion("d", version)->name();
  EXPECT_EQ(ListFiles(name, 2), (std::vector<std::string>{"a", "b", "c"}));
}

}  // namespace
}  // namespace cairn::datasets
