// Tags, aliases and deletions of data set versions, as use cases over a store in memory.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include "lib/base/resource_names.h"
#include "server/storage/keyspace.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::datasets {
namespace {

using absl::StatusCode;
using testing::IsOk;

class DatasetChangesTest : public UseCaseTest {
 protected:
  absl::StatusOr<v1::Dataset> SetAlias(const std::string& alias, int64_t version,
                                       const std::string& dataset = "datasets/d") {
    v1::SetDatasetAliasRequest request;
    request.set_name(dataset);
    request.set_alias(alias);
    request.set_version(version);
    return Apply<v1::Dataset>(PlanSetDatasetAlias(*Now(), request, NextTime()));
  }

  absl::StatusOr<v1::Dataset> DeleteAlias(const std::string& alias) {
    v1::DeleteDatasetAliasRequest request;
    request.set_name("datasets/d");
    request.set_alias(alias);
    return Apply<v1::Dataset>(PlanDeleteDatasetAlias(*Now(), request, NextTime()));
  }

  absl::Status Delete(const std::string& name, bool only_check = false,
                      const std::string& etag = "") {
    v1::DeleteDatasetVersionRequest request;
    request.set_name(name);
    request.set_etag(etag);
    request.set_validate_only(only_check);
    return Apply<google::protobuf::Empty>(PlanDeleteDatasetVersion(*Now(), request, NextTime()))
        .status();
  }

  absl::StatusOr<v1::DatasetVersion> Get(const std::string& name) {
    v1::GetDatasetVersionRequest request;
    request.set_name(name);
    return GetDatasetVersion(*Now(), request);
  }

  absl::StatusOr<v1::DatasetVersion> Tag(const std::string& name,
                                         const std::map<std::string, std::string>& tags,
                                         const std::vector<std::string>& mask = {},
                                         const std::string& etag = "") {
    v1::UpdateDatasetVersionRequest request;
    request.mutable_dataset_version()->set_name(name);
    request.mutable_dataset_version()->set_etag(etag);
    request.mutable_dataset_version()->mutable_tags()->insert(tags.begin(), tags.end());
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Apply<v1::DatasetVersion>(PlanUpdateDatasetVersion(*Now(), request));
  }

  static std::map<std::string, std::string> TagsOf(const absl::StatusOr<v1::DatasetVersion>& v) {
    EXPECT_THAT(v, IsOk());
    if (!v.ok()) return {};
    return {v->tags().begin(), v->tags().end()};
  }

  // Every key of the families that hold data sets and what leads to them.
  std::set<std::string> Keys() {
    std::set<std::string> keys;
    for (const storage::Family family :
         {storage::Family::kMeta, storage::Family::kRecord, storage::Family::kIndex}) {
      EXPECT_THAT(
          Now()->Scan(storage::KeyRange::Prefix({family, ""}), storage::ScanOrder::kAscending,
                      [&](std::string_view key, const storage::Record&) {
                        keys.insert(std::string(key));
                        return true;
                      }),
          IsOk());
    }
    return keys;
  }

  void ExpectUsed(const std::string& name, const std::string& child) {
    const storage::Revision before = Revision();
    for (const bool only_check : {true, false}) {
      const absl::Status status = Delete(name, only_check);
      ExpectError(status, StatusCode::kFailedPrecondition, "HAS_CHILDREN");
      EXPECT_EQ(MetadataOf(status, "child"), child) << status;
    }
    EXPECT_EQ(Revision(), before);
  }
};

TEST_F(DatasetChangesTest, AnAliasStandsForItsVersionUntilItIsMovedOrRemoved) {
  PutDataset("d", "one");
  PutDataset("d", "two");
  const auto dataset = SetAlias("gold", 1);
  ASSERT_THAT(dataset, IsOk());
  EXPECT_EQ(dataset->aliases().at("gold"), 1);
  EXPECT_EQ(Get("datasets/d/versions/gold")->name(), "datasets/d/versions/1");
  const storage::Revision before = Revision();
  EXPECT_THAT(SetAlias("gold", 1), IsOk());
  EXPECT_EQ(Revision(), before);
  EXPECT_THAT(SetAlias("gold", 2), IsOk());
  EXPECT_EQ(Get("datasets/d/versions/gold")->name(), "datasets/d/versions/2");
  EXPECT_TRUE(DeleteAlias("gold")->aliases().empty());
  ExpectError(Get("datasets/d/versions/gold").status(), StatusCode::kNotFound, "ALIAS_NOT_FOUND");
  const storage::Revision after = Revision();
  EXPECT_THAT(DeleteAlias("gold"), IsOk());
  EXPECT_EQ(Revision(), after);
}

TEST_F(DatasetChangesTest, AnAliasServesWhereverAVersionIsNamed) {
  const std::string raw = PutDataset("d", "raw");
  PutDataset("d", "newer");
  ASSERT_THAT(SetAlias("2024-01-01", 1), IsOk());
  const std::string alias = "datasets/d/versions/2024-01-01";
  const std::string child = PutDataset("clean", "clean", {alias});
  EXPECT_EQ(Get(child)->parents(0), raw);
  EXPECT_EQ(PutDataset("clean", "clean", {raw}), child);
  const v1::Run run = CreateRun({}, alias);
  EXPECT_EQ(GetRun(run.name()).inputs(0).dataset_version(), raw);
  v1::ModelVersion model;
  model.set_training_dataset(alias);
  *model.add_files() = PutFile("m", "m");
  EXPECT_EQ(CreateModelVersion("m", model)->training_dataset(), raw);
  v1::DiffDatasetVersionsRequest diff;
  diff.set_from(alias);
  diff.set_to("datasets/d/versions/latest");
  EXPECT_EQ(DiffDatasetVersions(*Now(), diff)->from(), raw);
  EXPECT_EQ(DiffDatasetVersions(*Now(), diff)->to(), "datasets/d/versions/2");
  v1::GetLineageRequest lineage;
  lineage.set_name(alias);
  EXPECT_EQ(GetLineage(*Now(), lineage)->root(), raw);
  EXPECT_EQ(GetLineage(*Now(), lineage)->nodes_size(), 4);
  EXPECT_EQ(TagsOf(Tag(alias, {{"a", "b"}})).size(), 1u);
}

TEST_F(DatasetChangesTest, NamesThatAreNoAliasesAreRefused) {
  PutDataset("d", "one");
  for (const char* alias : {"latest", "1", "0", "v1", "007"}) {
    ExpectError(SetAlias(alias, 1).status(), StatusCode::kInvalidArgument, "ALIAS_RESERVED");
  }
  for (const std::string& alias : {std::string(), std::string("a b"), std::string("a/b"),
                                   std::string("-1"), std::string(101, 'a')}) {
    ExpectError(SetAlias(alias, 1).status(), StatusCode::kInvalidArgument, "NAME_INVALID");
  }
  ExpectError(SetAlias("a", 2).status(), StatusCode::kNotFound, "DATASET_VERSION_NOT_FOUND");
  ExpectError(SetAlias("a", 1, "datasets/other").status(), StatusCode::kNotFound,
              "DATASET_NOT_FOUND");
  for (const char* name : {"datasets/d/versions/0", "datasets/d/versions/-1"}) {
    ExpectError(Get(name).status(), StatusCode::kInvalidArgument, "NAME_INVALID");
  }
}

TEST_F(DatasetChangesTest, TagsAreReplacedSetOrRemovedByTheMask) {
  const std::string name = PutDataset("d", "one");
  using Map = std::map<std::string, std::string>;
  EXPECT_EQ(TagsOf(Tag(name, {{"a", "1"}, {"b", "2"}})), (Map{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(TagsOf(Tag(name, {{"c", "3"}}, {"tags.c"})), (Map{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(TagsOf(Tag(name, {}, {"tags.`a`", "tags.b"})), (Map{{"c", "3"}}));
  const storage::Revision before = Revision();
  EXPECT_EQ(TagsOf(Tag(name, {{"c", "3"}})), (Map{{"c", "3"}}));
  EXPECT_EQ(TagsOf(Tag(name, {})), (Map{{"c", "3"}}));
  EXPECT_EQ(Revision(), before);
  EXPECT_EQ(TagsOf(Tag(name, {}, {"tags"})), Map());
  for (const char* path : {"row_count", "files", "nonsense", "tags."}) {
    ExpectError(Tag(name, {}, {path}).status(), StatusCode::kInvalidArgument,
                "UPDATE_MASK_INVALID");
  }
  EXPECT_THAT(Tag(name, {}, {"etag"}), IsOk());
}

TEST_F(DatasetChangesTest, AnEtagThatIsNotTheCurrentOneAborts) {
  const std::string name = PutDataset("d", "one");
  const std::string etag = Get(name)->etag();
  EXPECT_THAT(Tag(name, {{"a", "1"}}, {}, etag), IsOk());
  ExpectError(Tag(name, {{"a", "2"}}, {}, etag).status(), StatusCode::kAborted, "ETAG_MISMATCH");
  ExpectError(Delete(name, false, etag), StatusCode::kAborted, "ETAG_MISMATCH");
  EXPECT_THAT(Delete(name, false, Get(name)->etag()), IsOk());
}

TEST_F(DatasetChangesTest, ADeletedVersionLeavesNothingAndItsNumberIsNotUsedAgain) {
  const std::string raw = PutDataset("raw", "raw");
  const v1::Run run = CreateRun();
  PutDataset("d", "one");
  const std::set<std::string> before = Keys();
  const std::string second = PutDataset("d", "two", {raw}, run.name());
  ASSERT_THAT(Tag(second, {{"a", "1"}}), IsOk());
  EXPECT_THAT(Delete(second, /*only_check=*/true), IsOk());
  EXPECT_THAT(Get(second), IsOk());
  ASSERT_THAT(Delete(second), IsOk());
  ExpectError(Get(second).status(), StatusCode::kNotFound, "DATASET_VERSION_NOT_FOUND");
  ExpectError(Delete(second), StatusCode::kNotFound, "DATASET_VERSION_NOT_FOUND");
  EXPECT_EQ(Get("datasets/d/versions/latest")->name(), "datasets/d/versions/1");
  std::set<std::string> left = Keys();
  for (const std::string& key : before) left.erase(key);
  // The blob's file is no key of these families; the parent's uses key is touched for good.
  EXPECT_EQ(left, (std::set<std::string>{storage::CollectionKey(raw + "/uses").bytes}));
  EXPECT_EQ(PutDataset("d", "two", {raw}), "datasets/d/versions/3");
  ASSERT_THAT(Delete("datasets/d/versions/1"), IsOk());
  ASSERT_THAT(Delete("datasets/d/versions/3"), IsOk());
  ExpectError(Get("datasets/d/versions/latest").status(), StatusCode::kNotFound,
              "DATASET_VERSION_NOT_FOUND");
  EXPECT_EQ(PutDataset("d", "one"), "datasets/d/versions/4");
}

TEST_F(DatasetChangesTest, WhatSomethingRefersToIsKept) {
  const std::string raw = PutDataset("d", "raw");
  const std::string child = PutDataset("clean", "clean", {raw});
  ExpectUsed(raw, child);
  ASSERT_THAT(Delete(child), IsOk());
  ASSERT_THAT(SetAlias("gold", 1), IsOk());
  ExpectUsed(raw, "datasets/d/aliases/gold");
  ASSERT_THAT(DeleteAlias("gold"), IsOk());
  const std::string read = PutDataset("d", "read");
  ExpectUsed(
      read, CreateRun({}, read).name().empty() ? "" : [&] {
        v1::GetLineageRequest request;
        request.set_name(read);
        return GetLineage(*Now(), request)->nodes(1).name();
      }());
  EXPECT_THAT(Delete(raw), IsOk());
}

TEST_F(DatasetChangesTest, EvidenceAndTrainingDataAreKept) {
  const v1::Run run = CreateRun();
  const std::string measured = PutDataset("d", "measured");
  const std::string trained = PutDataset("d", "trained");
  v1::ModelVersion model;
  model.set_run(run.name());
  model.set_training_dataset(trained);
  *model.add_files() = PutFile("m", "m");
  v1::Evaluation evaluation;
  evaluation.set_dataset_version(measured);
  evaluation.add_values()->set_metric("silhouette");
  const auto created = CreateModelVersion("m", model, "", evaluation);
  ASSERT_THAT(created, IsOk());
  ExpectUsed(measured, created->name() + "/evaluations/1");
  ExpectUsed(trained, created->name());
}

TEST_F(DatasetChangesTest, OfADeletionAndAUsePlannedTogetherOneIsPlannedAgain) {
  for (const std::string bytes : {"one", "two", "three"}) {
    SCOPED_TRACE(bytes);
    const std::string name = PutDataset("d", bytes);
    const auto snapshot = Now();
    v1::DeleteDatasetVersionRequest request;
    request.set_name(name);
    auto deletion = PlanDeleteDatasetVersion(*snapshot, request, NextTime());
    ASSERT_THAT(deletion, IsOk());
    if (bytes == "one") CreateRun({}, name);
    if (bytes == "two") PutDataset("child", "child", {name});
    if (bytes == "three") {
      ASSERT_THAT(SetAlias("gold", 3), IsOk());
    }
    ExpectError(Apply<google::protobuf::Empty>(std::move(deletion)).status(), StatusCode::kAborted,
                "COMMIT_CONFLICT");
    ExpectError(Delete(name), StatusCode::kFailedPrecondition, "HAS_CHILDREN");
  }
}

TEST_F(DatasetChangesTest, AnOutputThatARunListsMayBeDeleted) {
  const std::string name = PutDataset("d", "one");
  v1::CreateRunRequest request;
  request.set_parent("experiments/0");
  request.mutable_run()->add_outputs()->set_resource(name);
  const auto run = Apply<v1::Run>(tracking::PlanCreateRun(*Now(), request, Facts()));
  ASSERT_THAT(run, IsOk());
  ASSERT_THAT(Delete(name), IsOk());
  v1::GetLineageRequest lineage;
  lineage.set_name(run->name());
  EXPECT_EQ(GetLineage(*Now(), lineage)->nodes_size(), 1);
}

TEST_F(DatasetChangesTest, EveryChangeIsAnEvent) {
  const std::string name = PutDataset("d e", "one");
  using Events = std::vector<std::pair<std::string, cairn::v1::Event::Kind>>;
  const auto events = [&](const absl::StatusOr<storage::Plan>& plan) {
    EXPECT_THAT(plan, IsOk());
    Events found;
    if (!plan.ok()) return found;
    for (const auto& event : plan->write_set.events) found.emplace_back(event.resource, event.kind);
    return found;
  };
  v1::SetDatasetAliasRequest alias;
  alias.set_name("datasets/d%20e");
  alias.set_alias("gold");
  alias.set_version(1);
  EXPECT_EQ(events(PlanSetDatasetAlias(*Now(), alias, kStart)),
            (Events{{"datasets/d%20e/aliases/gold", cairn::v1::Event::DATASET_ALIAS_SET}}));
  ASSERT_THAT(Apply<v1::Dataset>(PlanSetDatasetAlias(*Now(), alias, kStart)), IsOk());
  v1::DeleteDatasetAliasRequest removal;
  removal.set_name("datasets/d%20e");
  removal.set_alias("gold");
  EXPECT_EQ(events(PlanDeleteDatasetAlias(*Now(), removal, kStart)),
            (Events{{"datasets/d%20e/aliases/gold", cairn::v1::Event::DATASET_ALIAS_DELETED}}));
  ASSERT_THAT(Apply<v1::Dataset>(PlanDeleteDatasetAlias(*Now(), removal, kStart)), IsOk());
  v1::UpdateDatasetVersionRequest update;
  update.mutable_dataset_version()->set_name(name);
  (*update.mutable_dataset_version()->mutable_tags())["a"] = "1";
  EXPECT_EQ(events(PlanUpdateDatasetVersion(*Now(), update)),
            (Events{{name, cairn::v1::Event::DATASET_VERSION_UPDATED}}));
  v1::DeleteDatasetVersionRequest deletion;
  deletion.set_name(name);
  EXPECT_EQ(events(PlanDeleteDatasetVersion(*Now(), deletion, kStart)),
            (Events{{name, cairn::v1::Event::DATASET_VERSION_DELETED}}));
}

TEST_F(DatasetChangesTest, VersionsAreCreatedWithStatisticsAndListedWithout) {
  v1::DatasetVersion version;
  *version.add_files() = PutFile("a.csv", "n\n1\n");
  version.set_row_count(1);
  auto& column = *version.add_columns();
  column.set_name("n");
  column.set_type("int64");
  column.mutable_statistics()->set_count(2);
  ExpectError(CreateDatasetVersion("d", version).status(), StatusCode::kInvalidArgument,
              "VALUE_INVALID");
  column.mutable_statistics()->set_count(1);
  const auto created = CreateDatasetVersion("d", version);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(Get(created->name())->columns(0).statistics().count(), 1);
  v1::ListDatasetVersionsRequest list;
  list.set_parent("datasets/d");
  const auto listed = ListDatasetVersions(*Now(), list);
  EXPECT_EQ(listed->dataset_versions(0).columns(0).name(), "n");
  EXPECT_FALSE(listed->dataset_versions(0).columns(0).has_statistics());
}

}  // namespace
}  // namespace cairn::datasets
