#include "client-cli/cli/policy_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;

TEST(SplitDocumentsTest, DocumentsKeepTheirLineNumbers) {
  EXPECT_THAT(SplitDocuments("a: 1\n---\nb: 2\n"), ElementsAre("a: 1\n", "\n\nb: 2\n"));
}

TEST(SplitDocumentsTest, EmptyDocumentsAreLeftOut) {
  EXPECT_THAT(SplitDocuments("---\n# nothing\n---\na: 1"), ElementsAre("\n\n\na: 1\n"));
  EXPECT_THAT(SplitDocuments(""), IsEmpty());
  EXPECT_THAT(SplitDocuments("# only a remark\n"), IsEmpty());
}

TEST(SplitDocumentsTest, DashesInsideALineDoNotSeparate) {
  EXPECT_THAT(SplitDocuments("a: ---\n----\n"), ElementsAre("a: ---\n----\n"));
}

TEST(ReadPolicyDocumentsTest, ADirectoryIsReadInTheOrderOfItsNames) {
  const auto root =
      std::filesystem::path(::testing::TempDir()) / ("policies" + std::to_string(::getpid()));
  std::filesystem::create_directories(root);
  ASSERT_THAT(WriteFileAtomically((root / "b.yml").string(), "b: 1\n"), IsOk());
  ASSERT_THAT(WriteFileAtomically((root / "a.yaml").string(), "a: 1\n---\na: 2\n"), IsOk());
  ASSERT_THAT(WriteFileAtomically((root / "notes.txt").string(), "no\n"), IsOk());
  const auto documents = ReadPolicyDocuments(root.string());
  ASSERT_THAT(documents, IsOk());
  ASSERT_EQ(documents->size(), 3u);
  EXPECT_EQ((*documents)[0].source, "a: 1\n");
  EXPECT_EQ((*documents)[2].path, (root / "b.yml").string());
  std::filesystem::remove_all(root);
}

TEST(ReadPolicyDocumentsTest, AMissingFileIsNamed) {
  EXPECT_TRUE(
      HasReason(ReadPolicyDocuments("/nonexistent.yaml").status(), ErrorReason::FILE_ERROR));
}

}  // namespace
}  // namespace cairn::cli
