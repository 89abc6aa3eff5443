#include "lib/client/chunked_upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/uploader.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/transfer_fixture.h"

namespace cairn::client {
namespace {

using testing::IsOk;
using testing::StatusIs;

// A part of `bytes`, which must outlive it.
std::string_view ShortestChunk(std::string_view bytes, const chunking::ChunkerParams& params) {
  std::string_view rest = bytes;
  std::string_view shortest = bytes;
  for (const int64_t length : chunking::ChunkLengths(bytes, params)) {
    const std::string_view chunk = rest.substr(0, static_cast<size_t>(length));
    rest.remove_prefix(chunk.size());
    if (chunk.size() < shortest.size() && !rest.empty()) shortest = chunk;
  }
  return shortest;
}

class ChunkedUploadTest : public TransferFixture {
 protected:
  ChunkedUploadTest() { TakeChunks(); }

  absl::Status Upload(const std::string& bytes, Client* client = nullptr) {
    last_ = {};
    Uploader uploader(client == nullptr ? *client_ : *client,
                      [this](const TransferProgress& progress) { last_ = progress; });
    return uploader.Upload({UploadItem::Bytes("file", bytes)}).status();
  }

  int64_t BytesThatArrived() {
    return WithState([](FakeState& state) CAIRN_NO_ANALYSIS { return state.batch_bytes; });
  }

  TransferProgress last_;
};

TEST_F(ChunkedUploadTest, ALargeBlobArrivesInChunksAndIsPutTogether) {
  const std::string bytes = NoiseBytes(5'000'000, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_EQ(last_.transferred_bytes, 5'000'000);
  EXPECT_EQ(last_.done_bytes(), last_.total_bytes);
  EXPECT_EQ(last_.examined_bytes, 5'000'000);
  EXPECT_EQ(last_.done_files, 1);
  MutexLock lock(&server_.state().mutex);
  EXPECT_TRUE(server_.state().write_offsets.empty());
  EXPECT_LE(server_.state().largest_batch_bytes, 3 << 20);
  ASSERT_EQ(server_.state().splices.size(), 1u);
  chunking::ChunkerParams params = {16 << 10, 64 << 10, 256 << 10};
  const auto lengths = chunking::ChunkLengths(bytes, params);
  ASSERT_EQ(server_.state().splices[0].chunks_size(), static_cast<int>(lengths.size()));
  for (size_t i = 0; i < lengths.size(); ++i) {
    EXPECT_EQ(server_.state().splices[0].chunks(static_cast<int>(i)).size_bytes(), lengths[i]);
  }
}

TEST_F(ChunkedUploadTest, TheSameBytesAgainAreAskedForOnceAndNotSent) {
  const std::string bytes = NoiseBytes(3'000'000, 2);
  ASSERT_THAT(Upload(bytes), IsOk());
  const int64_t arrived = BytesThatArrived();
  const int asked = WithState([](FakeState& s) CAIRN_NO_ANALYSIS { return s.find_calls; });
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_EQ(BytesThatArrived(), arrived);
  EXPECT_EQ(WithState([](FakeState& s) CAIRN_NO_ANALYSIS { return s.find_calls; }), asked + 1);
  EXPECT_EQ(last_.skipped_bytes, 3'000'000);
  EXPECT_EQ(last_.transferred_bytes, 0);
}

TEST_F(ChunkedUploadTest, AByteInsertedSendsAFewChunks) {
  const std::string bytes = NoiseBytes(8'000'000, 3);
  ASSERT_THAT(Upload(bytes), IsOk());
  for (const size_t at : {size_t{0}, size_t{4'000'000}, size_t{8'000'000}}) {
    SCOPED_TRACE(at);
    const std::string changed = bytes.substr(0, at) + "x" + bytes.substr(at);
    const int64_t before = BytesThatArrived();
    ASSERT_THAT(Upload(changed), IsOk());
    EXPECT_TRUE(Stored(changed) == changed);
    EXPECT_LE(BytesThatArrived() - before, 4 * (256 << 10));
    EXPECT_EQ(last_.transferred_bytes, BytesThatArrived() - before);
    EXPECT_EQ(last_.deduplicated_bytes, 8'000'001 - last_.transferred_bytes);
  }
}

TEST_F(ChunkedUploadTest, ChunksThatRepeatWithinABlobTravelOnce) {
  const std::string zeros(4'000'000, '\0');
  ASSERT_THAT(Upload(zeros), IsOk());
  EXPECT_TRUE(Stored(zeros) == zeros);
  EXPECT_LE(BytesThatArrived(), 2 * (256 << 10));
}

TEST_F(ChunkedUploadTest, AfterABreakOnlyWhatIsMissingIsSent) {
  const std::string bytes = NoiseBytes(12'000'000, 4);
  for (const int batches : {0, 1, 3, 7}) {
    SCOPED_TRACE(batches);
    WithState([&](FakeState& state) CAIRN_NO_ANALYSIS {
      state.blobs.clear();
      state.batch_bytes = 0;
      state.batches_before_end = batches;
    });
    EXPECT_THAT(Upload(bytes), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_TRUE(Stored(bytes).empty());
    WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.batches_before_end = -1; });
    ASSERT_THAT(Upload(bytes), IsOk());
    EXPECT_TRUE(Stored(bytes) == bytes);
    EXPECT_EQ(BytesThatArrived(), 12'000'000);
    EXPECT_EQ(last_.done_bytes(), 12'000'000);
  }
}

TEST_F(ChunkedUploadTest, LostAnswersAreRepeatedWithinTheUpload) {
  WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.batches_to_break = 3; });
  const std::string bytes = NoiseBytes(6'000'000, 5);
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_LE(BytesThatArrived(), 6'000'000 + 3 * (2 << 20));
  EXPECT_EQ(last_.transferred_bytes, 6'000'000);
}

TEST_F(ChunkedUploadTest, AChunkThatVanishesBeforeTheEndIsSentAgain) {
  WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.lose_a_chunk = true; });
  const std::string bytes = NoiseBytes(4'000'000, 6);
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_EQ(last_.done_bytes(), 4'000'000);
  EXPECT_LE(last_.transferred_bytes, 256 << 10);
  MutexLock lock(&server_.state().mutex);
  EXPECT_EQ(server_.state().splices.size(), 2u);
}

TEST_F(ChunkedUploadTest, WithTooManyChunksTheBlobIsStreamed) {
  TakeChunks(40);
  // One short chunk again and again: more of them than the average lets expect.
  const std::string noise = NoiseBytes(8'000'000, 7);
  const std::string_view shortest = ShortestChunk(noise, {16 << 10, 64 << 10, 256 << 10});
  ASSERT_LT(shortest.size(), 40u << 10);
  std::string bytes;
  for (int i = 0; i < 60; ++i) bytes += shortest;
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_EQ(last_.transferred_bytes, static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(last_.done_bytes(), last_.total_bytes);
  MutexLock lock(&server_.state().mutex);
  EXPECT_TRUE(server_.state().splices.empty());
  EXPECT_EQ(server_.state().write_offsets.size(), 1u);
}

// Chunks so short that they are asked for in many questions, and that more wait to be sent than
// may: the upload goes through all of its states.
class ShortChunksTest : public ChunkedUploadTest {
 protected:
  static constexpr chunking::ChunkerParams kShortChunks = {700, 1024, 4096};

  ShortChunksTest() { TakeChunks(100'000, kShortChunks); }

  // Uploads to an empty server which refuses all calls of a kind after so many.
  absl::Status UploadUntil(int FakeState::*calls_before_end, int calls, const std::string& bytes) {
    WithState([&](FakeState& state) CAIRN_NO_ANALYSIS {
      state.blobs.clear();
      state.*calls_before_end = calls;
    });
    absl::Status uploaded = Upload(bytes);
    WithState([&](FakeState& state) CAIRN_NO_ANALYSIS { state.*calls_before_end = -1; });
    return uploaded;
  }
};

TEST_F(ShortChunksTest, ThousandsArriveAndThoseThatAreThereAreNotSent) {
  const std::string bytes = NoiseBytes(9'000'000, 20);
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_EQ(last_.transferred_bytes, 9'000'000);
  const int finds = WithState([](FakeState& s) CAIRN_NO_ANALYSIS { return s.find_calls; });
  EXPECT_GT(finds, 20);
  EXPECT_LT(finds, 60);

  const std::string other = NoiseBytes(3'000'000, 21) + bytes + NoiseBytes(3'000'000, 22);
  const int64_t before = BytesThatArrived();
  ASSERT_THAT(Upload(other), IsOk());
  EXPECT_TRUE(Stored(other) == other);
  EXPECT_EQ(last_.transferred_bytes, BytesThatArrived() - before);
  EXPECT_LE(last_.transferred_bytes, 6'000'000 + 4 * 4096);
  EXPECT_EQ(last_.transferred_bytes + last_.deduplicated_bytes, 15'000'000);
}

TEST_F(ShortChunksTest, ARefusedCallEndsTheUploadWhereverItIs) {
  const std::string bytes = NoiseBytes(9'000'000, 23);
  for (const int batches : {0, 1, 9}) {
    SCOPED_TRACE(batches);
    EXPECT_THAT(UploadUntil(&FakeState::batches_before_end, batches, bytes),
                StatusIs(absl::StatusCode::kUnavailable));
  }
  for (const int finds : {0, 1, 2, 20}) {
    SCOPED_TRACE(finds);
    EXPECT_THAT(UploadUntil(&FakeState::finds_before_end, finds, bytes),
                StatusIs(absl::StatusCode::kUnavailable));
  }
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
}

TEST_F(ShortChunksTest, WhatWasSentOfTooManyChunksIsTakenBack) {
  TakeChunks(9'000, kShortChunks);
  // The average lets expect fewer chunks than the shortest make.
  const std::string noise = NoiseBytes(1'000'000, 24);
  const std::string_view shortest = ShortestChunk(noise, kShortChunks);
  std::string bytes = NoiseBytes(2'000'000, 25);
  while (bytes.size() < 9'000'000) bytes += shortest;
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_EQ(last_.transferred_bytes, static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(last_.done_bytes(), last_.total_bytes);
  MutexLock lock(&server_.state().mutex);
  EXPECT_EQ(server_.state().write_offsets.size(), 1u);
}

TEST_F(ChunkedUploadTest, ManyLargeFilesOfWhichSomeAreThere) {
  std::vector<UploadItem> items;
  for (size_t i = 0; i < 6; ++i) {
    items.push_back(UploadItem::Bytes(fmt::format("f{}", i), NoiseBytes(2'000'000, 30 + i)));
  }
  ASSERT_THAT(Uploader(*client_).Upload({items[0], items[1], items[4]}), IsOk());
  const int64_t before = BytesThatArrived();
  ASSERT_THAT(Uploader(*client_).Upload(items), IsOk());
  EXPECT_EQ(BytesThatArrived() - before, 6'000'000);
  for (const UploadItem& item : items) EXPECT_TRUE(Stored(item.bytes) == item.bytes);
}

TEST_F(ChunkedUploadTest, WithoutChunkingTheBlobIsStreamed) {
  const std::string bytes = NoiseBytes(2'000'000, 8);
  Uploader uploader(*client_, nullptr, {.chunking = false});
  ASSERT_THAT(uploader.Upload({UploadItem::Bytes("file", bytes)}), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  MutexLock lock(&server_.state().mutex);
  EXPECT_TRUE(server_.state().splices.empty());
}

TEST_F(ChunkedUploadTest, AFileCutWhileItIsSentIsADigestMismatch) {
  ASSERT_THAT(WriteFileAtomically(Path("file"), NoiseBytes(3'000'000, 9)), IsOk());
  Uploader uploader(*client_, [this](const TransferProgress& progress) {
    if (progress.examined_bytes == 3'000'000) std::filesystem::resize_file(Path("file"), 1'500'000);
  });
  const auto files = uploader.Upload({UploadItem::File("file", Path("file"))});
  EXPECT_THAT(files, StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ChunkedUploadTest, AFileThatGrowsIsSentAsItWas) {
  const std::string bytes = NoiseBytes(3'000'000, 10);
  ASSERT_THAT(WriteFileAtomically(Path("file"), bytes), IsOk());
  Uploader uploader(*client_, [this](const TransferProgress& progress) {
    if (progress.examined_bytes == 3'000'000) std::filesystem::resize_file(Path("file"), 5'000'000);
  });
  ASSERT_THAT(uploader.Upload({UploadItem::File("file", Path("file"))}), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
}

TEST_F(ChunkedUploadTest, TwoClientsSendingTheSameBytesAtOnceBothSucceed) {
  const std::string bytes = NoiseBytes(6'000'000, 11);
  std::atomic<int> succeeded = 0;
  const auto send = [&] {
    const auto client = server_.Connect();
    succeeded += Uploader(*client).Upload({UploadItem::Bytes("file", bytes)}).ok() ? 1 : 0;
  };
  std::thread other(send);
  send();
  other.join();
  EXPECT_EQ(succeeded, 2);
  EXPECT_TRUE(Stored(bytes) == bytes);
}

TEST_F(ChunkedUploadTest, ProgressIsToldByOneThreadAtATimeAndAddsUp) {
  std::atomic<int> inside = 0;
  int64_t done = 0;
  std::vector<UploadItem> items;
  for (int i = 0; i < 40; ++i) {
    items.push_back(UploadItem::Bytes(fmt::format("f{}", i),
                                      NoiseBytes(200'000 + 30'000 * static_cast<size_t>(i), 100)));
  }
  Uploader uploader(*client_, [&](const TransferProgress& progress) {
    EXPECT_EQ(inside.fetch_add(1), 0);
    EXPECT_GE(progress.done_bytes(), done);
    done = progress.done_bytes();
    last_ = progress;
    inside.fetch_sub(1);
  });
  ASSERT_THAT(uploader.Upload(items), IsOk());
  EXPECT_EQ(last_.total_files, 40);
  EXPECT_EQ(last_.done_files, 40);
  EXPECT_EQ(last_.done_bytes(), last_.total_bytes);
  EXPECT_GT(last_.deduplicated_bytes, last_.transferred_bytes);
}

TEST(ChunkPlanTest, IsMadeOnlyOfWhatThisClientCanCutAndSend) {
  v1::ServerInfo info;
  EXPECT_FALSE(ChunkPlan::FromServer(info).has_value());
  info.mutable_chunking()->set_min_bytes(32 << 10);
  info.mutable_chunking()->set_average_bytes(128 << 10);
  info.mutable_chunking()->set_max_bytes(512 << 10);
  EXPECT_FALSE(ChunkPlan::FromServer(info).has_value());
  info.mutable_chunking()->set_max_chunk_count(65'536);
  const auto plan = ChunkPlan::FromServer(info);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->params, chunking::ChunkerParams());
  EXPECT_FALSE(plan->Covers(512 << 10));
  EXPECT_TRUE(plan->Covers((512 << 10) + 1));
  EXPECT_TRUE(plan->Covers(int64_t{8} << 30) == false && plan->Covers((int64_t{8} << 30) - 1));
  info.mutable_chunking()->set_max_bytes(3 << 20);
  EXPECT_FALSE(ChunkPlan::FromServer(info).has_value());
  info.mutable_chunking()->set_max_bytes(64 << 10);
  EXPECT_FALSE(ChunkPlan::FromServer(info).has_value());
}

}  // namespace
}  // namespace cairn::client
