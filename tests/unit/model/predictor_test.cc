#include "lib/model/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/model/test_model.h"

namespace cairn::model {
namespace {

using testing::StatusIs;

Predictor SmallPredictor() { return Predictor::Create(SmallModel()).value(); }

Matrix RandomRows(uint32_t seed, Eigen::Index rows) {
  std::mt19937 random(seed);
  Matrix out(rows, 4);
  for (Eigen::Index i = 0; i < out.size(); ++i) {
    out.data()[i] = static_cast<double>(static_cast<int32_t>(random())) / 1e7;
  }
  return out;
}

TEST(PredictorTest, FollowsTheArithmeticByHand) {
  Matrix raw(1, 4);
  raw << -20.0, 3.0, 4.0, 16.0;
  const double spend = (-std::log1p(20.0) - 0.5) / 2;
  const double hour = (16.0 - 12) / 4;
  const double first = (spend - 0.1) * 0.6 + (hour - 0.4) * 0.8;
  const double second = 3.0 / 5.0 - 0.2;
  const Matrix components = SmallPredictor().Components(raw).value();
  EXPECT_DOUBLE_EQ(components(0, 0), first);
  EXPECT_DOUBLE_EQ(components(0, 1), second);
  const Assignment assigned = SmallPredictor().Predict(raw).value();
  EXPECT_EQ(assigned.segments[0], 0);
  EXPECT_DOUBLE_EQ(assigned.distances(0, 1), std::hypot(first - 1, second - 0.5));
}

TEST(PredictorTest, ARowOfZerosInANormGroupStaysZero) {
  Matrix raw(1, 4);
  raw << 1, 0, 0, 12;
  EXPECT_EQ(PrepareRows(SmallModel(), raw)(0, 1), 0);
  EXPECT_EQ(PrepareRows(SmallModel(), raw)(0, 2), 0);
}

TEST(PredictorTest, ARowGivesTheSameBitsAloneAndInABatch) {
  const uint32_t seed = 7;
  SCOPED_TRACE(seed);
  const Predictor predictor = SmallPredictor();
  const Matrix raw = RandomRows(seed, 300);
  const Assignment batch = predictor.Predict(raw).value();
  for (Eigen::Index i = 0; i < raw.rows(); ++i) {
    const Assignment one = predictor.Predict(raw.row(i)).value();
    EXPECT_EQ(one.segments[0], batch.segments[static_cast<size_t>(i)]);
    for (int c = 0; c < 3; ++c) EXPECT_EQ(one.distances(0, c), batch.distances(i, c));
  }
}

TEST(PredictorTest, TheNearestCenterWinsAndTheLowestNumberOnTies) {
  Matrix centers(3, 1);
  centers << 1, -1, -1;
  Matrix points(3, 1);
  points << 0, -5, 5;
  EXPECT_EQ(NearestCenters(points, centers), (std::vector<int32_t>{0, 1, 0}));
  EXPECT_EQ(AssignToCenters(points, centers).segments, (std::vector<int32_t>{0, 1, 0}));
}

TEST(PredictorTest, DistancesAndNearestCentersAgreeOnRandomRows) {
  const uint32_t seed = 99;
  SCOPED_TRACE(seed);
  const Predictor predictor = SmallPredictor();
  const Matrix components = predictor.Components(RandomRows(seed, 500)).value();
  EXPECT_EQ(NearestCenters(components, predictor.centers()),
            AssignToCenters(components, predictor.centers()).segments);
}

TEST(PredictorTest, AModelWithoutProjectionWorksInPreparedFeatures) {
  SegmentationModel model = SmallModel();
  model.clear_projection();
  model.clear_centers();
  for (int i = 0; i < 12; ++i) model.add_centers(i);
  const Predictor predictor = Predictor::Create(model).value();
  EXPECT_EQ(predictor.component_count(), 4);
  const Matrix raw = RandomRows(3, 5);
  EXPECT_EQ(predictor.Components(raw).value(), PrepareRows(model, raw));
}

TEST(PredictorTest, ColumnsAreFoundByName) {
  const std::vector<std::string> columns = {"hour", "other", "gap", "spend", "items"};
  EXPECT_EQ(SmallPredictor().MapColumns(columns).value(), (std::vector<int>{3, 4, 2, 0}));
}

TEST(PredictorTest, AMissingColumnIsNamed) {
  const std::vector<std::string> columns = {"hour", "gap", "spend"};
  const absl::Status status = SmallPredictor().MapColumns(columns).status();
  EXPECT_TRUE(HasReason(status, ErrorReason::COLUMN_MISSING));
  EXPECT_EQ(MetadataOf(status, "column"), "items");
}

TEST(PredictorTest, AColumnThatIsThereTwiceIsRefused) {
  const std::vector<std::string> columns = {"hour", "gap", "spend", "items", "gap"};
  EXPECT_THAT(SmallPredictor().MapColumns(columns), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PredictorTest, ANumberThatIsNotFiniteIsNamedByRowAndFeature) {
  Matrix raw = RandomRows(1, 3);
  raw(2, 1) = std::numeric_limits<double>::quiet_NaN();
  const absl::Status status = SmallPredictor().Predict(raw).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(MetadataOf(status, "field"), "rows.2.items");
}

TEST(PredictorTest, AFeatureThatLiesTooFarFromAllSegmentsIsFound) {
  const Predictor predictor = SmallPredictor();
  EXPECT_EQ(predictor.FeatureTooLarge(std::vector<double>{1, 2, 3, 4}), -1);
  // Of the logarithm of spend the square is small.
  EXPECT_EQ(predictor.FeatureTooLarge(std::vector<double>{1e300, 2, 3, 4}), -1);
  EXPECT_EQ(predictor.FeatureTooLarge(std::vector<double>{1, 2, 3, -1e300}), 3);
  Matrix raw(1, 4);
  raw << 1, 2, 3, -1e300;
  EXPECT_FALSE(std::isfinite(predictor.Predict(raw)->distances.minCoeff()));
}

TEST(PredictorTest, AnotherNumberOfColumnsIsRefused) {
  EXPECT_THAT(SmallPredictor().Predict(Matrix::Zero(2, 3)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PredictorTest, NoRowsGiveNoSegments) {
  EXPECT_TRUE(SmallPredictor().Predict(Matrix::Zero(0, 4)).value().segments.empty());
}

}  // namespace
}  // namespace cairn::model
