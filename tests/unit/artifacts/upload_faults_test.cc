// Uploads on disks that fail, lose power or are full.

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "server/artifacts/pack_blob_store.h"
#include "server/artifacts/pack_file.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/artifacts/faulty_disk.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::artifacts {
namespace {

using Fault = FaultyDisk::Fault;
using Survivors = FaultyDisk::Survivors;
using testing::IsOk;

constexpr char kFaultyUuid[] = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
constexpr int kPatience = 5;  // errors after which a client gives up

std::string Noise(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// What a client was told.
struct Told {
  bool stored = false;
  int errors = 0;
  int64_t committed = 0;  // of an upload
};

// A blob store whose packs and whose commits are on a faulty disk.
class UploadFaultsTest : public ::testing::Test {
 protected:
  // How a client sends a blob: as one stream, or in chunks.
  enum class Way { kStream, kChunks };

  UploadFaultsTest() { StartOver(); }

  void StartOver() {
    blobs_.reset();
    disk_.Restart(Survivors::kAll, 0);
    std::filesystem::remove_all(directory_.Join("packs"));
    memory_ = storage::MakeMemoryStore();
    store_ = std::make_unique<StoreOnFaultyDisk>(*memory_, disk_);
    Open();
  }

  void Open() {
    blobs_.reset();
    BlobStoreOptions options;
    options.directory = directory_.Join("packs");
    options.checkpoint_bytes = 128 << 10;
    options.pack_bytes = 4 << 20;
    options.io = &disk_;
    auto opened = OpenBlobStore(options, *store_, clock_);
    ASSERT_THAT(opened, IsOk());
    blobs_ = *std::move(opened);
  }

  // Stores `bytes` as a client that goes on after errors until it is told `patience` of them.
  Told Send(Way way, const std::string& bytes, int patience) {
    Told told;
    while (told.errors < patience && !told.stored) {
      told.stored = (way == Way::kStream ? StreamOnce(bytes, told) : SpliceOnce(bytes)).ok();
      told.errors += told.stored ? 0 : 1;
    }
    return told;
  }

  bool Stream(const std::string& bytes) { return Send(Way::kStream, bytes, 1).stored; }

  absl::Status StreamOnce(const std::string& bytes, Told& told) {
    auto upload = blobs_->OpenUpload(kFaultyUuid, DigestOf(bytes));
    if (!upload.ok()) return upload.status();
    EXPECT_GE((*upload)->offset(), told.committed);
    while (!(*upload)->complete() && (*upload)->offset() < DigestOf(bytes).size_bytes) {
      const int64_t offset = (*upload)->offset();
      const auto part = std::string_view(bytes).substr(static_cast<size_t>(offset), 60'000);
      absl::Status written = (*upload)->Write(offset, part);
      const auto status = blobs_->QueryUpload(kFaultyUuid, DigestOf(bytes));
      if (status.ok()) {
        EXPECT_GE(status->committed_size_bytes, told.committed);
        told.committed = status->committed_size_bytes;
      }
      if (!written.ok()) return written;
    }
    return (*upload)->Finish();
  }

  // In two batches, with chunks that are kept in packs and ones that are not.
  absl::Status SpliceOnce(const std::string& bytes) {
    std::vector<Digest> chunks;
    std::vector<WholeBlob> batch;
    for (size_t at = 0; at < bytes.size(); at += static_cast<size_t>(chunks.back().size_bytes)) {
      const auto chunk = std::string_view(bytes).substr(at, chunks.size() % 3 == 2 ? 999 : 90'000);
      chunks.push_back(DigestOf(chunk));
      batch.push_back({chunks.back(), chunk});
      if (chunks.size() % 4 != 0 && at + chunk.size() < bytes.size()) continue;
      for (const absl::Status& outcome : blobs_->PutBatch(batch)) {
        if (!outcome.ok()) return outcome;
      }
      batch.clear();
    }
    return blobs_->Splice(DigestOf(bytes), chunks);
  }

  // Nothing, or a blob that reads right.
  void ExpectSound(const std::string& bytes, bool there) {
    const bool found = blobs_->FindMissing({DigestOf(bytes)}).value().empty();
    EXPECT_TRUE(found || !there) << "an acknowledged blob is lost";
    if (!found) return;
    const auto read = blobs_->ReadAll(DigestOf(bytes), 1 << 20);
    ASSERT_THAT(read, IsOk());
    EXPECT_TRUE(*read == bytes);
  }

  // One fault at each step of storing a blob: the client is told, goes on, and what is
  // acknowledged then survives a power loss.
  void EachStepFails(Way way, Fault fault, int least_steps) {
    const std::string bytes = Noise(700'000, 1), other = Noise(200'000, 2);
    int step = 0;
    for (;; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      StartOver();
      disk_.FailStep(step, fault);
      const Told told = Send(way, bytes, kPatience);
      ASSERT_TRUE(told.stored);
      if (!disk_.met()) break;
      EXPECT_EQ(told.errors, 1);
      EXPECT_TRUE(Send(way, other, kPatience).stored);
      blobs_.reset();
      disk_.Restart(Survivors::kNone, 0);
      Open();
      ExpectSound(bytes, true);
      ExpectSound(other, true);
      if (HasFailure()) return;
    }
    EXPECT_GT(step, least_steps);
  }

  // The power fails at each step of storing a blob.
  void PowerFailsAtEachStep(Way way, int least_steps) {
    const std::string first = Noise(150'000, 3), bytes = Noise(700'000, 1);
    int step = 0;
    for (bool more = true; more; ++step) {
      for (const Survivors survivors : {Survivors::kNone, Survivors::kAll, Survivors::kSome}) {
        SCOPED_TRACE("step " + std::to_string(step) + ", survivors " +
                     std::to_string(static_cast<int>(survivors)));
        StartOver();
        ASSERT_TRUE(Send(way, first, 1).stored);
        disk_.FailStep(step, Fault::kPowerFailure);
        const Told told = Send(way, bytes, 1);
        more = disk_.met();
        EXPECT_NE(told.stored, more);
        blobs_.reset();
        disk_.Restart(survivors, static_cast<uint64_t>(step));
        Open();
        ExpectSound(first, true);
        ExpectSound(bytes, told.stored);
        const auto status = blobs_->QueryUpload(kFaultyUuid, DigestOf(bytes));
        const int64_t committed = status.ok() ? status->committed_size_bytes : 0;
        EXPECT_GE(committed, told.committed);
        EXPECT_GE(OffsetOfNextStream(bytes), committed);
        EXPECT_TRUE(Send(way, bytes, 1).stored);
        ExpectSound(bytes, true);
        if (HasFailure()) return;
      }
    }
    EXPECT_GT(step, least_steps);
  }

  int64_t OffsetOfNextStream(const std::string& bytes) {
    const auto upload = blobs_->OpenUpload(kFaultyUuid, DigestOf(bytes));
    return upload.ok() ? (*upload)->offset() : -1;
  }

  storage::ScratchDirectory directory_;
  FaultyDisk disk_;
  ManualClock clock_{1'000 * kNanosPerSecond};
  std::unique_ptr<storage::KvStore> memory_;
  std::unique_ptr<StoreOnFaultyDisk> store_;
  std::unique_ptr<BlobStore> blobs_;
};

TEST_F(UploadFaultsTest, AStreamOfWhichAnyOneCallFailsIsResumedAndRight) {
  EachStepFails(Way::kStream, Fault::kError, 25);
}

TEST_F(UploadFaultsTest, AStreamThatRunsOutOfSpaceAnywhereIsResumedAndRight) {
  EachStepFails(Way::kStream, Fault::kNoSpace, 25);
}

TEST_F(UploadFaultsTest, ChunksOfWhichAnyOneCallFailsAreSentAgainAndRight) {
  EachStepFails(Way::kChunks, Fault::kError, 25);
}

TEST_F(UploadFaultsTest, ChunksThatRunOutOfSpaceAnywhereAreSentAgainAndRight) {
  EachStepFails(Way::kChunks, Fault::kNoSpace, 25);
}

TEST_F(UploadFaultsTest, WhenThePowerFailsInAStreamThereIsNothingOrTheBlob) {
  PowerFailsAtEachStep(Way::kStream, 20);
}

TEST_F(UploadFaultsTest, WhenThePowerFailsBetweenChunksThereIsNothingOrTheBlob) {
  PowerFailsAtEachStep(Way::kChunks, 20);
}

TEST_F(UploadFaultsTest, AStreamWhoseSyncFailedIsResumedByTheNextOnlyFromTheLastSync) {
  const std::string bytes = Noise(400'000, 1);
  auto upload = blobs_->OpenUpload(kFaultyUuid, DigestOf(bytes)).value();
  ASSERT_THAT(upload->Write(0, bytes.substr(0, 140'000)), IsOk());  // more than a checkpoint
  ASSERT_THAT(upload->Write(140'000, bytes.substr(140'000, 50'000)), IsOk());
  disk_.FailStep(0, Fault::kError);
  EXPECT_TRUE(HasReason(upload->Flush().status(), ErrorReason::FILE_ERROR));
  EXPECT_EQ(upload->offset(), 140'000);
  EXPECT_TRUE(HasReason(upload->Write(190'000, "x"), ErrorReason::UPLOAD_OFFSET_MISMATCH));
  EXPECT_TRUE(HasReason(upload->Finish(), ErrorReason::UPLOAD_OFFSET_MISMATCH));
  upload.reset();
  EXPECT_EQ(blobs_->QueryUpload(kFaultyUuid, DigestOf(bytes)).value().committed_size_bytes,
            140'000);
  EXPECT_EQ(OffsetOfNextStream(bytes), 140'000);
  EXPECT_TRUE(Stream(bytes));
}

TEST_F(UploadFaultsTest, WhatIsFlushedIsThereAfterAPowerLoss) {
  const std::string bytes = Noise(400'000, 1);
  auto upload = blobs_->OpenUpload(kFaultyUuid, DigestOf(bytes)).value();
  ASSERT_THAT(upload->Write(0, bytes.substr(0, 70'000)), IsOk());
  EXPECT_EQ(upload->Flush().value(), 70'000);
  disk_.FailStep(0, Fault::kPowerFailure);
  upload.reset();
  blobs_.reset();
  disk_.Restart(Survivors::kNone, 0);
  Open();
  EXPECT_EQ(blobs_->QueryUpload(kFaultyUuid, DigestOf(bytes)).value().committed_size_bytes, 70'000);
  EXPECT_TRUE(Stream(bytes));
}

TEST_F(UploadFaultsTest, OnADiskThatFailsToWriteAgainAndAgainAStreamEndsRightOrNotAtAll) {
  const std::string bytes = Noise(500'000, 1);
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    StartOver();
    std::mt19937_64 random(seed);
    Told told;
    for (int i = 0; i < 50 && !told.stored; ++i) {
      disk_.FailStep(static_cast<int>(random() % 16), Fault::kWriteError);
      told.stored = StreamOnce(bytes, told).ok();
    }
    blobs_.reset();
    disk_.Restart(Survivors::kNone, 0);
    Open();
    ExpectSound(bytes, told.stored);
    EXPECT_TRUE(Stream(bytes));
    ExpectSound(bytes, true);
    if (HasFailure()) return;
  }
}

TEST_F(UploadFaultsTest, APackThatCannotBeMadeLeavesNoFile) {
  const std::string bytes = Noise(100'000, 1);
  for (int step = 0; step < 4; ++step) {  // open, header, sync, sync of the directory
    StartOver();
    disk_.FailStep(step, Fault::kNoSpace);
    EXPECT_FALSE(Stream(bytes));
    EXPECT_TRUE(std::filesystem::is_empty(directory_.Join("packs"))) << step;
    EXPECT_TRUE(Stream(bytes));
  }
}

}  // namespace
}  // namespace cairn::artifacts
