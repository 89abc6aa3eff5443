#include "lib/client/range_download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/downloader.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/transfer_fixture.h"

namespace cairn::client {
namespace {

using testing::IsOk;
using testing::StatusIs;

namespace fs = std::filesystem;

constexpr int64_t kMebi = 1 << 20;

class RangeDownloadTest : public TransferFixture {
 protected:
  // Fetches `file`, ending the connection for good after `cut_after` bytes if that is not 0.
  absl::Status Fetch(const v1::ArtifactFile& file, int64_t cut_after = 0) {
    last_ = {};
    const auto client = server_.Connect();
    Downloader downloader(*client, [&](const TransferProgress& progress) {
      last_ = progress;
      if (cut_after > 0 && progress.transferred_bytes >= cut_after) client->Cancel();
    });
    return downloader.FetchFiles({file}, Path("out"));
  }

  int64_t BytesThatLeft() {
    return WithState([](FakeState& state) CAIRN_NO_ANALYSIS { return state.read_bytes; });
  }

  // The hidden file that an interrupted fetch left.
  std::string LeftOver() const {
    for (const auto& entry : fs::directory_iterator(Path("out"))) {
      if (entry.path().filename().string().starts_with(".cairn-part")) return entry.path();
    }
    return "";
  }

  TransferProgress last_;
};

TEST_F(RangeDownloadTest, ALargeBlobComesInRanges) {
  const std::string bytes = NoiseBytes(22'000'000, 1);
  ASSERT_THAT(Fetch(Serve("large", bytes)), IsOk());
  EXPECT_TRUE(*ReadFile(Path("out/large")) == bytes);
  EXPECT_EQ(last_.transferred_bytes, 22'000'000);
  EXPECT_EQ(last_.done_files, 1);
  EXPECT_EQ(LeftOver(), "");
  MutexLock lock(&server_.state().mutex);
  EXPECT_EQ(server_.state().read_calls, 6);
  EXPECT_EQ(server_.state().read_bytes, 22'000'000);
}

TEST_F(RangeDownloadTest, SizesAroundTheLimitsArriveWhole) {
  for (const int64_t size :
       {kMebi, kMebi + 1, 2 * kMebi, 2 * kMebi + 1, 16 * kMebi, 16 * kMebi + 1, 20 * kMebi}) {
    SCOPED_TRACE(size);
    const std::string bytes = NoiseBytes(static_cast<size_t>(size), 2);
    ASSERT_THAT(Fetch(Serve("f" + std::to_string(size), bytes)), IsOk());
    EXPECT_TRUE(*ReadFile(Path("out/f" + std::to_string(size))) == bytes);
  }
}

TEST_F(RangeDownloadTest, ACutFetchGoesOnWhereItStopped) {
  const std::string bytes = NoiseBytes(28 * kMebi, 3);
  const auto file = Serve("large", bytes);
  std::mt19937_64 random(3);
  for (int round = 0; round < 5; ++round) {
    const auto cut = static_cast<int64_t>(1 + random() % (27 * kMebi));
    SCOPED_TRACE(cut);
    fs::remove_all(Path("out"));
    WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.read_bytes = 0; });
    EXPECT_THAT(Fetch(file, cut), StatusIs(absl::StatusCode::kCancelled));
    EXPECT_FALSE(fs::exists(Path("out/large")));
    const int64_t received = last_.transferred_bytes;
    ASSERT_THAT(Fetch(file), IsOk());
    EXPECT_TRUE(*ReadFile(Path("out/large")) == bytes);
    EXPECT_EQ(last_.done_bytes(), 28 * kMebi);
    // What was received twice: at most the ranges that were under way.
    EXPECT_LE(received + last_.transferred_bytes, 28 * kMebi + 16 * kMebi);
    EXPECT_EQ(LeftOver(), "");
  }
}

TEST_F(RangeDownloadTest, WhatWasLeftIsCheckedAndFetchedAgainWhenItIsDamaged) {
  const std::string bytes = NoiseBytes(30 * kMebi, 4);
  const auto file = Serve("large", bytes);
  ASSERT_THAT(Fetch(file, 20 * kMebi), StatusIs(absl::StatusCode::kCancelled));
  ASSERT_NE(LeftOver(), "");
  std::string left = *ReadFile(LeftOver());
  left[12345] = static_cast<char>(left[12345] ^ 1);
  ASSERT_THAT(WriteFileAtomically(LeftOver(), left), IsOk());
  ASSERT_THAT(Fetch(file), IsOk());
  EXPECT_TRUE(*ReadFile(Path("out/large")) == bytes);
  EXPECT_EQ(last_.transferred_bytes, 30 * kMebi);
  EXPECT_EQ(last_.done_bytes(), 30 * kMebi);
}

TEST_F(RangeDownloadTest, ABrokenRangeGoesOnWithinTheFetch) {
  const std::string bytes = NoiseBytes(20 * kMebi, 5);
  const auto file = Serve("large", bytes);
  WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.break_read_after = 1'000'000; });
  ASSERT_THAT(Fetch(file), IsOk());
  EXPECT_TRUE(*ReadFile(Path("out/large")) == bytes);
  EXPECT_EQ(BytesThatLeft(), 20 * kMebi);
}

TEST_F(RangeDownloadTest, DamagedRangesLeaveNothingBehind) {
  const auto file = Serve("large", NoiseBytes(20 * kMebi, 6));
  WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.damage_reads = true; });
  const absl::Status status = Fetch(file);
  EXPECT_TRUE(HasReason(status, ErrorReason::BLOB_CORRUPT)) << status;
  EXPECT_TRUE(fs::is_empty(Path("out")));
}

TEST_F(RangeDownloadTest, TheSameContentAtSeveralPlacesIsFetchedOnce) {
  const std::string bytes = NoiseBytes(3 * kMebi, 7);
  auto first = Serve("first", bytes);
  auto second = first;
  second.set_path("sub/second");
  ASSERT_THAT(Downloader(*client_).FetchFiles({first, second}, Path("out")), IsOk());
  EXPECT_TRUE(*ReadFile(Path("out/first")) == bytes);
  EXPECT_TRUE(*ReadFile(Path("out/sub/second")) == bytes);
  EXPECT_EQ(BytesThatLeft(), 3 * kMebi);
}

TEST_F(RangeDownloadTest, ARangeIsReadAlone) {
  const std::string bytes = NoiseBytes(1'000'000, 8);
  const auto digest = *FromWire(Serve("a", bytes).digest());
  std::string got;
  const auto take = [&got](std::string_view part) {
    got += part;
    return absl::OkStatus();
  };
  ASSERT_THAT(client_->artifacts().ReadRange(digest, 123'456, 250'001, take), IsOk());
  EXPECT_TRUE(got == bytes.substr(123'456, 250'001));
  const absl::Status status = client_->artifacts().ReadRange(digest, 999'999, 2, take);
  EXPECT_TRUE(HasReason(status, ErrorReason::BLOB_CORRUPT)) << status;
}

}  // namespace
}  // namespace cairn::client
