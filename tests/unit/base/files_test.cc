#include "lib/base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::StatusIs;

// A file without a name, gone with the object.
class OpenFile {
 public:
  OpenFile() : file_(std::tmpfile()) {}
  ~OpenFile() { std::fclose(file_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return ::fileno(file_); }

 private:
  std::FILE* file_;
};

std::string Read(int fd, int64_t offset, size_t size) {
  std::string buffer(size, '?');
  const auto have = ReadAt(fd, offset, buffer.data(), size, "a file");
  EXPECT_THAT(have, IsOk());
  buffer.resize(have.value_or(0));
  return buffer;
}

TEST(FilesTest, WhatIsWrittenAtAPlaceIsReadThere) {
  const OpenFile file;
  ASSERT_THAT(WriteAllAt(file.fd(), 3, "abcdef", "a file"), IsOk());
  ASSERT_THAT(WriteAllAt(file.fd(), 5, "XY", "a file"), IsOk());
  EXPECT_EQ(Read(file.fd(), 3, 6), "abXYef");
  EXPECT_EQ(Read(file.fd(), 0, 4), std::string("\0\0\0a", 4));
  EXPECT_EQ(::lseek(file.fd(), 0, SEEK_CUR), 0);
}

TEST(FilesTest, FewerBytesAreReadOnlyAtTheEnd) {
  const OpenFile file;
  ASSERT_THAT(WriteAllAt(file.fd(), 0, "abc", "a file"), IsOk());
  EXPECT_EQ(Read(file.fd(), 1, 10), "bc");
  EXPECT_EQ(Read(file.fd(), 3, 10), "");
  EXPECT_EQ(Read(file.fd(), 100, 10), "");
  EXPECT_EQ(Read(file.fd(), 0, 0), "");
}

TEST(FilesTest, MoreThanASystemCallMovesAtOnceArrivesWhole) {
  const OpenFile file;
  std::string bytes(std::size_t{5} << 20, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  ASSERT_THAT(WriteAllAt(file.fd(), 11, bytes, "a file"), IsOk());
  EXPECT_TRUE(Read(file.fd(), 11, bytes.size() + 1) == bytes);
}

TEST(FilesTest, ErrorsNameTheFileAndWhatWasDone) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // has no places
  char byte = 0;
  const absl::Status read = ReadAt(ends[0], 1, &byte, 1, "the/pipe").status();
  EXPECT_TRUE(HasReason(read, ErrorReason::FILE_ERROR)) << read;
  EXPECT_EQ(MetadataOf(read, "path"), "the/pipe");
  EXPECT_EQ(MetadataOf(read, "action"), "read");
  const absl::Status write = WriteAllAt(ends[1], 1, "x", "the/pipe");
  EXPECT_TRUE(HasReason(write, ErrorReason::FILE_ERROR)) << write;
  EXPECT_EQ(MetadataOf(write, "action"), "write");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(FilesTest, AFullDiskIsSaidToBeFull) {
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (fd < 0) GTEST_SKIP() << "no /dev/full";
  const absl::Status status = WriteAllAt(fd, 0, "x", "/dev/full");
  EXPECT_TRUE(HasReason(status, ErrorReason::DISK_FULL)) << status;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  ::close(fd);
}

}  // namespace
}  // namespace cairn
