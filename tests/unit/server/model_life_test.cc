// What changes of models and versions after they were registered: descriptions, tags, states,
// deletions and copies.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include "cairn/internal/audit.pb.h"
#include "cairn/internal/records.pb.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/promotion/replay.h"
#include "server/registry/aliases.h"
#include "server/registry/evaluations.h"
#include "server/registry/holds.h"
#include "server/registry/override.h"
#include "server/registry/policies.h"
#include "server/registry/promotion.h"
#include "server/registry/rollback.h"
#include "server/registry/version_removal.h"
#include "server/registry/version_state.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::registry {
namespace {

using absl::StatusCode;
using cairn::testing::IsOk;
using ::testing::HasSubstr;
using v1::Decision;
using v1::ModelVersion;

constexpr const char* kChannel = "models/churn/channels/production";
constexpr const char* kPolicy = R"(
apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {name: churn}
spec:
  target: {model: churn, channel: production}
  candidates: {max: 3}
  evidence: {trust: reported}
  baseline: {comparableOn: [dataset.digest]}
  gates:
    - {id: floor, metric: silhouette, pass: ">= 0.2"}
  choose:
    order:
      - {field: version, direction: higher}
)";

std::string VersionOf(int number) { return "models/churn/versions/" + std::to_string(number); }

class ModelLifeTest : public UseCaseTest {
 protected:
  void Govern(const std::string& policy = kPolicy) {
    v1::ApplyPolicyRequest request;
    request.set_source(policy);
    EXPECT_THAT(Apply<v1::ApplyPolicyResponse>(PlanApplyPolicy(*Now(), request, NextTime())),
                IsOk());
  }

  std::string Register(const std::map<std::string, std::string>& tags = {},
                       const std::string& run = "", const std::string& dataset = "") {
    ModelVersion version;
    version.set_run(run);
    version.set_training_dataset(dataset);
    version.mutable_tags()->insert(tags.begin(), tags.end());
    *version.add_files() = PutFile("model.bin", "model");
    v1::Evaluation evaluation;
    auto* measured = evaluation.add_values();
    measured->set_metric("silhouette");
    measured->set_value(0.3);
    const auto created = CreateModelVersion("churn", version, "", evaluation);
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->name() : "";
  }

  ModelVersion Get(const std::string& name) {
    v1::GetModelVersionRequest request;
    request.set_name(name);
    const auto version = GetModelVersion(*Now(), request);
    EXPECT_THAT(version, IsOk());
    return version.ok() ? *version : ModelVersion();
  }

  v1::Model Model() {
    v1::GetModelRequest request;
    request.set_name("models/churn");
    return *GetModel(*Now(), request);
  }

  template <typename Request>
  static Request Named(const std::string& name) {
    Request request;
    request.set_name(name);
    return request;
  }

  absl::StatusOr<storage::Plan> PlanArchive(int number) {
    return PlanArchiveModelVersion(*Now(), Named<v1::ArchiveModelVersionRequest>(VersionOf(number)),
                                   NextTime());
  }
  absl::StatusOr<ModelVersion> Archive(int number) {
    return Apply<ModelVersion>(PlanArchive(number));
  }
  absl::StatusOr<ModelVersion> Restore(int number) {
    return Apply<ModelVersion>(PlanRestoreModelVersion(
        *Now(), Named<v1::RestoreModelVersionRequest>(VersionOf(number)), NextTime()));
  }
  absl::StatusOr<storage::Plan> PlanDelete(int number) {
    return PlanDeleteModelVersion(*Now(), Named<v1::DeleteModelVersionRequest>(VersionOf(number)),
                                  NextTime());
  }
  absl::Status Delete(int number) {
    return Apply<google::protobuf::Empty>(PlanDelete(number)).status();
  }

  absl::StatusOr<ModelVersion> Tag(int number, const std::string& key, const std::string& value) {
    v1::UpdateModelVersionRequest request;
    request.mutable_model_version()->set_name(VersionOf(number));
    (*request.mutable_model_version()->mutable_tags())[key] = value;
    request.mutable_update_mask()->add_paths("tags." + key);
    return Apply<ModelVersion>(PlanUpdateModelVersion(*Now(), request, NextTime()));
  }

  absl::StatusOr<ModelVersion> Describe(int number, const std::string& text) {
    v1::UpdateModelVersionRequest request;
    request.mutable_model_version()->set_name(VersionOf(number));
    request.mutable_model_version()->set_description(text);
    request.mutable_update_mask()->add_paths("description");
    return Apply<ModelVersion>(PlanUpdateModelVersion(*Now(), request, NextTime()));
  }

  absl::StatusOr<storage::Plan> PlanAlias(const std::string& alias, int number) {
    v1::SetAliasRequest request;
    request.mutable_alias()->set_name("models/churn/aliases/" + alias);
    request.mutable_alias()->set_version(number);
    return PlanSetAlias(*Now(), request, NextTime());
  }

  absl::StatusOr<storage::Plan> PlanPromotion(const std::string& version = "",
                                              bool validate_only = false) {
    v1::PromoteRequest request;
    request.set_name(kChannel);
    request.set_version(version);
    request.set_validate_only(validate_only);
    std::optional<int64_t> epoch;
    return PlanPromote(*Now(), request, NextTime(), epoch);
  }
  absl::StatusOr<Decision> Promote(const std::string& version = "") {
    return Apply<Decision>(PlanPromotion(version));
  }
  absl::StatusOr<Decision> Rehearse() { return Apply<Decision>(PlanPromotion("", true)); }

  // How many keys begin with `prefix`.
  int Count(const storage::Key& prefix) {
    int count = 0;
    EXPECT_THAT(Now()->Scan(storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
                            [&](std::string_view, const storage::Record&) {
                              ++count;
                              return true;
                            }),
                IsOk());
    return count;
  }

  std::optional<storage::Record> At(const storage::Key& key) { return *Now()->Get(key); }

  absl::Status Replay(const Decision& decision) {
    return promotion::Replay(decision, kPolicy,
                             [this](const std::string& sha256) -> std::optional<std::string> {
                               const auto kept = At(storage::KeptValueKey(sha256));
                               if (!kept.has_value()) return std::nullopt;
                               return kept->payload;
                             });
  }

  // The newest entry of the audit.
  internal::AuditEntryRecord NewestEntry() {
    internal::AuditEntryRecord entry;
    EXPECT_THAT(Now()->Scan(storage::KeyRange::Prefix(storage::AuditEntryPrefix()),
                            storage::ScanOrder::kDescending,
                            [&](std::string_view, const storage::Record& record) {
                              internal::AuditLinkRecord link;
                              EXPECT_TRUE(link.ParseFromString(record.payload));
                              EXPECT_TRUE(entry.ParseFromString(link.entry()));
                              return false;
                            }),
                IsOk());
    return entry;
  }
};

TEST_F(ModelLifeTest, AnUpdateOfAModelChangesWhatItNames) {
  Register();
  v1::UpdateModelRequest request;
  request.mutable_model()->set_name("models/churn");
  request.mutable_model()->set_description("who leaves");
  (*request.mutable_model()->mutable_tags())["team"] = "crm";
  (*request.mutable_model()->mutable_tags())["not.named"] = "x";
  request.mutable_update_mask()->add_paths("description");
  request.mutable_update_mask()->add_paths("tags.team");
  const auto updated = Apply<v1::Model>(PlanUpdateModel(*Now(), request, NextTime()));
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(Model().description(), "who leaves");
  EXPECT_EQ(Model().tags_size(), 1);
  EXPECT_EQ(Model().tags().at("team"), "crm");
  EXPECT_EQ(Model().latest_version(), 1);
  const storage::Revision before = Revision();
  const auto again = PlanUpdateModel(*Now(), request, NextTime());
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->nothing_to_write);
  request.mutable_model()->set_etag("old");
  ExpectError(PlanUpdateModel(*Now(), request, NextTime()).status(), StatusCode::kAborted,
              "ETAG_MISMATCH");
  request.mutable_model()->clear_etag();
  request.mutable_update_mask()->add_paths("display_name");
  ExpectError(PlanUpdateModel(*Now(), request, NextTime()).status(), StatusCode::kInvalidArgument,
              "UPDATE_MASK_INVALID");
  EXPECT_EQ(Revision(), before);
}

TEST_F(ModelLifeTest, AnUpdateOfAVersionLeavesWhatWasRegistered) {
  Register({{"a", "1"}});
  const storage::Key sealed = storage::ModelVersionKey("churn", 1);
  const storage::Record registered = *At(sealed);
  const ModelVersion before = Get(VersionOf(1));
  EXPECT_FALSE(before.has_update_time());
  ASSERT_THAT(Tag(1, "b", "2"), IsOk());
  ASSERT_THAT(Describe(1, "without returns"), IsOk());
  const ModelVersion after = Get(VersionOf(1));
  EXPECT_EQ(after.description(), "without returns");
  EXPECT_EQ(after.tags().at("a"), "1");
  EXPECT_EQ(after.tags().at("b"), "2");
  EXPECT_TRUE(after.has_update_time());
  EXPECT_NE(after.etag(), before.etag());
  EXPECT_EQ(At(sealed)->payload, registered.payload);
  EXPECT_EQ(At(sealed)->mod_revision, registered.mod_revision);
  v1::ListModelVersionsRequest list;
  list.set_parent("models/churn");
  EXPECT_EQ(DeterministicBytes(ListModelVersions(*Now(), list)->model_versions(0)),
            DeterministicBytes(after));
  const internal::AuditEntryRecord entry = NewestEntry();
  EXPECT_EQ(entry.resource(), VersionOf(1));
  EXPECT_EQ(entry.kind(), v1::Event::MODEL_VERSION_UPDATED);
  EXPECT_EQ(entry.image(), At(storage::ModelVersionStateKey("churn", 1))->payload);
  const storage::Revision revision = Revision();
  ASSERT_THAT(Tag(1, "b", "2"), IsOk());
  EXPECT_EQ(Revision(), revision);
}

TEST_F(ModelLifeTest, OnlyAnnotationsOfAVersionAreUpdated) {
  Register();
  v1::UpdateModelVersionRequest request;
  request.mutable_model_version()->set_name(VersionOf(1));
  for (const char* path : {"state", "files", "signature", "nothing"}) {
    request.mutable_update_mask()->clear_paths();
    request.mutable_update_mask()->add_paths(path);
    ExpectError(PlanUpdateModelVersion(*Now(), request, kStart).status(),
                StatusCode::kInvalidArgument, "UPDATE_MASK_INVALID");
  }
  request.mutable_model_version()->set_name("models/churn/versions/latest");
  ExpectError(PlanUpdateModelVersion(*Now(), request, kStart).status(),
              StatusCode::kInvalidArgument, "NAME_INVALID");
  request.mutable_model_version()->set_name(VersionOf(1));
  request.mutable_model_version()->set_etag("old");
  ExpectError(PlanUpdateModelVersion(*Now(), request, kStart).status(), StatusCode::kAborted,
              "ETAG_MISMATCH");
}

TEST_F(ModelLifeTest, AnArchivedVersionIsNotOfferedUntilItIsRestored) {
  Govern();
  Register();
  Register();
  const auto archived = Archive(2);
  ASSERT_THAT(archived, IsOk());
  EXPECT_EQ(archived->state(), ModelVersion::ARCHIVED);
  EXPECT_EQ(Get("models/churn/versions/latest").name(), VersionOf(1));
  EXPECT_EQ(Model().latest_version(), 1);
  const internal::AuditEntryRecord entry = NewestEntry();
  EXPECT_EQ(entry.kind(), v1::Event::MODEL_VERSION_UPDATED);
  EXPECT_EQ(entry.resource(), VersionOf(2));
  const storage::Revision before = Revision();
  ASSERT_THAT(Archive(2), IsOk());
  EXPECT_EQ(Revision(), before);
  EXPECT_EQ(Promote(VersionOf(2))->outcome(), Decision::REFUSED);
  EXPECT_EQ(Promote()->chosen_version(), VersionOf(1));
  ASSERT_THAT(Restore(2), IsOk());
  EXPECT_EQ(Get("models/churn/versions/latest").name(), VersionOf(2));
  EXPECT_EQ(Promote()->chosen_version(), VersionOf(2));
  // Numbers count on behind an archived one.
  Register();
  ASSERT_THAT(Archive(3), IsOk());
  EXPECT_EQ(Register(), VersionOf(4));
  EXPECT_EQ(Model().latest_version(), 4);
}

TEST_F(ModelLifeTest, WhatAChannelServesIsNotArchived) {
  Govern();
  Register();
  ASSERT_EQ(Promote()->outcome(), Decision::PROMOTED);
  const auto refused = Archive(1);
  ExpectError(refused.status(), StatusCode::kFailedPrecondition, "MODEL_VERSION_IN_USE");
  EXPECT_EQ(MetadataOf(refused.status(), "channel"), kChannel);
  Register();
  ASSERT_EQ(Promote()->chosen_version(), VersionOf(2));
  ASSERT_THAT(Archive(1), IsOk());
  v1::RollbackRequest back;
  back.set_name(kChannel);
  back.set_reason("half of all calls fail");
  std::optional<int64_t> epoch;
  ExpectError(PlanRollback(*Now(), back, NextTime(), epoch).status(),
              StatusCode::kFailedPrecondition, "NO_ROLLBACK_TARGET");
  back.set_version(VersionOf(1));
  ExpectError(PlanRollback(*Now(), back, NextTime(), epoch).status(),
              StatusCode::kFailedPrecondition, "MODEL_VERSION_ARCHIVED");
  v1::OverrideRequest override_request;
  override_request.set_name(kChannel);
  override_request.set_version(VersionOf(1));
  override_request.set_reason("signed off");
  ExpectError(PlanOverride(*Now(), override_request, NextTime(), epoch).status(),
              StatusCode::kFailedPrecondition, "MODEL_VERSION_ARCHIVED");
}

TEST_F(ModelLifeTest, ArchivingAndServingExcludeEachOther) {
  Govern();
  Register();
  auto promotion = PlanPromotion();
  auto archiving = PlanArchive(1);
  ASSERT_THAT(Apply<Decision>(std::move(promotion)), IsOk());
  ExpectError(Apply<ModelVersion>(std::move(archiving)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
  Register();
  promotion = PlanPromotion();
  ASSERT_EQ(static_cast<const Decision&>(*promotion->response).chosen_version(), VersionOf(2));
  ASSERT_THAT(Archive(2), IsOk());
  ExpectError(Apply<Decision>(std::move(promotion)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
}

TEST_F(ModelLifeTest, ArchivingMakesRoomForCandidates) {
  Govern();
  for (int i = 0; i < 4; ++i) Register();
  const auto crowded = PlanPromotion();
  EXPECT_EQ(ReasonOf(crowded.status()), "TOO_MANY_CANDIDATES") << crowded.status();
  ASSERT_THAT(Archive(1), IsOk());
  EXPECT_EQ(Promote()->chosen_version(), VersionOf(4));
}

TEST_F(ModelLifeTest, LatestIsTheNewestThatIsOfferedHoweverItCameToBe) {
  for (int i = 0; i < 3; ++i) Register();
  ASSERT_THAT(Archive(2), IsOk());
  ASSERT_THAT(Archive(3), IsOk());
  EXPECT_EQ(Model().latest_version(), 1);
  ASSERT_THAT(Archive(1), IsOk());
  EXPECT_EQ(Model().latest_version(), 0);
  v1::GetModelVersionRequest latest;
  latest.set_name("models/churn/versions/latest");
  ExpectError(GetModelVersion(*Now(), latest).status(), StatusCode::kNotFound,
              "MODEL_VERSION_NOT_FOUND");
  ASSERT_THAT(Restore(2), IsOk());
  EXPECT_EQ(Model().latest_version(), 2);
  // The next in line is archived at the same moment.
  ASSERT_THAT(Restore(1), IsOk());
  auto first = PlanArchive(1);
  ASSERT_THAT(Archive(2), IsOk());
  ExpectError(Apply<ModelVersion>(std::move(first)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
}

TEST_F(ModelLifeTest, LatestMissesNoneThatIsOfferedAgainAtTheSameMoment) {
  for (int i = 0; i < 3; ++i) Register();
  ASSERT_THAT(Archive(2), IsOk());
  auto archive = PlanArchive(3);
  ASSERT_THAT(Restore(2), IsOk());
  ExpectError(Apply<ModelVersion>(std::move(archive)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
  ASSERT_THAT(Archive(3), IsOk());
  EXPECT_EQ(Model().latest_version(), 2);
}

TEST_F(ModelLifeTest, ADeletedVersionLeavesNoKeyAndItsNumberIsGone) {
  const std::string dataset = PutDataset("retail", "rows");
  const v1::Run run = CreateRun({}, dataset);
  Register();
  Register({}, run.name());
  Register({}, "", dataset);
  ExpectError(Delete(2), StatusCode::kFailedPrecondition, "ARCHIVE_FIRST");
  for (const int number : {2, 3}) {
    ASSERT_THAT(Archive(number), IsOk());
    const std::string name = VersionOf(number);
    internal::PointerRecord pointer;
    pointer.set_number(1);
    storage::WriteSet measured;
    measured.PutRecord(storage::EvaluationByInputsKey("churn", number, "ab"),
                       pointer.SerializeAsString());
    ASSERT_THAT(store_->CommitAndWait(std::move(measured)), IsOk());
    ASSERT_THAT(Delete(number), IsOk());
    EXPECT_FALSE(At(storage::ModelVersionKey("churn", number)).has_value());
    EXPECT_FALSE(At(storage::ModelVersionStateKey("churn", number)).has_value());
    EXPECT_EQ(Count(storage::EvaluationPrefix("churn", number)), 0);
    EXPECT_EQ(Count(storage::EvaluationByInputsPrefix("churn", number)), 0);
    EXPECT_FALSE(At(storage::CounterKey("evaluations:" + name)).has_value());
    EXPECT_FALSE(At(storage::CollectionKey(name + "/uses")).has_value());
    EXPECT_FALSE(At(storage::LineageDownKey(run.name(), name)).has_value());
    EXPECT_FALSE(At(storage::LineageDownKey(dataset, name)).has_value());
    const internal::AuditEntryRecord entry = NewestEntry();
    EXPECT_EQ(entry.kind(), v1::Event::MODEL_VERSION_DELETED);
    EXPECT_EQ(entry.resource(), name);
    EXPECT_TRUE(entry.image().empty());
  }
  EXPECT_EQ(Count(storage::EvaluationPrefix("churn", 1)), 1);
  ExpectError(Delete(3), StatusCode::kNotFound, "MODEL_VERSION_NOT_FOUND");
  EXPECT_EQ(Model().latest_version(), 1);
  EXPECT_EQ(Register(), VersionOf(4));
  v1::DeleteModelRequest remove;
  remove.set_name("models/churn");
  ExpectError(PlanDeleteModel(*Now(), remove).status(), StatusCode::kFailedPrecondition,
              "HAS_CHILDREN");
}

TEST_F(ModelLifeTest, WhatSomethingLeadsToIsNotDeleted) {
  Govern();
  for (int i = 0; i < 3; ++i) Register();
  ASSERT_EQ(Promote(VersionOf(1))->outcome(), Decision::PROMOTED);
  auto refused = Delete(1);
  ExpectError(refused, StatusCode::kFailedPrecondition, "MODEL_VERSION_IN_USE");
  EXPECT_EQ(MetadataOf(refused, "channel"), kChannel);
  ASSERT_EQ(Promote(VersionOf(3))->outcome(), Decision::PROMOTED);
  ASSERT_THAT(Archive(1), IsOk());
  refused = Delete(1);
  ExpectError(refused, StatusCode::kFailedPrecondition, "MODEL_VERSION_IN_USE");
  EXPECT_EQ(MetadataOf(refused, "channel"), kChannel);
  EXPECT_EQ(MetadataOf(refused, "epoch"), "1");

  ASSERT_THAT(Archive(2), IsOk());
  ASSERT_THAT(Apply<v1::Alias>(PlanAlias("best", 2)), IsOk());
  refused = Delete(2);
  ExpectError(refused, StatusCode::kFailedPrecondition, "MODEL_VERSION_IN_USE");
  EXPECT_EQ(MetadataOf(refused, "alias"), "models/churn/aliases/best");
  v1::DeleteAliasRequest remove;
  remove.set_name("models/churn/aliases/best");
  ASSERT_THAT(Apply<google::protobuf::Empty>(PlanDeleteAlias(*Now(), remove)), IsOk());
  v1::HoldVersionRequest hold;
  hold.set_name(kChannel);
  hold.set_version(VersionOf(2));
  hold.set_reason("leaks");
  ASSERT_THAT(Apply<Decision>(PlanHoldVersion(*Now(), hold, NextTime())), IsOk());
  ExpectError(Delete(2), StatusCode::kFailedPrecondition, "MODEL_VERSION_HELD");
  v1::ReleaseVersionRequest release;
  release.set_name(kChannel);
  release.set_version(VersionOf(2));
  release.set_reason("it was the network");
  ASSERT_THAT(Apply<Decision>(PlanReleaseVersion(*Now(), release, NextTime())), IsOk());
  EXPECT_THAT(Delete(2), IsOk());
}

TEST_F(ModelLifeTest, NothingComesToLeadToAVersionWhileItIsDeleted) {
  Register();
  ASSERT_THAT(Archive(1), IsOk());
  auto deletion = PlanDelete(1);
  ASSERT_THAT(Apply<v1::Alias>(PlanAlias("best", 1)), IsOk());
  ExpectError(Apply<google::protobuf::Empty>(std::move(deletion)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
  v1::DeleteAliasRequest remove;
  remove.set_name("models/churn/aliases/best");
  ASSERT_THAT(Apply<google::protobuf::Empty>(PlanDeleteAlias(*Now(), remove)), IsOk());
  deletion = PlanDelete(1);
  v1::CreateEvaluationRequest measured;
  measured.set_parent(VersionOf(1));
  auto* value = measured.mutable_evaluation()->add_values();
  value->set_metric("auc");
  value->set_value(0.5);
  ASSERT_THAT(Apply<v1::Evaluation>(PlanCreateEvaluation(*Now(), measured, NextTime())), IsOk());
  ExpectError(Apply<google::protobuf::Empty>(std::move(deletion)).status(), StatusCode::kAborted,
              "COMMIT_CONFLICT");
  auto alias = PlanAlias("best", 1);
  ASSERT_THAT(Delete(1), IsOk());
  ExpectError(Apply<v1::Alias>(std::move(alias)).status(), StatusCode::kAborted, "COMMIT_CONFLICT");
}

TEST_F(ModelLifeTest, ADecisionIsMadeAgainAfterAVersionThatItReadIsDeleted) {
  Govern();
  Register();
  Register();
  ASSERT_THAT(Tag(1, "team", "crm"), IsOk());
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  ASSERT_EQ(decision->chosen_version(), VersionOf(2));
  ASSERT_THAT(Archive(1), IsOk());
  ASSERT_THAT(Delete(1), IsOk());
  EXPECT_THAT(Replay(*decision), IsOk());
}

TEST_F(ModelLifeTest, TagsEnterDecisionsAndDescriptionsDoNot) {
  std::string policy = kPolicy;
  const std::string all = "candidates: {max: 3}";
  policy.replace(policy.find(all), all.size(),
                 "candidates: {max: 3, where: \"tag('team') == 'crm'\"}");
  Govern(policy);
  Register({{"team", "crm"}});
  Register({{"team", "crm"}});
  const auto before = Rehearse();
  ASSERT_THAT(before, IsOk());
  EXPECT_EQ(before->chosen_version(), VersionOf(2));
  ASSERT_THAT(Describe(2, "without returns"), IsOk());
  EXPECT_EQ(Rehearse()->name(), before->name());
  ASSERT_THAT(Tag(2, "team", "web"), IsOk());
  const auto after = Rehearse();
  EXPECT_NE(after->name(), before->name());
  EXPECT_EQ(after->chosen_version(), VersionOf(1));
  ASSERT_THAT(Tag(2, "team", "crm"), IsOk());
  EXPECT_EQ(Rehearse()->name(), before->name());
}

TEST_F(ModelLifeTest, ACopyHasWhatWasRegisteredAndMeasured) {
  const std::string dataset = PutDataset("retail", "rows");
  const v1::Run run = CreateRun({{"k", "4"}}, dataset);
  Register({{"team", "crm"}}, run.name());
  ASSERT_THAT(Archive(1), IsOk());
  v1::CopyModelVersionRequest request;
  request.set_parent("models/segments-eu");
  request.set_source(VersionOf(1));
  const auto copy =
      Apply<ModelVersion>(PlanCopyModelVersion(*Now(), request, storage::Stamp(NextTime(), "ann")));
  ASSERT_THAT(copy, IsOk());
  const ModelVersion source = Get(VersionOf(1));
  const ModelVersion stored = Get("models/segments-eu/versions/1");
  EXPECT_EQ(stored.copied_from(), VersionOf(1));
  EXPECT_EQ(stored.state(), ModelVersion::READY);
  EXPECT_EQ(stored.principal(), "ann");
  EXPECT_EQ(stored.sha256(), source.sha256());
  EXPECT_EQ(stored.files_size(), 1);
  EXPECT_EQ(stored.run(), run.name());
  EXPECT_EQ(stored.training_dataset(), dataset);
  EXPECT_EQ(stored.params().at("k"), "4");
  EXPECT_TRUE(stored.tags().empty());
  EXPECT_EQ(GetRun(run.name()).outputs_size(), 1) << "a copy is none of its";
  v1::GetEvaluationRequest get;
  get.set_name(VersionOf(1) + "/evaluations/1");
  v1::Evaluation measured = *GetEvaluation(*Now(), get);
  get.set_name(stored.name() + "/evaluations/1");
  const auto copied = GetEvaluation(*Now(), get);
  ASSERT_THAT(copied, IsOk());
  measured.set_name(copied->name());
  measured.set_etag(copied->etag());
  EXPECT_EQ(DeterministicBytes(*copied), DeterministicBytes(measured));
  // The next evaluation counts on.
  v1::CreateEvaluationRequest another;
  another.set_parent(stored.name());
  auto* value = another.mutable_evaluation()->add_values();
  value->set_metric("auc");
  value->set_value(0.5);
  EXPECT_EQ(Apply<v1::Evaluation>(PlanCreateEvaluation(*Now(), another, NextTime()))->name(),
            stored.name() + "/evaluations/2");
  // The copy stays when its source goes.
  ASSERT_THAT(Delete(1), IsOk());
  EXPECT_EQ(Get(stored.name()).files_size(), 1);
  request.set_source(VersionOf(1));
  ExpectError(PlanCopyModelVersion(*Now(), request, kStart).status(), StatusCode::kNotFound,
              "MODEL_VERSION_NOT_FOUND");
}

TEST_F(ModelLifeTest, APolicyMayAskForASignature) {
  std::string policy = kPolicy;
  const std::string trust = "trust: reported";
  policy.replace(policy.find(trust), trust.size(), trust + ", requireLineage: [signature]");
  Govern(policy);
  Register();
  EXPECT_EQ(Rehearse()->outcome(), Decision::REFUSED);
  ModelVersion version;
  *version.add_files() = PutFile("model.bin", "model");
  auto* column = version.mutable_signature()->add_inputs();
  column->set_name("age");
  column->set_type("double");
  v1::Evaluation evaluation;
  auto* measured = evaluation.add_values();
  measured->set_metric("silhouette");
  measured->set_value(0.3);
  ASSERT_THAT(CreateModelVersion("churn", version, "", evaluation), IsOk());
  EXPECT_EQ(Rehearse()->chosen_version(), VersionOf(2));
}

TEST_F(ModelLifeTest, ASignatureIsCheckedAsItIsGiven) {
  const auto with = [&](const std::vector<v1::ModelSignature::Column>& columns) {
    ModelVersion version;
    *version.add_files() = PutFile("model.bin", "model");
    version.mutable_signature();
    for (const auto& column : columns) *version.mutable_signature()->add_inputs() = column;
    return CreateModelVersion("churn", version).status();
  };
  v1::ModelSignature::Column age;
  age.set_name("age");
  age.set_type("double");
  age.set_min(0);
  age.set_max(120);
  EXPECT_THAT(with({age}), IsOk());
  EXPECT_EQ(Get(VersionOf(1)).signature().inputs(0).max(), 120);
  ExpectError(with({}), StatusCode::kInvalidArgument, "FIELD_REQUIRED");
  const auto twice = with({age, age});
  ExpectError(twice, StatusCode::kInvalidArgument, "VALUE_INVALID");
  EXPECT_THAT(std::string(twice.message()), HasSubstr("inputs[1]"));
  auto column = age;
  column.set_name("");
  ExpectError(with({column}), StatusCode::kInvalidArgument, "NAME_INVALID");
  column = age;
  column.set_type("decimal");
  ExpectError(with({column}), StatusCode::kInvalidArgument, "VALUE_INVALID");
  column = age;
  column.set_min(121);
  ExpectError(with({column}), StatusCode::kInvalidArgument, "VALUE_INVALID");
  column.set_type("string");
  column.set_min(1);
  ExpectError(with({column}), StatusCode::kInvalidArgument, "VALUE_INVALID");
}

}  // namespace
}  // namespace cairn::registry
