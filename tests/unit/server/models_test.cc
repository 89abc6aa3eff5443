// Models, versions and aliases.

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include "google/protobuf/empty.pb.h"
#include "lib/base/resource_names.h"
#include "server/registry/aliases.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::registry {
namespace {

using absl::StatusCode;
using testing::IsOk;

class ModelsTest : public UseCaseTest {
 protected:
  v1::ModelVersion OneFile(const std::string& bytes) {
    v1::ModelVersion version;
    *version.add_files() = PutFile("model.bin", bytes);
    return version;
  }

  absl::StatusOr<v1::ModelVersion> Get(const std::string& name) {
    v1::GetModelVersionRequest request;
    request.set_name(name);
    return GetModelVersion(*Now(), request);
  }

  absl::Status SetAlias(const std::string& name, int64_t version, const std::string& etag = "") {
    v1::SetAliasRequest request;
    request.mutable_alias()->set_name(name);
    request.mutable_alias()->set_version(version);
    request.mutable_alias()->set_etag(etag);
    return Apply<v1::Alias>(PlanSetAlias(*Now(), request, NextTime())).status();
  }
};

TEST_F(ModelsTest, AVersionTakesWhatItsRunKnows) {
  const std::string dataset = PutDataset("retail", "rows");
  const v1::Run run = CreateRun({{"k", "4"}, {"seed", "7"}}, dataset);
  ASSERT_THAT(LogArtifacts(run.name(), {PutFile("model/m.bin", "m"), PutFile("model/x/y", "y"),
                                        PutFile("plot.svg", "svg")}),
              IsOk());
  v1::ModelVersion version;
  version.set_run(run.name());
  (*version.mutable_params())["k"] = "forged";
  const auto created = CreateModelVersion("m", version, "model");
  ASSERT_THAT(created, IsOk());
  const auto stored = Get(created->name());
  EXPECT_EQ(stored->params().at("k"), "4");
  EXPECT_EQ(stored->params().at("seed"), "7");
  EXPECT_EQ(stored->training_dataset(), dataset);
  EXPECT_EQ(stored->state(), v1::ModelVersion::READY);
  ASSERT_EQ(stored->files_size(), 2);
  EXPECT_EQ(stored->files(0).path(), "m.bin");
  EXPECT_EQ(stored->files(1).path(), "x/y");
  ASSERT_EQ(GetRun(run.name()).outputs_size(), 1);
  EXPECT_EQ(GetRun(run.name()).outputs(0).resource(), created->name());
  EXPECT_EQ(CreateModelVersion("m", version, "model/m.bin")->files(0).path(), "m.bin");
  EXPECT_EQ(CreateModelVersion("m", version, "")->files_size(), 3);
  ExpectError(CreateModelVersion("m", version, "mod").status(), StatusCode::kNotFound,
              "ARTIFACT_NOT_FOUND");
}

TEST_F(ModelsTest, AVersionWithAMissingBlobLeavesNothing) {
  v1::ModelVersion version;
  *version.add_files() = FileWithoutBlob("model.bin", "never sent");
  const storage::Revision before = Revision();
  ExpectError(CreateModelVersion("m", version).status(), StatusCode::kNotFound, "BLOB_NOT_FOUND");
  EXPECT_EQ(Revision(), before);
  v1::GetModelRequest get;
  get.set_name("models/m");
  ExpectError(GetModel(*Now(), get).status(), StatusCode::kNotFound, "MODEL_NOT_FOUND");
}

TEST_F(ModelsTest, VersionsAreNumberedWithoutGapsEvenWhenTheyRace) {
  v1::CreateModelVersionRequest request;
  request.set_parent("models/m");
  *request.mutable_model_version() = OneFile("m");
  const auto snapshot = Now();
  auto first = PlanCreateModelVersion(*snapshot, request, kStart);
  auto second = PlanCreateModelVersion(*snapshot, request, kStart);
  EXPECT_EQ(Apply<v1::ModelVersion>(std::move(first))->name(), "models/m/versions/1");
  ExpectError(Apply<v1::ModelVersion>(std::move(second)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
  EXPECT_EQ(Apply<v1::ModelVersion>(PlanCreateModelVersion(*Now(), request, kStart))->name(),
            "models/m/versions/2");
  EXPECT_EQ(Get("models/m/versions/latest")->name(), "models/m/versions/2");
}

TEST_F(ModelsTest, AnAliasMovesOnlyWithTheCurrentEtag) {
  ASSERT_THAT(CreateModelVersion("m", OneFile("1")), IsOk());
  ASSERT_THAT(CreateModelVersion("m", OneFile("2")), IsOk());
  ASSERT_THAT(SetAlias("models/m/aliases/best", 1), IsOk());
  EXPECT_EQ(Get("models/m/aliases/best")->name(), "models/m/versions/1");
  v1::ListAliasesRequest list;
  list.set_parent("models/m");
  const std::string etag = ListAliases(*Now(), list)->aliases(0).etag();
  ASSERT_THAT(SetAlias("models/m/aliases/best", 2, etag), IsOk());
  ExpectError(SetAlias("models/m/aliases/best", 1, etag), StatusCode::kAborted, "ETAG_MISMATCH");
  EXPECT_EQ(Get("models/m/versions/2")->aliases(0), "best");
  v1::DeleteAliasRequest remove;
  remove.set_name("models/m/aliases/best");
  ASSERT_THAT(Apply<google::protobuf::Empty>(PlanDeleteAlias(*Now(), remove)), IsOk());
  ExpectError(Get("models/m/aliases/best").status(), StatusCode::kNotFound, "ALIAS_NOT_FOUND");
}

TEST_F(ModelsTest, AnAliasMovesOnlyFromWhereItIsExpected) {
  ASSERT_THAT(CreateModelVersion("m", OneFile("1")), IsOk());
  ASSERT_THAT(CreateModelVersion("m", OneFile("2")), IsOk());
  const auto set = [&](int64_t version, int64_t expected) {
    v1::SetAliasRequest request;
    request.mutable_alias()->set_name("models/m/aliases/best");
    request.mutable_alias()->set_version(version);
    request.set_expected_version(expected);
    return Apply<v1::Alias>(PlanSetAlias(*Now(), request, NextTime())).status();
  };
  ExpectError(set(1, 2), StatusCode::kAborted, "ALIAS_MOVED");
  ASSERT_THAT(set(1, 0), IsOk());
  const auto moved = set(2, 0);
  ExpectError(moved, StatusCode::kAborted, "ALIAS_MOVED");
  EXPECT_EQ(MetadataOf(moved, "currentVersion"), "1");
  ASSERT_THAT(set(2, 1), IsOk());
  EXPECT_EQ(Get("models/m/aliases/best")->name(), "models/m/versions/2");
}

TEST_F(ModelsTest, AliasesMustNotLookLikeVersionsNorPointAtNothing) {
  ASSERT_THAT(CreateModelVersion("m", OneFile("1")), IsOk());
  for (const char* reserved : {"latest", "v1", "v007"}) {
    ExpectError(SetAlias(std::string("models/m/aliases/") + reserved, 1),
                StatusCode::kInvalidArgument, "ALIAS_RESERVED");
  }
  ExpectError(SetAlias("models/m/aliases/a%20b", 1), StatusCode::kInvalidArgument, "NAME_INVALID");
  EXPECT_THAT(SetAlias("models/m/aliases/v1x", 1), IsOk());
  ExpectError(SetAlias("models/m/aliases/best", 2), StatusCode::kNotFound,
              "MODEL_VERSION_NOT_FOUND");
  ExpectError(SetAlias("models/n/aliases/best", 1), StatusCode::kNotFound, "MODEL_NOT_FOUND");
}

TEST_F(ModelsTest, OnlyAModelWithoutVersionsIsDeleted) {
  v1::CreateModelRequest create;
  create.mutable_model()->set_display_name("Empty Model");
  const auto model = Apply<v1::Model>(PlanCreateModel(*Now(), create, NextTime()));
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->name(), "models/Empty%20Model");
  ExpectError(PlanCreateModel(*Now(), create, kStart).status(), StatusCode::kAlreadyExists,
              "MODEL_EXISTS");
  ASSERT_THAT(CreateModelVersion("full", OneFile("1")), IsOk());
  v1::DeleteModelRequest remove;
  remove.set_name(model->name());
  EXPECT_THAT(Apply<google::protobuf::Empty>(PlanDeleteModel(*Now(), remove)), IsOk());
  remove.set_name("models/full");
  ExpectError(PlanDeleteModel(*Now(), remove).status(), StatusCode::kFailedPrecondition,
              "HAS_CHILDREN");
  EXPECT_EQ(ListModels(*Now(), {})->models_size(), 1);
}

}  // namespace
}  // namespace cairn::registry
