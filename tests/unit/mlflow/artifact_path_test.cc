#include "server/mlflow/artifact_path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

const std::string kRun = "0123456789abcdef0123456789abcdef";

TEST(ArtifactPath, PlainPathsAreTakenDecoded) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {".", ""},
      {"a.txt", "a.txt"},
      {"a/b/c.txt", "a/b/c.txt"},
      {"a/b/", "a/b"},
      {"a%20b", "a b"},
      {"a%2520b", "a b"},
      {"a%2Fb", "a/b"},
      {"100%", "100%"},
      {"100%25", "100%"},
      {"50%zz", "50%zz"},
      {"..a/b..", "..a/b.."},
      {"...", "..."},
      {"gr%C3%BC%C3%9Fe.txt",
       "gr\xc3\xbc\xc3\x9f"
       "e.txt"},
      {"profile:1.txt", "profile:1.txt"},
      {"img%step%3%timestamp%1796%2517", "img%step%3%timestamp%1796%17"},
      {"a%0Ab", "a%0ab"},
      {"a\nb", "a%0ab"},
      {"a%7Fb", "a%7fb"},
  };
  for (const auto& [sent, expected] : cases) {
    const auto path = ArtifactPathOf(sent);
    ASSERT_TRUE(path.ok()) << sent << ": " << path.status();
    EXPECT_EQ(*path, expected) << sent;
    EXPECT_EQ(*ArtifactPathOf(*path), *path) << sent;
  }
}

TEST(ArtifactPath, WhatLeadsElsewhereIsRefused) {
  std::string deep = "..";
  for (int i = 0; i < 12; ++i) {
    std::string escaped;
    for (const char c : deep) escaped += c == '.' ? "%2e" : (c == '%' ? "%25" : std::string(1, c));
    deep = escaped;
  }
  const std::vector<std::string> refused = {
      "..",
      "../a",
      "a/../b",
      "a/..",
      "a/./b",
      "./a",
      "%2e%2e/a",
      "%2E%2E%2fa",
      "%252e%252e/a",
      "%25252e%25252e%25252fa",
      "..%2fa",
      "a%2f..%2f..%2fb",
      "..%5ca",
      "..\\a",
      "a\\b",
      "/etc/passwd",
      "%2fetc/passwd",
      "//etc",
      "a//b",
      "/",
      "a//",
      "C:/a",
      "c:a",
      "C%3A/a",
      "x/C:/a",
      "file:///etc/passwd",
      "FILE:a",
      "a#b",
      "a%23b",
      "a?b",
      "a%3fb",
      "a;b",
      "a%3Bb",
      "a%00b",
      "a%2500b",
      std::string("a\0b", 3),
      "a%c2%85b",
      "%0d%0a/../b",
      "%c0%ae%c0%ae/a",
      "%c0%af",
      "\xff",
      "%ed%a0%80",
      std::string(1025, 'a'),
      deep,
      std::string(100'000, '%'),
  };
  for (const std::string& sent : refused) {
    const auto path = ArtifactPathOf(sent);
    ASSERT_FALSE(path.ok()) << sent << " became " << *path;
    EXPECT_EQ(path.status().message(), "Invalid path") << sent;
    EXPECT_EQ(ErrorCodeOf(path.status()), kInvalidParameter) << sent;
  }
}

TEST(ArtifactPath, SegmentsAreCounted) {
  std::string path = "a";
  for (int i = 1; i < 32; ++i) path += "/a";
  EXPECT_TRUE(ArtifactPathOf(path).ok());
  EXPECT_FALSE(ArtifactPathOf(path + "/a").ok());
}

TEST(ArtifactPath, AnEscapeIsUndoneTenTimesAndNotMore) {
  std::string sent = " ";
  for (int i = 0; i < kMostDecodings - 1; ++i) {
    sent = i == 0 ? "%20" : "%25" + sent.substr(1);
  }
  ASSERT_TRUE(ArtifactPathOf("a" + sent).ok());
  EXPECT_EQ(*ArtifactPathOf("a" + sent), "a ");
  EXPECT_FALSE(ArtifactPathOf("a%25" + sent.substr(1)).ok());
}

TEST(ArtifactPath, APlaceHasExperimentRunAndPath) {
  const auto file = ArtifactPlaceOf("7/" + kRun + "/artifacts/a/b%20c");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->run_id, kRun);
  EXPECT_EQ(file->run_name, "experiments/7/runs/" + kRun);
  EXPECT_EQ(file->path, "a/b c");
  for (const char* root : {"/artifacts", "/artifacts/"}) {
    const auto place = ArtifactPlaceOf("7/" + kRun + root);
    ASSERT_TRUE(place.ok()) << place.status();
    EXPECT_EQ(place->path, "");
  }
}

TEST(ArtifactPath, WhatIsNoPlaceOfARunIsNotThere) {
  const std::vector<std::string> elsewhere = {
      "",
      "7",
      "7/" + kRun,
      "7/" + kRun + "/other/a",
      "x/" + kRun + "/artifacts/a",
      "-1/" + kRun + "/artifacts/a",
      "7/" + kRun + "0/artifacts/a",
      "7/0123456789ABCDEF0123456789ABCDEF/artifacts/a",
      "7/models/m-1/artifacts/a",
      std::string(40, '7') + "/" + kRun + "/artifacts/a",
  };
  for (const std::string& sent : elsewhere) {
    const auto place = ArtifactPlaceOf(sent);
    ASSERT_FALSE(place.ok()) << sent;
    EXPECT_EQ(ErrorCodeOf(place.status()), kNotExists) << sent;
  }
  EXPECT_EQ(ArtifactPlaceOf("7/" + kRun + "/artifacts/../../x").status().message(), "Invalid path");
}

}  // namespace
}  // namespace cairn::mlflow
