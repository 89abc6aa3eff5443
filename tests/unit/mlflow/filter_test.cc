// MLflow's language of filters as text becomes comparisons.

#include "server/mlflow/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

TEST(FilterTest, OneComparison) {
  const auto clauses = ParseFilter("Metrics.`val loss` >= -1.5e3");
  ASSERT_TRUE(clauses.ok()) << clauses.status();
  ASSERT_EQ(clauses->size(), 1u);
  const Clause& clause = clauses->front();
  EXPECT_EQ(clause.entity, "metrics");
  EXPECT_EQ(clause.key, "val loss");
  EXPECT_EQ(clause.op, Operator::kGreaterEqual);
  EXPECT_EQ(clause.values[0].text, "-1.5e3");
  EXPECT_FALSE(clause.values[0].quoted);
}

TEST(FilterTest, KeysHaveDotsAndBareKeysAreAttributes) {
  const auto clauses = ParseFilter(R"(tags.mlflow.user='x' and "run name"='y')");
  ASSERT_TRUE(clauses.ok()) << clauses.status();
  EXPECT_EQ((*clauses)[0].key, "mlflow.user");
  EXPECT_EQ((*clauses)[1].entity, "attribute");
  EXPECT_EQ((*clauses)[1].key, "run name");
}

TEST(FilterTest, OperatorsInAnyCase) {
  const std::vector<std::pair<std::string, Operator>> cases = {
      {"a = 1", Operator::kEqual},      {"a!=1", Operator::kNotEqual},
      {"a<1", Operator::kLess},         {"a <= 1", Operator::kLessEqual},
      {"a like 'x'", Operator::kLike},  {"a ILIKE 'x'", Operator::kILike},
      {"a IN ('x')", Operator::kIn},    {"a not In('x', 'y')", Operator::kNotIn},
      {"a is null", Operator::kIsNull}, {"a IS NOT NULL", Operator::kIsNotNull}};
  for (const auto& [text, op] : cases) {
    const auto clauses = ParseFilter(text);
    ASSERT_TRUE(clauses.ok()) << text << clauses.status();
    ASSERT_EQ(clauses->size(), 1u) << text;
    EXPECT_EQ(clauses->front().op, op) << text;
  }
}

TEST(FilterTest, EmptyClausesArePassedOver) {
  for (const std::string text : {"", "  ", "AND", "a=1 AND", "a=1 AND AND"}) {
    EXPECT_TRUE(ParseFilter(text).ok()) << text;
  }
  EXPECT_EQ(ParseFilter("a=1 AND AND b=2")->size(), 2u);
}

TEST(FilterTest, WhatIsNoFilterIsRefused) {
  for (const std::string text : {"a",
                                 "a =",
                                 "= 1",
                                 "a == 1",
                                 "NOT a = 1",
                                 "a = 1 OR b = 2",
                                 "a BETWEEN 1 AND 2",
                                 "(a = 1)",
                                 "a = 'x",
                                 "a IN ()",
                                 "a IN ('x'",
                                 "a IN 'x'",
                                 "a = 1; b = 2",
                                 "a = 1 b = 2",
                                 "1 = a.b.",
                                 "a = b",
                                 "a NOT LIKE 'x'",
                                 "a IS 5",
                                 "a = 1 -- c",
                                 "metrics.",
                                 "`a = 1"}) {
    EXPECT_EQ(ErrorCodeOf(ParseFilter(text).status()), kInvalidParameter) << text;
  }
}

TEST(FilterTest, Bounds) {
  std::string many = "a=1";
  for (size_t i = 1; i < kMaxFilterClauses; ++i) many += " AND a=1";
  EXPECT_TRUE(ParseFilter(many).ok());
  EXPECT_FALSE(ParseFilter(many + " AND a=1").ok());
  EXPECT_FALSE(ParseFilter("a = '" + std::string(kMaxFilterBytes, 'x') + "'").ok());
  std::string list = "a IN ('1'";
  for (size_t i = 1; i < kMaxFilterListValues; ++i) list += ",'1'";
  EXPECT_TRUE(ParseFilter(list + ")").ok());
  EXPECT_FALSE(ParseFilter(list + ",'1')").ok());
}

TEST(FilterTest, OrderItems) {
  const auto item = ParseOrderItem("metrics.\"a b\" DESC");
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ(item->entity, "metrics");
  EXPECT_EQ(item->key, "a b");
  EXPECT_TRUE(item->descending);
  EXPECT_FALSE(ParseOrderItem("start_time asc")->descending);
  EXPECT_FALSE(ParseOrderItem("start_time sideways").ok());
  EXPECT_FALSE(ParseOrderItem("").ok());
}

TEST(FilterTest, LikePatterns) {
  EXPECT_TRUE(Like("", ""));
  EXPECT_TRUE(Like("abc", "%"));
  EXPECT_TRUE(Like("abc", "a%c"));
  EXPECT_TRUE(Like("abcbc", "a%bc"));
  EXPECT_TRUE(Like("abc", "a_c%"));
  EXPECT_FALSE(Like("abc", "ab"));
  EXPECT_FALSE(Like("abc", "_abc"));
  EXPECT_FALSE(Like("ABC", "abc"));
  EXPECT_TRUE(Like("grün", "gr_n"));
  EXPECT_FALSE(Like("grün", "gr__n"));
  EXPECT_FALSE(Like("ü", "%_%_"));
  EXPECT_TRUE(Like("a\\_", "a\\_"));
  EXPECT_FALSE(Like("a_", "a\\_"));
}

}  // namespace
}  // namespace cairn::mlflow
