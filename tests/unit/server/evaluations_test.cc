// What was measured of versions: recorded, sealed, listed, and never against what a run says.

#include "server/registry/evaluations.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "server/registry/models.h"
#include "server/tracking/run_logging.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn {
namespace {

using absl::StatusCode;
using registry::GetEvaluation;
using registry::ListEvaluations;
using registry::PlanCreateEvaluation;
using registry::PlanSealEvaluation;
using testing::IsOk;

v1::Evaluation Measured(double silhouette) {
  v1::Evaluation evaluation;
  auto& value = *evaluation.add_values();
  value.set_metric("silhouette");
  value.set_value(silhouette);
  return evaluation;
}

class EvaluationsTest : public UseCaseTest {
 protected:
  v1::ModelVersion Version(const v1::Evaluation& evaluation = {}, const std::string& run = "") {
    v1::ModelVersion version;
    version.set_run(run);
    *version.add_files() = PutFile("m", "m");
    auto created = CreateModelVersion("m", version, "", evaluation);
    EXPECT_THAT(created, IsOk());
    return created.ok() ? *created : version;
  }

  absl::StatusOr<v1::Evaluation> Record(const v1::Evaluation& evaluation, int64_t version = 1) {
    v1::CreateEvaluationRequest request;
    request.set_parent("models/m/versions/" + std::to_string(version));
    *request.mutable_evaluation() = evaluation;
    return Apply<v1::Evaluation>(PlanCreateEvaluation(*Now(), request, NextTime()));
  }

  absl::StatusOr<v1::Evaluation> Seal(const std::string& name, double inertia) {
    v1::SealEvaluationRequest request;
    request.set_name(name);
    auto& value = *request.add_values();
    value.set_metric("inertia");
    value.set_value(inertia);
    return Apply<v1::Evaluation>(PlanSealEvaluation(*Now(), request, NextTime()));
  }

  absl::StatusOr<v1::Evaluation> Get(const std::string& name) {
    v1::GetEvaluationRequest request;
    request.set_name(name);
    return GetEvaluation(*Now(), request);
  }

  std::vector<std::string> List(const std::string& parent) {
    v1::ListEvaluationsRequest request;
    request.set_parent(parent);
    std::vector<std::string> names;
    const auto page = ListEvaluations(*Now(), request);
    EXPECT_THAT(page, IsOk());
    for (const auto& evaluation : page->evaluations()) names.push_back(evaluation.name());
    return names;
  }

  std::string RunWith(double silhouette) {
    const v1::Run run = CreateRun();
    v1::LogBatchRequest batch;
    batch.set_run(run.name());
    auto& points = *batch.add_metrics();
    points.set_key("silhouette");
    points.add_steps(1);
    points.add_values(silhouette);
    EXPECT_THAT(Apply<v1::LogBatchResponse>(tracking::PlanLogBatch(*Now(), batch, Facts())),
                IsOk());
    return run.name();
  }
};

TEST_F(EvaluationsTest, AnEvaluationIsSealedWithWhatTheServerKnows) {
  const std::string dataset = PutDataset("retail-eval", "rows");
  const v1::ModelVersion version = Version();
  v1::Evaluation asked = Measured(std::numeric_limits<double>::quiet_NaN());
  asked.set_dataset_version("datasets/retail%2Deval/versions/1");
  asked.set_dataset_sha256("forged");
  asked.set_source(v1::Evaluation::SERVER);
  asked.set_principal("forged");
  asked.set_version_sha256("forged");
  const auto created = Record(asked);
  ASSERT_THAT(created, IsOk());
  const v1::Evaluation stored = *Get(created->name());
  EXPECT_EQ(stored.name(), "models/m/versions/1/evaluations/1");
  EXPECT_EQ(stored.source(), v1::Evaluation::REPORTED);
  EXPECT_EQ(stored.state(), v1::Evaluation::FINAL);
  EXPECT_EQ(stored.principal(), "local");
  EXPECT_EQ(stored.version_sha256(), version.sha256());
  EXPECT_EQ(stored.dataset_version(), dataset);
  EXPECT_EQ(stored.dataset_sha256(), Sha256Hex(Sha256Hex("rows") + " 4 data.csv\n"));
  EXPECT_EQ(stored.values(0).definition(), "silhouette.v1");
  EXPECT_TRUE(std::isnan(stored.values(0).value()));
  asked.set_dataset_version("datasets/retail-eval/versions/2");
  ExpectError(Record(asked).status(), StatusCode::kNotFound, "DATASET_VERSION_NOT_FOUND");
}

TEST_F(EvaluationsTest, AVersionAndItsFirstEvaluationsComeTogether) {
  const v1::ModelVersion version = Version(Measured(0.3));
  EXPECT_EQ(List(version.name()), std::vector<std::string>{version.name() + "/evaluations/1"});
  EXPECT_EQ(Get(version.name() + "/evaluations/1")->version_sha256(), version.sha256());
  EXPECT_EQ(Record(Measured(0.4))->name(), version.name() + "/evaluations/2");
}

TEST_F(EvaluationsTest, AValueThatContradictsItsRunIsRefusedWithBothValues) {
  const std::string run = RunWith(0.249);
  v1::ModelVersion version;
  version.set_run(run);
  *version.add_files() = PutFile("m", "m");
  const auto refused = CreateModelVersion("m", version, "", Measured(0.99));
  ExpectError(refused.status(), StatusCode::kInvalidArgument, "EVIDENCE_CONTRADICTS_RUN");
  EXPECT_EQ(MetadataOf(refused.status(), "reported"), "0.99");
  EXPECT_EQ(MetadataOf(refused.status(), "logged"), "0.249");
  EXPECT_THAT(CreateModelVersion("m", version, "", Measured(0.249)), IsOk());
  v1::Evaluation later = Measured(0.99);
  EXPECT_THAT(Record(later), IsOk());  // names no run
  later.set_run(run);
  ExpectError(Record(later).status(), StatusCode::kInvalidArgument, "EVIDENCE_CONTRADICTS_RUN");
  later.mutable_values(0)->set_run_metric("another");
  EXPECT_THAT(Record(later), IsOk());
}

TEST_F(EvaluationsTest, AnOpenEvaluationTakesValuesUntilItIsSealed) {
  Version();
  v1::Evaluation asked = Measured(0.3);
  asked.set_state(v1::Evaluation::OPEN);
  const auto open = Record(asked);
  ASSERT_THAT(open, IsOk());
  EXPECT_TRUE(registry::ReadFinalEvaluations(*Now(), "m", 1)->empty());
  const auto sealed = Seal(open->name(), 12);
  ASSERT_THAT(sealed, IsOk());
  EXPECT_EQ(sealed->values_size(), 2);
  EXPECT_TRUE(sealed->has_seal_time());
  EXPECT_EQ(registry::ReadFinalEvaluations(*Now(), "m", 1)->size(), 1U);
  ExpectError(Seal(open->name(), 13).status(), StatusCode::kFailedPrecondition, "EVALUATION_FINAL");
}

TEST_F(EvaluationsTest, BadEvaluationsAreRefusedNamingTheField) {
  Version();
  const auto field_of = [&](const v1::Evaluation& evaluation) {
    return MetadataOf(Record(evaluation).status(), "field");
  };
  EXPECT_EQ(field_of(v1::Evaluation()), "evaluation.values");
  v1::Evaluation unnamed = Measured(1);
  unnamed.mutable_values(0)->clear_metric();
  EXPECT_EQ(field_of(unnamed), "evaluation.values[0].metric");
  v1::Evaluation twice = Measured(1);
  *twice.add_values() = twice.values(0);
  EXPECT_EQ(field_of(twice), "evaluation.values[1]");
  ExpectError(Record(Measured(1), 9).status(), StatusCode::kNotFound, "MODEL_VERSION_NOT_FOUND");
  ExpectError(Get("models/m/versions/1/evaluations/1").status(), StatusCode::kNotFound,
              "EVALUATION_NOT_FOUND");
}

TEST_F(EvaluationsTest, ListsAreNewestFirstOfOneVersionOrOfAll) {
  Version(Measured(0.1));
  Version(Measured(0.2));
  ASSERT_THAT(Record(Measured(0.3)), IsOk());
  const std::string first = "models/m/versions/1/evaluations/";
  EXPECT_EQ(List("models/m/versions/1"), (std::vector<std::string>{first + "2", first + "1"}));
  EXPECT_EQ(
      List("models/m/versions/-"),
      (std::vector<std::string>{"models/m/versions/2/evaluations/1", first + "2", first + "1"}));
}

}  // namespace
}  // namespace cairn
