#include "server/core/artifact_path.h"

#include "gtest/gtest.h"
#include "lib/base/errors.h"

namespace cairn::core {
namespace {

TEST(ArtifactPath, GoodPathsStayAndEscapesAreResolvedOnce) {
  for (const char* path :
       {"model.bin", "a/b/c.txt", "100% sure", "..hidden", "a..b/...", "naïve"}) {
    const auto result = NormalizeArtifactPath("path", path);
    ASSERT_TRUE(result.ok()) << path << ": " << result.status();
    EXPECT_EQ(*result, path);
  }
  EXPECT_EQ(*NormalizeArtifactPath("path", "a%2520b"), "a b");
  EXPECT_EQ(*NormalizeArtifactPath("path", *NormalizeArtifactPath("path", "a%252fb")), "a/b");
}

TEST(ArtifactPath, EveryRuleIsKeptBehindEscapesToo) {
  std::string deep = "a";
  for (int i = 0; i < kMaxArtifactPathSegments; ++i) deep += "/a";
  const std::vector<std::string> bad = {"",
                                        "/",
                                        "/etc/passwd",
                                        "a//b",
                                        "a/",
                                        ".",
                                        "..",
                                        "a/../b",
                                        "a/./b",
                                        "%2e%2e/x",
                                        "%252e%252e/x",
                                        "%25252e%25252e",
                                        "a%2f..%2fb",
                                        "C:\\x",
                                        "c:/x",
                                        "a/c:x",
                                        "a\\b",
                                        "a%5cb",
                                        "a#b",
                                        "a?b",
                                        "a;b",
                                        "a%23",
                                        "a\nb",
                                        "a%00b",
                                        std::string("a\0b", 3),
                                        "a\x7f",
                                        "\xc0\xae\xc0\xae/x",
                                        "%c0%ae",
                                        "\xff",
                                        "a\xc2\x85",
                                        std::string(kMaxArtifactPathBytes + 1, 'a'),
                                        std::string(5000, 'a'),
                                        deep};
  for (const std::string& path : bad) {
    const auto result = NormalizeArtifactPath("path", path);
    EXPECT_TRUE(HasReason(result.status(), ErrorReason::ARTIFACT_PATH_INVALID)) << path;
  }
}

TEST(ArtifactPath, WhatIsEscapedTooOftenIsRefusedSoonAndNotDecodedToItsEnd) {
  const auto escaped = [](int times) {
    std::string path = "a%";
    for (int i = 1; i < times; ++i) path += "25";
    return path + "20b";
  };
  EXPECT_EQ(*NormalizeArtifactPath("path", escaped(kMaxArtifactPathEscapes)), "a b");
  // 1,500 rounds for the whole text.
  std::string deep = "%";
  while (deep.size() + 2 <= 3 * kMaxArtifactPathBytes) deep += "25";
  for (const std::string& path : {escaped(kMaxArtifactPathEscapes + 1), deep}) {
    EXPECT_TRUE(
        HasReason(NormalizeArtifactPath("path", path).status(), ErrorReason::ARTIFACT_PATH_INVALID))
        << path;
  }
}

TEST(ArtifactPath, DirectoriesMayBeEmptyAndEndInASlash) {
  EXPECT_EQ(*NormalizeArtifactDirectory("path", ""), "");
  EXPECT_EQ(*NormalizeArtifactDirectory("path", "a/b/"), "a/b");
  EXPECT_FALSE(NormalizeArtifactDirectory("path", "/").ok());
  EXPECT_FALSE(NormalizeArtifactDirectory("path", "a//").ok());
  EXPECT_FALSE(NormalizeArtifactDirectory("path", "..").ok());
}

}  // namespace
}  // namespace cairn::core
