#include "client-cli/commands/request_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr int64_t kNow = 1'772'366'400 * kNanosPerSecond;  // 2026-03-01T12:00:00Z

constexpr const char* kPrediction =
    R"({"time":"2026-03-01T11:59:00Z","status":200,"model_version":"models/m/versions/7","segment":2,)"
    R"("distance":0.812345,"latency_seconds":0.00015,"inputs":{"spend":1.5,"Hour":9}})"
    "\n";
constexpr const char* kRefusal =
    R"({"time":"2026-03-01T11:59:30Z","status":400,"model_version":"models/m/versions/7",)"
    R"("latency_seconds":0.001,"reason":"VALUE_INVALID","message":"Hour must be a number"})"
    "\n";

http::Response Lines(std::string body) {
  return http::TextResponse(std::move(body), "application/x-ndjson");
}

std::vector<std::string> Exact(const Row& row) {
  std::vector<std::string> texts;
  for (const Cell& cell : row.cells) texts.push_back(cell.exact);
  return texts;
}

TEST(RequestTargetTest, NamesWhatIsAskedForAndNothingElse) {
  EXPECT_EQ(RequestTarget({.limit = 5}), "/requests?format=jsonl&limit=5");
  EXPECT_EQ(RequestTarget({.limit = 5, .since_unix_nanos = kNow, .segment = 0, .status = 400}),
            "/requests?format=jsonl&limit=5&since=2026-03-01T12%3A00%3A00Z&segment=0&status=400");
}

TEST(ParseSinceTest, IsATimeOrHowLongAgo) {
  EXPECT_EQ(*ParseSince("15m", kNow), kNow - 15 * 60 * kNanosPerSecond);
  EXPECT_EQ(*ParseSince("2026-03-01T13:00:00+01:00", kNow), kNow);
  for (const char* text : {"", "yesterday", "-5m", "0", "2026-03-01", "200000000d"}) {
    const auto since = ParseSince(text, kNow);
    ASSERT_THAT(since, StatusIs(absl::StatusCode::kInvalidArgument)) << text;
    EXPECT_THAT(std::string(since.status().message()), HasSubstr("--since"));
  }
}

TEST(RequestRowsTest, TheNewestComesFirstAndEveryInputIsAColumn) {
  const auto rows = ParseRequestRows(Lines(std::string(kPrediction) + kRefusal), "web:80");
  ASSERT_THAT(rows, IsOk());
  const Table table = RequestTable(*rows, kNow);
  std::vector<std::string> titles;
  for (const Column& column : table.columns) titles.push_back(column.title);
  EXPECT_THAT(titles, ElementsAre("TIME", "STATUS", "SEGMENT", "DISTANCE", "LATENCY", "VERSION",
                                  "MESSAGE", "REASON", "inputs.spend", "inputs.Hour"));
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_THAT(Exact(table.rows[0]), ElementsAre("2026-03-01T11:59:30Z", "400", "", "", "0.001", "7",
                                                "Hour must be a number", "VALUE_INVALID", "", ""));
  EXPECT_THAT(Exact(table.rows[1]), ElementsAre("2026-03-01T11:59:00Z", "200", "2", "0.812345",
                                                "0.00015", "7", "", "", "1.5", "9"));
  EXPECT_EQ(table.rows[1].cells[3].human, "0.8123");
  EXPECT_EQ(table.rows[1].cells[4].human, "0.15 ms");
}

TEST(RequestRowsTest, ModelsWithOtherColumnsShareATable) {
  const std::string other =
      R"({"time":"2026-03-01T11:00:00Z","status":200,"model_version":"old.cairnseg","inputs":{"gap":3,"Hour":8}})"
      "\n";
  const auto rows = ParseRequestRows(Lines(other + kPrediction), "web:80");
  ASSERT_THAT(rows, IsOk());
  const Table table = RequestTable(*rows, kNow);
  ASSERT_EQ(table.columns.size(), 11U);
  EXPECT_EQ(table.columns[10].title, "inputs.gap");
  EXPECT_THAT(Exact(table.rows[1]), ElementsAre("2026-03-01T11:00:00Z", "200", "", "", "",
                                                "old.cairnseg", "", "", "", "8", "3"));
}

TEST(RequestRowsTest, WhoDoesNotServeIsSaidToBeNoServingProcess) {
  const http::Response not_found = http::ErrorResponse(404, "not found");
  const http::Response page = http::TextResponse("<html>", "text/html");
  const http::Response older = http::ErrorResponse(400, "format: must be csv or json");
  for (const http::Response& answer : {not_found, page, older}) {
    const auto rows = ParseRequestRows(answer, "web:80");
    EXPECT_THAT(rows, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(rows.status().message()),
                HasSubstr("web:80 is no `cairn-pipeline serve`"));
    EXPECT_EQ(MetadataOf(rows.status(), "url"), "http://web:80/requests");
  }
  EXPECT_THAT(std::string(ParseRequestRows(older, "web:80").status().message()),
              HasSubstr("must be csv or json"));
}

TEST(RequestRowsTest, WhatTheProcessSaysOfItsRefusalIsPassedOn) {
  const auto refused = ParseRequestRows(http::ErrorResponse(403, "another host"), "web:80");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("another host"));
  EXPECT_THAT(ParseRequestRows(http::ErrorResponse(503, "it stops"), "web:80"),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST(RequestRowsTest, ALineThatIsNoRowIsNamed) {
  for (const char* bad : {"[]\n", "{}\n", "{\"time\":\"x\",\"inputs\":[1]}\n",
                          "{\"time\":", "{\"time\":\"x\",\"distance\":\"far\"}\n"}) {
    const auto rows = ParseRequestRows(Lines(std::string(kPrediction) + bad), "web:80");
    EXPECT_THAT(rows, StatusIs(absl::StatusCode::kDataLoss)) << bad;
    EXPECT_THAT(std::string(rows.status().message()), HasSubstr("line 2"));
  }
}

}  // namespace
}  // namespace cairn::cli
