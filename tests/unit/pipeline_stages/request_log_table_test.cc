#include "pipeline/stages/request_log_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/base/errors.h"

namespace cairn::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Row(const std::string& inputs) {
  return R"({"time":"2026-03-01T12:00:00Z","status":200,"segment":0,"inputs":{)" + inputs + "}}\n";
}

constexpr const char* kRefused =
    "{\"time\":\"2026-03-01T12:00:00Z\",\"status\":400,\"message\":\"bad\"}\n";

absl::StatusOr<RequestLogTable> Parse(const std::string& text) {
  return ParseRequestLog({text}, "log.jsonl");
}

TEST(RequestLogTableTest, InputsBecomeFeaturesInTheirOrder) {
  const std::string older = Row(R"("b":1,"a":-2.5)");
  const std::string newer = Row(R"("b":3,"a":1e20)") + kRefused;
  ASSERT_TRUE(LooksLikeRequestLog(older));
  const auto table = ParseRequestLog({older, newer}, "log.jsonl");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->features.columns, ElementsAre("b", "a"));
  EXPECT_THAT(table->features.customer_ids, ElementsAre(1, 2));
  EXPECT_EQ(table->features.values(0, 1), -2.5);
  EXPECT_EQ(table->features.values(1, 0), 3);
  EXPECT_EQ(table->features.values(1, 1), 1e20);
  EXPECT_EQ(table->refused, 1);
  EXPECT_EQ(table->other_columns, 0);
}

TEST(RequestLogTableTest, AModelWithOtherColumnsBeginsTheTableAnew) {
  const auto table = Parse(Row(R"("a":1)") + Row(R"("a":2)") + Row(R"("b":3)"));
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->features.columns, ElementsAre("b"));
  EXPECT_EQ(table->features.values.rows(), 1);
  EXPECT_EQ(table->other_columns, 2);
}

TEST(RequestLogTableTest, ALastLineThatIsCutAnywhereIsLeftOut) {
  const std::string first = Row(R"("a":1)");
  const std::string last = Row(R"("a":2)");
  for (size_t kept = 0; kept < last.size(); ++kept) {
    const auto table = Parse(first + last.substr(0, kept));
    ASSERT_TRUE(table.ok()) << kept << table.status();
    EXPECT_EQ(table->features.values.rows(), kept == last.size() - 1 ? 2 : 1) << kept;
  }
}

TEST(RequestLogTableTest, AnotherLineThatIsNoRowIsNamed) {
  const std::string good = Row(R"("a":1)");
  for (const std::string& bad :
       {std::string("{\"time\":\n"), std::string("7\n"), std::string("{}\n"), std::string("\n"),
        Row(""), Row(R"("a":"1")"), Row(R"("a":null)"), Row(R"("a":1e999)")}) {
    const auto table = Parse(good + bad + good);
    ASSERT_FALSE(table.ok()) << bad;
    EXPECT_TRUE(HasReason(table.status(), ErrorReason::DATA_MALFORMED)) << table.status();
    EXPECT_EQ(MetadataOf(table.status(), "line"), "2") << table.status();
  }
}

TEST(RequestLogTableTest, ALogWithoutPredictionsIsNoTable) {
  const auto table = Parse(kRefused);
  ASSERT_FALSE(table.ok());
  EXPECT_THAT(std::string(table.status().message()), HasSubstr("log.jsonl has no predictions"));
}

TEST(RequestLogTableTest, TablesAreNotTakenForOne) {
  EXPECT_FALSE(LooksLikeRequestLog("CustomerID,Total_Spend\n1,2\n"));
  EXPECT_FALSE(LooksLikeRequestLog("InvoiceNo,StockCode\n"));
  EXPECT_FALSE(LooksLikeRequestLog(""));
}

}  // namespace
}  // namespace cairn::pipeline
