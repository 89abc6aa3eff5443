#include "pipeline/serving/answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/serving/request_body.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

using nlohmann::json;

TEST(AnswersTest, PredictionsCarryNumberNameAndDistance) {
  const std::vector<int32_t> segments = {2, 0};
  const std::vector<double> distances = {0.1, 1e-300};
  EXPECT_EQ(PredictionsJson(*ServedSmallModel(), segments, distances),
            R"({"predictions":[{"segment":2,"segment_name":"Segment 2","distance":0.1},)"
            R"({"segment":0,"segment_name":"Segment 0","distance":1e-300}]})");
  const json named = json::parse(PredictionsJson(*ServedOtherModel(), segments, distances));
  EXPECT_EQ(named["predictions"][1]["segment_name"], "Big \"spenders\"");
  EXPECT_EQ(SegmentsJson(segments), R"({"predictions":[2,0]})");
  EXPECT_EQ(SegmentsJson({}), R"({"predictions":[]})");
}

TEST(AnswersTest, ARefusalNamesInstanceFieldValueAndRule) {
  const http::Response response =
      RefusalResponse(BadValue(3, "Hour", "\"x\\\n", "must be a finite number"));
  EXPECT_EQ(response.status, 400);
  const json error = json::parse(response.body)["error"];
  EXPECT_EQ(error["code"], 400);
  EXPECT_EQ(error["status"], "INVALID_ARGUMENT");
  EXPECT_EQ(error["reason"], "VALUE_INVALID");
  EXPECT_EQ(error["instance"], 3);
  EXPECT_EQ(error["field"], "Hour");
  EXPECT_EQ(error["rule"], "must be a finite number");
  EXPECT_EQ(RefusalResponse(TooManyInstances(5)).status, 413);
  EXPECT_NE(RefusalResponse(TooManyInstances(5)).body.find("at most 5 instances"),
            std::string::npos);
}

TEST(AnswersTest, TextsAreJsonWhateverTheyHold) {
  EXPECT_EQ(JsonText("a\"\\\x01\u00e9"), "\"a\\\"\\\\\\u0001\u00e9\"");
  EXPECT_EQ(JsonText("\xff"), "\"\\ufffd\"");
}

}  // namespace
}  // namespace cairn::pipeline::serving
