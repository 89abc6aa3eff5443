// Versions with more files than their records hold, as use cases over a store in memory.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include "lib/base/digest.h"
#include "server/artifacts/references.h"
#include "server/core/manifest.h"
#include "server/storage/keyspace.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::datasets {
namespace {

using testing::IsOk;

class LargeVersionsTest : public UseCaseTest {
 protected:
  // Files in order, all with the same bytes but the last.
  static core::ArtifactFiles Files(int count, const std::string& last = "last") {
    core::ArtifactFiles files;
    for (int i = 0; i < count; ++i) {
      const std::string path = "dir/" + std::to_string(1'000'000 + i);
      *files.Add() = FileWithoutBlob(path, i + 1 == count ? last : "same");
    }
    return files;
  }

  static v1::CreateDatasetVersionRequest Request(const std::string& dataset) {
    v1::CreateDatasetVersionRequest request;
    request.set_parent("datasets/" + dataset);
    request.mutable_manifest()->set_sha256(Sha256Hex("the manifest"));
    return request;
  }

  // Creates a version from a manifest with these files, whatever blob it would be.
  absl::StatusOr<v1::DatasetVersion> Create(const v1::CreateDatasetVersionRequest& request,
                                            const core::ArtifactFiles& files) {
    const core::ManifestLoader load =
        [&](const v1::BlobDigest& digest) -> absl::StatusOr<std::shared_ptr<const core::Manifest>> {
      EXPECT_EQ(digest.sha256(), Sha256Hex("the manifest"));
      auto manifest = core::MakeManifest("files", files, core::kMaxFilesPerManifestBlob);
      if (!manifest.ok()) return manifest.status();
      return std::make_shared<const core::Manifest>(*std::move(manifest));
    };
    return Apply<v1::DatasetVersion>(PlanCreateDatasetVersion(*Now(), request, NextTime(), load));
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
      EXPECT_LE(page->files_size(), page_size);
      for (const auto& file : page->files()) paths.push_back(file.path());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return paths;
  }

  static std::vector<std::string> PathsOf(const core::ArtifactFiles& files) {
    std::vector<std::string> paths;
    for (const auto& file : files) paths.push_back(file.path());
    return paths;
  }

  int CountParts() {
    int parts = 0;
    EXPECT_THAT(Now()->Scan(storage::KeyRange::Prefix(storage::AllManifestPartsPrefix()),
                            storage::ScanOrder::kAscending,
                            [&parts](std::string_view, const storage::Record& record) {
                              EXPECT_LT(record.payload.size(), size_t{2} << 20);
                              ++parts;
                              return true;
                            }),
                IsOk());
    return parts;
  }
};

TEST_F(LargeVersionsTest, FilesInPartsAreListedInPagesOfAnySize) {
  const core::ArtifactFiles files = Files(3500);
  const auto created = Create(Request("d"), files);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->file_count(), 3500);
  EXPECT_TRUE(created->files().empty());
  EXPECT_EQ(created->size_bytes(), 4 * 3500);
  EXPECT_EQ(created->sha256(), Sha256Hex(core::CanonicalManifest(files)));
  EXPECT_EQ(CountParts(), 4);
  for (const int page_size : {1000, 999, 1}) {
    EXPECT_EQ(ListFiles(created->name(), page_size), PathsOf(files)) << page_size;
  }
  v1::GetDatasetVersionRequest get;
  get.set_name(created->name());
  const auto got = GetDatasetVersion(*Now(), get);
  EXPECT_EQ(got->file_count(), 3500);
  EXPECT_TRUE(got->files().empty());
}

TEST_F(LargeVersionsTest, AtTheLimitFilesStandInTheRecordAndAboveInParts) {
  PutFile("x", "same");
  PutFile("x", "last");
  for (const int count : {1000, 1001}) {
    v1::DatasetVersion version;
    *version.mutable_files() = Files(count);
    const auto named = CreateDatasetVersion("named", version);
    ASSERT_THAT(named, IsOk());
    EXPECT_EQ(named->file_count(), count);
    EXPECT_EQ(named->files_size(), count == 1000 ? 1000 : 0);
    EXPECT_EQ(CountParts(), count == 1000 ? 0 : 2);
    EXPECT_EQ(ListFiles(named->name(), 700), PathsOf(version.files()));
    // The same files by a manifest are the same version.
    const auto again = Create(Request("named"), version.files());
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->name(), named->name());
    EXPECT_EQ(again->files_size(), named->files_size());
  }
}

TEST_F(LargeVersionsTest, ValidationAloneAnswersAndStoresNothing) {
  auto request = Request("d");
  request.set_validate_only(true);
  const storage::Revision before = Revision();
  const auto checked = Create(request, Files(2000));
  ASSERT_THAT(checked, IsOk());
  EXPECT_EQ(checked->file_count(), 2000);
  EXPECT_TRUE(checked->files().empty());
  EXPECT_EQ(Revision(), before);
}

TEST_F(LargeVersionsTest, FilesAndAManifestTogetherAreRefused) {
  auto request = Request("d");
  *request.mutable_dataset_version()->add_files() = PutFile("a", "a");
  ExpectError(Create(request, Files(1)).status(), absl::StatusCode::kInvalidArgument,
              "VALUE_INVALID");
}

TEST_F(LargeVersionsTest, TagsChangeWithoutTheFiles) {
  const auto created = Create(Request("d"), Files(1500));
  ASSERT_THAT(created, IsOk());
  v1::UpdateDatasetVersionRequest update;
  update.mutable_dataset_version()->set_name(created->name());
  (*update.mutable_dataset_version()->mutable_tags())["a"] = "1";
  const auto tagged = Apply<v1::DatasetVersion>(PlanUpdateDatasetVersion(*Now(), update));
  ASSERT_THAT(tagged, IsOk());
  EXPECT_EQ(tagged->file_count(), 1500);
  EXPECT_EQ(ListFiles(created->name(), 1000), PathsOf(Files(1500)));
}

TEST_F(LargeVersionsTest, DifferencesAreFoundInParts) {
  const auto before = Create(Request("d"), Files(2500, "last"));
  const auto after = Create(Request("d"), Files(2500, "other"));
  const auto small = Create(Request("d"), Files(1));
  ASSERT_TRUE(before.ok() && after.ok() && small.ok());
  v1::DiffDatasetVersionsRequest request;
  request.set_from(before->name());
  request.set_to(after->name());
  auto diff = DiffDatasetVersions(*Now(), request);
  ASSERT_THAT(diff, IsOk());
  ASSERT_EQ(diff->files_size(), 1);
  EXPECT_EQ(diff->files(0).path(), "dir/1002499");
  EXPECT_EQ(diff->files(0).change(), v1::DatasetDiff::CHANGED);
  request.set_to(small->name());
  diff = DiffDatasetVersions(*Now(), request);
  EXPECT_EQ(diff->files_size(), 2500);  // one has other bytes, the rest went
}

TEST_F(LargeVersionsTest, DeletingOneTakesItsPartsAndNoOthers) {
  const auto first = Create(Request("d"), Files(2500, "last"));
  const auto second = Create(Request("d"), Files(2500, "other"));
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_EQ(CountParts(), 6);
  v1::DeleteDatasetVersionRequest request;
  request.set_name(first->name());
  ASSERT_THAT(Apply<google::protobuf::Empty>(PlanDeleteDatasetVersion(*Now(), request, NextTime())),
              IsOk());
  EXPECT_EQ(CountParts(), 3);
  EXPECT_EQ(ListFiles(second->name(), 1000).size(), 2500u);
}

TEST_F(LargeVersionsTest, ListsOfVersionsLeaveTheFilesOut) {
  PutDataset("d", "small");
  ASSERT_THAT(Create(Request("d"), Files(1500)), IsOk());
  v1::ListDatasetVersionsRequest request;
  request.set_parent("datasets/d");
  const auto list = ListDatasetVersions(*Now(), request);
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->dataset_versions_size(), 2);
  EXPECT_EQ(list->dataset_versions(0).file_count(), 1500);
  EXPECT_EQ(list->dataset_versions(1).file_count(), 1);
  for (const auto& version : list->dataset_versions()) EXPECT_TRUE(version.files().empty());
}

TEST_F(LargeVersionsTest, EveryFileInPartsCountsAsReferredToInStepsOfAnySize) {
  ASSERT_THAT(Create(Request("d"), Files(2500)), IsOk());
  for (const size_t step : {size_t{1}, size_t{1000}, size_t{100'000}}) {
    std::string place;
    int references = 0;
    int steps = 0;
    do {
      ASSERT_THAT(artifacts::VisitReferences(*Now(), step, place,
                                             [&](std::string_view, const v1::BlobDigest& digest) {
                                               EXPECT_TRUE(digest.sha256() == Sha256Hex("same") ||
                                                           digest.sha256() == Sha256Hex("last"));
                                               ++references;
                                             }),
                  IsOk());
      ++steps;
    } while (!place.empty());
    EXPECT_EQ(references, 2500) << step;
    EXPECT_GE(steps, step == 100'000 ? 1 : 3) << step;
  }
}

}  // namespace
}  // namespace cairn::datasets
