#include "pipeline/serving/prediction_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "lib/base/encoding.h"
#include "lib/base/files.h"
#include "lib/http/http_server.h"
#include "pipeline/serving/routes.h"
#include "tests/testing/server_process.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kBody = R"({"instances": [{"spend": 1, "items": 2, "gap": 3, "hour": 4},
                                               {"spend": 9e4, "items": 0, "gap": -3, "hour": 23}]})";

http::Request Post(const std::string& body, const std::string& type = "application/json") {
  http::Request request;
  request.method = "POST";
  request.headers = {{"Content-Type", type}};
  request.body = body;
  return request;
}

http::Request Get(http::NameValues query) {
  http::Request request;
  request.method = "GET";
  request.query = std::move(query);
  return request;
}

std::string VersionOf(const http::Response& response) {
  const std::string* const version = http::FindHeader(response.headers, "Cairn-Model-Version");
  return version == nullptr ? "" : *version;
}

TEST(PredictionServiceTest, WithoutAModelItSaysSoAndWhy) {
  PredictionService service({});
  service.SetReason("the channel serves nothing yet");
  for (const http::Response& response :
       {service.Predict(Post(kBody)), service.Invocations(Post(kBody)), service.Health()}) {
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.body, HasSubstr("the channel serves nothing yet"));
  }
  EXPECT_EQ(service.Ping().status, 503);
  service.Show(ServedSmallModel());
  EXPECT_EQ(service.Predict(Post(kBody)).status, 200);
  EXPECT_EQ(service.Ping().status, 200);
}

TEST(PredictionServiceTest, HealthTellsTheModelAndWhatIsWrongBesides) {
  PredictionService service({});
  service.Show(ServedSmallModel());
  json health = json::parse(service.Health().body);
  EXPECT_EQ(health["status"], "serving");
  EXPECT_EQ(health["version"], "models/m/versions/1");
  EXPECT_EQ(health["sha256"], ServedSmallModel()->sha256());
  EXPECT_EQ(health["since"], "2020-09-13T12:26:40Z");
  EXPECT_FALSE(health.contains("warning"));
  service.NoteFailedLoad(absl::InvalidArgumentError("version 2 is broken"));
  const http::Response response = service.Health();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body)["warning"], "version 2 is broken");
}

TEST(PredictionServiceTest, InvocationsTakeJsonAndCsvAndAnswerSegments) {
  PredictionService service({});
  service.Show(ServedSmallModel());
  const json expected = json::parse(service.Invocations(Post(kBody)).body);
  ASSERT_EQ(expected["predictions"].size(), 2U);
  EXPECT_TRUE(expected["predictions"][0].is_number_integer());
  const http::Response csv = service.Invocations(
      Post("gap,hour,spend,items\n3,4,1,2\n-3,23,9e4,0\n", "Text/CSV; charset=utf-8"));
  EXPECT_EQ(json::parse(csv.body), expected);
  for (const char* type : {"text/plain", "", "application/x-www-form-urlencoded"}) {
    EXPECT_EQ(service.Invocations(Post(kBody, type)).status, 415) << type;
  }
}

TEST(PredictionServiceTest, OfARequestWithOneBadInstanceNothingIsAnsweredOrLogged) {
  PredictionService service({});
  service.Show(ServedSmallModel());
  const http::Response response =
      service.Predict(Post(R"({"instances": [[1,2,3,4],[1,"x",3,4]]})"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json::parse(response.body)["error"]["instance"], 1);
  EXPECT_EQ(json::parse(response.body)["error"]["field"], "items");
  EXPECT_THAT(service.Metrics().body, HasSubstr("cairn_serving_log_predictions 0\n"));
}

TEST(PredictionServiceTest, AValueAtNoFiniteDistanceIsRefusedWithItsInstanceAndColumn) {
  PredictionService service({});
  service.Show(ServedSmallModel());
  const std::string far = R"({"instances": [[1,2,3,4],[1,2,3,1e300]]})";
  for (const http::Response& response :
       {service.Predict(Post(far)), service.Invocations(Post(far)),
        service.Invocations(Post("spend,items,gap,hour\n1,2,3,4\n1,2,3,1e300\n", "text/csv"))}) {
    EXPECT_EQ(response.status, 400);
    const json error = json::parse(response.body)["error"];
    EXPECT_EQ(error["reason"], "VALUE_INVALID");
    EXPECT_EQ(error["instance"], 1);
    EXPECT_EQ(error["field"], "hour");
    EXPECT_EQ(error["value"], "1e+300");
    EXPECT_EQ(VersionOf(response), "models/m/versions/1");
  }
  const std::string metrics = service.Metrics().body;
  EXPECT_THAT(metrics, HasSubstr("cairn_serving_log_predictions 0\n"));
  EXPECT_THAT(metrics, ::testing::Not(HasSubstr("cairn_serving_predictions_total{")));
  const std::string rows = service.Requests(Get({{"format", "jsonl"}})).body;
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 3);
  EXPECT_EQ(json::parse(rows.substr(0, rows.find('\n')))["status"], 400);
}

// Of two values neither of which is too large by itself the instance is all that can be said.
TEST(PredictionServiceTest, ValuesThatAreTooLargeTogetherAreRefusedWithTheirInstance) {
  cairn::v1::SegmentationModel model = model::SmallModel();
  model.mutable_features(0)->set_transform(cairn::v1::SegmentationModel::Feature::IDENTITY);
  PredictionService service({});
  service.Show(*ServedModel::Load(FileOf(model), "v", kLoaded));
  // The first component is about 0.3 spend + 0.2 hour.
  EXPECT_EQ(service.Predict(Post(R"({"instances": [[3.4e154,2,3,0]]})")).status, 200);
  EXPECT_EQ(service.Predict(Post(R"({"instances": [[0,2,3,5e154]]})")).status, 200);
  const http::Response response = service.Predict(Post(R"({"instances": [[3.4e154,2,3,5e154]]})"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json::parse(response.body)["error"]["instance"], 0);
  EXPECT_EQ(json::parse(response.body)["error"]["field"], "instances.0");
}

TEST(PredictionServiceTest, LimitsAreSaid) {
  PredictionService service({.max_instances = 1});
  service.Show(ServedSmallModel());
  const http::Response response = service.Predict(Post(kBody));
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body, HasSubstr("at most 1 instances"));
}

TEST(PredictionServiceTest, ColumnsThatWereLeftOutAreCounted) {
  PredictionService service({});
  service.Show(ServedSmallModel());
  const http::Response response = service.Predict(
      Post(R"({"instances": [{"id": 7, "spend": 1, "items": 2, "gap": 3, "hour": 4}]})"));
  EXPECT_EQ(*http::FindHeader(response.headers, "Cairn-Ignored-Columns"), "1");
  EXPECT_EQ(http::FindHeader(service.Predict(Post(kBody)).headers, "Cairn-Ignored-Columns"),
            nullptr);
}

TEST(PredictionServiceTest, TheLogIsToldInTwoForms) {
  PredictionService service({});
  service.Show(ServedSmallModel());
  ASSERT_EQ(service.Predict(Post(kBody)).status, 200);
  EXPECT_EQ(service.Requests(Get({})).body,
            "CustomerID,spend,items,gap,hour\n1,1,2,3,4\n2,90000,0,-3,23\n");
  EXPECT_EQ(service.Requests(Get({{"limit", "1"}, {"format", "csv"}})).body,
            "CustomerID,spend,items,gap,hour\n2,90000,0,-3,23\n");
  EXPECT_EQ(json::parse(service.Requests(Get({{"format", "json"}})).body)["predictions"].size(),
            2U);
  EXPECT_EQ(service.Requests(Get({{"limit", "0"}})).status, 400);
  EXPECT_EQ(service.Requests(Get({{"limit", "1x"}})).status, 400);
  EXPECT_EQ(service.Requests(Get({{"format", "xml"}})).status, 400);
}

TEST(PredictionServiceTest, ARefusedRequestIsInTheLogWithItsStatusAndReason) {
  PredictionService service({});
  EXPECT_EQ(service.Predict(Post(kBody)).status, 503);
  service.Show(ServedSmallModel());
  const std::string bad = R"({"instances": [{"spend": 1, "items": null, "gap": 3, "hour": 4}]})";
  EXPECT_EQ(service.Predict(Post(bad)).status, 400);
  EXPECT_EQ(service.Invocations(Post("x", "text/plain")).status, 415);
  EXPECT_EQ(service.Predict(Post(kBody)).status, 200);
  const auto lines = [&](http::NameValues query) {
    query.push_back({"format", "jsonl"});
    const http::Response response = service.Requests(Get(query));
    EXPECT_EQ(*http::FindHeader(response.headers, "Content-Type"), "application/x-ndjson");
    return response.body;
  };
  const std::string all = lines({});
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 5);
  const json refused = json::parse(lines({{"status", "400"}}));
  EXPECT_EQ(refused["reason"], "VALUE_INVALID");
  EXPECT_EQ(refused["model_version"], "models/m/versions/1");
  EXPECT_THAT(refused["message"].get<std::string>(), HasSubstr("items"));
  EXPECT_EQ(json::parse(lines({{"status", "503"}}))["model_version"], "");
  EXPECT_EQ(json::parse(lines({{"status", "415"}}))["reason"], "REQUEST_MALFORMED");
  EXPECT_EQ(json::parse(lines({{"limit", "1"}}))["inputs"]["spend"], 90000);
  EXPECT_EQ(lines({{"since", "2199-01-01T00:00:00Z"}}), "");
  EXPECT_THAT(service.Requests(Get({})).body, HasSubstr("\n2,90000,0,-3,23\n"));
}

TEST(PredictionServiceTest, AQueryThatIsNoneIsRefusedByItsName) {
  PredictionService service({});
  for (const auto& [name, value] : {std::pair("since", "yesterday"), std::pair("segment", "-1"),
                                    std::pair("status", "ok"), std::pair("limit", "")}) {
    const http::Response response = service.Requests(Get({{name, value}}));
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(json::parse(response.body)["error"]["field"], name);
  }
}

TEST(PredictionServiceTest, RowsOfTheLogComeIntoItsFileToo) {
  const testing::TempFolder folder;
  {
    PredictionService service({.log_capacity = 0});
    service.KeepLogIn(*RequestLogFile::Open({.path = folder / "log"}));
    service.Show(ServedSmallModel());
    EXPECT_EQ(service.Predict(Post(kBody)).status, 200);
    EXPECT_EQ(service.Predict(Post("{}")).status, 400);
    EXPECT_THAT(service.Metrics().body,
                HasSubstr("cairn_serving_log_file_rows_total{result=\"dropped\"} 0\n"));
  }
  const std::string text = *ReadFile(folder / "log");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, HasSubstr(R"("inputs":{"spend":90000,"items":0,"gap":-3,"hour":23}})"));
  EXPECT_THAT(text, HasSubstr(R"("status":400,)"));
}

// Two models in turn, while four threads ask: an answer is wholly that of the model that it names.
TEST(PredictionServiceTest, SwapsLoseNoRequestAndMixNoAnswer) {
  PredictionService service({.log_capacity = 100});
  const ModelPtr models[] = {ServedSmallModel("v1"), ServedOtherModel("v2")};
  std::map<std::string, std::string> expected;
  for (const ModelPtr& model : models) {
    service.Show(model);
    expected[model->version()] = service.Predict(Post(kBody)).body;
  }
  ASSERT_NE(expected["v1"], expected["v2"]);
  std::atomic<bool> over = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> answers[2] = {0, 0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const http::Request request = Post(kBody);
      while (!over) {
        const http::Response response = service.Predict(request);
        const std::string version = VersionOf(response);
        const auto body = expected.find(version);
        if (response.status != 200 || body == expected.end() || response.body != body->second) {
          ++wrong;
        }
        ++answers[version == "v1" ? 0 : 1];
      }
    });
  }
  for (int i = 0; i < 1000; ++i) {
    const int before = answers[i % 2];
    service.Show(models[i % 2]);
    while (answers[i % 2] == before) std::this_thread::yield();
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(service.Metrics().body, HasSubstr("cairn_serving_model_swaps_total 1001\n"));
}

class ServingPortTest : public ::testing::Test {
 protected:
  ServingPortTest() {
    service_.Show(ServedSmallModel());
    http::HttpServerOptions options;
    options.limits.max_body_bytes = 1 << 20;
    options.observe = [this](const http::RequestRecord& record) { service_.Observe(record); };
    server_ = *http::HttpServer::Start(std::move(options), *MakeRoutes(service_));
  }
  std::string Exchange(const std::string& path, const std::string& body,
                       const std::string& type = "application/json") const {
    return testing::HttpExchange(server_->address(),
                                 "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " +
                                     type + "\r\nContent-Length: " + std::to_string(body.size()) +
                                     "\r\nConnection: close\r\n\r\n" + body);
  }
  static json BodyOf(const std::string& answer) {
    return json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
  }

  PredictionService service_{{.max_instances = 10'000}};
  std::unique_ptr<http::HttpServer> server_;
};

TEST_F(ServingPortTest, AnswersAreThoseOfThePredictorBitForBit) {
  constexpr Eigen::Index kRows = 1000;
  std::mt19937 random(5);
  std::uniform_real_distribution<double> value(-1e4, 1e4);
  model::Matrix raw(kRows, 4);
  for (double& x : raw.reshaped()) x = value(random);
  std::string body = R"({"dataframe_split":{"columns":["spend","items","gap","hour"],"data":[)";
  for (Eigen::Index i = 0; i < kRows; ++i) {
    body += i == 0 ? "[" : ",[";
    for (Eigen::Index j = 0; j < 4; ++j) body += (j == 0 ? "" : ",") + ShortestDouble(raw(i, j));
    body += "]";
  }
  const json answer = BodyOf(Exchange("/predict", body + "]}}"));
  const auto expected = service_.model()->predictor().Predict(raw);
  ASSERT_TRUE(expected.ok());
  ASSERT_EQ(answer["predictions"].size(), static_cast<size_t>(kRows));
  for (Eigen::Index i = 0; i < kRows; ++i) {
    const json& one = answer["predictions"][static_cast<size_t>(i)];
    const int32_t segment = expected->segments[static_cast<size_t>(i)];
    ASSERT_EQ(one["segment"], segment);
    ASSERT_EQ(std::bit_cast<uint64_t>(one["distance"].get<double>()),
              std::bit_cast<uint64_t>(expected->distances(i, segment)));
  }
}

TEST_F(ServingPortTest, WhatIsNotTakenIsRefusedWithItsStatus) {
  EXPECT_THAT(Exchange("/predict", kBody), HasSubstr("Cairn-Model-Version: models/m/versions/1"));
  EXPECT_THAT(Exchange("/predict", "a,b\n", "text/csv"), HasSubstr("HTTP/1.1 415 "));
  EXPECT_THAT(Exchange("/health", "{}"), HasSubstr("HTTP/1.1 405 "));
  EXPECT_THAT(Exchange("/nowhere", "{}"), HasSubstr("HTTP/1.1 404 "));
  const std::string large = Exchange("/predict", std::string((1 << 20) + 1, ' '));
  EXPECT_THAT(large, HasSubstr("HTTP/1.1 413 "));
  EXPECT_THAT(large, HasSubstr("at most 1048576 bytes"));
}

TEST_F(ServingPortTest, AValueAtNoFiniteDistanceIsRefusedAndTheAnswerIsJson) {
  const std::string answer = Exchange("/predict", R"({"instances": [[1,2,3,1e300]]})");
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 400 "));
  EXPECT_EQ(BodyOf(answer)["error"]["field"], "hour");
}

TEST_F(ServingPortTest, EveryPageIsServed) {
  for (const char* path : {"/", "/health", "/ping", "/version", "/metrics", "/requests",
                           "/requests?format=json", "/openapi.json"}) {
    EXPECT_THAT(testing::HttpGet(server_->address(), path), HasSubstr("HTTP/1.1 200 ")) << path;
  }
  const std::string metrics = testing::HttpGet(server_->address(), "/metrics");
  EXPECT_THAT(metrics, HasSubstr("cairn_serving_requests_total{route=\"/ping\",code=\"200\"} 1\n"));
}

}  // namespace
}  // namespace cairn::pipeline::serving
