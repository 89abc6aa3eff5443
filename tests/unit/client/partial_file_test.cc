#include "lib/client/partial_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "lib/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/scratch_file.h"

namespace cairn::client {
namespace {

using testing::IsOk;

namespace fs = std::filesystem;

class PartialFileTest : public ::testing::Test {
 protected:
  PartialFile Open(const Digest& digest, bool keep = true) const {
    auto file = PartialFile::Open(target_, digest, keep);
    EXPECT_THAT(file, IsOk());
    return std::move(*file);
  }

  // The one file of the folder; empty for none.
  std::string OnlyFile() const {
    std::string only;
    for (const auto& entry : fs::directory_iterator(fs::path(target_).parent_path())) {
      EXPECT_EQ(only, "");
      only = entry.path().string();
    }
    return only;
  }

  const ScratchFile folder_;
  const std::string target_ = folder_.Other("model.bin");
  const std::string bytes_ = std::string(600, 'a') + std::string(400, 'b');
  const Digest digest_ = DigestOf(bytes_);
};

TEST_F(PartialFileTest, IsMovedToItsPlaceWithoutItsRecord) {
  PartialFile file = Open(digest_);
  ASSERT_THAT(file.WriteAt(0, bytes_), IsOk());
  ASSERT_THAT(file.Mark(1000), IsOk());
  EXPECT_FALSE(fs::exists(target_));
  ASSERT_THAT(file.MoveToTarget(), IsOk());
  EXPECT_EQ(*ReadFile(target_), bytes_);
  EXPECT_EQ(OnlyFile(), target_);
}

TEST_F(PartialFileTest, TheNextOneGoesOnFromTheMark) {
  {
    PartialFile file = Open(digest_);
    EXPECT_EQ(file.ready_bytes(), 0);
    ASSERT_THAT(file.WriteAt(0, std::string_view(bytes_).substr(0, 600)), IsOk());
    ASSERT_THAT(file.Mark(600), IsOk());
  }
  PartialFile file = Open(digest_);
  EXPECT_EQ(file.ready_bytes(), 600);
  std::string kept(600, '\0');
  EXPECT_EQ(*file.ReadAt(0, kept.data(), kept.size()), 600u);
  EXPECT_EQ(kept, std::string(600, 'a'));
}

TEST_F(PartialFileTest, NothingIsLeftWithoutAMarkOrWhenItIsDiscarded) {
  { ASSERT_THAT(Open(digest_).WriteAt(0, bytes_), IsOk()); }
  EXPECT_EQ(OnlyFile(), "");
  {
    PartialFile file = Open(digest_);
    ASSERT_THAT(file.Mark(600), IsOk());
    file.Discard();
  }
  EXPECT_EQ(OnlyFile(), "");
  { ASSERT_THAT(Open(digest_, false).Mark(600), IsOk()); }
  EXPECT_EQ(OnlyFile(), "");
}

TEST_F(PartialFileTest, AnotherBlobOrADamagedRecordBeginsAnew) {
  const Digest other = DigestOf(std::string(1000, 'c'));
  { ASSERT_THAT(Open(digest_).Mark(600), IsOk()); }
  EXPECT_EQ(Open(other).ready_bytes(), 0);
  for (const size_t at : {size_t{1000}, size_t{1010}, size_t{1041}, size_t{1055}}) {
    SCOPED_TRACE(at);
    { ASSERT_THAT(Open(digest_).Mark(600), IsOk()); }
    std::string record = *ReadFile(OnlyFile());
    ASSERT_EQ(record.size(), 1056u);
    record[at] = static_cast<char>(record[at] ^ 0x80);
    ASSERT_THAT(WriteFileAtomically(OnlyFile(), record), IsOk());
    EXPECT_EQ(Open(digest_).ready_bytes(), 0);
  }
}

TEST_F(PartialFileTest, TwoAtATimeDoNotShareAFile) {
  PartialFile first = Open(digest_);
  ASSERT_THAT(first.WriteAt(0, bytes_), IsOk());
  ASSERT_THAT(first.Mark(1000), IsOk());
  {
    PartialFile second = Open(digest_);
    EXPECT_EQ(second.ready_bytes(), 0);
    ASSERT_THAT(second.WriteAt(0, std::string(1000, 'x')), IsOk());
    ASSERT_THAT(second.Mark(1000), IsOk());
  }
  ASSERT_THAT(first.MoveToTarget(), IsOk());
  EXPECT_EQ(*ReadFile(target_), bytes_);
  EXPECT_EQ(OnlyFile(), target_);
}

TEST_F(PartialFileTest, ALinkInItsPlaceIsNotWrittenThrough) {
  std::string path;
  {
    PartialFile file = Open(digest_);
    ASSERT_THAT(file.Mark(600), IsOk());
    path = OnlyFile();
    file.Discard();
  }
  const ScratchFile elsewhere;
  ASSERT_THAT(WriteFileAtomically(elsewhere.path(), "victim"), IsOk());
  for (const bool symbolic : {true, false}) {
    SCOPED_TRACE(symbolic);
    if (symbolic) fs::create_symlink(elsewhere.path(), path);
    if (!symbolic) fs::create_hard_link(elsewhere.path(), path);
    {
      PartialFile file = Open(digest_);
      ASSERT_THAT(file.WriteAt(0, bytes_), IsOk());
      ASSERT_THAT(file.Mark(1000), IsOk());
    }
    EXPECT_EQ(*ReadFile(elsewhere.path()), "victim");
    fs::remove(path);
  }
}

}  // namespace
}  // namespace cairn::client
