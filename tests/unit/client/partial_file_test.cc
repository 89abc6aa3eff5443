#include "lib/client/partial_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "lib/base/files.h"
#include "tests/unit/client/scratch_file.h"

namespace cairn::client {
namespace {

namespace fs = std::filesystem;

class PartialFileTest : public ::testing::Test {
 protected:
  PartialFile Open(const Digest& digest, bool keep = true) const {
    auto file = PartialFile::Open(target_, digest, keep);
    EXPECT_TRUE(file.ok()) << file.status();
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
  ASSERT_TRUE(file.WriteAt(0, bytes_).ok());
  ASSERT_TRUE(file.Mark(1000).ok());
  EXPECT_FALSE(fs::exists(target_));
  ASSERT_TRUE(file.MoveToTarget().ok());
  EXPECT_EQ(*ReadFile(target_), bytes_);
  EXPECT_EQ(OnlyFile(), target_);
}

TEST_F(PartialFileTest, TheNextOneGoesOnFromTheMark) {
  {
    PartialFile file = Open(digest_);
    EXPECT_EQ(file.ready_bytes(), 0);
    ASSERT_TRUE(file.WriteAt(0, std::string_view(bytes_).substr(0, 600)).ok());
    ASSERT_TRUE(file.Mark(600).ok());
  }
  PartialFile file = Open(digest_);
  EXPECT_EQ(file.ready_bytes(), 600);
  std::string kept(600, '\0');
  EXPECT_EQ(*file.ReadAt(0, kept.data(), kept.size()), 600u);
  EXPECT_EQ(kept, std::string(600, 'a'));
}

TEST_F(PartialFileTest, NothingIsLeftWithoutAMarkOrWhenItIsDiscarded) {
  { ASSERT_TRUE(Open(digest_).WriteAt(0, bytes_).ok()); }
  EXPECT_EQ(OnlyFile(), "");
  {
    PartialFile file = Open(digest_);
    ASSERT_TRUE(file.Mark(600).ok());
    file.Discard();
  }
  EXPECT_EQ(OnlyFile(), "");
  { ASSERT_TRUE(Open(digest_, false).Mark(600).ok()); }
  EXPECT_EQ(OnlyFile(), "");
}

TEST_F(PartialFileTest, AnotherBlobOrADamagedRecordBeginsAnew) {
  const Digest other = DigestOf(std::string(1000, 'c'));
  { ASSERT_TRUE(Open(digest_).Mark(600).ok()); }
  EXPECT_EQ(Open(other).ready_bytes(), 0);
  for (const size_t at : {size_t{1000}, size_t{1010}, size_t{1041}, size_t{1055}}) {
    SCOPED_TRACE(at);
    { ASSERT_TRUE(Open(digest_).Mark(600).ok()); }
    std::string record = *ReadFile(OnlyFile());
    ASSERT_EQ(record.size(), 1056u);
    record[at] = static_cast<char>(record[at] ^ 0x80);
    ASSERT_TRUE(WriteFileAtomically(OnlyFile(), record).ok());
    EXPECT_EQ(Open(digest_).ready_bytes(), 0);
  }
}

TEST_F(PartialFileTest, TwoAtATimeDoNotShareAFile) {
  PartialFile first = Open(digest_);
  ASSERT_TRUE(first.WriteAt(0, bytes_).ok());
  ASSERT_TRUE(first.Mark(1000).ok());
  {
    PartialFile second = Open(digest_);
    EXPECT_EQ(second.ready_bytes(), 0);
    ASSERT_TRUE(second.WriteAt(0, std::string(1000, 'x')).ok());
    ASSERT_TRUE(second.Mark(1000).ok());
  }
  ASSERT_TRUE(first.MoveToTarget().ok());
  EXPECT_EQ(*ReadFile(target_), bytes_);
  EXPECT_EQ(OnlyFile(), target_);
}

TEST_F(PartialFileTest, ALinkInItsPlaceIsNotWrittenThrough) {
  std::string path;
  {
    PartialFile file = Open(digest_);
    ASSERT_TRUE(file.Mark(600).ok());
    path = OnlyFile();
    file.Discard();
  }
  const ScratchFile elsewhere;
  ASSERT_TRUE(WriteFileAtomically(elsewhere.path(), "victim").ok());
  for (const bool symbolic : {true, false}) {
    SCOPED_TRACE(symbolic);
    if (symbolic) fs::create_symlink(elsewhere.path(), path);
    if (!symbolic) fs::create_hard_link(elsewhere.path(), path);
    {
      PartialFile file = Open(digest_);
      ASSERT_TRUE(file.WriteAt(0, bytes_).ok());
      ASSERT_TRUE(file.Mark(1000).ok());
    }
    EXPECT_EQ(*ReadFile(elsewhere.path()), "victim");
    fs::remove(path);
  }
}

}  // namespace
}  // namespace cairn::client
