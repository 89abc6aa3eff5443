// Kinds of fault: an input that is no plain file, and one that changes while it is read.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/files.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/load.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

TEST(ChangingInput, WhatIsReadStaysWhenTheFileIsCutOff) {
  const TemporaryFolder folder;
  const std::string path = folder.File("data.csv");
  const std::string text(1 << 20, 'x');
  ASSERT_THAT(WriteFileAtomically(path, text), IsOk());
  const auto bytes = InputBytes::Read(path);
  ASSERT_THAT(bytes, IsOk());
  std::filesystem::resize_file(path, 10);
  EXPECT_EQ(bytes->view(), text);
}

TEST(ChangingInput, AFileThatGrowsShrinksOrIsRewrittenWhileItIsReadIsAnError) {
  const TemporaryFolder folder;
  const std::string path = folder.File("data.csv");
  const auto read_while = [&](const std::function<void()>& change) {
    EXPECT_THAT(WriteFileAtomically(path, "InvoiceNo\n1\n"), IsOk());
    return InputBytes::Read(path, change).status();
  };
  for (const uintmax_t size : {5, 100}) {
    const absl::Status status = read_while([&] { std::filesystem::resize_file(path, size); });
    EXPECT_EQ(InputErrorKind(status), kInputChanged) << size;
    EXPECT_THAT(std::string(status.message()), HasSubstr("data.csv changed while"));
  }
  const absl::Status rewritten = read_while([&] {
    std::filesystem::last_write_time(
        path, std::filesystem::last_write_time(path) + std::chrono::seconds(1));
  });
  EXPECT_EQ(InputErrorKind(rewritten), kInputChanged);
  EXPECT_THAT(read_while([] {}), IsOk());
}

TEST(ChangingInput, AFileThatIsReplacedWhileItIsReadGivesTheOldOne) {
  const TemporaryFolder folder;
  const std::string path = folder.File("data.csv");
  ASSERT_THAT(WriteFileAtomically(path, "old"), IsOk());
  const auto bytes =
      InputBytes::Read(path, [&] { EXPECT_THAT(WriteFileAtomically(path, "new"), IsOk()); });
  ASSERT_THAT(bytes, IsOk());
  EXPECT_EQ(bytes->view(), "old");
}

TEST(InputFromAPipe, IsReadWholeAlsoWhenASecondPassIsNeeded) {
  const TemporaryFolder folder;
  const std::string path = folder.File("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::string text(testing::kHeader);
  // The last day decides that the days come first: the file is parsed twice.
  for (int i = 0; i < 40'000; ++i)
    text += "1,20003,MUG,2,2/8/2011 10:00,2.5,13001,United Kingdom\n";
  text += "1,20003,MUG,2,25/8/2011 10:00,2.5,13001,United Kingdom\n";
  std::thread writer([&] {
    const int fd = ::open(path.c_str(), O_WRONLY);
    size_t at = 0;
    while (at < text.size()) {
      const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
      if (n <= 0) break;
      at += static_cast<size_t>(n);
    }
    ::close(fd);
  });
  const auto loaded = LoadTransactions(path);
  writer.join();
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->rows_read, 40'001u);
  EXPECT_THAT(loaded->dialect, HasSubstr("day first"));
}

TEST(InputFromAPipe, AnEmptyOneIsAnEmptyInput) {
  const TemporaryFolder folder;
  const std::string path = folder.File("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { ::close(::open(path.c_str(), O_WRONLY)); });
  const auto loaded = LoadTransactions(path);
  writer.join();
  EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("the input is empty"));
}

TEST(InputFromStandardInput, IsReadFromWhereItStands) {
  const TemporaryFolder folder;
  const std::string path = folder.File("data.csv");
  ASSERT_THAT(WriteFileAtomically(path, "skipped,read"), IsOk());
  const int saved = ::dup(STDIN_FILENO);
  const int fd = ::open(path.c_str(), O_RDONLY);
  ASSERT_EQ(::lseek(fd, 8, SEEK_SET), 8);
  ASSERT_EQ(::dup2(fd, STDIN_FILENO), STDIN_FILENO);
  const auto bytes = InputBytes::Read("-");
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
  ::close(fd);
  ASSERT_THAT(bytes, IsOk());
  EXPECT_EQ(bytes->view(), "read");
}

TEST(InputThatIsNoFile, IsRefusedByName) {
  const TemporaryFolder folder;
  const absl::Status directory = InputBytes::Read(folder.File("")).status();
  EXPECT_EQ(InputErrorKind(directory), kInputUnreadable);
  EXPECT_THAT(std::string(directory.message()), HasSubstr("is a folder"));
  const absl::Status device = InputBytes::Read("/dev/zero").status();
  EXPECT_EQ(InputErrorKind(device), kInputUnreadable);
  EXPECT_THAT(std::string(device.message()),
              HasSubstr("/dev/zero is a terminal or another device"));
  EXPECT_THAT(InputBytes::Read(folder.File("none")), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace cairn::pipeline
