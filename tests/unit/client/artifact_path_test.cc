#include "lib/client/artifact_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace cairn::client {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(ArtifactPathTest, ATreeMayNotHoldAFileInsideAFile) {
  EXPECT_THAT(ValidateTree({"a/b", "a/c", "b"}), IsOk());
  EXPECT_THAT(ValidateTree({"a", "a"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ValidateTree({"a/b/c", "a"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ValidateTree({"a", "a.b", "a-b"}), IsOk());
}

}  // namespace
}  // namespace cairn::client
