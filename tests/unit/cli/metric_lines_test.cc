#include "client-cli/commands/metric_lines.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using Format = MetricLineReader::Format;
using testing::IsOk;

MetricLine ReadOne(Format format, std::string_view line) {
  MetricLineReader reader(format);
  const auto point = reader.Read(line);
  EXPECT_TRUE(point.ok() && point->has_value()) << line << ": " << point.status();
  return point.ok() && point->has_value() ? **point : MetricLine();
}

void ExpectBad(Format format, std::string_view line, std::string_view field) {
  MetricLineReader reader(format);
  ASSERT_THAT(reader.Read(""), IsOk());
  const absl::Status status = reader.Read(line).status();
  EXPECT_EQ(ReasonOf(status), "VALUE_INVALID") << line;
  EXPECT_EQ(MetadataOf(status, "field"), "line 2: " + std::string(field)) << line;
}

// Kind of fault: a value that was given is dropped and nobody hears of it.
TEST(MetricLines, AMemberThatIsThereTwiceIsRefusedAndOthersAreTold) {
  MetricLineReader reader(Format::kJson);
  ASSERT_THAT(reader.Read(R"({"metric":"loss","value":1,"epoch":3,"host":{"key":"x"}})"), IsOk());
  EXPECT_EQ(reader.ignored_members(), (std::set<std::string>{"\"epoch\"", "\"host\""}));
  ASSERT_THAT(reader.Read(R"({"key":"loss","value":1,"a\n\u001b[31m":3})"), IsOk());
  EXPECT_EQ(reader.ignored_members().count("\"a\\n\\u001b[31m\""), 1u);
  for (int i = 0; i < 8; ++i) {
    ASSERT_THAT(
        reader.Read(R"({"key":"loss","value":1,"epoch":3,"m)" + std::to_string(i % 7) + "\":3}"),
        IsOk());
  }
  EXPECT_EQ(reader.ignored_members().count("and others"), 0u);
  for (int i = 0; i < 30; ++i) {
    ASSERT_THAT(reader.Read(R"({"key":"loss","value":1,"m)" + std::to_string(i) + "\":3}"), IsOk());
  }
  EXPECT_EQ(reader.ignored_members().size(), 11u);
  EXPECT_EQ(reader.ignored_members().count("and others"), 1u);
  ExpectBad(Format::kJson, R"({"key":"a","value":1,"value":2})", "member");
  ExpectBad(Format::kJson, R"({"key":"a","metric":"b","value":NaN})", "member");
}

TEST(MetricLines, JsonLinesWithAndWithoutStepAndTime) {
  const MetricLine full = ReadOne(
      Format::kJson, R"({"key":"loss","step":-3,"value":0.1,"time":1700000000000,"other":[1]})");
  EXPECT_EQ(full.key, "loss");
  EXPECT_EQ(full.step, -3);
  EXPECT_EQ(full.value, 0.1);
  EXPECT_EQ(full.time_unix_millis, 1'700'000'000'000);
  const MetricLine least = ReadOne(Format::kJson, R"({"key":"loss","value":1e-300})");
  EXPECT_EQ(least.step, 0);
  EXPECT_EQ(least.value, 1e-300);
  EXPECT_FALSE(least.time_unix_millis.has_value());
  EXPECT_EQ(ReadOne(Format::kJson, R"({"key":"a","value":1,"time":"1970-01-01T00:00:01.5Z"})")
                .time_unix_millis,
            1500);
  EXPECT_EQ(ReadOne(Format::kJson, R"({"key":"a","value":1,"step":9223372036854775807})").step,
            INT64_MAX);
}

TEST(MetricLines, WhatIsNotFiniteMayBeQuotedOrBare) {
  EXPECT_TRUE(std::isnan(ReadOne(Format::kJson, R"({"key":"a","value":NaN})").value));
  EXPECT_TRUE(std::isnan(ReadOne(Format::kJson, R"({"key":"a","value":"NaN"})").value));
  EXPECT_EQ(ReadOne(Format::kJson, R"({"key":"a","value":-Infinity})").value, -INFINITY);
  const MetricLine tricky = ReadOne(Format::kJson, R"({"key":"is \"NaN\" here","value":Infinity})");
  EXPECT_EQ(tricky.key, "is \"NaN\" here");
  EXPECT_EQ(tricky.value, INFINITY);
}

TEST(MetricLines, CsvWithAndWithoutHeader) {
  EXPECT_EQ(ReadOne(Format::kCsv, "loss,3,0.5").value, 0.5);
  EXPECT_EQ(ReadOne(Format::kCsv, "loss,3,0.5,1700000000099\r").time_unix_millis,
            1'700'000'000'099);
  MetricLineReader reader(Format::kCsv);
  ASSERT_FALSE(reader.Read("value,time,key")->has_value());
  const auto point = reader.Read("nan,,loss");
  ASSERT_TRUE(point.ok() && point->has_value()) << point.status();
  EXPECT_EQ((*point)->key, "loss");
  EXPECT_EQ((*point)->step, 0);
  EXPECT_TRUE(std::isnan((*point)->value));
  EXPECT_FALSE((*point)->time_unix_millis.has_value());
}

TEST(MetricLines, AHeaderIsOneInAnyCaseBehindEmptyLinesAndHasNoOtherTitles) {
  for (const char* header : {"Key, Step ,VALUE", "metric,step,value", "NAME,Step,value"}) {
    MetricLineReader reader(Format::kCsv);
    ASSERT_FALSE(reader.Read("")->has_value());
    const auto head = reader.Read(header);
    ASSERT_TRUE(head.ok() && !head->has_value()) << header << ": " << head.status();
    EXPECT_EQ((*reader.Read("loss,3,0.5"))->step, 3);
  }
  ExpectBad(Format::kCsv, "key,epoch,value", "column 2: header");
  ExpectBad(Format::kCsv, "key,value,Name", "column 3: header");
}

TEST(MetricLines, ErrorsNameTheLineAndTheField) {
  ExpectBad(Format::kJson, "loss 3", "text");
  ExpectBad(Format::kJson, R"({"value":1})", "key");
  ExpectBad(Format::kJson, R"({"key":"a","value":"x"})", "value");
  ExpectBad(Format::kJson, R"({"key":"a"})", "value");
  ExpectBad(Format::kJson, R"({"key":"a","value":1,"step":1.5})", "step");
  ExpectBad(Format::kJson, R"({"key":"a","value":1,"step":9223372036854775808})", "step");
  ExpectBad(Format::kJson, R"({"key":"a","value":1,"time":"yesterday"})", "time");
  ExpectBad(Format::kCsv, ",1,2", "column 1: key");
  ExpectBad(Format::kCsv, "a,x,2", "column 2: step");
  ExpectBad(Format::kCsv, "a,1", "column 3: value");
  ExpectBad(Format::kCsv, "a,1,2,soon", "column 4: time");
  ExpectBad(Format::kCsv, "a\xff,1,2", "column 1: key");
}

TEST(MetricLines, CsvIsThatOfRfc4180) {
  EXPECT_EQ(ReadOne(Format::kCsv, "\"loss, smoothed\",1,0.6").key, "loss, smoothed");
  EXPECT_EQ(ReadOne(Format::kCsv, "\"a \"\"b\"\"\",\"1\",\"0.5\"").key, "a \"b\"");
  MetricLineReader reader(Format::kCsv);
  ASSERT_FALSE(reader.Read("\"key\",\"value\"")->has_value());
  EXPECT_EQ((*reader.Read("\"x\",2"))->value, 2);
  for (const char* line : {"\"open,1,2", "\"a\"b,1,2", "a\"b,1,2"}) {
    ExpectBad(Format::kCsv, line, "text");
  }
}

TEST(MetricLines, AByteOrderMarkIsSteppedOver) {
  EXPECT_EQ(ReadOne(Format::kCsv, "\xEF\xBB\xBFloss,1,0.5").key, "loss");
  EXPECT_EQ(ReadOne(Format::kJson, "\xEF\xBB\xBF{\"key\":\"loss\",\"value\":1}").key, "loss");
}

TEST(MetricLines, AFieldTooManyIsNamedByLineAndColumn) {
  ExpectBad(Format::kCsv, "loss,1,0,25", "column 4: text");  // a decimal comma
  ExpectBad(Format::kCsv, "loss,1,0.5,1700000000000,x", "column 5: text");
  MetricLineReader reader(Format::kCsv);
  ASSERT_FALSE(reader.Read("key,value")->has_value());
  EXPECT_EQ(MetadataOf(reader.Read("a,0,5").status(), "field"), "line 2: column 3: text");
}

TEST(MetricLines, TimesInOtherUnitsAreNoticed) {
  for (const char* time : {"1700000000", "1700000000000000", "1700000000000000000"}) {
    SCOPED_TRACE(time);
    const std::string csv = std::string("loss,1,0.5,") + time;
    ExpectBad(Format::kCsv, csv, "column 4: time");
    ExpectBad(Format::kJson, std::string(R"({"key":"a","value":1,"time":)") + time + "}", "time");
    MetricLineReader reader(Format::kCsv);
    EXPECT_NE(std::string(reader.Read(csv).status().message()).find("1700000000000"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace cairn::cli
