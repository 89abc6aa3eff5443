#include "pipeline/serving/request_rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace cairn::pipeline::serving {
namespace {

constexpr int64_t kTime = 1'772'366'400'000'000'000;  // 2026-03-01T12:00:00Z

TEST(RowWriterTest, NumbersAreTheShortestDecimalsHoweverLongTheyAre) {
  const std::vector<double> inputs = {
      12345678.5, 1234567890123456.5, -1234567890123456.5, 1e300, 5e-324, -0.0, 0.1, 9};
  std::vector<std::string> columns;
  for (size_t i = 0; i < inputs.size(); ++i) columns.push_back("c" + std::to_string(i));
  std::string out;
  RowWriter(columns).Append({kTime, 150'000, "models/m/versions/7", 2, 12345678.5, inputs}, &out);
  EXPECT_EQ(out,
            R"({"time":"2026-03-01T12:00:00Z","status":200,"model_version":"models/m/versions/7",)"
            R"("segment":2,"distance":12345678.5,"latency_seconds":0.00015,"inputs":{)"
            R"("c0":12345678.5,"c1":1234567890123456.5,"c2":-1234567890123456.5,"c3":1e+300,)"
            R"("c4":5e-324,"c5":-0,"c6":0.1,"c7":9}})"
            "\n");
}

TEST(RowWriterTest, RowsOfAnotherRequestHaveItsTimes) {
  const std::vector<double> inputs = {1};
  RowWriter writer({"spend"});
  std::string out;
  for (const int64_t later : {0, 0, 1}) {
    writer.Append({kTime + later * 1'000'000'000, 1000 + later, "v", 0, 1, inputs}, &out);
  }
  std::vector<std::string> times;
  for (size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
    times.push_back(nlohmann::json::parse(out.substr(at, out.find('\n', at) - at))["time"]);
  }
  EXPECT_EQ(times, (std::vector<std::string>{"2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z",
                                             "2026-03-01T12:00:01Z"}));
}

TEST(MayBeginRowTest, TheBeginningOfARowIsOneHoweverShort) {
  std::string row;
  RowWriter({}).Append({kTime + 123'456'789, 1, "v", 0, 1, {}}, &row);
  std::string refusal;
  AppendRefusal({kTime, 1, 400, "v", "VALUE_INVALID", "bad"}, &refusal);
  for (const std::string& line : {row, refusal}) {
    for (size_t size = 0; size <= line.size(); ++size) {
      EXPECT_TRUE(MayBeginRow(line.substr(0, size))) << line.substr(0, size);
    }
  }
  for (const char* other :
       {"x", "{}", "{\"time\":1", R"({"time":"2026","level":"info"})",
        R"({"time":"2026","status":"up"})", R"({"time":"2026","status":20,"a")"}) {
    EXPECT_FALSE(MayBeginRow(other)) << other;
  }
}

}  // namespace
}  // namespace cairn::pipeline::serving
