#include "server/mlflow/artifact_headers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cairn::mlflow {
namespace {

http::Request Asking(const std::string& range) {
  http::Request request;
  request.headers.push_back({"Range", range});
  return request;
}

TEST(ArtifactHeaders, TypesAreThoseOfNames) {
  for (const char* text : {"MLmodel", "a/b.yaml", "x.JSON", "a.py", "a.txt", "a.js", "a.csv"}) {
    EXPECT_EQ(MediaTypeOf(text), "text/plain") << text;
  }
  EXPECT_EQ(MediaTypeOf("a/plot.png"), "image/png");
  EXPECT_EQ(MediaTypeOf("page.html"), "text/html");
  EXPECT_EQ(MediaTypeOf("model.pkl"), "application/octet-stream");
  EXPECT_EQ(MediaTypeOf("a.png/data"), "application/octet-stream");
}

TEST(ArtifactHeaders, OneRangeIsUnderstood) {
  struct Case {
    std::string header;
    int status;
    int64_t begin;
    int64_t size;
  };
  const std::vector<Case> cases = {
      {"bytes=0-9", 206, 0, 10},   {"bytes=5-", 206, 5, 95},
      {"bytes=-10", 206, 90, 10},  {"bytes=-1000", 206, 0, 100},
      {"bytes=99-99", 206, 99, 1}, {"bytes=90-1000", 206, 90, 10},
      {"bytes=100-", 416, 0, 0},   {"bytes=-0", 416, 0, 0},
      {"bytes=9-5", 200, 0, 100},  {"bytes=0-1,4-5", 200, 0, 100},
      {"bytes=", 200, 0, 100},     {"bytes=-", 200, 0, 100},
      {"lines=0-1", 200, 0, 100},  {"bytes=a-b", 200, 0, 100},
      {"bytes=--5", 200, 0, 100},  {"bytes=0-99999999999999999999", 200, 0, 100},
  };
  for (const Case& c : cases) {
    const RangeAnswer answer = RangeOf(Asking(c.header), 100, "\"e\"");
    EXPECT_EQ(answer.status, c.status) << c.header;
    EXPECT_EQ(answer.range.begin, c.begin) << c.header;
    EXPECT_EQ(answer.range.size, c.size) << c.header;
  }
  EXPECT_EQ(RangeOf(http::Request(), 100, "\"e\"").status, 200);
  EXPECT_EQ(RangeOf(Asking("bytes=0-"), 0, "\"e\"").status, 416);
}

TEST(ArtifactHeaders, ARangeOfOtherContentIsTheWholeFile) {
  http::Request request = Asking("bytes=0-9");
  request.headers.push_back({"If-Range", "\"old\""});
  EXPECT_EQ(RangeOf(request, 100, "\"new\"").status, 200);
  EXPECT_EQ(RangeOf(request, 100, "\"old\"").status, 206);
}

TEST(ArtifactHeaders, ADownloadIsAnAttachmentThatMayDoNothing) {
  v1::ArtifactFile file;
  file.set_path("dir/gr\xc3\xbc\xc3\x9f\"e.html");
  file.mutable_digest()->set_size_bytes(100);
  const http::NameValues headers = DownloadHeaders(file, {206, {10, 20}});
  const auto value = [&](const char* name) {
    const std::string* found = http::FindHeader(headers, name);
    return found == nullptr ? "" : *found;
  };
  EXPECT_EQ(value("Content-Disposition"),
            "attachment; filename=\"gr_____e.html\"; filename*=UTF-8''gr%C3%BC%C3%9F%22e.html");
  EXPECT_EQ(value("Content-Length"), "20");
  EXPECT_EQ(value("Content-Range"), "bytes 10-29/100");
  EXPECT_EQ(value("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(value("Content-Security-Policy").find("sandbox"), 0u);
}

}  // namespace
}  // namespace cairn::mlflow
