#include "lib/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "lib/http/target.h"
#include "tests/testing/status_matchers.h"

namespace cairn::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::StatusIs;

Route Make(std::string method, std::string pattern) {
  return {std::move(method), std::move(pattern), "test.read",
          [](const Request&) { return Response(); }};
}

Router MakeRouter(const std::vector<std::pair<std::string, std::string>>& table) {
  std::vector<Route> routes;
  for (const auto& [method, pattern] : table) routes.push_back(Make(method, pattern));
  return *Router::Create(std::move(routes));
}

Router::Match Find(const Router& router, std::string_view method, std::string_view path) {
  return router.Find(method, ParseTarget(path)->segments);
}

std::string PatternOf(const Router& router, std::string_view method, std::string_view path) {
  const Router::Match match = Find(router, method, path);
  return match.route == nullptr ? "none" : match.route->pattern;
}

TEST(RouterTest, TextBeatsParameterBeatsRestWhateverTheOrderOfTheTable) {
  const Router router = MakeRouter({{"GET", "/files/{path=**}"},
                                    {"GET", "/files/{name}"},
                                    {"GET", "/files/index"},
                                    {"GET", "/{folder}/index"}});
  EXPECT_EQ(PatternOf(router, "GET", "/files/index"), "/files/index");
  EXPECT_EQ(PatternOf(router, "GET", "/files/other"), "/files/{name}");
  EXPECT_EQ(PatternOf(router, "GET", "/files/a/b"), "/files/{path=**}");
  EXPECT_EQ(PatternOf(router, "GET", "/else/index"), "/{folder}/index");
}

TEST(RouterTest, ParametersCarryTheDecodedSegment) {
  const Router router = MakeRouter({{"GET", "/models/{model}/versions/{version}"}});
  const Router::Match match = Find(router, "GET", "/models/a%2Fb%25/versions/3");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(*FindExact(match.params, "model"), "a/b%");
  EXPECT_EQ(*FindExact(match.params, "version"), "3");
}

TEST(RouterTest, RestJoinsItsSegments) {
  const Router router = MakeRouter({{"GET", "/files/{path=**}"}});
  EXPECT_EQ(*FindExact(Find(router, "GET", "/files/a/b/c.txt").params, "path"), "a/b/c.txt");
  EXPECT_EQ(PatternOf(router, "GET", "/files"), "none");
  EXPECT_EQ(PatternOf(router, "GET", "/files/a//b"), "none");
}

TEST(RouterTest, EmptySegmentsMatchNothing) {
  const Router router = MakeRouter({{"GET", "/a/{x}"}, {"GET", "/a"}});
  EXPECT_EQ(PatternOf(router, "GET", "/a/"), "none");
  EXPECT_EQ(PatternOf(router, "GET", "//a"), "none");
}

TEST(RouterTest, RootPattern) {
  const Router router = MakeRouter({{"GET", "/"}});
  EXPECT_EQ(PatternOf(router, "GET", "/"), "/");
  EXPECT_EQ(PatternOf(router, "GET", "/a"), "none");
}

TEST(RouterTest, OtherMethodsOfThePathAreListedSorted) {
  const Router router = MakeRouter({{"POST", "/a"}, {"GET", "/{x}"}, {"DELETE", "/a"}});
  const Router::Match match = Find(router, "PUT", "/a");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_THAT(match.allowed, ElementsAre("DELETE", "GET", "HEAD", "POST"));
  EXPECT_THAT(Find(router, "PUT", "/b/c").allowed, IsEmpty());
}

TEST(RouterTest, LessSpecificPatternAnswersAMethodTheSpecificOneLacks) {
  const Router router = MakeRouter({{"POST", "/a/b"}, {"GET", "/a/{x}"}});
  EXPECT_EQ(PatternOf(router, "GET", "/a/b"), "/a/{x}");
  EXPECT_EQ(PatternOf(router, "HEAD", "/a/b"), "/a/{x}");
}

TEST(RouterTest, OwnHeadRouteWinsOverGet) {
  const Router router = MakeRouter({{"GET", "/a"}, {"HEAD", "/{x}"}});
  EXPECT_EQ(PatternOf(router, "HEAD", "/a"), "/{x}");
}

TEST(RouterCreateTest, RefusesTwoRoutesForTheSameRequests) {
  const auto router = Router::Create({Make("GET", "/a/{x}"), Make("GET", "/a/{y}")});
  EXPECT_THAT(router, StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RouterCreateTest, RefusesARouteWithoutPermissionOrHandler) {
  Route route = Make("GET", "/a");
  route.permission.clear();
  EXPECT_THAT(Router::Create({route}), StatusIs(absl::StatusCode::kInvalidArgument));
  route = Make("GET", "/a");
  route.handler = nullptr;
  EXPECT_THAT(Router::Create({route}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Router::Create({Make("get", "/a")}), StatusIs(absl::StatusCode::kInvalidArgument));
}

class BadPatternTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadPatternTest, IsRefusedByName) {
  const auto router = Router::Create({Make("GET", GetParam())});
  ASSERT_THAT(router, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(router.status().message()), ::testing::HasSubstr(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Forms, BadPatternTest,
                         ::testing::Values("", "a", "/a/", "//a", "/{}", "/{A}", "/{a", "/a}",
                                           "/{a=**}/b", "/{a}/{a}", "/a%20b", "/a?b"));

}  // namespace
}  // namespace cairn::http
