#include "lib/http/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lib/http/gzip.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<Route> Routes() {
  return {
      {"GET", "/echo/{text}", "echo.read",
       [](const Request& r) { return TextResponse(std::string(r.Param("text"))); }},
      {"POST", "/echo", "echo.write", [](const Request& r) { return JsonResponse(r.body); }},
      {"POST", "/bytes", "echo.write", [](const Request& r) { return TextResponse(r.body); }, ""},
      {"GET", "/throw", "echo.read",
       [](const Request&) -> Response { throw std::runtime_error("secret"); }},
      {"GET", "/split", "echo.read",
       [](const Request&) {
         Response response = TextResponse("x");
         response.headers.push_back({"X-Evil", "a\r\nSet-Cookie: b"});
         return response;
       }},
      {"GET", "/page", "echo.read",
       [](const Request&) {
         Response response = TextResponse("<p>", "text/html");
         response.headers.push_back({"Content-Security-Policy", "default-src 'self'"});
         return response;
       }},
  };
}

// Of a route that answers at once.
Dispatcher::Result HandleNow(const Dispatcher& dispatcher, Request request,
                             bool needs_host = true) {
  Dispatcher::Result now;
  dispatcher.Handle(std::move(request), needs_host, nullptr,
                    [&now](Dispatcher::Result result) { now = std::move(result); });
  return now;
}

class DispatcherTest : public ::testing::Test {
 protected:
  static Request MakeRequest(std::string method, std::string target, std::string body = "") {
    Request request;
    request.method = std::move(method);
    request.path = std::move(target);
    request.headers = {{"host", "localhost:5000"}};
    if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    request.body = std::move(body);
    return request;
  }

  Response Handle(Request request) { return HandleNow(dispatcher_, std::move(request)).response; }

  Dispatcher dispatcher_{*Router::Create(Routes()), HostPolicy("127.0.0.1", {}), nullptr};
};

TEST_F(DispatcherTest, AnswersWithTheParameterDecodedOnce) {
  const Response response = Handle(MakeRequest("GET", "/echo/a%2525b"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "a%25b");
}

TEST_F(DispatcherTest, LargeAnswersArePackedForWhoTakesThat) {
  const std::string body = "[" + std::string(2000, '1') + "]";
  Request request = MakeRequest("POST", "/echo", body);
  EXPECT_EQ(Handle(request).body, body);
  request.headers.push_back({"Accept-Encoding", "br, gzip"});
  const Response packed = Handle(request);
  EXPECT_EQ(*FindHeader(packed.headers, "Content-Encoding"), "gzip");
  EXPECT_EQ(*FindHeader(packed.headers, "Vary"), "Accept-Encoding");
  EXPECT_EQ(*Gunzip(packed.body, {}), body);
  request.body = "[1]";
  EXPECT_EQ(Handle(request).body, "[1]");
}

TEST_F(DispatcherTest, UnknownPathIsAJsonErrorThatRepeatsNothing) {
  const Response response = Handle(MakeRequest("GET", "/nothing<script>"));
  EXPECT_EQ(response.status, 404);
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["error"]["code"], 404);
  EXPECT_EQ(body["error"]["status"], "NOT_FOUND");
  EXPECT_THAT(response.body, Not(HasSubstr("script")));
}

TEST_F(DispatcherTest, WrongMethodNamesTheRightOnes) {
  const Response response = Handle(MakeRequest("DELETE", "/echo/x"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(*FindHeader(response.headers, "allow"), "GET, HEAD");
}

TEST_F(DispatcherTest, BodyMustHaveTheTypeOfTheRoute) {
  Request form = MakeRequest("POST", "/echo", "{}");
  SetHeader(form.headers, "Content-Type", "text/plain");
  EXPECT_EQ(Handle(form).status, 415);
  SetHeader(form.headers, "content-type", "Application/JSON; charset=utf-8");
  EXPECT_EQ(Handle(form).status, 200);
  Request bytes = MakeRequest("POST", "/bytes", "raw");
  SetHeader(bytes.headers, "Content-Type", "application/octet-stream");
  EXPECT_EQ(Handle(bytes).status, 200);
}

TEST_F(DispatcherTest, ForeignHostAndOriginAreForbidden) {
  Request request = MakeRequest("GET", "/echo/x");
  SetHeader(request.headers, "Host", "attacker.example");
  EXPECT_EQ(Handle(request).status, 403);
  request = MakeRequest("GET", "/echo/x");
  request.headers.push_back({"Origin", "https://attacker.example"});
  EXPECT_EQ(Handle(request).status, 403);
}

TEST_F(DispatcherTest, ExactlyOneHostHeader) {
  Request request = MakeRequest("GET", "/echo/x");
  request.headers.push_back({"Host", "localhost"});
  EXPECT_EQ(Handle(request).status, 400);
  request.headers.clear();
  EXPECT_EQ(Handle(request).status, 400);
  EXPECT_EQ(HandleNow(dispatcher_, request, /*needs_host=*/false).response.status, 200);
}

TEST_F(DispatcherTest, ExceptionBecomes500AndKeepsItsTextInside) {
  const Response response = Handle(MakeRequest("GET", "/throw"));
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
}

TEST_F(DispatcherTest, HeaderInjectionBecomes500) {
  const Response response = Handle(MakeRequest("GET", "/split"));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(FindHeader(response.headers, "X-Evil"), nullptr);
}

TEST_F(DispatcherTest, SecurityHeadersAreOnEveryAnswerAndTheHandlersOwnStay) {
  for (const char* path : {"/echo/x", "/missing", "/throw"}) {
    const Response response = Handle(MakeRequest("GET", path));
    ASSERT_NE(FindHeader(response.headers, "X-Content-Type-Options"), nullptr) << path;
    EXPECT_EQ(*FindHeader(response.headers, "X-Content-Type-Options"), "nosniff");
  }
  const Response page = Handle(MakeRequest("GET", "/page"));
  EXPECT_EQ(*FindHeader(page.headers, "Content-Security-Policy"), "default-src 'self'");
}

TEST_F(DispatcherTest, AuthorizerSeesThePermissionOfTheRoute) {
  const Authorizer deny_writes = [](const Request&, std::string_view permission) {
    return permission == "echo.write" ? absl::PermissionDeniedError("not yours") : absl::OkStatus();
  };
  const Dispatcher guarded(*Router::Create(Routes()), HostPolicy("127.0.0.1", {}), deny_writes);
  EXPECT_EQ(HandleNow(guarded, MakeRequest("GET", "/echo/x")).response.status, 200);
  EXPECT_EQ(HandleNow(guarded, MakeRequest("POST", "/echo", "{}")).response.status, 403);
}

TEST_F(DispatcherTest, ResultNamesThePatternAndNotThePath) {
  EXPECT_EQ(HandleNow(dispatcher_, MakeRequest("GET", "/echo/x")).pattern, "/echo/{text}");
  EXPECT_EQ(HandleNow(dispatcher_, MakeRequest("GET", "/missing")).pattern, "");
}

TEST(ErrorResponseTest, StatusKeepsItsNameAndSurvivesTextThatIsNotUtf8) {
  const Response response = ErrorResponse(absl::AbortedError("bad \xff byte"));
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(nlohmann::json::parse(response.body)["error"]["status"], "ABORTED");
}

}  // namespace
}  // namespace cairn::http
