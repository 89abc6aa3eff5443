#include "client-cli/cli/proto_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cairn/v1/registry.pb.h"
#include "cairn/v1/tracking.pb.h"

namespace cairn::cli {
namespace {

TEST(ProtoTextTest, JsonIsCanonical) {
  v1::Alias alias;
  alias.set_name("models/m/aliases/a");
  alias.set_version(3);
  alias.mutable_update_time()->set_seconds(0);
  EXPECT_EQ(ToJsonLine(alias),
            "{\"name\":\"models/m/aliases/a\",\"version\":\"3\","
            "\"updateTime\":\"1970-01-01T00:00:00Z\"}\n");
  EXPECT_EQ(ToJson(alias),
            "{\n \"name\": \"models/m/aliases/a\",\n \"version\": \"3\",\n"
            " \"updateTime\": \"1970-01-01T00:00:00Z\"\n}\n");
}

TEST(ProtoTextTest, AnEmptyListKeepsItsField) {
  EXPECT_EQ(ToJsonLine(v1::ListModelVersionsResponse()), "{\"modelVersions\":[]}\n");
  EXPECT_EQ(ToJsonLines(v1::ListModelVersionsResponse()), "");
}

TEST(ProtoTextTest, LinesAreTheElementsOfAList) {
  v1::SearchRunsResponse list;
  list.add_runs()->set_uid("a");
  list.add_runs()->set_uid("b");
  EXPECT_EQ(ToJsonLines(list), "{\"uid\":\"a\"}\n{\"uid\":\"b\"}\n");
  EXPECT_EQ(ToJsonLine(list), "{\"runs\":[{\"uid\":\"a\"},{\"uid\":\"b\"}]}\n");
}

TEST(ProtoTextTest, DoublesReadBackAsTheSame) {
  v1::MetricPoint point;
  point.set_value(0.1);
  EXPECT_EQ(ToJsonLine(point), "{\"value\":0.1}\n");
}

TEST(ProtoTextTest, YamlQuotesWhatLooksLikeANumber) {
  v1::Alias alias;
  alias.set_version(3);
  EXPECT_EQ(ToYaml(alias), "version: \"3\"\n");
}

TEST(ProtoTextTest, OnlyListResponsesAreLists) {
  EXPECT_TRUE(IsListResponse(v1::ListRunsResponse()));
  EXPECT_FALSE(IsListResponse(v1::Run()));
}

TEST(ProtoTextTest, TheSameMessageIsTheSameBytes) {
  v1::Run run;
  for (int i = 30; i >= 10; --i) (*run.mutable_params())["p" + std::to_string(i)] = "x";
  std::string expected;
  for (int i = 10; i <= 30; ++i) {
    expected += (i == 10 ? "\"p" : ",\"p") + std::to_string(i) + "\":\"x\"";
  }
  EXPECT_EQ(ToJsonLine(run), "{\"params\":{" + expected + "}}\n");
  v1::SearchRunsResponse list;
  *list.add_runs() = run;
  EXPECT_EQ(ToJsonLine(list), "{\"runs\":[{\"params\":{" + expected + "}}]}\n");
}

TEST(ProtoTextTest, NumbersAreAsShortAsTheyCanBe) {
  for (const auto& [value, text] :
       std::vector<std::pair<double, std::string>>{{0.41, "0.41"},
                                                   {0.1 + 0.2, "0.30000000000000004"},
                                                   {0.46239598805871845, "0.46239598805871845"},
                                                   {5.764607523034235e17, "5.764607523034235e+17"},
                                                   {9007199254740993.0, "9007199254740992"},
                                                   {3625.0, "3625"},
                                                   {1e300, "1e+300"}}) {
    v1::MetricPoint point;
    point.set_value(value);
    EXPECT_EQ(ToJsonLine(point), "{\"value\":" + text + "}\n");
  }
}

TEST(ProtoTextTest, AMessageIsATableOfItsFields) {
  v1::Run run;
  run.set_uid("a");
  (*run.mutable_params())["k"] = "4";
  const Table table = ToFieldTable(run);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].cells[0].exact, "uid");
  EXPECT_EQ(table.rows[1].cells[0].exact, "params.k");
  EXPECT_EQ(table.rows[1].cells[1].exact, "4");
}

}  // namespace
}  // namespace cairn::cli
