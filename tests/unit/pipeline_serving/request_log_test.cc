#include "pipeline/serving/request_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/stages/features_file.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

// One request of `count` predictions whose spend is first, first + 1, ….
void Add(RequestLog& log, const ModelPtr& model, int first, int count) {
  std::vector<double> rows;
  std::vector<int32_t> segments;
  std::vector<double> distances;
  for (int i = 0; i < count; ++i) {
    rows.insert(rows.end(), {first + i + 0.0, 0.5, -3, 1e20});
    segments.push_back((first + i) % 3);
    distances.push_back(0.25 * (first + i));
  }
  log.Add(model, rows, segments, distances, kLoaded, 1'500'000);
}

TEST(RequestLogTest, ItsTableIsOneThatPredictReads) {
  RequestLog log(10);
  Add(log, ServedSmallModel(), 1, 3);
  const auto table = ParseFeaturesCsv(log.ToCsv(100), "log");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->columns, ServedSmallModel()->columns());
  EXPECT_EQ(table->customer_ids, (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(table->values(2, 0), 3);
  EXPECT_EQ(table->values(2, 3), 1e20);
}

TEST(RequestLogTest, TheOldestGiveWayAndNumbersGoOn) {
  RequestLog log(4);
  Add(log, ServedSmallModel(), 1, 3);
  EXPECT_EQ(log.size(), 3U);
  Add(log, ServedSmallModel(), 4, 3);
  EXPECT_EQ(log.size(), 4U);
  EXPECT_EQ(log.ToCsv(2), "CustomerID,spend,items,gap,hour\n5,5,0.5,-3,1e+20\n6,6,0.5,-3,1e+20\n");
  EXPECT_EQ(ParseFeaturesCsv(log.ToCsv(100), "log")->customer_ids,
            (std::vector<int32_t>{3, 4, 5, 6}));
}

TEST(RequestLogTest, OfARequestThatIsLargerTheLastAreKept) {
  RequestLog log(4);
  Add(log, ServedSmallModel(), 1, 1);
  Add(log, ServedSmallModel(), 2, 10);
  const auto table = ParseFeaturesCsv(log.ToCsv(100), "log");
  EXPECT_EQ(table->customer_ids, (std::vector<int32_t>{8, 9, 10, 11}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(table->values(i, 0), 8 + i);
}

TEST(RequestLogTest, JsonTellsWhatWasAnsweredByWhichModel) {
  RequestLog log(10);
  Add(log, ServedSmallModel("v1"), 1, 1);
  Add(log, ServedOtherModel("v2"), 2, 1);
  const auto told = nlohmann::json::parse(log.ToJson(100));
  ASSERT_EQ(told["predictions"].size(), 2U);
  EXPECT_EQ(told["columns"][3], "hour");
  const auto& second = told["predictions"][1];
  EXPECT_EQ(told["predictions"][0]["model_version"], "v1");
  EXPECT_EQ(second["model_version"], "v2");
  EXPECT_EQ(second["number"], 2);
  EXPECT_EQ(second["segment"], 2);
  EXPECT_EQ(second["distance"], 0.5);
  EXPECT_EQ(second["latency_seconds"], 0.0015);
  EXPECT_EQ(second["time"], "2020-09-13T12:26:40Z");
  EXPECT_EQ(second["values"], nlohmann::json({2.0, 0.5, -3.0, 1e20}));
}

TEST(RequestLogTest, AModelWithOtherColumnsBeginsItAnew) {
  cairn::v1::SegmentationModel other = model::SmallModel();
  other.mutable_features(0)->set_name("money");
  const auto served = ServedModel::Load(FileOf(other), "v2", kLoaded);
  ASSERT_TRUE(served.ok());
  RequestLog log(10);
  Add(log, ServedSmallModel(), 1, 3);
  Add(log, *served, 9, 1);
  EXPECT_EQ(log.ToCsv(100), "CustomerID,money,items,gap,hour\n1,9,0.5,-3,1e+20\n");
}

TEST(RequestLogTest, WithoutRoomNothingIsKept) {
  RequestLog log(0);
  Add(log, ServedSmallModel(), 1, 3);
  EXPECT_EQ(log.size(), 0U);
  EXPECT_EQ(log.ToCsv(100), "");
}

}  // namespace
}  // namespace cairn::pipeline::serving
