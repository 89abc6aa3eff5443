#include "server/ui/ui_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/http/router.h"
#include "tests/testing/status_matchers.h"

namespace cairn::ui {
namespace {

using ::testing::HasSubstr;
using ::testing::IsNull;
using testing::IsOk;
using ::testing::Not;
using ::testing::NotNull;

std::vector<UiFile> Files() {
  return {{"/", "text/html", "<page>", "BR-PAGE", "GZ-PAGE"},
          {"/assets/cairn-0123.js", "text/javascript", "script", "BR-SCRIPT", "GZ-SCRIPT"}};
}

class UiRoutesTest : public ::testing::Test {
 protected:
  // What the route that answers `segments` says; 404 where there is none.
  http::Response Get(const std::vector<std::string>& segments, http::NameValues headers = {}) {
    const http::Router::Match match = router_.Find("GET", segments);
    if (match.route == nullptr) return {404, {}, ""};
    http::Request request;
    request.method = "GET";
    request.headers = std::move(headers);
    return match.route->handler(request);
  }

  static std::string Header(const http::Response& response, std::string_view name) {
    const std::string* value = http::FindHeader(response.headers, name);
    return value == nullptr ? "" : *value;
  }

  http::Router router_ = *http::Router::Create(UiRoutes(Files()));
};

TEST_F(UiRoutesTest, EveryAddressOfAPageIsAnsweredWithThePage) {
  const std::vector<std::vector<std::string>> pages = {
      {},
      {"activity"},
      {"compare"},
      {"experiments"},
      {"experiments", "0", "runs", "abc"},
      {"models", "m", "channels", "production", "decisions", "1"},
      {"datasets", "d", "versions", "3"},
      {"lineage", "models", "m", "versions", "1"}};
  for (const auto& page : pages) EXPECT_EQ(Get(page).body, "<page>");
  EXPECT_EQ(Get({"assets", "other.js"}).status, 404);
  EXPECT_EQ(Get({"somewhere"}).status, 404);
}

TEST_F(UiRoutesTest, AFileGoesInTheSmallestFormThatItsReaderTakes) {
  const std::vector<std::string> script = {"assets", "cairn-0123.js"};
  EXPECT_EQ(Get(script).body, "script");
  EXPECT_THAT(http::FindHeader(Get(script).headers, "Content-Encoding"), IsNull());
  const http::Response brotli = Get(script, {{"Accept-Encoding", "gzip, deflate, br"}});
  EXPECT_EQ(brotli.body, "BR-SCRIPT");
  EXPECT_EQ(Header(brotli, "Content-Encoding"), "br");
  EXPECT_EQ(Header(brotli, "Vary"), "Accept-Encoding");
  EXPECT_EQ(Get(script, {{"Accept-Encoding", "gzip"}}).body, "GZ-SCRIPT");
}

// The hash is that of `printf 'color: red' | openssl dgst -sha256 -binary | base64`.
TEST(UiRoutes, TheStyleThatStandsInThePageIsAllowedByItsHash) {
  const std::vector<UiFile> files = {{"/", "text/html", "<p><style>color: red</style>", "", ""}};
  const http::Router router = *http::Router::Create(UiRoutes(files));
  const http::Response page = router.Find("GET", {}).route->handler(http::Request{});
  const std::string* policy = http::FindHeader(page.headers, "Content-Security-Policy");
  ASSERT_THAT(policy, NotNull());
  EXPECT_THAT(*policy,
              HasSubstr("style-src 'self' 'sha256-NerDAUWfwD31YdZHveMrq0GLjsNFMwxLpZl0dPUeCcw=';"));
  EXPECT_THAT(*policy, Not(HasSubstr("unsafe")));
}

TEST_F(UiRoutesTest, FilesWhoseNamesHoldTheirHashAreKeptForEverAndThePageIsAskedForAgain) {
  EXPECT_THAT(Header(Get({"assets", "cairn-0123.js"}), "Cache-Control"), HasSubstr("immutable"));
  const http::Response page = Get({});
  EXPECT_EQ(Header(page, "Cache-Control"), "no-cache");
  const std::string tag = Header(page, "ETag");
  const http::Response again = Get({"models"}, {{"If-None-Match", tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Get({}, {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST_F(UiRoutesTest, ThePageMayRunAndCallItsOwnServerOnly) {
  const std::string policy = Header(Get({}), "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
}

TEST_F(UiRoutesTest, AServerWithoutUiSaysSoAtItsRoot) {
  const auto router = http::Router::Create(UiRoutes({}));
  ASSERT_THAT(router, IsOk());
  const http::Router::Match match = router->Find("GET", {});
  ASSERT_THAT(match.route, NotNull());
  EXPECT_THAT(match.route->handler({}).body, HasSubstr("without its web UI"));
  EXPECT_THAT(router->Find("GET", {"models"}).route, IsNull());
}

TEST(ChooseCodingTest, TakesWhatIsNamedAndNotRefused) {
  EXPECT_EQ(ChooseCoding(""), Coding::kNone);
  EXPECT_EQ(ChooseCoding("deflate"), Coding::kNone);
  EXPECT_EQ(ChooseCoding("*"), Coding::kBrotli);
  EXPECT_EQ(ChooseCoding("GZIP;q=0.5"), Coding::kGzip);
  EXPECT_EQ(ChooseCoding("br;q=0, gzip"), Coding::kGzip);
  EXPECT_EQ(ChooseCoding("br; q=0, gzip;q=0"), Coding::kNone);
  EXPECT_EQ(ChooseCoding("gzip, br;q=1.0"), Coding::kBrotli);
}

TEST(UiFilesTest, ThePageOfThisBuildComesFirstAndEveryFileHasAllForms) {
  const std::vector<UiFile> files = UiFiles();
  if (files.empty()) GTEST_SKIP() << "built without the UI";
  EXPECT_EQ(files[0].path, "/");
  for (const UiFile& file : files) {
    EXPECT_FALSE(file.plain.empty());
    EXPECT_LT(file.brotli.size(), file.plain.size()) << file.path;
    EXPECT_LT(file.gzip.size(), file.plain.size()) << file.path;
  }
}

}  // namespace
}  // namespace cairn::ui
