#include "server/artifacts/blob_store.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/pack_blob_store.h"
#include "server/artifacts/pack_file.h"
#include "server/artifacts/pack_upload.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::artifacts {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr char kUuid[] = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
constexpr char kOtherUuid[] = "1b671a64-40d5-491e-99b0-da01ff1f3341";

std::string RandomBytes(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// A blob store over a memory store that survives its restarts.
class BlobStoreTest : public ::testing::Test {
 protected:
  BlobStoreTest() { Open(); }

  void Open() {
    blobs_.reset();
    BlobStoreOptions options;
    options.directory = directory_.Join("packs");
    options.checkpoint_bytes = 1 << 20;
    options.pack_bytes = 4 << 20;
    options.max_blob_bytes = 64 << 20;
    auto opened = OpenBlobStore(options, *store_, clock_);
    ASSERT_THAT(opened, IsOk());
    blobs_ = *std::move(opened);
  }

  absl::Status Send(BlobUpload& upload, std::string_view bytes, size_t part = 100'000) {
    auto offset = static_cast<size_t>(upload.offset());
    while (offset < bytes.size() && !upload.complete()) {
      const std::string_view next = bytes.substr(offset, part);
      absl::Status status = upload.Write(static_cast<int64_t>(offset), next);
      if (!status.ok()) return status;
      offset += next.size();
    }
    return absl::OkStatus();
  }

  absl::Status Store(const std::string& bytes, const char* uuid = kUuid) {
    auto upload = blobs_->OpenUpload(uuid, DigestOf(bytes));
    if (!upload.ok()) return upload.status();
    const absl::Status sent = Send(**upload, bytes);
    return sent.ok() ? (*upload)->Finish() : sent;
  }

  absl::StatusOr<std::string> ReadRange(const Digest& digest, int64_t offset, int64_t limit) {
    std::string bytes;
    const absl::Status status = blobs_->Read(digest, offset, limit, [&](std::string_view piece) {
      bytes += piece;
      return absl::OkStatus();
    });
    return status.ok() ? absl::StatusOr<std::string>(bytes) : status;
  }

  std::vector<std::string> PackPaths() {
    std::vector<std::string> paths;
    for (const auto& e : std::filesystem::directory_iterator(directory_.Join("packs"))) {
      paths.push_back(e.path().string());
    }
    return paths;
  }

  int64_t PackBytes() {
    int64_t bytes = 0;
    for (const std::string& path : PackPaths()) {
      bytes += static_cast<int64_t>(std::filesystem::file_size(path));
    }
    return bytes;
  }

  storage::ScratchDirectory directory_;
  ManualClock clock_{1'000 * kNanosPerSecond};
  std::unique_ptr<storage::KvStore> store_ = storage::MakeMemoryStore();
  std::unique_ptr<BlobStore> blobs_;
};

TEST_F(BlobStoreTest, TheEmptyBlobIsAlwaysThere) {
  const Digest empty = DigestOf("");
  EXPECT_TRUE(blobs_->FindMissing({empty}).value().empty());
  EXPECT_EQ(blobs_->ReadAll(empty, 0).value(), "");
  EXPECT_THAT(store_->CommitAndWait(storage::WriteSet().RequireExists(BlobKey(empty))), IsOk());
}

TEST_F(BlobStoreTest, SmallBlobsCommitTogetherAndReadBack) {
  const std::string a = "small", b = RandomBytes(kInlineLimitBytes - 1, 1);
  EXPECT_THAT(blobs_->PutBatch({{DigestOf(a), a}, {DigestOf(b), b}, {DigestOf(a), a}}),
              ::testing::Each(absl::OkStatus()));
  EXPECT_EQ(blobs_->ReadAll(DigestOf(a), 100).value(), a);
  EXPECT_EQ(ReadRange(DigestOf(b), 10, 20).value(), b.substr(10, 20));
  EXPECT_TRUE(PackPaths().empty());
}

TEST_F(BlobStoreTest, ABlobWithAWrongDigestIsRefusedAndTheOthersOfItsBatchAreStored) {
  Digest wrong_size = DigestOf("b");
  wrong_size.size_bytes = 2;
  const std::string large = RandomBytes(kInlineLimitBytes, 3);
  for (const Digest& wrong : {DigestOf("x"), wrong_size}) {
    const auto outcomes = blobs_->PutBatch({{wrong, "b"}, {DigestOf(large), large}});
    EXPECT_THAT(outcomes[0], StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_TRUE(HasReason(outcomes[0], ErrorReason::DIGEST_MISMATCH));
    EXPECT_THAT(outcomes[1], IsOk());
  }
  EXPECT_EQ(blobs_->FindMissing({DigestOf("b"), DigestOf(large)}).value().size(), 1u);
}

TEST_F(BlobStoreTest, ABatchOfLargeAndSmallBlobsIsReadAfterARestartAndStoredOnce) {
  std::vector<std::string> bytes;
  std::vector<WholeBlob> batch;
  for (uint64_t i = 0; i < 6; ++i) bytes.push_back(RandomBytes(i % 2 == 0 ? 200'000 : 20, i));
  for (const std::string& blob : bytes) batch.push_back({DigestOf(blob), blob});
  EXPECT_THAT(blobs_->PutBatch(batch), ::testing::Each(absl::OkStatus()));
  const auto size = std::filesystem::file_size(PackPaths().at(0));
  Open();
  EXPECT_THAT(blobs_->PutBatch(batch), ::testing::Each(absl::OkStatus()));
  EXPECT_EQ(PackPaths().size(), 1u);
  EXPECT_EQ(std::filesystem::file_size(PackPaths().at(0)), size);
  for (const std::string& blob : bytes) {
    EXPECT_EQ(blobs_->ReadAll(DigestOf(blob), 1 << 20).value(), blob);
  }
}

TEST_F(BlobStoreTest, BatchesOfTheSameBlobsAtOnceStoreOneCopy) {
  std::vector<std::string> bytes;
  std::vector<WholeBlob> batch;
  for (uint64_t i = 0; i < 8; ++i) bytes.push_back(RandomBytes(100'000, i));
  for (const std::string& blob : bytes) batch.push_back({DigestOf(blob), blob});
  std::vector<std::thread> threads;
  std::vector<std::vector<absl::Status>> outcomes(4);
  for (auto& outcome : outcomes) {
    threads.emplace_back([&, this] { outcome = blobs_->PutBatch(batch); });
  }
  for (std::thread& thread : threads) thread.join();
  uintmax_t stored = 0;
  for (const auto& outcome : outcomes) EXPECT_THAT(outcome, ::testing::Each(absl::OkStatus()));
  for (const auto& path : PackPaths()) stored += std::filesystem::file_size(path);
  EXPECT_LT(stored, 8u * 100'000 + 8 * 1000);
  for (const std::string& blob : bytes) {
    EXPECT_EQ(blobs_->ReadAll(DigestOf(blob), 1 << 20).value(), blob);
  }
}

TEST_F(BlobStoreTest, ABlobIsPutTogetherOfChunksAndReadWholeAndInRanges) {
  const std::string a = RandomBytes(300'000, 1), b = RandomBytes(70, 2), c = RandomBytes(90'000, 3);
  const std::string whole = a + b + c + b;
  ASSERT_THAT(blobs_->PutBatch({{DigestOf(a), a}, {DigestOf(b), b}, {DigestOf(c), c}}),
              ::testing::Each(absl::OkStatus()));
  const std::vector<Digest> chunks = {DigestOf(a), DigestOf(b), DigestOf(c), DigestOf(b)};
  ASSERT_THAT(blobs_->Splice(DigestOf(whole), chunks), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(whole), {}), IsOk()) << "it is there already";
  Open();
  EXPECT_EQ(blobs_->Split(DigestOf(whole)).value(), chunks);
  EXPECT_EQ(blobs_->Split(DigestOf(a)).value(), std::vector<Digest>{DigestOf(a)});
  EXPECT_EQ(blobs_->ReadAll(DigestOf(whole), 1 << 20).value(), whole);
  std::mt19937_64 random(7);
  for (int i = 0; i < 50; ++i) {
    const auto offset = static_cast<int64_t>(random() % whole.size());
    const auto limit = static_cast<int64_t>(1 + random() % whole.size());
    EXPECT_EQ(ReadRange(DigestOf(whole), offset, limit).value(),
              whole.substr(static_cast<size_t>(offset), static_cast<size_t>(limit)));
  }
}

TEST_F(BlobStoreTest, ASpliceOfOtherBytesIsRefusedAndStoresNothing) {
  const std::string a = RandomBytes(100'000, 1), b = RandomBytes(80'000, 2);
  ASSERT_THAT(blobs_->PutBatch({{DigestOf(a), a}, {DigestOf(b), b}}),
              ::testing::Each(absl::OkStatus()));
  const Digest whole = DigestOf(a + b);
  EXPECT_TRUE(
      HasReason(blobs_->Splice(whole, {DigestOf(b), DigestOf(a)}), ErrorReason::DIGEST_MISMATCH));
  EXPECT_TRUE(HasReason(blobs_->Splice(whole, {DigestOf(a)}), ErrorReason::DIGEST_MISMATCH));
  EXPECT_TRUE(HasReason(blobs_->Splice(whole, {DigestOf(a), DigestOf(a), DigestOf(a)}),
                        ErrorReason::DIGEST_MISMATCH));
  EXPECT_TRUE(HasReason(blobs_->Splice(whole, {DigestOf(a), DigestOf("absent")}),
                        ErrorReason::BLOB_NOT_FOUND));
  EXPECT_EQ(blobs_->FindMissing({whole}).value().size(), 1u);
  ASSERT_THAT(blobs_->Splice(whole, {DigestOf(a), DigestOf(b)}), IsOk());
  EXPECT_TRUE(HasReason(blobs_->Splice(DigestOf(a + b + b), {whole, DigestOf(b)}),
                        ErrorReason::VALUE_INVALID));
}

TEST_F(BlobStoreTest, ADamagedChunkIsDataLossOfTheWholeBlob) {
  const std::string a = RandomBytes(100'000, 1), b = RandomBytes(80'000, 2);
  ASSERT_THAT(blobs_->PutBatch({{DigestOf(a), a}, {DigestOf(b), b}}),
              ::testing::Each(absl::OkStatus()));
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  std::fstream pack(PackPaths().at(0), std::ios::in | std::ios::out | std::ios::binary);
  pack.seekp(PackFile::kFileHeaderBytes + PackFile::kRecordHeaderBytes + 50'000);
  pack.put(static_cast<char>(~a[50'000]));
  pack.close();
  EXPECT_TRUE(
      HasReason(blobs_->ReadAll(DigestOf(a + b), 1 << 20).status(), ErrorReason::BLOB_CORRUPT));
}

TEST_F(BlobStoreTest, ChunksOfImpossibleLengthsAreRefused) {
  Digest huge = DigestOf("x");
  huge.size_bytes = std::numeric_limits<int64_t>::max();
  const std::string bytes = RandomBytes(70'000, 1);
  const absl::Status spliced = blobs_->Splice(DigestOf(bytes), {huge, huge});
  EXPECT_TRUE(HasReason(spliced, ErrorReason::DIGEST_MISMATCH)) << spliced;
}

// What the store knows of an upload that another stream ended.
TEST_F(BlobStoreTest, AnUploadThatEndedIsNotTakenUpAgain) {
  const std::string bytes = RandomBytes(2'500'000, 1);
  const auto packs = PackPool::Open(directory_.Join("others"), 4 << 20, {}).value();
  BlobLeases leases(*store_, clock_, kNanosPerSecond);
  const UploadEnvironment environment{*store_, clock_, *packs, leases, 1 << 20};
  PackUpload upload(environment, kUuid, DigestOf(bytes));
  const int64_t owner = upload.Attach().value();
  ASSERT_THAT(upload.Write(owner, 0, RandomBytes(2'500'000, 2)), IsOk());
  EXPECT_TRUE(HasReason(upload.Finish(owner), ErrorReason::DIGEST_MISMATCH));
  EXPECT_TRUE(HasReason(upload.Attach().status(), ErrorReason::UPLOAD_NOT_FOUND));
}

TEST_F(BlobStoreTest, TheRightHashWithTheWrongSizeIsMissing) {
  ASSERT_THAT(blobs_->PutBatch({{DigestOf("a"), "a"}})[0], IsOk());
  Digest wrong = DigestOf("a");
  wrong.size_bytes = 2;
  EXPECT_THAT(blobs_->FindMissing({DigestOf("a"), wrong, DigestOf("b")}).value(),
              ::testing::ElementsAre(wrong, DigestOf("b")));
  EXPECT_TRUE(HasReason(blobs_->ReadAll(wrong, 10).status(), ErrorReason::BLOB_NOT_FOUND));
  EXPECT_TRUE(HasReason(blobs_->CheckPresent({DigestOf("a"), wrong}), ErrorReason::BLOB_NOT_FOUND));
}

TEST_F(BlobStoreTest, BlobsOfEverySizeReadBackWholeAndInRanges) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const int64_t size : {int64_t{1}, kInlineLimitBytes - 1, kInlineLimitBytes, kPieceBytes - 1,
                             kPieceBytes, kPieceBytes + 1, 3 * kPieceBytes + 17}) {
    const std::string bytes =
        RandomBytes(static_cast<size_t>(size), seed + static_cast<uint64_t>(size));
    const Digest digest = DigestOf(bytes);
    ASSERT_THAT(Store(bytes), IsOk()) << size;
    EXPECT_EQ(blobs_->ReadAll(digest, size).value(), bytes);
    for (int i = 0; i < 20; ++i) {
      const auto offset = static_cast<int64_t>(random() % static_cast<uint64_t>(size + 1));
      const auto limit = static_cast<int64_t>(random() % static_cast<uint64_t>(size + 1));
      const size_t count = limit == 0 ? std::string::npos : static_cast<size_t>(limit);
      EXPECT_EQ(ReadRange(digest, offset, limit).value(),
                bytes.substr(static_cast<size_t>(offset), count));
    }
  }
}

TEST_F(BlobStoreTest, ARangeOutsideTheBlobIsRefused) {
  ASSERT_THAT(blobs_->PutBatch({{DigestOf("abc"), "abc"}})[0], IsOk());
  for (const auto& [offset, limit] : {std::pair<int64_t, int64_t>{-1, 0}, {4, 0}, {0, -1}}) {
    const auto read = ReadRange(DigestOf("abc"), offset, limit);
    EXPECT_THAT(read, StatusIs(absl::StatusCode::kOutOfRange));
  }
  EXPECT_EQ(ReadRange(DigestOf("abc"), 3, 0).value(), "");
}

TEST_F(BlobStoreTest, ASinkThatFailsStopsTheReading) {
  const std::string bytes = RandomBytes(3 * kPieceBytes, 5);
  ASSERT_THAT(Store(bytes), IsOk());
  int calls = 0;
  const absl::Status status = blobs_->Read(DigestOf(bytes), 0, 0, [&calls](std::string_view) {
    ++calls;
    return absl::CancelledError("enough");
  });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(calls, 1);
}

TEST_F(BlobStoreTest, StoredBlobsSurviveARestart) {
  const std::string bytes = RandomBytes(300'000, 2);
  ASSERT_THAT(Store(bytes), IsOk());
  Open();
  EXPECT_EQ(blobs_->ReadAll(DigestOf(bytes), 1 << 20).value(), bytes);
  const std::string next = RandomBytes(300'000, 3);
  ASSERT_THAT(Store(next), IsOk());
  EXPECT_EQ(PackPaths().size(), 1u);
  EXPECT_EQ(blobs_->ReadAll(DigestOf(next), 1 << 20).value(), next);
}

TEST_F(BlobStoreTest, AnUploadGoesOnAfterABreak) {
  const std::string bytes = RandomBytes(3 << 20, 4);
  const Digest digest = DigestOf(bytes);
  {
    auto upload = blobs_->OpenUpload(kUuid, digest).value();
    ASSERT_THAT(Send(*upload, std::string_view(bytes).substr(0, 1'234'567)), IsOk());
  }
  const UploadStatus status = blobs_->QueryUpload(kUuid, digest).value();
  EXPECT_EQ(status.committed_size_bytes, 1'234'567);
  EXPECT_FALSE(status.complete);
  auto upload = blobs_->OpenUpload(kUuid, digest).value();
  EXPECT_EQ(upload->offset(), status.committed_size_bytes);
  ASSERT_THAT(Send(*upload, bytes), IsOk());
  ASSERT_THAT(upload->Finish(), IsOk());
  EXPECT_EQ(blobs_->ReadAll(digest, 1 << 23).value(), bytes);
  EXPECT_TRUE(blobs_->QueryUpload(kUuid, digest).value().complete);
}

TEST_F(BlobStoreTest, AnUploadGoesOnAfterARestartOfTheServer) {
  const std::string bytes = RandomBytes(3 << 20, 4);
  const Digest digest = DigestOf(bytes);
  {
    auto upload = blobs_->OpenUpload(kUuid, digest).value();
    ASSERT_THAT(Send(*upload, std::string_view(bytes).substr(0, 2'000'000)), IsOk());
  }
  Open();
  EXPECT_EQ(blobs_->QueryUpload(kUuid, digest).value().committed_size_bytes, 2'000'000);
  const std::string other = RandomBytes(200'000, 9);
  ASSERT_THAT(Store(other, kOtherUuid), IsOk());  // must not land in the open record
  auto upload = blobs_->OpenUpload(kUuid, digest).value();
  EXPECT_EQ(upload->offset(), 2'000'000);
  ASSERT_THAT(Send(*upload, bytes), IsOk());
  ASSERT_THAT(upload->Finish(), IsOk());
  Open();
  EXPECT_EQ(blobs_->ReadAll(digest, 1 << 23).value(), bytes);
  EXPECT_EQ(blobs_->ReadAll(DigestOf(other), 1 << 23).value(), other);
}

TEST_F(BlobStoreTest, AnUploadWhosePackIsGoneBeginsAgain) {
  const std::string bytes = RandomBytes(2 << 20, 4);
  {
    auto upload = blobs_->OpenUpload(kUuid, DigestOf(bytes)).value();
    ASSERT_THAT(Send(*upload, std::string_view(bytes).substr(0, 1'500'000)), IsOk());
  }
  blobs_.reset();
  for (const std::string& path : PackPaths()) std::filesystem::remove(path);
  Open();
  ASSERT_THAT(Store(bytes), IsOk());
  EXPECT_EQ(blobs_->ReadAll(DigestOf(bytes), 1 << 23).value(), bytes);
}

TEST_F(BlobStoreTest, BytesAtTheWrongOffsetAreRefused) {
  const std::string bytes = RandomBytes(200'000, 4);
  auto upload = blobs_->OpenUpload(kUuid, DigestOf(bytes)).value();
  ASSERT_THAT(upload->Write(0, "abc"), IsOk());
  for (const int64_t offset : {0, 2, 4}) {
    const absl::Status status = upload->Write(offset, "d");
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_TRUE(HasReason(status, ErrorReason::UPLOAD_OFFSET_MISMATCH));
    EXPECT_EQ(MetadataOf(status, "expectedOffset"), "3");
  }
}

TEST_F(BlobStoreTest, AWrongDigestStoresNothingAndGivesTheSpaceBack) {
  const std::string bytes = RandomBytes(2 << 20, 4);
  Digest wrong = DigestOf(bytes);
  wrong.sha256[0] ^= 1;
  auto upload = blobs_->OpenUpload(kUuid, wrong).value();
  ASSERT_THAT(Send(*upload, bytes), IsOk());
  const absl::Status status = upload->Finish();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_TRUE(HasReason(status, ErrorReason::DIGEST_MISMATCH));
  EXPECT_EQ(blobs_->FindMissing({wrong}).value().size(), 1u);
  EXPECT_EQ(PackBytes(), PackFile::kFileHeaderBytes);
  EXPECT_TRUE(HasReason(blobs_->QueryUpload(kUuid, wrong).status(), ErrorReason::UPLOAD_NOT_FOUND));
}

TEST_F(BlobStoreTest, TooManyOrTooFewBytesAreADigestMismatch) {
  const std::string bytes = RandomBytes(100'000, 4);
  auto upload = blobs_->OpenUpload(kUuid, DigestOf(bytes)).value();
  EXPECT_TRUE(HasReason(upload->Write(0, bytes + "x"), ErrorReason::DIGEST_MISMATCH));
  ASSERT_THAT(upload->Write(0, bytes.substr(1)), IsOk());
  EXPECT_TRUE(HasReason(upload->Finish(), ErrorReason::DIGEST_MISMATCH));
  auto nothing = blobs_->OpenUpload(kOtherUuid, DigestOf(bytes)).value();
  EXPECT_TRUE(HasReason(nothing->Finish(), ErrorReason::DIGEST_MISMATCH));
}

TEST_F(BlobStoreTest, ABlobAboveTheLimitIsRefusedBeforeAnyByte) {
  Digest digest;
  digest.size_bytes = (64 << 20) + 1;
  EXPECT_TRUE(HasReason(blobs_->OpenUpload(kUuid, digest).status(), ErrorReason::BLOB_TOO_LARGE));
}

TEST_F(BlobStoreTest, AnUploadIdIsBoundToItsBlob) {
  const std::string a = RandomBytes(100'000, 1), b = RandomBytes(100'000, 2);
  auto upload = blobs_->OpenUpload(kUuid, DigestOf(a)).value();
  EXPECT_TRUE(
      HasReason(blobs_->OpenUpload(kUuid, DigestOf(b)).status(), ErrorReason::DIGEST_MISMATCH));
}

TEST_F(BlobStoreTest, ASecondStreamTakesAnUploadOver) {
  const std::string bytes = RandomBytes(200'000, 4);
  auto first = blobs_->OpenUpload(kUuid, DigestOf(bytes)).value();
  ASSERT_THAT(first->Write(0, bytes.substr(0, 50'000)), IsOk());
  auto second = blobs_->OpenUpload(kUuid, DigestOf(bytes)).value();
  EXPECT_EQ(second->offset(), 50'000);
  EXPECT_THAT(first->Write(50'000, "x"), StatusIs(absl::StatusCode::kAborted));
  ASSERT_THAT(Send(*second, bytes), IsOk());
  ASSERT_THAT(second->Finish(), IsOk());
}

TEST_F(BlobStoreTest, TwoUploadsOfOneBlobKeepOneCopyAndBothAreRight) {
  const std::string bytes = RandomBytes(200'000, 4);
  const Digest digest = DigestOf(bytes);
  auto first = blobs_->OpenUpload(kUuid, digest).value();
  auto second = blobs_->OpenUpload(kOtherUuid, digest).value();
  ASSERT_THAT(Send(*first, bytes), IsOk());
  ASSERT_THAT(Send(*second, bytes), IsOk());
  EXPECT_THAT(first->Finish(), IsOk());
  EXPECT_THAT(second->Finish(), IsOk());
  EXPECT_TRUE(second->complete());
  EXPECT_EQ(PackBytes(), 2 * PackFile::kFileHeaderBytes + PackFile::RecordBytes(200'000));
  auto third = blobs_->OpenUpload("e4eaaaf2-d142-41e6-8b3a-3e0e4d1a0d9a", digest).value();
  EXPECT_TRUE(third->complete());
  EXPECT_EQ(third->offset(), 200'000);
}

TEST_F(BlobStoreTest, AnUploadStopsEarlyWhenAnotherCompletedTheBlob) {
  const std::string bytes = RandomBytes(3 << 20, 4);
  auto slow = blobs_->OpenUpload(kUuid, DigestOf(bytes)).value();
  ASSERT_THAT(slow->Write(0, bytes.substr(0, 1000)), IsOk());
  ASSERT_THAT(Store(bytes, kOtherUuid), IsOk());
  ASSERT_THAT(Send(*slow, bytes), IsOk());
  EXPECT_TRUE(slow->complete());
  EXPECT_THAT(slow->Finish(), IsOk());
}

TEST_F(BlobStoreTest, ParallelUploadsAllArrive) {
  std::vector<std::string> blobs;
  for (uint64_t i = 0; i < 8; ++i) blobs.push_back(RandomBytes(1'300'000 + i, i));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      const std::string uuid = "00000000-0000-4000-8000-0000000000" + std::to_string(10 + i);
      EXPECT_THAT(Store(blobs[i % 8], uuid.c_str()), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  Open();
  for (const std::string& blob : blobs) {
    EXPECT_EQ(blobs_->ReadAll(DigestOf(blob), 1 << 22).value(), blob);
  }
}

TEST_F(BlobStoreTest, ADamagedByteIsNeverServed) {
  const std::string bytes = RandomBytes(3 * kPieceBytes + 100, 4);
  const Digest digest = DigestOf(bytes);
  ASSERT_THAT(Store(bytes), IsOk());
  const std::string path = PackPaths()[0];
  const std::string pack = ReadFile(path).value();
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 30; ++i) {
    const size_t at = random() % bytes.size();
    std::string damaged = pack;
    damaged[PackFile::kFileHeaderBytes + PackFile::kRecordHeaderBytes + at] ^= 1;
    ASSERT_THAT(WriteFileAtomically(path, damaged), IsOk());
    Open();
    std::string seen;
    const absl::Status whole = blobs_->Read(digest, 0, 0, [&seen](std::string_view piece) {
      seen += piece;
      return absl::OkStatus();
    });
    EXPECT_THAT(whole, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_TRUE(HasReason(whole, ErrorReason::BLOB_CORRUPT));
    EXPECT_EQ(seen, bytes.substr(0, seen.size()));
    EXPECT_LE(seen.size(), at);
    EXPECT_THAT(ReadRange(digest, static_cast<int64_t>(at), 1),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST_F(BlobStoreTest, AMissingOrShortPackIsDamageNotAbsence) {
  const std::string bytes = RandomBytes(300'000, 4);
  ASSERT_THAT(Store(bytes), IsOk());
  std::filesystem::resize_file(PackPaths()[0], 1000);
  Open();
  EXPECT_TRUE(
      HasReason(blobs_->ReadAll(DigestOf(bytes), 1 << 20).status(), ErrorReason::BLOB_CORRUPT));
  blobs_.reset();
  std::filesystem::remove(PackPaths()[0]);
  Open();
  const auto read = blobs_->ReadAll(DigestOf(bytes), 1 << 20);
  EXPECT_TRUE(HasReason(read.status(), ErrorReason::BLOB_CORRUPT));
  EXPECT_EQ(std::string(read.status().message()).find(directory_.path()), std::string::npos);
}

TEST_F(BlobStoreTest, WhatACrashLeftHalfWrittenIsCutOff) {
  const std::string bytes = RandomBytes(300'000, 4);
  ASSERT_THAT(Store(bytes), IsOk());
  const int64_t whole = PackBytes();
  {
    auto pack = PackFile::Open(directory_.Join("packs"), 1, true).value();
    ASSERT_THAT(pack->BeginRecord(whole, DigestOf(RandomBytes(90'000, 1))), IsOk());
    ASSERT_THAT(pack->WriteAt(whole + PackFile::kRecordHeaderBytes, "half"), IsOk());
  }
  Open();
  EXPECT_EQ(PackBytes(), whole);
  EXPECT_EQ(blobs_->ReadAll(DigestOf(bytes), 1 << 20).value(), bytes);
}

TEST_F(BlobStoreTest, AnUploadNobodyContinuesIsGivenUp) {
  const std::string bytes = RandomBytes(3 << 20, 4);
  {
    auto upload = blobs_->OpenUpload(kUuid, DigestOf(bytes)).value();
    ASSERT_THAT(Send(*upload, std::string_view(bytes).substr(0, 2'000'000)), IsOk());
  }
  clock_.AdvanceNanos(25 * 3600 * kNanosPerSecond);
  Open();
  EXPECT_TRUE(HasReason(blobs_->QueryUpload(kUuid, DigestOf(bytes)).status(),
                        ErrorReason::UPLOAD_NOT_FOUND));
  EXPECT_EQ(PackBytes(), PackFile::kFileHeaderBytes);
}

}  // namespace
}  // namespace cairn::artifacts
