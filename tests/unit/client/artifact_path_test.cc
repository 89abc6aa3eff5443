#include "lib/client/artifact_path.h"

#include <gtest/gtest.h>

namespace cairn::client {
namespace {

TEST(ArtifactPathTest, ATreeMayNotHoldAFileInsideAFile) {
  EXPECT_TRUE(ValidateTree({"a/b", "a/c", "b"}).ok());
  EXPECT_FALSE(ValidateTree({"a", "a"}).ok());
  EXPECT_FALSE(ValidateTree({"a/b/c", "a"}).ok());
  EXPECT_TRUE(ValidateTree({"a", "a.b", "a-b"}).ok());
}

}  // namespace
}  // namespace cairn::client
