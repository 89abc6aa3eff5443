#include "pipeline/serving/request_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/stages/features_file.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

// One request of `count` predictions whose spend is first, first + 1, ….
void Add(RequestLog& log, const ModelPtr& model, int first, int count, int64_t time = kLoaded) {
  std::vector<double> rows;
  std::vector<int32_t> segments;
  std::vector<double> distances;
  for (int i = 0; i < count; ++i) {
    rows.insert(rows.end(), {first + i + 0.0, 0.5, -3, 1e20});
    segments.push_back((first + i) % 3);
    distances.push_back(0.25 * (first + i));
  }
  log.Add(model, rows, segments, distances, time, 1'500'000);
}

TEST(RequestLogTest, ItsTableIsOneThatPredictReads) {
  RequestLog log(10);
  Add(log, ServedSmallModel(), 1, 3);
  const auto table = ParseFeaturesCsv(log.ToCsv({100}), "log");
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
  EXPECT_EQ(log.ToCsv({2}),
            "CustomerID,spend,items,gap,hour\n5,5,0.5,-3,1e+20\n6,6,0.5,-3,1e+20\n");
  EXPECT_EQ(ParseFeaturesCsv(log.ToCsv({100}), "log")->customer_ids,
            (std::vector<int32_t>{3, 4, 5, 6}));
}

TEST(RequestLogTest, OfARequestThatIsLargerTheLastAreKept) {
  RequestLog log(4);
  Add(log, ServedSmallModel(), 1, 1);
  Add(log, ServedSmallModel(), 2, 10);
  const auto table = ParseFeaturesCsv(log.ToCsv({100}), "log");
  EXPECT_EQ(table->customer_ids, (std::vector<int32_t>{8, 9, 10, 11}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(table->values(i, 0), 8 + i);
}

TEST(RequestLogTest, JsonTellsWhatWasAnsweredByWhichModel) {
  RequestLog log(10);
  Add(log, ServedSmallModel("v1"), 1, 1);
  Add(log, ServedOtherModel("v2"), 2, 1);
  const auto told = nlohmann::json::parse(log.ToJson({100}));
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
  EXPECT_EQ(log.ToCsv({100}), "CustomerID,money,items,gap,hour\n1,9,0.5,-3,1e+20\n");
}

TEST(RequestLogTest, TheLastRequestOfAModelThatWasReplacedDoesNotBringItsColumnsBack) {
  cairn::v1::SegmentationModel other = model::SmallModel();
  other.mutable_features(0)->set_name("money");
  const auto newer = ServedModel::Load(FileOf(other), "v2", kLoaded + 1);
  ASSERT_TRUE(newer.ok());
  RequestLog log(10);
  Add(log, ServedSmallModel(), 1, 3);
  Add(log, *newer, 9, 1);
  Add(log, ServedSmallModel(), 4, 2);
  EXPECT_EQ(log.ToCsv({100}), "CustomerID,money,items,gap,hour\n1,9,0.5,-3,1e+20\n");
}

TEST(RequestLogTest, WithoutRoomNothingIsKept) {
  RequestLog log(0);
  Add(log, ServedSmallModel(), 1, 3);
  EXPECT_EQ(log.size(), 0U);
  log.AddRefusal({.status = 400});
  EXPECT_EQ(log.ToCsv({100}), "");
  EXPECT_EQ(log.ToJsonLines({}), "");
}

Refusal Refused(int64_t time, int status = 400) {
  return {time, 2'000'000, status, "v1", "VALUE_INVALID", "a \"bad\" value"};
}

TEST(RequestLogTest, LinesTellPredictionsAndRefusalsInTheOrderOfTheirTimes) {
  RequestLog log(10);
  Add(log, ServedSmallModel("v1"), 1, 2, kLoaded);
  log.AddRefusal(Refused(kLoaded + 1));
  Add(log, ServedSmallModel("v1"), 3, 1, kLoaded + 2);
  EXPECT_EQ(
      log.ToJsonLines({}),
      R"({"time":"2020-09-13T12:26:40Z","status":200,"model_version":"v1","segment":1,"distance":0.25,)"
      R"("latency_seconds":0.0015,"inputs":{"spend":1,"items":0.5,"gap":-3,"hour":1e+20}})"
      "\n"
      R"({"time":"2020-09-13T12:26:40Z","status":200,"model_version":"v1","segment":2,"distance":0.5,)"
      R"("latency_seconds":0.0015,"inputs":{"spend":2,"items":0.5,"gap":-3,"hour":1e+20}})"
      "\n"
      R"({"time":"2020-09-13T12:26:40.000000001Z","status":400,"model_version":"v1",)"
      R"("latency_seconds":0.002,"reason":"VALUE_INVALID","message":"a \"bad\" value"})"
      "\n"
      R"({"time":"2020-09-13T12:26:40.000000002Z","status":200,"model_version":"v1","segment":0,)"
      R"("distance":0.75,"latency_seconds":0.0015,)"
      R"("inputs":{"spend":3,"items":0.5,"gap":-3,"hour":1e+20}})"
      "\n");
}

// The times and statuses of what a query finds.
std::vector<std::string> Found(const RequestLog& log, const LogQuery& query) {
  std::vector<std::string> found;
  std::string lines = log.ToJsonLines(query);
  while (!lines.empty()) {
    const auto row = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
    found.push_back(row["status"] == 200 ? "spend " + row["inputs"]["spend"].dump()
                                         : "refused " + row["status"].dump());
    lines.erase(0, lines.find('\n') + 1);
  }
  return found;
}

TEST(RequestLogTest, TheNewestOfWhatAQueryAsksForAreTold) {
  using Rows = std::vector<std::string>;
  RequestLog log(10);
  Add(log, ServedSmallModel(), 1, 3, 100);  // segments 1, 2, 0
  log.AddRefusal(Refused(150, 413));
  Add(log, ServedSmallModel(), 4, 3, 200);
  log.AddRefusal(Refused(250));
  EXPECT_EQ(Found(log, {.limit = 2}), (Rows{"spend 6", "refused 400"}));
  EXPECT_EQ(Found(log, {.limit = 5}),
            (Rows{"refused 413", "spend 4", "spend 5", "spend 6", "refused 400"}));
  EXPECT_EQ(Found(log, {.since_unix_nanos = 200}),
            (Rows{"spend 4", "spend 5", "spend 6", "refused 400"}));
  EXPECT_EQ(Found(log, {.segment = 2}), (Rows{"spend 2", "spend 5"}));
  EXPECT_EQ(Found(log, {.limit = 1, .segment = 2}), (Rows{"spend 5"}));
  EXPECT_EQ(Found(log, {.status = 400}), (Rows{"refused 400"}));
  EXPECT_EQ(Found(log, {.limit = 1, .status = 200}), (Rows{"spend 6"}));
  EXPECT_EQ(Found(log, {.segment = 2, .status = 400}), (Rows{}));
  EXPECT_EQ(log.ToCsv({.segment = 2}),
            "CustomerID,spend,items,gap,hour\n2,2,0.5,-3,1e+20\n5,5,0.5,-3,1e+20\n");
}

TEST(RequestLogTest, RefusalsPushNoPredictionOut) {
  RequestLog log(2);
  Add(log, ServedSmallModel(), 1, 2);
  for (size_t i = 0; i < RequestLog::kMostRefusals + 5; ++i) {
    log.AddRefusal(Refused(static_cast<int64_t>(i)));
  }
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(Found(log, {.status = 400}).size(), RequestLog::kMostRefusals);
  EXPECT_EQ(Found(log, {.status = 200}).size(), 2U);
}

}  // namespace
}  // namespace cairn::pipeline::serving
