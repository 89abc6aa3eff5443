#include "pipeline/monitoring/concept_drift.h"

#include <cmath>

#include "gmock/gmock.h"
#include "tests/unit/evaluation/line_model.h"

namespace cairn::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::Predictor PredictorOf(std::initializer_list<double> centers) {
  return *model::Predictor::Create(evaluation::LineModel(centers));
}

FeatureMatrix Line(const std::vector<double>& values) {
  FeatureMatrix out;
  out.columns = {"x"};
  out.values.resize(static_cast<Eigen::Index>(values.size()), 1);
  for (size_t i = 0; i < values.size(); ++i) {
    out.customer_ids.push_back(static_cast<int32_t>(i));
    out.values(static_cast<Eigen::Index>(i), 0) = values[i];
  }
  return out;
}

const std::vector<double> kApart = {1, 2, 3, 97, 98, 99};
const std::vector<double> kBlurred = {1, 20, 45, 55, 80, 99};

TEST(IndexDecay, OfTheSameCustomersIsNone) {
  const auto decay = MeasureDecay(PredictorOf({2, 98}), Line(kApart), Line(kApart), {}, 1);
  ASSERT_TRUE(decay.ok()) << decay.status();
  EXPECT_EQ(decay->verdict, DriftVerdict::kStable);
  EXPECT_EQ(decay->silhouette_now, decay->silhouette_then);
  EXPECT_THAT(decay->reason, IsEmpty());
}

TEST(IndexDecay, OfSegmentsThatBlurIsDrift) {
  const auto decay = MeasureDecay(PredictorOf({2, 98}), Line(kApart), Line(kBlurred), {}, 1);
  ASSERT_TRUE(decay.ok()) << decay.status();
  EXPECT_EQ(decay->verdict, DriftVerdict::kDrifted);
  EXPECT_THAT(decay->reason, HasSubstr("silhouette fell"));
}

TEST(IndexDecay, WhatCannotBeMeasuredJudgesNothing) {
  const auto decay = MeasureDecay(PredictorOf({2, 98}), Line(kApart), Line({1, 2, 3}), {}, 1);
  ASSERT_TRUE(decay.ok()) << decay.status();
  EXPECT_TRUE(std::isnan(decay->silhouette_now));
  EXPECT_EQ(decay->verdict, DriftVerdict::kStable);
}

TEST(SegmentShift, CountsCustomersThatChangeSegmentAfterMatching) {
  // The same segments under other numbers.
  const auto same = MeasureShift(PredictorOf({98, 2}), PredictorOf({2, 98}), Line(kApart), {}, 1);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->label_churn, 0);
  EXPECT_EQ(same->agreement, 1);
  EXPECT_EQ(same->verdict, DriftVerdict::kStable);
  const auto moved =
      MeasureShift(PredictorOf({2, 58}), PredictorOf({2, 98}), Line(kBlurred), {}, 1);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_NEAR(moved->label_churn, 1.0 / 6, 1e-12);
}

}  // namespace
}  // namespace cairn::pipeline
