#include "pipeline/serving/scorer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

using Feature = cairn::v1::SegmentationModel::Feature;

// Numbers of many sizes, also zeros, which norms and logarithms treat in their own way.
std::vector<double> RandomRows(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> value(-1, 1);
  std::uniform_int_distribution<int> power(-6, 6);
  std::vector<double> rows(count);
  for (double& x : rows) x = random() % 16 == 0 ? 0 : value(random) * std::pow(10, power(random));
  return rows;
}

void ExpectSameBits(const cairn::v1::SegmentationModel& proto, const std::vector<double>& rows) {
  const auto predictor = model::Predictor::Create(proto);
  ASSERT_TRUE(predictor.ok()) << predictor.status();
  const auto width = static_cast<size_t>(proto.features_size());
  const size_t count = rows.size() / width;
  const auto expected = predictor->Predict(Eigen::Map<const model::Matrix>(
      rows.data(), static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(width)));
  ASSERT_TRUE(expected.ok());
  std::vector<int32_t> segments(count);
  std::vector<double> distances(count);
  Scorer(*predictor).Score(rows, segments, distances);
  for (size_t i = 0; i < count; ++i) {
    ASSERT_EQ(segments[i], expected->segments[i]) << i;
    const double distance = expected->distances(static_cast<Eigen::Index>(i), segments[i]);
    ASSERT_EQ(std::bit_cast<uint64_t>(distances[i]), std::bit_cast<uint64_t>(distance)) << i;
  }
}

void ExpectSameBits(const cairn::v1::SegmentationModel& proto, size_t count, unsigned seed) {
  ExpectSameBits(proto, RandomRows(count * static_cast<size_t>(proto.features_size()), seed));
}

TEST(ScorerTest, GivesTheBitsOfThePredictorForEveryNumberOfRows) {
  for (size_t count = 0; count <= 33; ++count) {
    ExpectSameBits(model::SmallModel(), count, static_cast<unsigned>(count));
  }
  ExpectSameBits(model::SmallModel(), 5000, 7);
}

TEST(ScorerTest, GivesTheBitsOfThePredictorForWholeNumbersAndZerosOfBothSigns) {
  cairn::v1::SegmentationModel model = model::SmallModel();
  model.mutable_features(0)->set_center(0);
  std::vector<double> rows;
  for (int i = -3; i < 1100; ++i) {
    for (const double value : {static_cast<double>(i), -0.0, 0.0, i + 0.5}) rows.push_back(value);
  }
  ExpectSameBits(model, rows);
  std::rotate(rows.begin(), rows.begin() + 1, rows.end());
  ExpectSameBits(model, rows);
}

TEST(ScorerTest, GivesTheBitsOfThePredictorWithoutProjection) {
  cairn::v1::SegmentationModel model = model::SmallModel();
  model.clear_projection();
  model.clear_centers();
  for (int i = 0; i < 12; ++i) model.add_centers(0.25 * i - 1);
  ExpectSameBits(model, 1000, 1);
}

TEST(ScorerTest, GivesTheBitsOfThePredictorForQuantiles) {
  cairn::v1::SegmentationModel model = model::SmallModel();
  model.mutable_features(3)->set_transform(Feature::QUANTILE);
  for (const double q : {-5.0, 0.0, 0.0, 0.5, 100.0}) model.mutable_features(3)->add_quantiles(q);
  ExpectSameBits(model, 1000, 2);
}

TEST(ScorerTest, TheLowestOfTwoEquallyNearSegmentsIsTaken) {
  cairn::v1::SegmentationModel model = model::SmallModel();
  for (int i = 0; i < 6; ++i) model.set_centers(i, 1.5);
  const auto predictor = model::Predictor::Create(model);
  ASSERT_TRUE(predictor.ok());
  std::vector<int32_t> segments(9, -1);
  std::vector<double> distances(9);
  Scorer(*predictor).Score(RandomRows(36, 3), segments, distances);
  EXPECT_EQ(segments, std::vector<int32_t>(9, 0));
}

}  // namespace
}  // namespace cairn::pipeline::serving
