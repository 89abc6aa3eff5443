#include "server/core/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::core {
namespace {

using testing::IsOk;

std::string Line(const std::string& path, const std::string& bytes = "x") {
  return fmt::format("{} {} {}\n", Sha256Hex(bytes), bytes.size(), path);
}

ErrorReason ReasonFor(const std::string& text, int max_files = 10) {
  const auto manifest = ParseManifest("manifest", text, max_files);
  for (const ErrorReason reason :
       {ErrorReason::VALUE_INVALID, ErrorReason::ARTIFACT_PATH_INVALID, ErrorReason::DIGEST_INVALID,
        ErrorReason::FIELD_REQUIRED, ErrorReason::TOO_LARGE}) {
    if (HasReason(manifest.status(), reason)) return reason;
  }
  ADD_FAILURE() << text << ": " << manifest.status();
  return ErrorReason::ERROR_REASON_UNSPECIFIED;
}

TEST(Manifest, TheCanonicalFormIsReadBackAsItWasWritten) {
  ArtifactFiles files;
  for (const char* path : {"b", "a b/c", "a-b", "naïve"}) {
    auto& file = *files.Add();
    file.set_path(path);
    file.mutable_digest()->set_sha256(Sha256Hex(path));
    file.mutable_digest()->set_size_bytes(path[0]);
  }
  const auto made = MakeManifest("files", files, 10);
  ASSERT_THAT(made, IsOk());
  const std::string text = CanonicalManifest(made->files);
  const auto read = ParseManifest("manifest", text, 4);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(CanonicalManifest(read->files), text);
  EXPECT_EQ(read->sha256, made->sha256);
  EXPECT_EQ(read->sha256, Sha256Hex(text));
  EXPECT_EQ(read->size_bytes, made->size_bytes);
}

TEST(Manifest, AnyOtherFormIsRefused) {
  const std::string good = Line("a");
  const std::string sha256 = Sha256Hex("x");
  EXPECT_EQ(ReasonFor(good.substr(0, good.size() - 1)), ErrorReason::VALUE_INVALID);
  EXPECT_EQ(ReasonFor(good + "\n"), ErrorReason::VALUE_INVALID);
  EXPECT_EQ(ReasonFor(sha256 + " a\n"), ErrorReason::VALUE_INVALID);
  for (const char* size : {"01", "+1", "", "1x", "-0", "99999999999999999999"}) {
    EXPECT_EQ(ReasonFor(fmt::format("{} {} a\n", sha256, size)), ErrorReason::VALUE_INVALID)
        << size;
  }
  EXPECT_EQ(ReasonFor(fmt::format("{} -1 a\n", sha256)), ErrorReason::DIGEST_INVALID);
  EXPECT_EQ(ReasonFor(fmt::format("{} 1 a\n", sha256.substr(1))), ErrorReason::DIGEST_INVALID);
  EXPECT_EQ(ReasonFor(fmt::format(" {} 1 a\n", sha256)), ErrorReason::VALUE_INVALID);
  EXPECT_EQ(ReasonFor(Line("../a")), ErrorReason::ARTIFACT_PATH_INVALID);
  EXPECT_EQ(ReasonFor(Line("a\r")), ErrorReason::ARTIFACT_PATH_INVALID);
  EXPECT_EQ(ReasonFor(Line("")), ErrorReason::ARTIFACT_PATH_INVALID);
  EXPECT_EQ(ReasonFor(""), ErrorReason::FIELD_REQUIRED);
}

TEST(Manifest, PathsStandInOrderOnceAndMakeATree) {
  EXPECT_EQ(ReasonFor(Line("b") + Line("a")), ErrorReason::VALUE_INVALID);
  EXPECT_EQ(ReasonFor(Line("a") + Line("a")), ErrorReason::VALUE_INVALID);
  EXPECT_EQ(ReasonFor(Line("a") + Line("a-b") + Line("a/b")), ErrorReason::ARTIFACT_PATH_INVALID);
  EXPECT_EQ(ReasonFor(Line("a/b") + Line("a/b!") + Line("a/b/c/d")),
            ErrorReason::ARTIFACT_PATH_INVALID);
  EXPECT_THAT(ParseManifest("manifest", Line("a-b") + Line("a/b") + Line("ab/b"), 3), IsOk());
}

TEST(Manifest, TheNumberOfFilesAndOfTheirBytesIsLimited) {
  EXPECT_THAT(ParseManifest("manifest", Line("a") + Line("b"), 2), IsOk());
  EXPECT_EQ(ReasonFor(Line("a") + Line("b"), 1), ErrorReason::TOO_LARGE);
  const std::string huge = fmt::format("{} 9223372036854775807 ", Sha256Hex("x"));
  EXPECT_THAT(ParseManifest("manifest", huge + "a\n", 2), IsOk());
  EXPECT_EQ(ReasonFor(huge + "a\n" + huge + "b\n"), ErrorReason::TOO_LARGE);
}

TEST(Manifest, FilesWhoseSizesNoNumberHoldsAreRefused) {
  ArtifactFiles files;
  for (const char* path : {"a", "b"}) {
    auto& file = *files.Add();
    file.set_path(path);
    file.mutable_digest()->set_sha256(Sha256Hex("x"));
    file.mutable_digest()->set_size_bytes(int64_t{1} << 62);
  }
  EXPECT_TRUE(HasReason(MakeManifest("files", files, 10).status(), ErrorReason::TOO_LARGE));
}

TEST(Manifest, TheVectorOfTheStorageFormatHolds) {
  const std::string text = Line("a/b", "x") + Line("c", "");
  EXPECT_EQ(ParseManifest("manifest", text, 2)->sha256,
            "2d05116abdd129dfb3d3ec7e0d8095a97ec05cd88beb65df7a41c8bf98406ae0");
}

TEST(Manifest, AFileBesideADirectoryOfItsNameIsFoundWhateverStandsBetween) {
  ArtifactFiles files;
  for (const char* path : {"x/y/z", "x/y!", "x/y", "w/y/z"}) {
    auto& file = *files.Add();
    file.set_path(path);
    file.mutable_digest()->set_sha256(Sha256Hex("x"));
    file.mutable_digest()->set_size_bytes(1);
  }
  EXPECT_TRUE(
      HasReason(MakeManifest("files", files, 10).status(), ErrorReason::ARTIFACT_PATH_INVALID));
  files.DeleteSubrange(2, 1);
  EXPECT_THAT(MakeManifest("files", files, 10), IsOk());
  files.Add()->CopyFrom(files[0]);
  EXPECT_TRUE(
      HasReason(MakeManifest("files", files, 10).status(), ErrorReason::ARTIFACT_PATH_INVALID));
}

}  // namespace
}  // namespace cairn::core
