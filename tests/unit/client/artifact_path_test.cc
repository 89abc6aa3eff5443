#include "lib/client/artifact_path.h"

#include <gtest/gtest.h>

namespace cairn::client {
namespace {

std::string Repeat(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(ArtifactPathTest, OrdinaryPathsAreValid) {
  for (const char* path : {"a", "model/centres.csv", "a b/ü.txt", "..a/.b", "a/b...c"}) {
    EXPECT_TRUE(ValidateArtifactPath(path).ok()) << path;
  }
  EXPECT_TRUE(ValidateArtifactPath(std::string(1024, 'a')).ok());
  EXPECT_TRUE(ValidateArtifactPath(Repeat("a/", 31) + "a").ok());
}

TEST(ArtifactPathTest, PathsThatBreakARuleAreRefused) {
  for (const std::string& path :
       {std::string(""), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("."), std::string(".."), std::string("a/../b"), std::string("a/./b"),
        std::string("a\\b"), std::string("a\nb"), std::string("a\0b", 3), std::string("\xff"),
        std::string(1025, 'a'), Repeat("a/", 32) + "a"}) {
    EXPECT_FALSE(ValidateArtifactPath(path).ok()) << path;
  }
}

TEST(ArtifactPathTest, ATreeMayNotHoldAFileInsideAFile) {
  EXPECT_TRUE(ValidateTree({"a/b", "a/c", "b"}).ok());
  EXPECT_FALSE(ValidateTree({"a", "a"}).ok());
  EXPECT_FALSE(ValidateTree({"a/b/c", "a"}).ok());
  EXPECT_TRUE(ValidateTree({"a", "a.b", "a-b"}).ok());
}

}  // namespace
}  // namespace cairn::client
