#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <random>

#include "lib/base/errors.h"
#include "pipeline/serving/json_cursor.h"
#include "pipeline/serving/request_body.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JsonBodyTest : public ::testing::Test {
 protected:
  absl::Status Read(const std::string& body, size_t most = 100) {
    return ReadJsonBody(body, *model_, most, &rows_);
  }
  // What is refused, in the words of the error's metadata.
  std::string Refusal(const std::string& body, size_t most = 100) {
    const absl::Status error = Read(body, most);
    EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument) << body;
    std::string out = ReasonOf(error);
    for (const char* key : {"instance", "column", "value", "rule"}) {
      const std::string value = MetadataOf(error, key);
      if (!value.empty()) out += "|" + value;
    }
    return out;
  }

  const ModelPtr model_ = ServedSmallModel();
  FeatureRows rows_;
};

constexpr const char* kInstance = R"({"spend": 1, "items": 2, "gap": 3, "hour": 4})";

TEST_F(JsonBodyTest, InstancesHaveTheirColumnsInAnyOrder) {
  ASSERT_TRUE(Read(R"({"instances": [{"spend": 1.5, "items": -2, "gap": 3e2, "hour": 0},
      {"hour": 4, "gap": 3, "items": 2, "spend": 1}, {"hour":8,"gap":7,"items":6,"spend":5}]})")
                  .ok());
  EXPECT_EQ(rows_.count, 3U);
  EXPECT_EQ(rows_.ignored_columns, 0U);
  EXPECT_THAT(rows_.values, ElementsAre(1.5, -2, 300, 0, 1, 2, 3, 4, 5, 6, 7, 8));
}

TEST_F(JsonBodyTest, TheFourFormsOfMlflowGiveTheSameRows) {
  const std::vector<std::string> bodies = {
      R"({"instances": [{"spend":1,"items":2,"gap":3,"hour":4},{"spend":5,"items":6,"gap":7,"hour":8}]})",
      R"({"instances": [[1,2,3,4],[5,6,7,8]]})",
      R"({"dataframe_records": [{"spend":1,"items":2,"gap":3,"hour":4},{"spend":5,"items":6,"gap":7,"hour":8}]})",
      R"({"dataframe_split": {"index":[0,1],"columns":["hour","spend","items","gap"],"data":[[4,1,2,3],[8,5,6,7]]}})",
      R"({"dataframe_split": {"data":[[4,1,2,3],[8,5,6,7]],"columns":["hour","spend","items","gap"],"index":[0,1]}})",
      R"({"inputs": {"hour":[4,8],"gap":[3,7],"items":[2,6],"spend":[1,5]}, "params": {"a": [null]}})",
      R"({"inputs": [[1,2,3,4],[5,6,7,8]]})",
  };
  for (const std::string& body : bodies) {
    ASSERT_TRUE(Read(body).ok()) << body << Read(body);
    EXPECT_THAT(rows_.values, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8)) << body;
    EXPECT_EQ(rows_.count, 2U) << body;
  }
}

TEST_F(JsonBodyTest, OtherColumnsAreLeftOutAndCountedWhateverTheyHold) {
  ASSERT_TRUE(Read(R"({"instances": [{"id": "x\"]}", "spend": 1, "items": 2,
      "more": {"a": [1, {"b": null}], "c": {}}, "gap": 3, "hour": 4, "list": []}]})")
                  .ok());
  EXPECT_EQ(rows_.ignored_columns, 3U);
  EXPECT_THAT(rows_.values, ElementsAre(1, 2, 3, 4));
  ASSERT_TRUE(Read(R"({"dataframe_split": {"columns":["id","spend","items","gap","hour"],
      "data":[["a",1,2,3,4]]}})")
                  .ok());
  EXPECT_EQ(rows_.ignored_columns, 1U);
  ASSERT_TRUE(
      Read(R"({"inputs": {"id": ["a"], "spend":[1],"items":[2],"gap":[3],"hour":[4]}})").ok());
  EXPECT_EQ(rows_.ignored_columns, 1U);
}

TEST_F(JsonBodyTest, NumbersThatNobodyNeedsMayBeTooLargeForADouble) {
  for (
      const char* body : {
          R"({"instances": [{"id":1e400,"spend":1,"items":2,"gap":3,"hour":4}]})",
          R"({"instances": [{"id":[-1e400],"spend":1,"items":2,"gap":3,"hour":4}]})",
          R"({"dataframe_split": {"columns":["spend","id","items","gap","hour"],"data":[[1,1e400,2,3,4]]}})",
          R"({"inputs": {"hour":[4],"gap":[3],"id":[1e400],"items":[2],"spend":[1]}})",
          R"({"params": 1e400, "instances": [[1,2,3,4]]})",
      }) {
    ASSERT_TRUE(Read(body).ok()) << body;
    EXPECT_THAT(rows_.values, ElementsAre(1, 2, 3, 4)) << body;
  }
  EXPECT_EQ(Refusal(R"({"instances": [{"id":1e,"spend":1,"items":2,"gap":3,"hour":4}]})"),
            "REQUEST_MALFORMED");
}

TEST_F(JsonBodyTest, AKeyMayBeWrittenWithEscapes) {
  ASSERT_TRUE(Read(R"({"instances": [{"\u0073pend": 1, "items": 2, "gap": 3, "hour": 4}]})").ok());
  EXPECT_THAT(rows_.values, ElementsAre(1, 2, 3, 4));
}

TEST_F(JsonBodyTest, ABadValueIsNamedWithItsInstanceColumnValueAndRule) {
  const std::string good = std::string(R"({"instances": [)") + kInstance + ", ";
  const auto with = [&](const std::string& value) {
    return good + R"({"spend": 1, "items": )" + value + R"(, "gap": 3, "hour": 4}]})";
  };
  for (const char* value :
       {"null", "true", "{\"a\":1}", "[", "1e999", "-1e400", "NaN", "Infinity"}) {
    EXPECT_THAT(Refusal(with(value)), HasSubstr("VALUE_INVALID|1|items|")) << value;
    EXPECT_THAT(Refusal(with(value)), HasSubstr("must be a finite number")) << value;
  }
  EXPECT_EQ(Refusal(with("\"12\"")), "VALUE_INVALID|1|items|\"12\"|must be a finite number");
  EXPECT_EQ(Refusal(with("null")), "VALUE_INVALID|1|items|null|must be a finite number");
}

TEST_F(JsonBodyTest, AColumnThatIsMissingOrThereTwiceIsNamed) {
  EXPECT_EQ(Refusal(R"({"instances": [{"spend": 1, "items": 2, "hour": 4}]})"),
            "COLUMN_MISSING|0|gap|must be there");
  EXPECT_EQ(Refusal(R"({"instances": [{}]})"), "COLUMN_MISSING|0|spend|must be there");
  EXPECT_EQ(Refusal(std::string(R"({"instances": [)") + kInstance +
                    R"(, {"spend": 1, "items": 2, "gap": 3, "gap": 3, "hour": 4}]})"),
            "VALUE_INVALID|1|gap|gap|the column is there twice");
  EXPECT_EQ(Refusal(R"({"dataframe_split": {"columns": ["spend"], "data": [[1]]}})"),
            "COLUMN_MISSING|0|items|must be there");
  EXPECT_EQ(Refusal(R"({"inputs": {"spend": [1], "items": [1], "gap": [1]}})"),
            "COLUMN_MISSING|0|hour|must be there");
}

TEST_F(JsonBodyTest, RowsOfAnotherLengthAreRefused) {
  EXPECT_THAT(Refusal(R"({"instances": [[1,2,3]]})"), HasSubstr("VALUE_INVALID|0|values|3|"));
  EXPECT_THAT(Refusal(R"({"instances": [[1,2,3,4],[1,2,3,4,5]]})"),
              HasSubstr("VALUE_INVALID|1|values|5|"));
  EXPECT_THAT(Refusal(R"({"inputs": {"spend":[1,2],"items":[1],"gap":[1,2],"hour":[1,2]}})"),
              HasSubstr("VALUE_INVALID|1|items|1|must have 2 values"));
  EXPECT_THAT(Refusal(R"({"instances": [3]})"), HasSubstr("must be an object or an array"));
}

TEST_F(JsonBodyTest, BodiesThatAreNoneOfTheFormsAreRefused) {
  for (const char* body :
       {"", "  ", "[]", "3", "{}", R"({"rows": []})", R"({"instances": 3})",
        R"({"instances": {"spend": 1}})", R"({"dataframe_split": []})",
        R"({"dataframe_split": {"data": []}})",
        R"({"dataframe_split": {"columns": [1], "data": []}})", R"({"dataframe_records": "x"})"}) {
    EXPECT_THAT(Refusal(body), HasSubstr("REQUEST_MALFORMED")) << body;
  }
  EXPECT_THAT(Refusal(R"({"instances": [[1,2,3,4]], "inputs": [[1,2,3,4]]})"),
              HasSubstr("one of the forms only"));
}

TEST_F(JsonBodyTest, WhatIsNoJsonIsRefused) {
  const std::string whole = std::string(R"({"instances": [)") + kInstance + "]}";
  ASSERT_TRUE(Read(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Read(whole.substr(0, size)).ok()) << size;
  }
  for (const char* body :
       {R"({"instances": [[1,2,3,4],]})", R"({"instances": [[1,2,3,4]]} x)",
        R"({"instances": [[01,2,3,4]]})", R"({"instances": [[1.,2,3,4]]})",
        R"({"instances": [[.5,2,3,4]]})", R"({"instances": [[+1,2,3,4]]})",
        R"({"instances": [[1e,2,3,4]]})", R"({"instances" [[1,2,3,4]]})",
        R"({"a": "\x", "instances": [[1,2,3,4]]})", "{\"a\": \"\n\", \"instances\": [[1,2,3,4]]}",
        R"({"a": tru, "instances": [[1,2,3,4]]})", "{\"\xff\": 1, \"instances\": [[1,2,3,4]]}"}) {
    EXPECT_FALSE(Read(body).ok()) << body;
  }
  const std::string nul = std::string(R"({"instances": [[1,2,3,4]]})") + '\0';
  EXPECT_FALSE(Read(nul).ok());
}

TEST_F(JsonBodyTest, NestingThatNobodyLooksAtIsBounded) {
  const auto nested = [](size_t depth) {
    return R"({"a": )" + std::string(depth, '[') + std::string(depth, ']') +
           R"(, "instances": [[1,2,3,4]]})";
  };
  EXPECT_TRUE(Read(nested(JsonCursor::kMaxDepth)).ok());
  EXPECT_THAT(Refusal(nested(JsonCursor::kMaxDepth + 1)), HasSubstr("REQUEST_MALFORMED"));
}

TEST_F(JsonBodyTest, TheNumberOfInstancesIsBounded) {
  EXPECT_TRUE(Read(R"({"instances": [[1,2,3,4],[1,2,3,4]]})", 2).ok());
  EXPECT_EQ(Refusal(R"({"instances": [[1,2,3,4],[1,2,3,4],[1,2,3,4]]})", 2), "TOO_LARGE");
  EXPECT_EQ(Refusal(R"({"inputs": {"spend": [1,2,3]}})", 2), "TOO_LARGE");
  EXPECT_THAT(Refusal(R"({"instances": []})"), HasSubstr("must be at least one"));
}

TEST(JsonCursorTest, NumbersAreTheNearestDoubles) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto bits = std::bit_cast<double>(random());
    const double value = i % 2 == 0 ? bits : static_cast<double>(random() % 100'000'000) / 100;
    if (!std::isfinite(value)) continue;
    char text[64];
    const std::string written(text, std::to_chars(text, text + 64, value).ptr);
    JsonCursor cursor(written);
    double read = 0;
    ASSERT_TRUE(cursor.ReadNumber(&read)) << written;
    ASSERT_TRUE(cursor.AtEnd()) << written;
    ASSERT_EQ(std::bit_cast<uint64_t>(read), std::bit_cast<uint64_t>(value)) << written;
  }
}

TEST(JsonCursorTest, NumbersAtTheEndsOfTheRange) {
  const std::pair<const char*, double> numbers[] = {
      {"0", 0.0},
      {"-0", -0.0},
      {"0e999", 0.0},
      {"1e-999", 0.0},
      {"9007199254740993", 9007199254740992.0},
      {"123456789012345678901234567890", 123456789012345678901234567890.0},
      {"0.000000000000000000000000000001", 1e-30},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"5e-324", 5e-324}};
  for (const auto& [text, value] : numbers) {
    const std::string written = text;
    JsonCursor cursor(written);
    double read = 1;
    ASSERT_TRUE(cursor.ReadNumber(&read)) << text;
    EXPECT_EQ(std::bit_cast<uint64_t>(read), std::bit_cast<uint64_t>(value)) << text;
  }
}

TEST(JsonCursorTest, EscapesAreUndone) {
  EXPECT_EQ(UnescapeJson(R"(a\"\\\/\b\f\n\r\t)"), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(UnescapeJson(R"(\u00e9\u20ac\ud83d\ude00)"), "\u00e9\u20ac\U0001F600");
  EXPECT_EQ(UnescapeJson(R"(\ud83dx)"), "\uFFFDx");
}

}  // namespace
}  // namespace cairn::pipeline::serving
