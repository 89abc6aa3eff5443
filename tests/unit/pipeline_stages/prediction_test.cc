#include "pipeline/stages/prediction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/model/model_file.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

class PredictionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RunRequest request = SmallRequest(folder_, 21);
    request.out = folder_ / "out";
    outcome_ = RunOrDie(request);
    const auto bytes = ReadFile(request.out + "/model.cairnseg");
    ASSERT_THAT(bytes, IsOk());
    auto predictor = model::Predictor::FromFile(*bytes);
    ASSERT_THAT(predictor, IsOk());
    predictor_.emplace(*std::move(predictor));
    labels_csv_ = ReadFile(request.out + "/labels.csv").value();
  }

  const TrainingRun& chosen() const {
    return outcome_.runs[outcome_.selection.rows[outcome_.selection.chosen].run];
  }

  ScratchFolder folder_;
  RunOutcome outcome_;
  std::optional<model::Predictor> predictor_;
  std::string labels_csv_;
};

TEST_F(PredictionTest, PredictsTheLabelsOfTraining) {
  const auto assigned = AssignSegments(*predictor_, outcome_.features);
  ASSERT_THAT(assigned, IsOk());
  EXPECT_EQ(assigned->segments, chosen().fit->all_labels);
  std::string expected = "CustomerID,Segment\n";
  for (size_t i = 0; i < assigned->segments.size(); ++i) {
    expected += std::to_string(assigned->customer_ids[i]) + "," +
                std::to_string(assigned->segments[i]) + "\n";
  }
  EXPECT_EQ(labels_csv_, expected);
}

TEST_F(PredictionTest, TheOrderOfColumnsDoesNotMatter) {
  FeatureMatrix turned = outcome_.features;
  std::reverse(turned.columns.begin(), turned.columns.end());
  turned.values = outcome_.features.values.rowwise().reverse().eval();
  turned.columns.push_back("Another");
  turned.values.conservativeResize(Eigen::NoChange, turned.values.cols() + 1);
  turned.values.col(turned.values.cols() - 1).setConstant(7);
  EXPECT_EQ(AssignSegments(*predictor_, turned).value().segments, chosen().fit->all_labels);
}

// Kind of fault: a table that is no features of this model is assigned without a word.
TEST_F(PredictionTest, FeaturesOfTheTrainingPassWithoutAWord) {
  EXPECT_THAT(CheckFeatures(*predictor_, outcome_.features), IsOk());
  const auto warnings = FeatureWarnings(*predictor_, outcome_.features);
  // Outliers are not trained on and may lie beyond.
  for (const std::string& line : warnings) EXPECT_NE(line.find("beyond"), line.npos) << line;
}

TEST_F(PredictionTest, ACustomerThatIsThereTwiceIsRefused) {
  FeatureMatrix twice = outcome_.features;
  twice.customer_ids[5] = twice.customer_ids[9];
  const absl::Status status = CheckFeatures(*predictor_, twice);
  EXPECT_NE(status.message().find(std::to_string(twice.customer_ids[9])), std::string::npos)
      << status;
}

TEST_F(PredictionTest, AScaledTableIsRefusedNamingCustomerAndFeature) {
  FeatureMatrix scaled = outcome_.features;
  scaled.values(3, kTotalTransactions) = -0.5;
  const absl::Status status = CheckFeatures(*predictor_, scaled);
  EXPECT_NE(status.message().find("Total_Transactions"), std::string::npos) << status;
  EXPECT_NE(status.message().find(std::to_string(scaled.customer_ids[3])), std::string::npos);
}

TEST_F(PredictionTest, AModelOfAnotherSchemaIsRefused) {
  cairn::v1::SegmentationModel other = predictor_->model();
  other.set_feature_schema(std::string(64, '0'));
  const auto bytes = model::SerializeModel(other);
  ASSERT_THAT(bytes, IsOk());
  const auto predictor = model::Predictor::FromFile(*bytes);
  ASSERT_THAT(predictor, IsOk());
  EXPECT_NE(CheckFeatures(*predictor, outcome_.features).message().find("another definition"),
            std::string::npos);
}

TEST_F(PredictionTest, ValuesBeyondTheTrainingAreWarnedOfWithTheFarthestCustomer) {
  FeatureMatrix odd = outcome_.features;
  odd.values(7, kTotalSpend) = 1e12;
  bool said = false;
  for (const std::string& line : FeatureWarnings(*predictor_, odd)) {
    said = said || (line.find("Total_Spend") != line.npos &&
                    line.find(std::to_string(odd.customer_ids[7])) != line.npos);
  }
  EXPECT_TRUE(said);
}

TEST_F(PredictionTest, AValueAtNoFiniteDistanceIsRefusedNamingCustomerAndFeature) {
  cairn::v1::SegmentationModel model = predictor_->model();
  model.mutable_features(kTotalSpend)
      ->set_transform(cairn::v1::SegmentationModel::Feature::IDENTITY);
  model.mutable_features(kTotalSpend)->clear_quantiles();
  model.mutable_features(kTotalSpend)->set_row_norm_group(0);
  model.mutable_features(kTotalSpend)->set_scale(1);
  const auto predictor = model::Predictor::Create(model);
  ASSERT_THAT(predictor, IsOk());
  FeatureMatrix huge = outcome_.features;
  huge.values(7, kTotalSpend) = 1e300;
  const absl::Status status = AssignSegments(*predictor, huge).status();
  EXPECT_TRUE(HasReason(status, ErrorReason::VALUE_INVALID));
  for (const std::string& part :
       {std::string("Total_Spend"), std::string("1e+300"), std::to_string(huge.customer_ids[7])}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status;
  }
}

TEST_F(PredictionTest, AMissingColumnIsNamed) {
  FeatureMatrix without = outcome_.features;
  without.columns[3] = "Something_Else";
  const absl::Status status = AssignSegments(*predictor_, without).status();
  EXPECT_TRUE(HasReason(status, ErrorReason::COLUMN_MISSING));
  EXPECT_EQ(MetadataOf(status, "column"), "Total_Spend");
}

TEST_F(PredictionTest, TheModelKnowsItsFeatures) {
  EXPECT_EQ(PresetOfModel(*predictor_).value(), FeaturePreset::kDefault);
}

TEST_F(PredictionTest, TheSummaryCountsEveryCustomer) {
  const auto assigned = AssignSegments(*predictor_, outcome_.features).value();
  const std::string summary = SegmentSummary(*predictor_, assigned);
  for (int segment = 0; segment < predictor_->cluster_count(); ++segment) {
    const auto count = std::count(assigned.segments.begin(), assigned.segments.end(), segment);
    EXPECT_NE(summary.find(" " + std::to_string(count) + " "), std::string::npos);
  }
}

}  // namespace
}  // namespace cairn::pipeline
