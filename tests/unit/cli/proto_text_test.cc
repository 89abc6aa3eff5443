#include "client-cli/cli/proto_text.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace cairn::cli
