#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/downloader.h"
#include "lib/client/uploader.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/transfer_fixture.h"

namespace cairn::client {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

class TransferTest : public TransferFixture {};

TEST_F(TransferTest, SmallItemsTravelInOneBatchAndEachContentOnce) {
  Uploader uploader(*client_);
  const auto files = uploader.Upload({UploadItem::Bytes("a", "one"), UploadItem::Bytes("b", "two"),
                                      UploadItem::Bytes("c/d", "one")});
  ASSERT_THAT(files, IsOk());
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[2].path(), "c/d");
  EXPECT_EQ((*files)[2].digest().sha256(), Sha256Hex("one"));
  MutexLock lock(&server_.state().mutex);
  EXPECT_EQ(server_.state().batch_calls, 1);
  EXPECT_EQ(server_.state().blobs.size(), 2u);
}

TEST_F(TransferTest, WhatTheServerHasIsNotSentAgain) {
  Serve("x", "one");
  TransferProgress last;
  Uploader uploader(*client_, [&](const TransferProgress& progress) { last = progress; });
  ASSERT_THAT(uploader.Upload({UploadItem::Bytes("a", "one"), UploadItem::Bytes("b", "three")}),
              IsOk());
  EXPECT_EQ(last.total_bytes, 8);
  EXPECT_EQ(last.skipped_bytes, 3);
  EXPECT_EQ(last.transferred_bytes, 5);
}

TEST_F(TransferTest, BatchesStayBelowThreeMebibytes) {
  std::vector<UploadItem> items;
  for (int i = 0; i < 8; ++i) {
    items.push_back(
        UploadItem::Bytes("f" + std::to_string(i), NoiseBytes(900'000, static_cast<uint64_t>(i))));
  }
  ASSERT_THAT(Uploader(*client_).Upload(items), IsOk());
  MutexLock lock(&server_.state().mutex);
  EXPECT_EQ(server_.state().batch_calls, 3);
  EXPECT_LE(server_.state().largest_batch_bytes, 3 << 20);
}

TEST_F(TransferTest, ALargeFileIsStreamed) {
  const std::string bytes = NoiseBytes(2'500'000, 1);
  ASSERT_THAT(WriteFileAtomically(Path("large"), bytes), IsOk());
  const auto files = Uploader(*client_).Upload({UploadItem::File("large", Path("large"))});
  ASSERT_THAT(files, IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  MutexLock lock(&server_.state().mutex);
  EXPECT_THAT(server_.state().write_offsets, ElementsAre(0));
  EXPECT_EQ(server_.state().batch_calls, 0);
}

TEST_F(TransferTest, ABrokenUploadGoesOnWhereItWasKept) {
  const std::string bytes = NoiseBytes(2'500'000, 2);
  {
    MutexLock lock(&server_.state().mutex);
    server_.state().break_write_after = 1'000'000;
  }
  const auto files = Uploader(*client_).Upload({UploadItem::Bytes("large", bytes)});
  ASSERT_THAT(files, IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  MutexLock lock(&server_.state().mutex);
  EXPECT_THAT(server_.state().write_offsets, ElementsAre(0, 4 * (256 << 10)));
}

TEST_F(TransferTest, AFileWithAnotherDigestIsRefusedAndNotRepeated) {
  const std::string bytes = NoiseBytes(2'000'000, 3);
  Digest wrong = DigestOf(bytes);
  wrong.sha256[0] ^= 1;
  const auto source = [&](int64_t offset, int64_t max) -> absl::StatusOr<std::string> {
    return bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(max));
  };
  const absl::Status status = client_->artifacts().WriteBlob(wrong, source);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  MutexLock lock(&server_.state().mutex);
  EXPECT_EQ(server_.state().write_offsets.size(), 1u);
}

TEST_F(TransferTest, AMissingLocalFileIsNamed) {
  const auto files = Uploader(*client_).Upload({UploadItem::File("x", Path("absent"))});
  EXPECT_THAT(files, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_NE(std::string(files.status().message()).find("absent"), std::string::npos);
}

TEST_F(TransferTest, CollidingPathsAreRefusedBeforeAnythingIsSent) {
  const auto files =
      Uploader(*client_).Upload({UploadItem::Bytes("a", "1"), UploadItem::Bytes("a/b", "2")});
  EXPECT_TRUE(HasReason(files.status(), ErrorReason::ARTIFACT_PATH_INVALID));
  MutexLock lock(&server_.state().mutex);
  EXPECT_TRUE(server_.state().blobs.empty());
}

TEST_F(TransferTest, FilesOfAResourceArriveInTheirPlaces) {
  const std::string large = NoiseBytes(1'500'000, 4);
  Serve("model/centres.csv", "1,2\n");
  Serve("model/large.bin", large);
  const auto files = Downloader(*client_).Fetch("models/m/versions/1", Path("out"));
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ(files->size(), 2u);
  EXPECT_EQ(*ReadFile(Path("out/model/centres.csv")), "1,2\n");
  EXPECT_TRUE(*ReadFile(Path("out/model/large.bin")) == large);
}

TEST_F(TransferTest, ABrokenDownloadGoesOnAndStillVerifies) {
  const std::string large = NoiseBytes(1'500'000, 5);
  const auto file = Serve("large", large);
  {
    MutexLock lock(&server_.state().mutex);
    server_.state().break_read_after = 500'000;
  }
  ASSERT_THAT(Downloader(*client_).FetchFiles({file}, Path("out")), IsOk());
  EXPECT_TRUE(*ReadFile(Path("out/large")) == large);
  MutexLock lock(&server_.state().mutex);
  EXPECT_EQ(server_.state().read_calls, 2);
}

TEST_F(TransferTest, DamagedBytesLeaveNoFileBehind) {
  const auto small = Serve("small", "text");
  const auto large = Serve("large", NoiseBytes(1'200'000, 6));
  {
    MutexLock lock(&server_.state().mutex);
    server_.state().damage_reads = true;
  }
  for (const auto& file : {small, large}) {
    const absl::Status status = Downloader(*client_).FetchFiles({file}, Path("out"));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_TRUE(HasReason(status, ErrorReason::BLOB_CORRUPT));
  }
  EXPECT_TRUE(std::filesystem::is_empty(Path("out")));
}

TEST_F(TransferTest, FilesThatAreThereAreNotFetchedAgain) {
  const auto file = Serve("a", "text");
  ASSERT_THAT(Downloader(*client_).FetchFiles({file}, Path("out")), IsOk());
  ASSERT_THAT(Downloader(*client_).FetchFiles({file}, Path("out")), IsOk());
  MutexLock lock(&server_.state().mutex);
  EXPECT_EQ(server_.state().batch_calls, 1);
}

TEST_F(TransferTest, APathThatLeavesTheDirectoryIsRefused) {
  for (const char* path : {"../evil", "/etc/evil", "a/../../evil", "a//b", ""}) {
    SCOPED_TRACE(path);
    auto file = Serve("x", "text");
    file.set_path(path);
    const absl::Status status = Downloader(*client_).FetchFiles({file}, Path("out"));
    EXPECT_TRUE(HasReason(status, ErrorReason::ARTIFACT_PATH_INVALID)) << status;
  }
  EXPECT_FALSE(std::filesystem::exists(Path("evil")));
}

TEST_F(TransferTest, ALinkThatStandsInTheWayIsNotFollowed) {
  std::filesystem::create_directories(Path("out"));
  std::filesystem::create_directories(Path("elsewhere"));
  std::filesystem::create_directory_symlink(Path("elsewhere"), Path("out/sub"));
  const absl::Status status =
      Downloader(*client_).FetchFiles({Serve("sub/file", "text")}, Path("out"));
  EXPECT_TRUE(HasReason(status, ErrorReason::ARTIFACT_PATH_INVALID)) << status;
  EXPECT_TRUE(std::filesystem::is_empty(Path("elsewhere")));
}

TEST_F(TransferTest, AFileLinkIsReplacedNotWrittenThrough) {
  std::filesystem::create_directories(Path("out"));
  ASSERT_THAT(WriteFileAtomically(Path("victim"), "keep"), IsOk());
  std::filesystem::create_symlink(Path("victim"), Path("out/file"));
  ASSERT_THAT(Downloader(*client_).FetchFiles({Serve("file", "text")}, Path("out")), IsOk());
  EXPECT_EQ(*ReadFile(Path("victim")), "keep");
  EXPECT_EQ(*ReadFile(Path("out/file")), "text");
}

TEST_F(TransferTest, ABlobComesIntoMemoryUpToALimit) {
  const auto file = Serve("a", "text");
  const Digest digest = *FromWire(file.digest());
  EXPECT_EQ(*client_->artifacts().ReadBlobToString(digest), "text");
  EXPECT_THAT(client_->artifacts().ReadBlobToString(digest, 3),
              StatusIs(absl::StatusCode::kOutOfRange));
}

}  // namespace
}  // namespace cairn::client
