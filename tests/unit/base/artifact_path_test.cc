#include "lib/base/artifact_path.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;

std::string Repeat(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(ArtifactPathTest, NamesThatAFileMayHaveAreTakenLiterally) {
  for (const std::string& path :
       {std::string("model.bin"), std::string("a/b/c.txt"), std::string("..a/.b"),
        std::string("a..b/..."), std::string("naïve"), std::string("100%25.txt"),
        std::string("a%20b.txt"), std::string("a%2Fb.txt"), std::string("%2e%2e/x"),
        std::string("q?"), std::string("h#1"), std::string("x;y"), std::string("a:1.png"),
        std::string("C:/x"), std::string(kMaxArtifactPathBytes, 'a'), Repeat("a/", 31) + "a"}) {
    EXPECT_THAT(CheckArtifactPath("path", path), IsOk()) << path;
  }
}

TEST(ArtifactPathTest, EveryRuleIsKeptAndNamed) {
  for (const std::string& path :
       {std::string(), std::string("/"), std::string("/etc/passwd"), std::string("a//b"),
        std::string("a/"), std::string("."), std::string(".."), std::string("a/../b"),
        std::string("a/./b"), std::string("C:\\x"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("a\x7f"), std::string("a\xc2\x85"), std::string("\xff"),
        std::string("\xc0\xae\xc0\xae/x"), std::string(kMaxArtifactPathBytes + 1, 'a'),
        Repeat("a/", 32) + "a"}) {
    const absl::Status status = CheckArtifactPath("path", path);
    EXPECT_TRUE(HasReason(status, ErrorReason::ARTIFACT_PATH_INVALID)) << path;
    EXPECT_NE(MetadataOf(status, "rule"), "") << path;
  }
}

}  // namespace
}  // namespace cairn
