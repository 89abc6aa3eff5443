#include "lib/base/output_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::StatusIs;

namespace fs = std::filesystem;

// Every way to replace a file has to leave what is no file in its place.
class OutputFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fmt::format("{}output_file_{}.{}", ::testing::TempDir(), test->name(), ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string In(const std::string& name) const { return folder_ + "/" + name; }
  std::ptrdiff_t Entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  std::string folder_;
};

TEST_F(OutputFileTest, AppearsUnderItsNameOnlyOnceItIsClosed) {
  {
    auto file = OutputFile::Create(In("a"));
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT(file->Write("one"), IsOk());
    EXPECT_FALSE(fs::exists(In("a")));
    ASSERT_THAT(file->Write(" two"), IsOk());
    ASSERT_THAT(file->Close(), IsOk());
  }
  EXPECT_EQ(*ReadFile(In("a")), "one two");
  {
    auto file = OutputFile::Create(In("a"));
    ASSERT_TRUE(file.ok() && file->Write("lost").ok());
  }
  EXPECT_EQ(*ReadFile(In("a")), "one two");
  EXPECT_EQ(Entries(), 1);
}

TEST_F(OutputFileTest, ALinkIsFollowedAndStays) {
  fs::create_directory(In("sub"));
  ASSERT_THAT(WriteFileAtomically(In("sub/target"), "old"), IsOk());
  fs::create_symlink("sub/target", In("link"));
  fs::create_symlink(In("link"), In("link of a link"));
  ASSERT_THAT(WriteFileAtomically(In("link of a link"), "new"), IsOk());
  EXPECT_TRUE(fs::is_symlink(In("link")) && fs::is_symlink(In("link of a link")));
  EXPECT_FALSE(fs::is_symlink(In("sub/target")));
  EXPECT_EQ(*ReadFile(In("sub/target")), "new");
}

TEST_F(OutputFileTest, ALinkThatLeadsNowhereIsFollowedToo) {
  fs::create_symlink("fresh", In("link"));
  ASSERT_THAT(WriteFileAtomically(In("link"), "new"), IsOk());
  EXPECT_TRUE(fs::is_symlink(In("link")));
  EXPECT_EQ(*ReadFile(In("fresh")), "new");
}

TEST_F(OutputFileTest, LinksInACircleAreAnError) {
  fs::create_symlink(In("b"), In("a"));
  fs::create_symlink(In("a"), In("b"));
  EXPECT_TRUE(HasReason(WriteFileAtomically(In("a"), "x"), ErrorReason::FILE_ERROR));
}

TEST_F(OutputFileTest, APipeIsWrittenToAndStaysAPipe) {
  ASSERT_EQ(::mkfifo(In("pipe").c_str(), 0600), 0);
  // Open for both, so that nobody waits whatever is written.
  const int both = ::open(In("pipe").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(both, 0);
  EXPECT_THAT(WriteFileAtomically(In("pipe"), "through"), IsOk());
  EXPECT_TRUE(fs::is_fifo(In("pipe")));
  char buffer[16];
  EXPECT_EQ(::read(both, buffer, sizeof(buffer)), 7);
  EXPECT_EQ(std::string_view(buffer, 7), "through");
  EXPECT_EQ(Entries(), 1);
  ::close(both);
}

TEST_F(OutputFileTest, AnOwnDescriptorIsMeantByItsName) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_THAT(WriteFileAtomically(fmt::format("/dev/fd/{}", ends[1]), "one"), IsOk());
  fs::create_symlink(fmt::format("/proc/self/fd/{}", ends[1]), In("link"));
  ASSERT_THAT(WriteFileAtomically(In("link"), "two"), IsOk());
  char buffer[16];
  EXPECT_EQ(::read(ends[0], buffer, sizeof(buffer)), 6);
  EXPECT_EQ(std::string_view(buffer, 6), "onetwo");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(OutputFileTest, AFullDeviceIsAnErrorAndStaysADevice) {
  // A device of its own: what goes wrong here must not cost the machine /dev/full.
  if (::mknod(In("full").c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0) GTEST_SKIP();
  const int probe = ::open(In("full").c_str(), O_WRONLY | O_CLOEXEC);
  if (probe < 0) GTEST_SKIP() << "devices do not work here";
  ::close(probe);
  const absl::Status status = WriteFileAtomically(In("full"), "x");
  EXPECT_TRUE(HasReason(status, ErrorReason::DISK_FULL)) << status;
  EXPECT_TRUE(fs::is_character_file(In("full")));
}

TEST_F(OutputFileTest, ADirectoryIsRefusedByItsName) {
  const absl::Status status = WriteFileAtomically(folder_, "x");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(MetadataOf(status, "path"), folder_);
  EXPECT_EQ(Entries(), 0);
}

TEST_F(OutputFileTest, AFileThatIsReplacedPassesItsPermissionsOn) {
  ASSERT_THAT(WriteFileAtomically(In("a"), "old"), IsOk());
  ASSERT_EQ(::chmod(In("a").c_str(), 0600), 0);
  ASSERT_THAT(WriteFileAtomically(In("a"), "new"), IsOk());
  struct stat info {};
  ASSERT_EQ(::stat(In("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

}  // namespace
}  // namespace cairn
