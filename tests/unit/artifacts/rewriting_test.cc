// Packs that are mostly dead are written anew, as far as there is room.

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "server/artifacts/entry_walk.h"
#include "server/artifacts/pack_file.h"
#include "server/artifacts/pack_pool.h"
#include "server/artifacts/pack_rewriter.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/artifacts/blob_life_fixture.h"

namespace cairn::artifacts {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::StatusIs;

class RewritingTest : public BlobLifeTest {};

// No file of this process grows beyond `bytes` while it stands.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*const signal_)(int);
  rlimit before_{};
};

TEST_F(RewritingTest, AReaderReadsOnWhileItsPackIsRewritten) {
  const std::string dead = Noise(3'000'000, 1), kept = Noise(600'000, 2);
  ASSERT_THAT(Upload(dead), IsOk());
  ASSERT_THAT(Upload(kept), IsOk());
  ASSERT_THAT(Refer(kept), IsOk());
  LetLeasesEnd();
  const auto reader = blobs_->OpenReader(DigestOf(kept)).value();
  std::string read;
  const auto take = [&](int64_t offset, int64_t length) {
    return reader->Read(offset, length, [&read](std::string_view bytes) {
      read += bytes;
      return absl::OkStatus();
    });
  };
  ASSERT_THAT(take(0, 300'000), IsOk());
  EXPECT_EQ(Collect().rewritten_pack_count(), 1);
  ASSERT_THAT(take(300'000, 300'000), IsOk());
  EXPECT_EQ(read, kept);
  EXPECT_EQ(Read(kept).value(), kept);
}

TEST_F(RewritingTest, APackIsRewrittenOnlyWhenMostOfItIsDead) {
  const std::string dead = Noise(100'000, 1), kept = Noise(120'000, 2);
  ASSERT_THAT(Upload(dead), IsOk());
  ASSERT_THAT(Upload(kept), IsOk());
  ASSERT_THAT(Refer(kept), IsOk());
  LetLeasesEnd();
  const auto done = Collect();
  EXPECT_EQ(done.removed_blob_count(), 1);
  EXPECT_EQ(done.rewritten_pack_count(), 0);
  EXPECT_EQ(done.freed_bytes(), 0);
}

TEST_F(RewritingTest, APackWithADamagedBlobIsLeftAlone) {
  const std::string dead = Noise(900'000, 1), kept = Noise(90'000, 2);
  ASSERT_THAT(Upload(dead), IsOk());
  ASSERT_THAT(Upload(kept), IsOk());
  ASSERT_THAT(Refer(kept), IsOk());
  LetLeasesEnd();
  const std::string path = PackPaths().at(0);
  std::string pack = ReadFile(path).value();
  pack[pack.find(kept.substr(0, 32)) + 5] ^= 1;
  ASSERT_THAT(WriteFileAtomically(path, pack), IsOk());
  Open();
  LetLeasesEnd();
  const auto done = Collect();
  EXPECT_EQ(done.rewritten_pack_count(), 0);
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_THAT(Read(kept), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(Scrub().damaged_blob_count(), 1);
}

TEST_F(RewritingTest, UploadsLeaveTheRoomThatRemovingNeeds) {
  const std::string bytes = Noise(300'000, 1), small = Noise(100, 2);
  free_bytes_ = 2 * kReserve + 99'999;
  const absl::Status full = Upload(bytes);
  EXPECT_TRUE(HasReason(full, ErrorReason::DISK_FULL)) << full;
  EXPECT_TRUE(HasReason(blobs_->PutBatch({{DigestOf(bytes), bytes}})[0], ErrorReason::DISK_FULL));
  EXPECT_THAT(Upload(small), IsOk());
  free_bytes_ = 2 * kReserve + 300'000;
  EXPECT_THAT(Upload(bytes), IsOk());
  EXPECT_EQ(Read(bytes).value(), bytes);
}

TEST_F(RewritingTest, WithoutRoomOnlyPacksWithNothingLiveAreGivenBack) {
  // One pack of 4 MiB with a live blob, one without.
  const std::string kept = Noise(200'000, 1);
  ASSERT_THAT(Upload(kept), IsOk());
  ASSERT_THAT(Refer(kept), IsOk());
  for (uint64_t i = 0; i < 3; ++i) ASSERT_THAT(Upload(Noise(2'000'000, 10 + i)), IsOk());
  LetLeasesEnd();
  ASSERT_EQ(PackPaths().size(), 2u);
  free_bytes_ = 3 * kReserve / 4;
  EXPECT_EQ(Collect().rewritten_pack_count(), 1);
  EXPECT_EQ(PackPaths().size(), 1u);
  EXPECT_EQ(Read(kept).value(), kept);
  free_bytes_ += 300'000;
  Open();  // a pack that was passed over is used again after a start
  EXPECT_EQ(Collect().rewritten_pack_count(), 1);
  EXPECT_LT(PackBytes(), 300'000);
  EXPECT_EQ(Read(kept).value(), kept);
}

// What a round copied before it failed may not be durable, so no commit may name it.
TEST_F(RewritingTest, ARoundOfRewritingThatFailsIsMadeAnew) {
  std::vector<std::string> kept;
  for (uint64_t i = 0; i < 4; ++i) {
    kept.push_back(Noise(200'000, i));
    ASSERT_THAT(Upload(kept.back()), IsOk());
    ASSERT_THAT(Refer(kept.back(), std::to_string(i)), IsOk());
  }
  ASSERT_THAT(Upload(Noise(3'000'000, 9)), IsOk());
  LetLeasesEnd();
  free_bytes_ = 3 * kReserve / 4;
  Collect();  // removes the entry of the dead blob, and lacks the room for the others
  blobs_.reset();
  const auto packs = PackPool::Open(Packs(), 4 << 20, {}).value();
  PackRewriter rewriter(*packs);
  for (EntryWalk walk(*store_->GetSnapshot(), ""); walk.Valid(); walk.Next()) {
    rewriter.Weigh(walk.head());
  }
  ASSERT_THAT(rewriter.Choose(), IsOk());
  const int64_t before = PackBytes();
  storage::WriteSet set;
  PackRewriter::Removed removed;
  {
    const FileSizeLimit limit(500'000);  // the third blob does not fit
    EXPECT_THAT(rewriter.Next(*store_->GetSnapshot(), 0, set, removed),
                FailsWith(ErrorReason::FILE_ERROR));
  }
  EXPECT_TRUE(set.puts.empty());
  EXPECT_EQ(PackBytes(), before + PackFile::kFileHeaderBytes);
  ASSERT_TRUE(rewriter.Next(*store_->GetSnapshot(), 0, set, removed).value());
  EXPECT_EQ(set.puts.size(), 4u);
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  rewriter.Reset();
  Open();
  for (const std::string& bytes : kept) EXPECT_EQ(Read(bytes).value(), bytes);
}

}  // namespace
}  // namespace cairn::artifacts
