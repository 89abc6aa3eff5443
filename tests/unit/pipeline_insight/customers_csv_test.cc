#include "pipeline/insight/customers_csv.h"

#include <cmath>
#include <memory>
#include <span>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_insight/insight_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOkAndHolds;

const std::vector<std::string> kCrmNames = {"Loyal, \"big\"", "New"};

Recommendations ThreeLeftAndOneLeft() {
  Recommendations out;
  out.of_segment = {{{"A1", ""}, {"B,1", ""}, {"=C1", ""}, {"D1", ""}}, {{"E1", ""}}};
  out.of_customer = {{0, 2, 3}, {0, -1, -1}};
  out.segments = {0, 1};
  return out;
}

TEST(CustomersCsv, HasOneLineForEachCustomer) {
  const FeatureMatrix features = testing::PlainFeatures({{}, {}});
  const Recommendations recommendations = ThreeLeftAndOneLeft();
  const std::vector<int32_t> segments = {0, 1};
  const std::vector<int32_t> second = {1, -1};
  const std::vector<double> silhouettes = {0.25, std::nan("")};
  const std::vector<int32_t> outliers = {1};
  EXPECT_THAT(CustomersCsv(
                  {features, segments, kCrmNames, second, silhouettes, outliers, &recommendations}),
              IsOkAndHolds("customer,segment,segment_name,second_segment,silhouette,outlier,"
                           "recommendation_1,recommendation_2,recommendation_3\n"
                           "1,0,\"Loyal, \"\"big\"\"\",1,0.25,0,A1,=C1,D1\n"
                           "2,1,New,,,1,E1,,\n"));
}

TEST(CustomersCsv, WhatWasNotMeasuredIsEmpty) {
  FeatureMatrix features = testing::PlainFeatures({{}});
  features.customer_ids = {TextCustomerId(0)};
  features.customer_names =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"@x,y"});
  const std::vector<int32_t> segments = {1};
  EXPECT_THAT(
      CustomersCsv({.features = features, .segments = segments, .segment_names = kCrmNames}),
      IsOkAndHolds(std::string(kCustomersHeader) + "\n\"@x,y\",1,New,,,0,,,\n"));
}

TEST(CustomersCsv, WhatDoesNotFitIsNamed) {
  const FeatureMatrix features = testing::PlainFeatures({{}, {}});
  const std::vector<int32_t> segments = {0, 1};
  CustomersInput good{.features = features, .segments = segments, .segment_names = kCrmNames};
  const std::vector<int32_t> one = {0};
  const std::vector<int32_t> wrong = {0, 2};
  const std::vector<double> short_silhouettes = {0.5};
  CustomersInput bad = good;
  bad.segments = one;
  EXPECT_THAT(CustomersCsv(bad), FailsWith(ErrorReason::VALUE_INVALID));
  CustomersInput second{.features = features,
                        .segments = segments,
                        .segment_names = kCrmNames,
                        .second_segments = wrong};
  EXPECT_THAT(CustomersCsv(second), FailsWith(ErrorReason::VALUE_INVALID));
  CustomersInput silhouette{.features = features,
                            .segments = segments,
                            .segment_names = kCrmNames,
                            .silhouettes = short_silhouettes};
  EXPECT_THAT(CustomersCsv(silhouette), FailsWith(ErrorReason::VALUE_INVALID));
  CustomersInput outlier{.features = features,
                         .segments = segments,
                         .segment_names = kCrmNames,
                         .outlier_rows = std::span(wrong)};
  EXPECT_THAT(CustomersCsv(outlier), FailsWith(ErrorReason::VALUE_INVALID));
}

}  // namespace
}  // namespace cairn::pipeline
