// The fields of a request, as forms of JSON and of a query bring them.

#include "server/mlflow/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::unique_ptr<Request> Post(const std::string& body,
                              const std::string& type = "application/json") {
  http::Request request;
  request.method = "POST";
  request.body = body;
  if (!type.empty()) request.headers.push_back({"Content-Type", type});
  return std::make_unique<Request>(std::move(request));
}

std::unique_ptr<Request> Get(http::NameValues query) {
  http::Request request;
  request.method = "GET";
  request.query = std::move(query);
  return std::make_unique<Request>(std::move(request));
}

std::string MessageOf(const Request& request) { return std::string(request.status().message()); }

TEST(RequestTest, NoBodyIsAnEmptyObject) {
  const auto request = Post("");
  EXPECT_EQ(request->fields().Text("name"), "");
  EXPECT_TRUE(request->status().ok());
}

TEST(RequestTest, ObjectWithinATextIsRead) {
  EXPECT_EQ(Post(R"("{\"name\": \"e\"}")")->fields().Required("name"), "e");
}

TEST(RequestTest, BothSpellingsOfAName) {
  EXPECT_EQ(Post(R"({"run_id": "a"})")->fields().Required("run_id"), "a");
  EXPECT_EQ(Post(R"({"runId": "a"})")->fields().Required("run_id"), "a");
}

TEST(RequestTest, WhatIsNoObjectIsRefused) {
  for (const std::string body : {"[1]", "5", "{", "nul", "{\"a\": \"\xff\"}"}) {
    const auto request = Post(body);
    EXPECT_EQ(ErrorCodeOf(request->status()), kInvalidParameter) << body;
  }
}

TEST(RequestTest, DeepNestingIsRefusedBeforeItIsWalked) {
  const auto nested = [](int depth) {
    return R"({"a": )" + std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']') + "}";
  };
  EXPECT_TRUE(Post(nested(Request::kMaxNesting - 1))->status().ok());
  EXPECT_FALSE(Post(nested(Request::kMaxNesting))->status().ok());
  EXPECT_FALSE(Post(nested(1'000'000))->status().ok());
}

TEST(RequestTest, BodyMustSayThatItIsJson) {
  EXPECT_TRUE(Post("{}", "Application/JSON; charset=utf-8")->status().ok());
  for (const std::string type : {"", "text/plain", "application/jsonp"}) {
    EXPECT_THAT(MessageOf(*Post("{}", type)), HasSubstr("Bad Request. Content-Type")) << type;
  }
}

TEST(RequestTest, MissingNullAndEmptyAreMissing) {
  for (const std::string body : {"{}", R"({"key": null})", R"({"key": ""})"}) {
    const auto request = Post(body);
    EXPECT_EQ(request->fields().Required("key"), "");
    EXPECT_THAT(MessageOf(*request), HasSubstr("Missing value for required parameter 'key'"));
  }
}

TEST(RequestTest, PathsOfPartsAreNamed) {
  const auto request = Post(R"({"metrics": [{"timestamp": 1}, {"key": "a"}]})");
  const auto metrics = request->fields().Items("metrics");
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].RequiredInt("timestamp"), 1);
  metrics[1].RequiredInt("timestamp");
  EXPECT_THAT(MessageOf(*request), HasSubstr("'metrics[1].timestamp'"));
}

TEST(RequestTest, FirstProblemIsTheOneThatIsTold) {
  const auto request = Post("{}");
  request->fields().Required("first");
  request->fields().Required("second");
  EXPECT_THAT(MessageOf(*request), HasSubstr("'first'"));
}

TEST(RequestTest, WrongTypesAreShownAsJson) {
  const auto number = Post(R"({"name": 123})");
  number->fields().Required("name");
  EXPECT_THAT(MessageOf(*number), HasSubstr("Invalid value 123 for parameter 'name'"));
  const auto text = Post(R"({"tags": "5"})");
  EXPECT_THAT(text->fields().Items("tags"), IsEmpty());
  EXPECT_THAT(MessageOf(*text), HasSubstr(R"(Invalid value "5" for parameter 'tags')"));
}

TEST(RequestTest, NumbersMayBeTexts) {
  const auto request = Post(
      R"({"a": "10", "b": 1e3, "c": -9223372036854775808, "d": "NaN", "e": "-Infinity", "f": "1e3"})");
  const Fields fields = request->fields();
  EXPECT_EQ(fields.Int("a"), 10);
  EXPECT_EQ(fields.Int("b"), 1000);
  EXPECT_EQ(fields.Int("c"), INT64_MIN);
  EXPECT_TRUE(std::isnan(*fields.Double("d")));
  EXPECT_EQ(fields.Double("e"), -INFINITY);
  EXPECT_EQ(fields.Double("f"), 1000.0);
  EXPECT_EQ(fields.Int("g"), std::nullopt);
  EXPECT_TRUE(request->status().ok());
}

TEST(RequestTest, WhatIsNoNumberIsRefused) {
  for (const std::string value :
       {"true", "[1]", "{}", "\"x\"", "1.5", "9223372036854775808", "\"1 \""}) {
    const auto request = Post("{\"step\": " + value + "}");
    EXPECT_EQ(request->fields().Int("step"), std::nullopt) << value;
    EXPECT_THAT(MessageOf(*request), HasSubstr("for parameter 'step'")) << value;
  }
}

TEST(RequestTest, QueryRepeatsNamesForLists) {
  const auto request = Get({{"run_ids", "a"}, {"run_ids", "b"}, {"max_results", "5"}});
  const Fields fields = request->fields();
  EXPECT_THAT(fields.Texts("run_ids"), ElementsAre("a", "b"));
  EXPECT_EQ(fields.Int("max_results"), 5);
  EXPECT_EQ(fields.Text("run_ids"), "a");
  EXPECT_TRUE(request->status().ok());
}

TEST(RequestTest, BoolsOfAQueryAreWords) {
  EXPECT_TRUE(Get({{"all", "TRUE"}})->fields().Bool("all"));
  const auto odd = Get({{"all", "1"}});
  EXPECT_FALSE(odd->fields().Bool("all"));
  EXPECT_FALSE(odd->status().ok());
}

TEST(RequestTest, IdsOfOldClientsAreNumbers) {
  EXPECT_EQ(Post(R"({"experiment_id": 3})")->fields().RequiredId("experiment_id"), "3");
  EXPECT_EQ(Post(R"({"experiment_id": "3"})")->fields().RequiredId("experiment_id"), "3");
}

}  // namespace
}  // namespace cairn::mlflow
