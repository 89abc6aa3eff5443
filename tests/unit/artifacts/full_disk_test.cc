// Uploads while the volume is full, and how a full one gets room again.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/artifacts/blob_codec.h"
#include "server/storage/rocks_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/artifacts/blob_life_fixture.h"

namespace cairn::artifacts {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr char kOtherId[] = "1b671a64-40d5-491e-99b0-da01ff1f3341";

void ExpectDiskFull(const absl::Status& status, int64_t kept_bytes) {
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(HasReason(status, ErrorReason::DISK_FULL));
  EXPECT_EQ(MetadataOf(status, "keptBytes"), std::to_string(kept_bytes));
  EXPECT_FALSE(MetadataOf(status, "freeBytes").empty());
}

class FullDiskTest : public BlobLifeTest {
 protected:
  std::unique_ptr<BlobUpload> OpenUpload(const std::string& bytes,
                                         const std::string& uuid = kUploadId) {
    return blobs_->OpenUpload(uuid, DigestOf(bytes)).value();
  }

  int64_t Committed(const std::string& bytes) const {
    return blobs_->QueryUpload(kUploadId, DigestOf(bytes)).value().committed_size_bytes;
  }

  int64_t OpenRecords() const {
    int64_t count = 0;
    const storage::Key prefix = storage::UploadPrefix();
    EXPECT_THAT(store_->GetSnapshot()->Scan(storage::KeyRange::Prefix(prefix),
                                            storage::ScanOrder::kAscending,
                                            [&count](std::string_view, const storage::Record&) {
                                              ++count;
                                              return true;
                                            }),
                IsOk());
    return count;
  }
};

TEST_F(FullDiskTest, AnUploadThatIsRefusedAtAnyByteGoesOnThereWhenRoomReturns) {
  const std::string bytes = Noise(900'000, 1);
  constexpr size_t kPart = 100'000;
  for (size_t full_at = 0; full_at < bytes.size(); full_at += kPart) {
    SCOPED_TRACE(full_at);
    StartOver();
    auto upload = OpenUpload(bytes);
    for (size_t at = 0; at < full_at; at += kPart) {
      ASSERT_THAT(upload->Write(static_cast<int64_t>(at), bytes.substr(at, kPart)), IsOk());
    }
    const auto sent = static_cast<int64_t>(full_at);
    free_bytes_ = 2 * kReserve + static_cast<int64_t>(kPart) - 1;
    ExpectDiskFull(upload->Write(sent, bytes.substr(full_at, kPart)), 2 * kReserve);
    upload.reset();
    if (full_at > 0) {
      EXPECT_EQ(Committed(bytes), sent);
    }
    upload = OpenUpload(bytes);
    EXPECT_EQ(upload->offset(), sent);
    ExpectDiskFull(upload->Write(sent, bytes.substr(full_at, kPart)), 2 * kReserve);
    upload.reset();
    Open();  // full as it is
    free_bytes_ += 1;
    upload = OpenUpload(bytes);
    EXPECT_EQ(upload->offset(), sent);
    upload.reset();
    ASSERT_THAT(Upload(bytes), IsOk());
    EXPECT_EQ(Read(bytes).value(), bytes);
    free_bytes_ = int64_t{1} << 40;
  }
}

TEST_F(FullDiskTest, BatchesThatAreRefusedAreTakenWhenRoomReturnsAndSplicedThen) {
  const std::string a = Noise(200'000, 1), b = Noise(150'000, 2);
  ASSERT_THAT(blobs_->PutBatch({{DigestOf(a), a}}).front(), IsOk());
  free_bytes_ = 2 * kReserve;
  const int64_t pack_bytes = PackBytes();
  ExpectDiskFull(blobs_->PutBatch({{DigestOf(b), b}}).front(), 2 * kReserve);
  EXPECT_EQ(PackBytes(), pack_bytes);
  EXPECT_TRUE(IsThere(a));
  EXPECT_FALSE(IsThere(b));
  EXPECT_TRUE(HasReason(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}),
                        ErrorReason::BLOB_NOT_FOUND));
  free_bytes_ += 150'000;
  ASSERT_THAT(blobs_->PutBatch({{DigestOf(b), b}}).front(), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  EXPECT_EQ(Read(a + b).value(), a + b);
}

TEST_F(FullDiskTest, ASpliceIntoOnePieceThatIsRefusedLeavesNoUpload) {
  const std::string a = Noise(300'000, 1), b = Noise(150'000, 2), whole = a + b;
  ASSERT_THAT(Upload(whole), IsOk());
  std::filesystem::resize_file(PackPaths().at(0), 1'000);
  Scrub();  // finds it damaged: from now on it is missing, and stored in one piece again
  ASSERT_FALSE(IsThere(whole));
  ASSERT_THAT(blobs_->PutBatch({{DigestOf(a), a}, {DigestOf(b), b}}).back(), IsOk());
  const int64_t pack_bytes = PackBytes();
  shrinks_by_ = 250'000;  // enough for the first piece
  free_bytes_ = 2 * kReserve + kPieceBytes + shrinks_by_;
  ExpectDiskFull(blobs_->Splice(DigestOf(whole), {DigestOf(a), DigestOf(b)}), 2 * kReserve);
  EXPECT_EQ(OpenRecords(), 0);
  EXPECT_EQ(PackBytes(), pack_bytes);
}

TEST_F(FullDiskTest, TheUploadThatWasIdleLongestMakesRoomForANewOne) {
  max_uploads_ = 3;
  Open();
  const std::string old = Noise(400'000, 1), younger = Noise(400'000, 2);
  const auto begin = [&](const std::string& bytes, const std::string& uuid) {
    auto upload = OpenUpload(bytes, uuid);
    EXPECT_THAT(upload->Write(0, bytes.substr(0, 200'000)), IsOk());
    return upload;
  };
  const std::string held = Noise(400'000, 3);
  const auto holder = begin(held, "00000000-0000-4000-8000-000000000003");
  begin(old, kUploadId);
  clock_.AdvanceNanos(60 * kNanosPerSecond);
  begin(younger, kOtherId);
  const std::string next = Noise(400'000, 4);
  const std::string next_id = "00000000-0000-4000-8000-000000000004";
  EXPECT_TRUE(
      HasReason(blobs_->OpenUpload(next_id, DigestOf(next)).status(), ErrorReason::QUEUE_FULL));
  EXPECT_THAT(blobs_->OpenUpload(kOtherId, DigestOf(younger)), IsOk()) << "it is open already";
  clock_.AdvanceNanos(3600 * kNanosPerSecond);
  EXPECT_THAT(blobs_->OpenUpload(next_id, DigestOf(next)), IsOk());
  EXPECT_TRUE(HasReason(blobs_->QueryUpload(kUploadId, DigestOf(old)).status(),
                        ErrorReason::UPLOAD_NOT_FOUND));
  EXPECT_EQ(blobs_->QueryUpload(kOtherId, DigestOf(younger)).value().committed_size_bytes, 200'000);
  ASSERT_THAT(holder->Write(200'000, held.substr(200'000)), IsOk()) << "its stream is there";
  EXPECT_THAT(holder->Finish(), IsOk());
}

// Uploads beside a store that keeps a reserve of the same volume.
class FullStoreTest : public ::testing::Test {
 protected:
  static constexpr int64_t kReserve = 1'000'000;

  void Open() {
    blobs_.reset();
    store_.reset();
    storage::RocksOptions options;
    options.directory = directory_.Join("store");
    options.reserve_bytes = kReserve;
    options.free_bytes = [this] { return free_bytes_.load(); };
    store_ = storage::OpenRocksStore(std::move(options)).value();
    BlobStoreOptions blob_options;
    blob_options.directory = directory_.Join("packs");
    blob_options.checkpoint_bytes = 128 << 10;
    blob_options.room = {[this] { return free_bytes_.load(); }, kReserve};
    auto opened = OpenBlobStore(blob_options, *store_, clock_);
    ASSERT_THAT(opened, IsOk());
    blobs_ = *std::move(opened);
  }

  // An upload of 300,000 of 400,000 bytes, which has expired.
  Digest ExpiredUpload() {
    const std::string bytes(400'000, 'x');
    const Digest digest = DigestOf(bytes);
    {
      auto upload = blobs_->OpenUpload(BlobId(), digest).value();
      EXPECT_THAT(upload->Write(0, bytes.substr(0, 300'000)), IsOk());
    }
    clock_.AdvanceNanos(25 * 3600 * kNanosPerSecond);
    return digest;
  }

  static std::string BlobId() { return "7d444840-9dc0-41d1-b245-5ffdce74fad2"; }

  bool IsKnown(const Digest& digest) const { return blobs_->QueryUpload(BlobId(), digest).ok(); }

  int64_t PackBytes() const {
    int64_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_.Join("packs"))) {
      bytes += static_cast<int64_t>(file.file_size());
    }
    return bytes;
  }

  storage::ScratchDirectory directory_;
  std::atomic<int64_t> free_bytes_ = int64_t{1} << 40;
  ManualClock clock_{1'000 * kNanosPerSecond};
  std::unique_ptr<storage::KvStore> store_;
  std::unique_ptr<BlobStore> blobs_;
};

TEST_F(FullStoreTest, AStartBelowTheReserveGivesExpiredUploadsUp) {
  Open();
  const Digest digest = ExpiredUpload();
  free_bytes_ = kReserve - 1;
  Open();
  EXPECT_FALSE(IsKnown(digest));
  EXPECT_LT(PackBytes(), 1'000);
}

TEST_F(FullStoreTest, AStartOnADiskWithoutAnyRoomLeavesExpiredUploadsForLater) {
  Open();
  const Digest digest = ExpiredUpload();
  free_bytes_ = 0;
  Open();
  EXPECT_TRUE(IsKnown(digest));
  EXPECT_GT(PackBytes(), 300'000);
  free_bytes_ = kReserve;
  Open();
  EXPECT_FALSE(IsKnown(digest));
  EXPECT_LT(PackBytes(), 1'000);
}

}  // namespace
}  // namespace cairn::artifacts
