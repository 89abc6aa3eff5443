// What is found below the paths a person gave, and what is refused.

#include "client-cli/commands/local_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/testing/server_process.h"

namespace cairn::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LocalFilesTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_ / "d"); }

  void Write(const std::string& name) const { std::ofstream(folder_ / name) << name; }

  absl::StatusOr<LocalFiles> Find(bool follow_links = false) const {
    return FindLocalFiles({folder_ / "d"}, "", follow_links);
  }

  static std::vector<std::string> Paths(const absl::StatusOr<LocalFiles>& found) {
    std::vector<std::string> paths;
    if (found.ok()) {
      for (const auto& item : found->items) paths.push_back(item.path);
    }
    return paths;
  }

  std::string Refusal(bool follow_links = false) const {
    const auto found = Find(follow_links);
    return found.ok() ? "" : std::string(found.status().message());
  }

  const testing::TempFolder folder_;
};

TEST_F(LocalFilesTest, NamesReachTheTreeAsTheyAre) {
  for (const char* name : {"100%25.txt", "a%20b.txt", "a b.txt", "a%2Fb.txt", "q?", "a:1.png"}) {
    Write(std::string("d/") + name);
  }
  EXPECT_THAT(Paths(Find()), ElementsAre("d/100%25.txt", "d/a b.txt", "d/a%20b.txt", "d/a%2Fb.txt",
                                         "d/a:1.png", "d/q?"));
}

TEST_F(LocalFilesTest, EmptyFilesAreKeptAndEmptyDirectoriesNamed) {
  const std::ofstream empty(folder_ / "d/empty");
  std::filesystem::create_directories(folder_ / "d/sub/hollow");
  const auto found = Find();
  EXPECT_THAT(Paths(found), ElementsAre("d/empty"));
  EXPECT_THAT(found->empty_folders, ElementsAre(folder_ / "d/sub/hollow"));
}

TEST_F(LocalFilesTest, NothingIsLeftOutInSilenceAndAllOfItIsNamedAtOnce) {
  Write("d/file");
  Write("d/name\xe9");
  std::filesystem::create_directories(folder_ / "other");
  std::filesystem::create_symlink("file", folder_ / "d/link");
  std::filesystem::create_directory_symlink("../other", folder_ / "d/folder_link");
  std::filesystem::create_symlink("nowhere", folder_ / "d/dangling");
  ASSERT_EQ(::mkfifo((folder_ / "d/pipe").c_str(), 0600), 0);
  const std::string message = Refusal();
  for (const char* part : {"4 entries", "folder_link is a link to a directory",
                           "dangling is a link that leads nowhere", "pipe is a pipe",
                           "must be UTF-8", "--follow-links"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
}

TEST_F(LocalFilesTest, WhatIsNoRegularFileIsRefusedWithWhatToDo) {
  ASSERT_EQ(::mkfifo((folder_ / "d/pipe").c_str(), 0600), 0);
  for (const std::string& path : {std::string(folder_ / "d/pipe"), std::string("/dev/null")}) {
    const auto found = FindLocalFiles({path}, "", false);
    EXPECT_THAT(std::string(found.status().message()),
                AllOf(HasSubstr(path), HasSubstr("no regular file"), HasSubstr("to a file first")));
  }
  EXPECT_EQ(FindLocalFiles({""}, "", false).status().message(), "the path of a file is empty");
}

TEST_F(LocalFilesTest, LinksAreFollowedWhenAskedButNotInCircles) {
  std::filesystem::create_directories(folder_ / "other");
  Write("other/file");
  std::filesystem::create_directory_symlink("../other", folder_ / "d/one");
  std::filesystem::create_directory_symlink("../other", folder_ / "d/two");
  EXPECT_THAT(Paths(Find(/*follow_links=*/true)), ElementsAre("d/one/file", "d/two/file"));
  std::filesystem::create_directory_symlink("../d", folder_ / "other/back");
  EXPECT_THAT(Refusal(/*follow_links=*/true), HasSubstr("leads to a directory that it is in"));
}

}  // namespace
}  // namespace cairn::cli
