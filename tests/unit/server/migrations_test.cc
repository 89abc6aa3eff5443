// Stores of older formats become stores of this one, whatever interrupts it.

#include "server/migrations/migrations.h"

#include <gtest/gtest.h>

#include <string>

#include "cairn/internal/records.pb.h"
#include "lib/base/resource_names.h"
#include "server/registry/evaluations.h"
#include "server/registry/models.h"
#include "server/storage/keyspace.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn {
namespace {

using testing::IsOk;

class MigrationsTest : public UseCaseTest {
 protected:
  // A version as format 1 kept it, with a value on each of `datasets`.
  void PutOld(int64_t number, const std::vector<std::string>& datasets) {
    internal::ModelVersionRecord record;
    record.mutable_version()->set_name(ModelVersionName("m", number));
    record.mutable_version()->set_sha256("manifest");
    record.mutable_version()->set_principal("alice");
    internal::ModelVersionRecordV1 old;
    for (const std::string& dataset : datasets) {
      auto& evidence = *old.mutable_version()->add_evidence();
      evidence.set_metric("silhouette");
      evidence.set_definition("silhouette.v1");
      evidence.set_value(0.25);
      evidence.set_dataset_version(dataset);
      evidence.set_dataset_sha256("digest of " + dataset);
    }
    // Fields of one message in two parts are one message (protobuf's encoding rules).
    storage::WriteSet write_set;
    write_set.PutRecord(storage::ModelVersionKey("m", number),
                        record.SerializeAsString() + old.SerializeAsString());
    ASSERT_THAT(store_->CommitAndWait(std::move(write_set)).status(), IsOk());
  }
};

TEST_F(MigrationsTest, EvidenceBecomesOneEvaluationForEachDataSet) {
  PutOld(1, {"datasets/a/versions/1", "datasets/b/versions/2", "datasets/a/versions/1"});
  PutOld(2, {});
  ASSERT_EQ(*migrations::MoveEvidence(*store_), 1);
  const auto reads = registry::ReadFinalEvaluations(*Now(), "m", 1);
  ASSERT_THAT(reads, IsOk());
  ASSERT_EQ(reads->size(), 2U);
  EXPECT_EQ((*reads)[0].evaluation.dataset_version(), "datasets/a/versions/1");
  EXPECT_EQ((*reads)[0].evaluation.values_size(), 2);
  EXPECT_EQ((*reads)[0].evaluation.principal(), "alice");
  EXPECT_EQ((*reads)[1].evaluation.dataset_sha256(), "digest of datasets/b/versions/2");
  EXPECT_TRUE(registry::ReadFinalEvaluations(*Now(), "m", 2)->empty());
  const auto version = registry::ReadModelVersion(*Now(), "m", 1);
  ASSERT_THAT(version, IsOk());
  EXPECT_EQ(version->value.version().sha256(), "manifest");
}

TEST_F(MigrationsTest, AStepThatIsRepeatedFindsNothingToDo) {
  PutOld(1, {"datasets/a/versions/1"});
  ASSERT_EQ(*migrations::MoveEvidence(*store_), 1);
  const auto revision = Now()->revision();
  EXPECT_EQ(*migrations::MoveEvidence(*store_), 0);
  EXPECT_EQ(Now()->revision(), revision);
}

TEST_F(MigrationsTest, MoreVersionsThanOneCommitTakes) {
  for (int64_t number = 1; number <= 250; ++number) PutOld(number, {"datasets/a/versions/1"});
  EXPECT_EQ(*migrations::MoveEvidence(*store_), 250);
  EXPECT_EQ(registry::ReadFinalEvaluations(*Now(), "m", 250)->size(), 1U);
}

}  // namespace
}  // namespace cairn
