// Uploads in one stream that another process goes on with.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/client/upload_id.h"
#include "lib/client/uploader.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/transfer_fixture.h"

namespace cairn::client {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

constexpr int64_t kMebi = 1 << 20;

std::string ResourceName(const std::string& bytes) {
  const Digest digest = DigestOf(bytes);
  return fmt::format("uploads/{}/blobs/{}/{}", ResumableUploadUuid(digest, ""), digest.Hex(),
                     digest.size_bytes);
}

class BlobWriteTest : public TransferFixture {
 protected:
  // Sends `bytes` with a client of its own, which is gone for good once `cut_after` of them
  // were sent if that is not 0.
  absl::Status Send(const std::string& bytes, int64_t cut_after = 0) {
    last_ = {};
    const auto client = server_.Connect();
    Uploader uploader(*client, [&](const TransferProgress& progress) {
      last_ = progress;
      if (cut_after > 0 && progress.transferred_bytes >= cut_after) client->Cancel();
    });
    return uploader.Upload({UploadItem::Bytes("large", bytes)}).status();
  }

  // Lets the server have the beginning of an upload of `bytes`.
  void Keep(const std::string& bytes, const std::string& beginning) {
    MutexLock lock(&server_.state().mutex);
    server_.state().uploads[ResourceName(bytes)] = beginning;
  }

  std::vector<int64_t> Offsets() {
    return WithState([](FakeState& state) CAIRN_NO_ANALYSIS { return state.write_offsets; });
  }

  TransferProgress last_;
};

TEST_F(BlobWriteTest, AnotherProcessGoesOnWhereTheFirstStopped) {
  std::mt19937_64 random(1);
  for (uint64_t round = 0; round < 6; ++round) {
    const std::string bytes = NoiseBytes(24 * kMebi, round);
    const auto cut = static_cast<int64_t>(1 + random() % (22 * kMebi));
    SCOPED_TRACE(fmt::format("round {}: cut after {}", round, cut));
    EXPECT_THAT(Send(bytes, cut), StatusIs(absl::StatusCode::kCancelled));
    const int64_t sent = last_.transferred_bytes;
    ASSERT_THAT(Send(bytes), IsOk());
    EXPECT_TRUE(Stored(bytes) == bytes);
    EXPECT_LE(sent + last_.transferred_bytes, 24 * kMebi + 16 * kMebi);
    EXPECT_EQ(last_.transferred_bytes + last_.skipped_bytes, 24 * kMebi);
    EXPECT_EQ(last_.skipped_bytes, Offsets().back());
  }
}

TEST_F(BlobWriteTest, OnlyLargeOnesAreAskedAboutFirst) {
  ASSERT_THAT(Send(NoiseBytes(kResumableBytes - 1, 1)), IsOk());
  EXPECT_EQ(WithState([](FakeState& state) CAIRN_NO_ANALYSIS { return state.query_calls; }), 0);
  ASSERT_THAT(Send(NoiseBytes(kResumableBytes, 1)), IsOk());
  EXPECT_EQ(WithState([](FakeState& state) CAIRN_NO_ANALYSIS { return state.query_calls; }), 1);
}

TEST_F(BlobWriteTest, OneThatIsFurtherThanTheServerSaidGoesOnFromThere) {
  const std::string bytes = NoiseBytes(10 * kMebi, 2);
  Keep(bytes, bytes.substr(0, 6 * kMebi));
  WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.query_behind = 3 * kMebi; });
  ASSERT_THAT(Send(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_THAT(Offsets(), ElementsAre(3 * kMebi, 6 * kMebi));
  EXPECT_EQ(last_.transferred_bytes + last_.skipped_bytes, 10 * kMebi);
}

TEST_F(BlobWriteTest, OneThatAnotherProcessTookOverBeginsAnewUnderAnotherName) {
  const std::string bytes = NoiseBytes(6 * kMebi, 3);
  Keep(bytes, bytes.substr(0, kMebi));
  WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.take_upload_over = true; });
  ASSERT_THAT(Send(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_THAT(Offsets(), ElementsAre(kMebi, 0));
  EXPECT_EQ(last_.transferred_bytes, 6 * kMebi);
  EXPECT_EQ(last_.skipped_bytes, 0);
}

TEST_F(BlobWriteTest, OneThatFoundNoMemoryForTheCallIsRepeated) {
  const std::string bytes = NoiseBytes(6 * kMebi, 7);
  WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.lack_memory = true; });
  ASSERT_THAT(Send(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_THAT(Offsets(), ElementsAre(0, 0));
}

TEST_F(BlobWriteTest, WrongBytesOfAnEarlierProcessAreSentAgain) {
  const std::string bytes = NoiseBytes(6 * kMebi, 4);
  Keep(bytes, NoiseBytes(kMebi, 5));
  ASSERT_THAT(Send(bytes), IsOk());
  EXPECT_TRUE(Stored(bytes) == bytes);
  EXPECT_THAT(Offsets(), ElementsAre(kMebi, 0));
}

TEST_F(BlobWriteTest, WrongBytesOfThisProcessAreNot) {
  const std::string bytes = NoiseBytes(6 * kMebi, 6);
  Digest wrong = DigestOf(bytes);
  wrong.sha256[0] ^= 1;
  const absl::Status status =
      client_->artifacts().WriteBlob(wrong, [&](int64_t offset, int64_t max) {
        return absl::StatusOr<std::string>(
            bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(max)));
      });
  EXPECT_TRUE(HasReason(status, ErrorReason::DIGEST_MISMATCH)) << status;
  EXPECT_EQ(Offsets().size(), 1u);
}

TEST_F(BlobWriteTest, AnUploadHasOneIdForEachBlobAndPrincipal) {
  const Digest digest = DigestOf("a");
  Digest longer = digest;
  ++longer.size_bytes;
  std::set<std::string> ids;
  for (const auto& id : {ResumableUploadUuid(digest, ""), ResumableUploadUuid(digest, "ada"),
                         ResumableUploadUuid(longer, ""), ResumableUploadUuid(DigestOf("b"), "")}) {
    EXPECT_TRUE(IsUuid4(id)) << id;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 4u);
  EXPECT_EQ(ids.count(ResumableUploadUuid(digest, "")), 1u);
}

}  // namespace
}  // namespace cairn::client
