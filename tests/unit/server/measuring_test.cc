// The server measures: from bytes to records, once, and before promotions that need it.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/evaluation/stability.h"
#include "lib/model/model_file.h"
#include "lib/promotion/limits.h"
#include "server/evaluation/evaluation_work.h"
#include "server/evaluation/inputs.h"
#include "server/evaluation/measurer.h"
#include "server/evaluation/model_signature.h"
#include "server/evaluation/recording.h"
#include "server/evaluation/sized_cache.h"
#include "server/operations/operations.h"
#include "server/registry/evaluations.h"
#include "server/registry/holds.h"
#include "server/registry/needed_evaluations.h"
#include "server/registry/policies.h"
#include "server/registry/promotion.h"
#include "server/service/promotion_measuring.h"
#include "server/storage/keyspace.h"
#include "tests/unit/evaluation/line_model.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn {
namespace {

// What policies may ask for is what can be measured.
static_assert(promotion::kMinRepeats == evaluation::kMinRepeats &&
              promotion::kMaxRepeats == evaluation::kMaxRepeats);

using evaluation::LineModel;
using evaluation::LineTable;
using evaluation::Measurer;
using testing::FailsWith;
using testing::IsOk;
using v1::Decision;
using v1::Evaluation;

constexpr const char* kChannel = "models/m/channels/production";

// Counts how often a model's versions are listed.
class CountingSnapshot final : public storage::Snapshot {
 public:
  explicit CountingSnapshot(std::unique_ptr<Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}

  int lists() const { return lists_; }

  storage::Revision revision() const override { return snapshot_->revision(); }
  absl::StatusOr<std::optional<storage::Record>> Get(const storage::Key& key) const override {
    return snapshot_->Get(key);
  }
  absl::StatusOr<std::vector<std::optional<storage::Record>>> MultiGet(
      const std::vector<storage::Key>& keys) const override {
    return snapshot_->MultiGet(keys);
  }
  absl::Status Scan(const storage::KeyRange& range, storage::ScanOrder order,
                    const storage::ScanVisitor& visitor) const override {
    const auto versions = storage::KeyRange::Prefix(storage::ModelVersionPrefix("m"));
    if (range.family == versions.family && range.begin == versions.begin) ++lists_;
    return snapshot_->Scan(range, order, visitor);
  }
  std::unique_ptr<storage::Cursor> NewCursor(storage::Family family) const override {
    return snapshot_->NewCursor(family);
  }

 private:
  const std::unique_ptr<Snapshot> snapshot_;
  mutable int lists_ = 0;
};

class MeasuringTest : public UseCaseTest {
 protected:
  // Remembers the bytes for the measurer.
  v1::ArtifactFile Keep(const std::string& path, const std::string& bytes) {
    bytes_[Sha256Hex(bytes)] = bytes;
    return PutFile(path, bytes);
  }

  std::string Data(const std::string& csv, const std::string& path = "features.csv") {
    v1::DatasetVersion version;
    *version.add_files() = Keep(path, csv);
    const auto created = CreateDatasetVersion("features", version);
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->name() : "";
  }

  std::string Model(std::initializer_list<double> centers, double scale = 1,
                    const std::string& trained_on = "",
                    const std::map<std::string, std::string>& tags = {},
                    const std::string& run = "") {
    v1::ModelVersion version;
    *version.add_files() =
        Keep("model/model.cairnseg", *model::SerializeModel(LineModel(centers, scale)));
    version.set_training_dataset(trained_on);
    version.set_feature_schema("schema");
    version.set_run(run);
    version.mutable_tags()->insert(tags.begin(), tags.end());
    const auto created = CreateModelVersion("m", version);
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->name() : "";
  }

  absl::StatusOr<operations::Operation> Ask(const v1::EvaluateModelVersionRequest& request) {
    evaluation::EvaluateCall call{
        NextTime(), operations::NewOperationId(NextTime(), ids_->NewHexId()), {}};
    return Apply<operations::Operation>(PlanEvaluateModelVersion(*Now(), measurer_, request, call));
  }

  // Runs the work as the runner does, and answers what it ends with.
  absl::StatusOr<v1::EvaluateModelVersionResponse> Work(const operations::Operation& operation) {
    const auto work = MakeEvaluationWork(measurer_, SystemClock());
    google::protobuf::Any metadata = operation.metadata();
    std::string cursor;
    for (;;) {
      auto step = work->Next(*Now(), metadata, cursor);
      if (!step.ok()) return step.status();
      if (!step->write_set.puts.empty()) {
        EXPECT_THAT(store_->CommitAndWait(std::move(step->write_set)), IsOk());
      }
      metadata = operations::Pack(*step->metadata);
      cursor = step->cursor;
      if (step->response == nullptr) continue;
      return static_cast<const v1::EvaluateModelVersionResponse&>(*step->response);
    }
  }

  absl::StatusOr<v1::EvaluateModelVersionResponse> Evaluate(const std::string& version,
                                                            const std::string& data,
                                                            const std::string& against = "") {
    v1::EvaluateModelVersionRequest request;
    request.set_name(version);
    request.set_dataset_version(data);
    request.set_reference_version(against);
    const auto operation = Ask(request);
    if (!operation.ok()) return operation.status();
    return Work(*operation);
  }

  int CountEvaluations(const std::string& version) {
    v1::ListEvaluationsRequest request;
    request.set_parent(version);
    return registry::ListEvaluations(*Now(), request)->evaluations_size();
  }

  std::map<std::string, std::string> bytes_;
  int reads_ = 0;
  Measurer measurer_{[this](const Digest& digest, int64_t) -> absl::StatusOr<std::string> {
    ++reads_;
    return bytes_.at(digest.Hex());
  }};
};

double ValueOf(const Evaluation& evaluation, std::string_view metric) {
  for (const auto& value : evaluation.values()) {
    if (value.metric() == metric) return value.value();
  }
  ADD_FAILURE() << "no " << metric;
  return 0;
}

TEST_F(MeasuringTest, RecordsWhatItFindsWithEverythingThatItRestsOn) {
  const std::string data = Data(LineTable({0, 1, 10, 11}));
  const std::string version = Model({0, 10});
  const auto answer = Evaluate(version, data);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->evaluations_size(), 1);
  const Evaluation& found = answer->evaluations(0);
  EXPECT_EQ(found.name(), version + "/evaluations/1");
  EXPECT_EQ(found.source(), Evaluation::SERVER);
  EXPECT_EQ(found.state(), Evaluation::FINAL);
  EXPECT_TRUE(found.has_seal_time());
  EXPECT_EQ(found.evaluator(), "cairn/1");
  EXPECT_EQ(found.dataset_version(), data);
  EXPECT_EQ(found.dataset_sha256().size(), 64u);
  EXPECT_EQ(found.space().size(), 64u);
  EXPECT_EQ(found.preparation().size(), 64u);
  EXPECT_TRUE(found.reference_version().empty());
  EXPECT_EQ(found.settings().count("model.sha256"), 1u);
  EXPECT_NEAR(ValueOf(found, "inertia"), 1, 1e-12);
  v1::GetEvaluationRequest get;
  get.set_name(found.name());
  EXPECT_EQ(registry::GetEvaluation(*Now(), get)->values_size(), found.values_size());
}

TEST_F(MeasuringTest, AskingAgainFindsTheRecordAndReadsNothing) {
  const std::string data = Data(LineTable({0, 1, 10, 11}));
  const std::string first = Model({0, 10});
  const std::string second = Model({0, 9});
  const auto once = Evaluate(second, data, first);
  ASSERT_THAT(once, IsOk());
  ASSERT_EQ(once->evaluations_size(), 2);
  EXPECT_EQ(once->evaluations(1).reference_version(), first);
  EXPECT_EQ(reads_, 3) << "two models and one table";
  const auto again = Evaluate(second, data, first);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->evaluations(0).name(), once->evaluations(0).name());
  EXPECT_EQ(again->evaluations(1).name(), once->evaluations(1).name());
  EXPECT_EQ(CountEvaluations(second), 2);
  EXPECT_EQ(reads_, 3);
}

TEST_F(MeasuringTest, TakesTheTrainingDataByDefaultAndRehearsesWithoutRecording) {
  const std::string data = Data(LineTable({0, 1, 10, 11}));
  v1::EvaluateModelVersionRequest request;
  request.set_name(Model({0, 10}, 1, data));
  request.set_validate_only(true);
  const auto operation = Ask(request);
  ASSERT_THAT(operation, IsOk());
  EXPECT_TRUE(operation->done());
  EXPECT_TRUE(operation->name().empty());
  v1::EvaluateModelVersionResponse response;
  ASSERT_TRUE(operation->response().UnpackTo(&response));
  EXPECT_EQ(response.evaluations(0).dataset_version(), data);
  EXPECT_EQ(CountEvaluations(request.name()), 0);

  request.set_name(Model({0, 9}));
  EXPECT_THAT(Ask(request), FailsWith(ErrorReason::FIELD_REQUIRED)) << "it does not say";
}

TEST_F(MeasuringTest, WhatCannotBeMeasuredSaysWhatIsMissing) {
  const std::string version = Model({0, 10});
  const auto no_column = Evaluate(version, Data("id,y\n1,2\n"));
  EXPECT_THAT(no_column, FailsWith(ErrorReason::EVALUATION_UNSUPPORTED));
  EXPECT_EQ(no_column.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MetadataOf(no_column.status(), "missing"), "the column x");

  const auto no_table = Evaluate(version, Data("bytes", "data.parquet"));
  EXPECT_EQ(MetadataOf(no_table.status(), "missing"), "one file *.csv");

  v1::ModelVersion other;
  *other.add_files() = Keep("weights.bin", "weights");
  const auto unknown = CreateModelVersion("m", other);
  const auto no_model = Evaluate(unknown->name(), Data(LineTable({1, 2})));
  EXPECT_EQ(MetadataOf(no_model.status(), "missing"), "one file model.cairnseg");

  v1::ModelVersion broken;
  *broken.add_files() = Keep("model.cairnseg", "no model");
  EXPECT_THAT(Evaluate(CreateModelVersion("m", broken)->name(), Data(LineTable({1, 2}))),
              FailsWith(ErrorReason::EVALUATION_UNSUPPORTED));
  EXPECT_THAT(Evaluate(version, Data(LineTable({1, 2})), version),
              FailsWith(ErrorReason::VALUE_INVALID));
}

TEST_F(MeasuringTest, AStepAfterARestartGoesOnWithWhatIsRecorded) {
  const std::string data = Data(LineTable({0, 1, 10, 11}));
  const std::string first = Model({0, 10});
  v1::EvaluateModelVersionRequest request;
  request.set_name(Model({0, 9}));
  request.set_dataset_version(data);
  request.set_reference_version(first);
  const auto operation = Ask(request);
  ASSERT_THAT(operation, IsOk());
  const auto work = MakeEvaluationWork(measurer_, SystemClock());
  auto step = work->Next(*Now(), operation->metadata(), "");
  ASSERT_THAT(step, IsOk());
  ASSERT_THAT(store_->CommitAndWait(std::move(step->write_set)), IsOk());
  operations::Operation stopped = *operation;
  *stopped.mutable_metadata() = operations::Pack(*step->metadata);
  const auto answer = Work(stopped);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->evaluations_size(), 2);
  EXPECT_EQ(CountEvaluations(request.name()), 2);
}

TEST_F(MeasuringTest, TheStabilityIsAnEvaluationOfItsOwnForEachNumberOfFits) {
  v1::EvaluateModelVersionRequest request;
  request.set_dataset_version(Data(LineTable({0, 1, 2, 10, 11, 12})));
  request.set_name(Model({0, 10}));
  request.set_repeats(3);
  const auto three = Work(*Ask(request));
  ASSERT_THAT(three, IsOk());
  ASSERT_EQ(three->evaluations_size(), 2);
  EXPECT_EQ(ValueOf(three->evaluations(1), "stability_ari"), 1);
  EXPECT_EQ(three->evaluations(1).values_size(), 1);
  EXPECT_EQ(three->evaluations(1).settings().at("stability.repeats"), "3");
  EXPECT_EQ(Work(*Ask(request))->evaluations(1).name(), three->evaluations(1).name());
  request.set_repeats(4);
  EXPECT_NE(Work(*Ask(request))->evaluations(1).name(), three->evaluations(1).name());
  EXPECT_EQ(CountEvaluations(request.name()), 3);
  for (const int repeats : {-1, 1, 101}) {
    request.set_repeats(repeats);
    EXPECT_THAT(Ask(request), FailsWith(ErrorReason::VALUE_INVALID)) << repeats;
  }
}

class MeasuredPromotionTest : public MeasuringTest {
 protected:
  void Policy(const std::string& spec) {
    v1::ApplyPolicyRequest request;
    request.set_source(
        "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: p}\nspec:\n"
        "  target: {model: m, channel: production}\n" +
        spec);
    EXPECT_THAT(
        Apply<v1::ApplyPolicyResponse>(registry::PlanApplyPolicy(*Now(), request, NextTime())),
        IsOk());
  }

  // What the row of Promote does.
  absl::StatusOr<Decision> Promote(const std::string& version, bool dry_run = false) {
    v1::PromoteRequest request;
    request.set_name(kChannel);
    request.set_version(version);
    request.set_validate_only(dry_run);
    const int64_t now = NextTime();
    const auto needed = registry::FindNeededEvaluations(*Now(), kChannel, version, now);
    if (!needed.ok()) return needed.status();
    missing_ = static_cast<int>(needed->missing.size());
    std::optional<int64_t> epoch;
    const CountingSnapshot snapshot(Now());
    auto decision = Apply<Decision>(
        service::PlanMeasuredPromotion(*store_, measurer_, snapshot, request, now, epoch));
    lists_ = snapshot.lists();
    return decision;
  }

  const v1::CheckResult& Check(const Decision& decision, int index = 0) {
    return decision.candidates(0).checks(index);
  }

  // Puts a hold on the version, as a person does.
  void Hold(const std::string& version) {
    v1::HoldVersionRequest request;
    request.set_name(kChannel);
    request.set_version(version);
    request.set_reason("leaks");
    EXPECT_THAT(Apply<Decision>(registry::PlanHoldVersion(*Now(), request, NextTime())), IsOk());
  }

  int missing_ = 0;
  int lists_ = 0;  // how often the last call read the versions of the model
};

TEST_F(MeasuredPromotionTest, WhatIsMeasuredAlreadyCostsOneReadOfTheSituation) {
  Data(LineTable({0, 1, 10, 11}));
  Policy(
      "  evidence: {dataset: features, trust: server}\n"
      "  gates: [{id: separate, metric: silhouette, pass: '>= 0.8'}]\n");
  const std::string good = Model({0, 10});
  ASSERT_EQ(Promote("")->outcome(), Decision::PROMOTED);
  EXPECT_EQ(Promote("")->outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(missing_, 0);
  EXPECT_EQ(lists_, 1);
  Model({0, 9});
  ASSERT_THAT(Promote("", /*dry_run=*/true), IsOk());
  EXPECT_EQ(missing_, 1);
  EXPECT_EQ(lists_, 1) << "a dry run decides at the snapshot that it measures for";
}

TEST_F(MeasuredPromotionTest, VersionsThatAreNoCandidatesAreNotMeasured) {
  const std::string data = Data(LineTable({0, 1, 10, 11}));
  Policy(
      "  candidates: {where: \"tag('team') == 'crm' && age <= duration('1h')\"}\n"
      "  evidence: {dataset: features, trust: server}\n"
      "  gates: [{id: separate, metric: silhouette, pass: '>= 0.8'}]\n");
  const std::string good = Model({0, 10}, 1, "", {{"team", "crm"}});
  ASSERT_EQ(Promote("")->outcome(), Decision::PROMOTED);
  const std::string left_out = Model({0, 9}, 1, "", {{"team", "ads"}});
  const std::string held = Model({0, 8}, 1, "", {{"team", "crm"}});
  Hold(held);
  const std::string running = Model({0, 7}, 1, "", {{"team", "crm"}}, CreateRun().name());
  ASSERT_EQ(Promote("")->outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(missing_, 0);
  for (const std::string& version : {left_out, held, running}) {
    EXPECT_EQ(CountEvaluations(version), 0) << version;
    EXPECT_EQ(Promote(version)->outcome(), Decision::REFUSED);
    EXPECT_EQ(missing_, 0) << "named, it is refused whatever it measures: " << version;
  }
  calls_ += 2 * 3600;
  const std::string late = Model({0, 6}, 1, "", {{"team", "crm"}});
  ASSERT_THAT(Promote(""), IsOk());
  EXPECT_EQ(missing_, 1) << "those of the first hour are too old";
  EXPECT_EQ(CountEvaluations(late), 1);
}

TEST_F(MeasuredPromotionTest, AFewThatWhereSelectsAreMeasuredAmongMoreThanTheMaximum) {
  Data(LineTable({0, 1, 10, 11}));
  Policy(
      "  candidates: {max: 1, where: \"tag('team') == 'crm'\"}\n"
      "  evidence: {dataset: features, trust: server}\n"
      "  gates: [{id: separate, metric: silhouette, pass: '>= 0.8'}]\n");
  Model({0, 9}, 1, "", {{"team", "ads"}});
  const std::string good = Model({0, 10}, 1, "", {{"team", "crm"}});
  Model({0, 8}, 1, "", {{"team", "ads"}});
  const auto decision = Promote("");
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->chosen_version(), good) << decision->DebugString();
  EXPECT_EQ(CountEvaluations(good), 1);
}

TEST_F(MeasuredPromotionTest, APolicyThatIsOffMeasuresNothing) {
  Data(LineTable({0, 1, 10, 11}));
  Policy(
      "  mode: \"off\"\n"
      "  evidence: {dataset: features, trust: server}\n"
      "  gates: [{id: separate, metric: silhouette, pass: '>= 0.8'}]\n");
  const std::string good = Model({0, 10});
  ASSERT_THAT(Promote(""), IsOk());
  EXPECT_EQ(missing_, 0);
  EXPECT_EQ(CountEvaluations(good), 0);
}

TEST_F(MeasuredPromotionTest, TrustInTheServerHasEveryCandidateAndTheChampionMeasured) {
  Data(LineTable({0, 1, 10, 11}));
  Policy(
      "  evidence: {dataset: features, trust: server}\n"
      "  gates: [{id: separate, metric: silhouette, pass: '>= 0.8'}]\n"
      "  compare: [{id: moved, role: guardrail, metric: label_churn, pass: '<= 0.1'}]\n");
  const std::string good = Model({0, 10});
  const auto first = Promote(good);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->outcome(), Decision::PROMOTED) << first->DebugString();
  EXPECT_EQ(missing_, 1);
  EXPECT_EQ(CountEvaluations(good), 1);

  const std::string mover = Model({0, 20});
  const auto second = Promote(mover);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(missing_, 2) << "its own space, and against the champion";
  EXPECT_EQ(second->outcome(), Decision::REFUSED);
  EXPECT_EQ(Promote(mover)->name(), second->name()) << "nothing is measured twice";
  EXPECT_EQ(missing_, 0);
}

TEST_F(MeasuredPromotionTest, ADryRunDecidesTheSameAndRecordsNothing) {
  Data(LineTable({0, 1, 10, 11}));
  Policy(
      "  evidence: {dataset: features, trust: server}\n"
      "  gates: [{id: separate, metric: silhouette, pass: '>= 0.8'}]\n");
  const std::string good = Model({0, 10});
  const auto revision = Revision();
  const auto dry = Promote(good, /*dry_run=*/true);
  ASSERT_THAT(dry, IsOk());
  EXPECT_EQ(dry->outcome(), Decision::PROMOTED);
  EXPECT_FALSE(dry->committed());
  EXPECT_EQ(Revision(), revision);
  const auto real = Promote(good);
  EXPECT_EQ(Check(*real).observed(), Check(*dry).observed());
}

TEST_F(MeasuredPromotionTest, ReevaluationComparesModelsOfDifferentSpaces) {
  Data(LineTable({0, 1, 2, 10, 11, 12, 13}));
  Policy(
      "  evidence: {dataset: features, trust: server}\n"
      "  baseline: {ifIncomparable: reevaluate}\n"
      "  compare: [{id: tighter, role: objective, metric: silhouette, minEffect: {absolute: "
      "0.01}}]\n"
      "  gates: [{id: any, metric: cluster_count, pass: '>= 1'}]\n"
      "  choose: {order: [{metric: silhouette}]}\n");
  const std::string poor = Model({0, 2, 12});
  ASSERT_EQ(Promote(poor)->outcome(), Decision::PROMOTED);
  // Two segments instead of three, and another space.
  const std::string better = Model({0, 0.12}, 100);
  const auto decision = Promote(better);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::PROMOTED) << decision->DebugString();
}

TEST_F(MeasuredPromotionTest, AStabilityIsMeasuredWhereARuleNamesItAndFromAsManyFits) {
  const std::string data = Data(LineTable({0, 1, 2, 10, 11, 12}));
  Policy(
      "  evidence: {dataset: features, trust: server, repeats: {min: 3}}\n"
      "  gates: [{id: stable, metric: stability_ari, pass: '>= 0.9'}]\n");
  const std::string version = Model({0, 10});
  // From fewer fits than the policy asks for.
  v1::EvaluateModelVersionRequest request;
  request.set_name(version);
  request.set_dataset_version(data);
  request.set_repeats(2);
  ASSERT_THAT(Work(*Ask(request)), IsOk());
  const auto decision = Promote(version);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(missing_, 1) << "its own space is there";
  EXPECT_EQ(decision->outcome(), Decision::PROMOTED) << decision->DebugString();
  EXPECT_THAT(Check(*decision).evidence(), ::testing::Contains("stability_ari.refits3.v1"));
  EXPECT_EQ(Promote(version)->outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(missing_, 0);
}

TEST_F(MeasuredPromotionTest, WhatCannotBeMeasuredIsMissingAndThePolicyDecides) {
  Data("id,y\n1,2\n");
  Policy(
      "  evidence: {dataset: features, trust: server}\n"
      "  gates: [{id: separate, metric: silhouette, pass: '>= 0.8'}]\n");
  const auto decision = Promote(Model({0, 10}));
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::REFUSED);
  EXPECT_EQ(Check(*decision).verdict(), v1::FAIL);
}

TEST_F(MeasuredPromotionTest, PoliciesThatTrustReportsMeasureNothing) {
  Data(LineTable({0, 1, 10, 11}));
  Policy(
      "  evidence: {dataset: features, trust: reported}\n"
      "  gates: [{id: separate, metric: silhouette, pass: '>= 0.8'}]\n");
  EXPECT_EQ(Promote(Model({0, 10}))->outcome(), Decision::REFUSED);
  EXPECT_EQ(missing_, 0);
  EXPECT_EQ(reads_, 0);
}

TEST(SizedCache, LetsGoOfWhatWasNotAskedForLongest) {
  evaluation::SizedCache<int> cache(10);
  const auto put = [&](const std::string& key, int64_t bytes) {
    cache.Insert(key, std::make_shared<const int>(1), bytes);
  };
  put("a", 4);
  put("b", 4);
  ASSERT_NE(cache.Find("a"), nullptr);
  put("c", 4);
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_NE(cache.Find("a"), nullptr);
  EXPECT_NE(cache.Find("c"), nullptr);
  put("larger", 11);
  EXPECT_EQ(cache.Find("larger"), nullptr);
  EXPECT_EQ(cache.used_bytes(), 8);
}

// A version with one file `model.cairnseg` of these bytes, registered as the server does.
TEST_F(MeasuringTest, AVersionHasTheSignatureOfItsModelFile) {
  const auto register_version = [&](const std::string& bytes, const v1::ModelSignature* given) {
    v1::CreateModelVersionRequest request;
    request.set_parent("models/m");
    *request.mutable_model_version()->add_files() = Keep("model/model.cairnseg", bytes);
    if (given != nullptr) *request.mutable_model_version()->mutable_signature() = *given;
    return Apply<v1::ModelVersion>(registry::PlanCreateModelVersion(
        *Now(), request, NextTime(), [this](const v1::ModelVersion& version) {
          return evaluation::SignatureOf(version, [this](const Digest& digest, int64_t) {
            return absl::StatusOr<std::string>(bytes_.at(digest.Hex()));
          });
        }));
  };
  const std::string model = *model::SerializeModel(LineModel({0, 10}));
  const auto created = register_version(model, nullptr);
  ASSERT_THAT(created, IsOk());
  ASSERT_EQ(created->signature().inputs_size(), 1);
  EXPECT_EQ(created->signature().inputs(0).name(), "x");
  EXPECT_EQ(created->signature().inputs(0).type(), "double");
  EXPECT_EQ(created->signature().inputs(0).min(), 0);
  EXPECT_EQ(created->signature().inputs(0).max(), 100);

  v1::ModelSignature given;
  given.add_inputs()->set_name("x");
  given.mutable_inputs(0)->set_type("double");
  EXPECT_EQ(register_version(model, &given)->signature().inputs(0).max(), 100);
  given.mutable_inputs(0)->set_max(99);
  EXPECT_THAT(register_version(model, &given), FailsWith(ErrorReason::SIGNATURE_CONTRADICTS_FILE));
  given.mutable_inputs(0)->clear_max();
  given.mutable_inputs(0)->set_name("y");
  EXPECT_THAT(register_version(model, &given), FailsWith(ErrorReason::SIGNATURE_CONTRADICTS_FILE));
  // Of a file that is no model the client's word stays.
  EXPECT_EQ(register_version("of another release", &given)->signature().inputs(0).name(), "y");
}

}  // namespace
}  // namespace cairn
