// The methods over HTTP as Connect has them, with the real server.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/auth.pb.h"
#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/server.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "cairn/v1/watch.pb.h"
#include "google/longrunning/operations.pb.h"
#include "google/rpc/error_details.pb.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/http/gzip.h"
#include "tests/testing/connect_call.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/tally.h"

namespace cairn {
namespace {

using google::protobuf::MethodDescriptor;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ProgramResult;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kCreate = "/cairn.v1.TrackingService/CreateExperiment";
constexpr const char* kGet = "/cairn.v1.TrackingService/GetExperiment";

// Of the services of the API, which stand in the files of these messages.
std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const auto* message :
       {v1::CreateExperimentRequest::descriptor(), v1::ListDatasetsRequest::descriptor(),
        v1::BatchUpdateBlobsRequest::descriptor(), v1::CreateModelRequest::descriptor(),
        v1::ApplyPolicyRequest::descriptor(), v1::GetServerInfoRequest::descriptor(),
        v1::WhoAmIRequest::descriptor(), v1::WatchRequest::descriptor(),
        google::longrunning::GetOperationRequest::descriptor()}) {
    const auto* file = message->file();
    EXPECT_EQ(file->service_count(), 1) << file->name();
    for (int i = 0; file->service_count() > 0 && i < file->service(0)->method_count(); ++i) {
      methods.push_back(file->service(0)->method(i));
    }
  }
  return methods;
}

std::string PathOf(const MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

bool Streams(const MethodDescriptor& method) {
  return method.client_streaming() || method.server_streaming();
}

struct Answer {
  int status = 0;
  std::string headers;
  std::string body;

  Json json() const { return Json::parse(body, nullptr, /*allow_exceptions=*/false); }
};

class ConnectTest : public ::testing::Test {
 protected:
  explicit ConnectTest(const std::vector<std::string>& flags = {})
      : server_(folder_ / "store", flags) {}

  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  Answer Exchange(const std::string& request) const {
    const std::string text = testing::HttpExchange(server_.http_address(), request);
    const size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos || text.size() < 12) return {};
    return {std::stoi(text.substr(9, 3)), text.substr(0, end), text.substr(end + 4)};
  }

  // `headers` end in line breaks.
  Answer Post(const std::string& path, const std::string& body,
              const std::string& type = "application/json", const std::string& headers = "") const {
    return Exchange("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                    (type.empty() ? "" : "Content-Type: " + type + "\r\n") + headers +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  Answer Get(const std::string& target, const std::string& headers = "") const {
    return Exchange("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                    headers + "\r\n");
  }

  const TempFolder folder_;
  ServerProcess server_;
};

TEST_F(ConnectTest, EveryMethodAnswersOrRefusesAsConnectDoes) {
  const std::set<int> refusals = {400, 404, 409, 429, 501};
  size_t answered = 0;
  for (const MethodDescriptor* method : AllMethods()) {
    SCOPED_TRACE(method->full_name());
    const Answer answer = Post(PathOf(*method), "{}");
    if (Streams(*method)) {
      EXPECT_EQ(answer.status, 415) << answer.body;
      EXPECT_THAT(answer.headers,
                  HasSubstr("Accept-Post: application/connect+json, application/connect+proto"));
      continue;
    }
    const Json json = answer.json();
    ASSERT_TRUE(json.is_object()) << answer.headers << answer.body;
    EXPECT_THAT(answer.headers, HasSubstr("application/json"));
    if (answer.status == 200) {
      ++answered;
      continue;
    }
    EXPECT_EQ(refusals.count(answer.status), 1u) << answer.status << answer.body;
    EXPECT_TRUE(json["code"].is_string() && json["message"].is_string()) << answer.body;
    EXPECT_NE(json["code"], "unimplemented") << answer.body;
  }
  EXPECT_GT(answered, 10u);
}

TEST_F(ConnectTest, OnlyWhatOnlyReadsIsForGet) {
  for (const MethodDescriptor* method : AllMethods()) {
    if (method->service()->full_name() == "google.longrunning.Operations") continue;
    const bool reads =
        method->options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
    const Answer answer = Get(PathOf(*method) + "?encoding=json&message=%7B%7D");
    EXPECT_EQ(answer.status != 405, reads && !Streams(*method)) << method->full_name();
  }
}

TEST_F(ConnectTest, WhatJsonMadeIsReadInEveryForm) {
  const Answer made =
      Post(kCreate, R"({"experiment": {"displayName": "connect"}, "ofAnotherVersion": 1})",
           "application/json; charset=utf-8", "Connect-Protocol-Version: 1\r\n");
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string name = made.json()["name"];
  EXPECT_THAT(made.json()["etag"].get<std::string>(), ::testing::Not(::testing::IsEmpty()));

  v1::GetExperimentRequest request;
  request.set_name(name);
  const std::string bytes = request.SerializeAsString();
  const std::string json = Json{{"name", name}}.dump();
  const Answer by_get =
      Get(kGet + std::string("?connect=v1&encoding=json&message=") + PercentEncode(json));
  EXPECT_EQ(by_get.json(), made.json()) << by_get.body;
  EXPECT_EQ(
      Get(kGet + std::string("?encoding=json&base64=1&message=") + Base64UrlEncode(json)).json(),
      made.json());
  const Answer by_proto = Post(kGet, bytes, "application/proto");
  EXPECT_THAT(by_proto.headers, HasSubstr("application/proto"));
  v1::Experiment experiment;
  ASSERT_TRUE(experiment.ParseFromString(by_proto.body)) << by_proto.headers;
  EXPECT_EQ(experiment.display_name(), "connect");
  EXPECT_EQ(experiment.etag(), made.json()["etag"]);
  EXPECT_EQ(
      Get(kGet + std::string("?encoding=proto&base64=1&message=") + Base64UrlEncode(bytes)).body,
      by_proto.body);
}

TEST_F(ConnectTest, StoredBytesAreWrittenAsJsonToo) {
  const Answer run = Post("/cairn.v1.TrackingService/CreateRun",
                          R"({"parent": "experiments/0", "run": {"displayName": "first"}})");
  ASSERT_EQ(run.status, 200) << run.body;
  const Answer read =
      Post("/cairn.v1.TrackingService/GetRun", Json{{"name", run.json()["name"]}}.dump());
  EXPECT_EQ(read.status, 200) << read.body;
  EXPECT_EQ(read.json()["displayName"], "first");
}

TEST_F(ConnectTest, AnOperationIsWaitedFor) {
  const std::string path = "/google.longrunning.Operations/WaitOperation";
  const Answer made = Post("/cairn.v1.ArtifactService/ScrubBlobs", "{}");
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string request = Json{{"name", made.json()["name"]}}.dump();
  const Answer done = Post(path, request);
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.json()["done"], true) << done.body;
  EXPECT_EQ(Get(path + "?encoding=json&message=" + PercentEncode(request)).json(), done.json());
  EXPECT_EQ(Post(path, R"({"name": "operations/none"})").status, 404);
}

TEST_F(ConnectTest, MessagesAreCompressedBothWays) {
  const std::string request = http::Gzip(R"({"name": "experiments/0"})");
  EXPECT_EQ(Post(kGet, request, "application/json", "Content-Encoding: gzip\r\n").status, 200);
  EXPECT_EQ(Get(kGet + std::string("?encoding=json&compression=gzip&base64=1&message=") +
                Base64UrlEncode(request))
                .status,
            200);
  // No more than a message may have, however small it came.
  std::string many(4 << 20, ' ');
  for (size_t i = 0; i < many.size(); i += 1024) many[i] = static_cast<char>('a' + i / 1024 % 26);
  const Answer bomb =
      Post(kGet, http::Gzip(many + " "), "application/json", "Content-Encoding: gzip\r\n");
  EXPECT_EQ(bomb.json()["code"], "resource_exhausted") << bomb.body;

  const std::string text(3000, 'x');
  const Answer run =
      Post("/cairn.v1.TrackingService/CreateRun", R"({"parent": "experiments/0", "run": {}})");
  const std::string name = run.json()["name"];
  Post("/cairn.v1.TrackingService/LogBatch", Json{{"run", name}, {"params", {{"p", text}}}}.dump());
  const Answer read = Post("/cairn.v1.TrackingService/GetRun", Json{{"name", name}}.dump(),
                           "application/json", "Accept-Encoding: gzip\r\n");
  EXPECT_THAT(read.headers, HasSubstr("Content-Encoding: gzip"));
  EXPECT_LT(read.body.size(), 1500u);
  const auto unpacked = http::Gunzip(read.body, {});
  ASSERT_THAT(unpacked, IsOk());
  EXPECT_EQ(Json::parse(*unpacked)["params"]["p"], text);
}

TEST_F(ConnectTest, LargeMessagesAreTakenUpToTheLimitOfMessages) {
  Json request = {{"parent", "experiments/0"}};
  std::string padded = request.dump();
  padded.insert(1, std::string((4 << 20) - padded.size(), ' '));
  const Answer answer = Post("/cairn.v1.TrackingService/CreateRun", padded);
  EXPECT_NE(answer.status, 413) << answer.body;
  EXPECT_EQ(Post("/cairn.v1.TrackingService/CreateRun", padded + " ").status, 413);
}

TEST_F(ConnectTest, LargeChangesAndAnswersAreTakenAndGivenInJson) {
  const Answer run =
      Post("/cairn.v1.TrackingService/CreateRun", R"({"parent": "experiments/0", "run": {}})");
  Json batch = {{"run", run.json()["name"]}};
  for (int i = 0; i < 500; ++i) {
    batch["params"]["p" + std::to_string(i)] = std::string(3000, 'x');
  }
  const Answer logged = Post("/cairn.v1.TrackingService/LogBatch", batch.dump());
  EXPECT_EQ(logged.status, 200) << logged.body;
  const Answer read =
      Post("/cairn.v1.TrackingService/GetRun", Json{{"name", run.json()["name"]}}.dump());
  EXPECT_GT(read.body.size(), 1'500'000u);
  EXPECT_EQ(read.json()["params"]["p499"], std::string(3000, 'x'));

  // Of a method whose requests wait unread over gRPC.
  const std::string data(1'000'000, 'b');
  const Json digest = {{"sha256", Sha256Hex(data)}, {"sizeBytes", std::to_string(data.size())}};
  std::string encoded = Base64UrlEncode(data);
  const Answer stored = Post("/cairn.v1.ArtifactService/BatchUpdateBlobs",
                             Json{{"entries", {{{"digest", digest}, {"data", encoded}}}}}.dump());
  EXPECT_EQ(stored.status, 200) << stored.body;
  const Answer blobs =
      Post("/cairn.v1.ArtifactService/BatchReadBlobs", Json{{"digests", {digest}}}.dump());
  EXPECT_GT(blobs.body.size(), data.size()) << blobs.body;
}

// Many at once from many connections, and the server stops in the middle: what was answered was
// answered in order, and nothing keeps it from ending.
TEST_F(ConnectTest, AStopUnderLoadEndsCleanly) {
  testing::Tally answered;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([this, i, &answered] {
      for (int k = 0;; ++k) {
        const std::string name = std::to_string(i) + "-" + std::to_string(k);
        const Answer answer = Post(kCreate, Json{{"experiment", {{"displayName", name}}}}.dump());
        if (answer.status == 0) return;  // the server has gone
        answered.Add();
      }
    });
  }
  answered.WaitFor(100);
  EXPECT_EQ(server_.Stop(), 0);
  for (std::thread& client : clients) client.join();
}

TEST_F(ConnectTest, ErrorsHaveTheDetailsThatGrpcSends) {
  const Answer answer = Post(kGet, R"({"name": "experiments/77"})");
  EXPECT_EQ(answer.status, 404);
  const Json error = answer.json();
  EXPECT_EQ(error["code"], "not_found");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("experiments/77"));
  const auto detail =
      std::find_if(error["details"].begin(), error["details"].end(),
                   [](const Json& one) { return one["type"] == "google.rpc.ErrorInfo"; });
  ASSERT_NE(detail, error["details"].end()) << answer.body;
  EXPECT_EQ((*detail)["debug"]["reason"], "EXPERIMENT_NOT_FOUND");
  std::string value = (*detail)["value"];
  for (char& c : value) c = c == '+' ? '-' : c == '/' ? '_' : c;
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(info.ParseFromString(Base64UrlDecode(value).value_or("?")));
  EXPECT_EQ(info.reason(), "EXPERIMENT_NOT_FOUND");
}

TEST_F(ConnectTest, WhatDoesNotParseIsRefusedWithAReason) {
  const auto code_of = [](const Answer& answer) {
    return std::to_string(answer.status) + " " + answer.json()["code"].get<std::string>();
  };
  EXPECT_EQ(code_of(Post(kGet, "{\"name\": ")), "400 invalid_argument");
  EXPECT_EQ(code_of(Post(kGet, "{\"name\": 5}")), "400 invalid_argument");
  EXPECT_EQ(code_of(Post(kGet, "\xff\xff", "application/proto")), "400 invalid_argument");
  EXPECT_EQ(code_of(Post(kGet, "{}", "application/json", "Connect-Protocol-Version: 2\r\n")),
            "400 invalid_argument");
  EXPECT_EQ(code_of(Post(kGet, "{}", "application/json", "Connect-Timeout-Ms: soon\r\n")),
            "400 invalid_argument");
  EXPECT_EQ(code_of(Post(kGet, "{}", "application/json", "Content-Encoding: br\r\n")),
            "501 unimplemented");
  EXPECT_EQ(code_of(Get(kGet + std::string("?encoding=json&compression=br&message=%7B%7D"))),
            "501 unimplemented");
  EXPECT_EQ(code_of(Post(kGet, "{}", "application/json", "Content-Encoding: gzip\r\n")),
            "400 invalid_argument");
  EXPECT_EQ(code_of(Get(kGet + std::string("?encoding=xml&message=%7B%7D"))),
            "400 invalid_argument");
  EXPECT_EQ(code_of(Get(kGet + std::string("?encoding=json"))), "400 invalid_argument");
  EXPECT_EQ(code_of(Get(kGet + std::string("?encoding=json&base64=1&message=%7B"))),
            "400 invalid_argument");
  for (const char* type : {"", "text/plain", "application/grpc", "application/connect+json"}) {
    const Answer answer = Post(kGet, "{}", type);
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_THAT(answer.headers, HasSubstr("Accept-Post: application/json, application/proto"));
  }
  EXPECT_EQ(Post("/cairn.v1.TrackingService/NoSuch", "{}").status, 404);
}

TEST_F(ConnectTest, ADeadlineCountsWhileTheBodyArrives) {
  testing::ConnectCall call(server_.http_address(), kCreate, "application/json",
                            "Connect-Timeout-Ms: 20\r\n");
  call.Send("{");  // and no more
  EXPECT_EQ(call.Status(), 504);
  EXPECT_THAT(call.Rest(), HasSubstr("\"code\":\"deadline_exceeded\""));
}

TEST_F(ConnectTest, WhatSaysOneThingMayNotBeThereTwice) {
  for (const char* twice : {"Connect-Timeout-Ms: 1\r\nConnect-Timeout-Ms: 9999\r\n",
                            "Connect-Protocol-Version: 1\r\nConnect-Protocol-Version: 1\r\n",
                            "Content-Encoding: gzip\r\nContent-Encoding: identity\r\n",
                            "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"}) {
    const Answer refused = Post(kCreate, "{}", "application/json", twice);
    EXPECT_EQ(refused.status, 400) << twice;
    EXPECT_EQ(refused.json()["code"], "invalid_argument") << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("REQUEST_MALFORMED"));
  }
  const Answer query = Get(std::string(kGet) + "?encoding=json&message=%7B%7D&message=%7B%7D");
  EXPECT_EQ(query.status, 400);
  EXPECT_THAT(query.body, HasSubstr("message must be there once at most"));
}

TEST_F(ConnectTest, AStopAnswersCallsWhoseRequestHasNotArrived) {
  testing::ConnectCall plain(server_.http_address(), kCreate, "application/json",
                             "Expect: 100-continue\r\n");
  EXPECT_EQ(plain.Status(), 100);
  plain.Send("{");
  testing::ConnectCall large(server_.http_address(), "/cairn.v1.ArtifactService/BatchUpdateBlobs",
                             "application/proto", "Expect: 100-continue\r\n");
  EXPECT_EQ(large.Status(), 100);
  large.Send(std::string(100'000, 'x'));
  std::thread stopper([this] { EXPECT_EQ(server_.Stop(), 0); });
  for (testing::ConnectCall* call : {&plain, &large}) {
    EXPECT_EQ(call->Status(), 503);
    const std::string body = call->Rest();
    EXPECT_THAT(body, HasSubstr("\"code\":\"unavailable\""));
    EXPECT_THAT(body, HasSubstr("SHUTTING_DOWN"));
    call->Leave();
  }
  stopper.join();
}

TEST_F(ConnectTest, ADeadlineThatIsOverEndsTheCallAndOneAheadDoesNot) {
  const Answer over =
      Post(kGet, R"({"name": "experiments/0"})", "application/json", "Connect-Timeout-Ms: 0\r\n");
  EXPECT_EQ(over.status, 504);
  EXPECT_EQ(over.json()["code"], "deadline_exceeded");
  EXPECT_EQ(Post(kGet, R"({"name": "experiments/0"})", "application/json",
                 "Connect-Timeout-Ms: 60000\r\n")
                .status,
            200);
}

TEST_F(ConnectTest, CallsAreCountedAndOtherSitesAreRefused) {
  EXPECT_EQ(Post(kGet, R"({"name": "experiments/0"})").status, 200);
  EXPECT_THAT(Get("/metrics").body, HasSubstr("cairn.v1.TrackingService/GetExperiment"));
  EXPECT_EQ(Post(kCreate, "{}", "application/json", "Origin: https://evil.example\r\n").status,
            403);
}

class ConnectCallersTest : public ConnectTest {
 protected:
  ConnectCallersTest() : ConnectTest({"--auth"}) {
    const ProgramResult made = testing::RunProgram(
        {testing::ProgramPath("cairnd"), "init", "--data-dir", folder_ / "store"});
    EXPECT_EQ(made.exit_code, 0) << made.output;
    const size_t last = made.output.rfind('\n', made.output.size() - 2);
    token_ = made.output.substr(last + 1, made.output.size() - last - 2);
  }

  // Standard base64 with padding, as clients write a user and a password.
  static std::string Basic(const std::string& pair) {
    std::string text = Base64UrlEncode(pair);
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    return "Authorization: Basic " + text + std::string((4 - text.size() % 4) % 4, '=') + "\r\n";
  }

  Answer WhoAmI(const std::string& headers) const {
    return Post("/cairn.v1.AuthService/WhoAmI", "{}", "application/json", headers);
  }

  std::string token_;
};

TEST_F(ConnectCallersTest, ATokenIsABearerTokenOrAPassword) {
  EXPECT_EQ(WhoAmI("Authorization: Bearer " + token_ + "\r\n").json()["principal"], "admin");
  for (const char* user : {"", "a", "ab", "token"}) {
    EXPECT_EQ(WhoAmI(Basic(std::string(user) + ":" + token_)).json()["principal"], "admin") << user;
  }
}

TEST_F(ConnectCallersTest, WithoutATokenEveryMethodIsUnauthenticated) {
  for (const MethodDescriptor* method : AllMethods()) {
    if (Streams(*method)) continue;
    const Answer answer = Post(PathOf(*method), "{}");
    EXPECT_EQ(answer.status, 401) << method->full_name();
    EXPECT_EQ(answer.json()["code"], "unauthenticated");
    EXPECT_THAT(answer.headers, HasSubstr("WWW-Authenticate: Bearer"));
  }
  for (const std::string& headers :
       {Basic(token_ + ":"), Basic(token_), Basic(":wrong"),
        std::string("Authorization: Basic ???\r\n"), "Authorization: " + token_ + "\r\n",
        std::string("Authorization: Bearer cairn_00000000_wrong\r\n")}) {
    EXPECT_EQ(WhoAmI(headers).status, 401) << headers;
  }
}

// Room for large bodies is kept at the head, so strangers could take all of it and send nothing.
TEST_F(ConnectCallersTest, ALargeBodyOfAStrangerIsRefusedAtItsHead) {
  const std::string head =
      "POST /cairn.v1.AuthService/WhoAmI HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
      "Content-Type: application/json\r\nContent-Length: 4194304\r\n";
  const Answer answer = Exchange(head + "\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.json()["code"], "unauthenticated");
}

}  // namespace
}  // namespace cairn
