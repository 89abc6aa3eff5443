// Damage: what is read, what the scrubber finds, how it heals; and the index made anew.

#include <random>

#include "gmock/gmock.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/pack_file.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/artifacts/blob_life_fixture.h"

namespace cairn::artifacts {
namespace {

using testing::IsOk;
using testing::StatusIs;

class ScrubTest : public BlobLifeTest {
 protected:
  // The hashes that a scrub reports.
  std::vector<std::string> Damaged() {
    const auto done = Scrub();
    EXPECT_EQ(done.damaged_blob_count(), done.damaged_size());
    std::vector<std::string> hashes;
    for (const auto& digest : done.damaged()) hashes.push_back(digest.sha256());
    return hashes;
  }

  void Replace(const std::string& path, const std::string& content) {
    blobs_.reset();
    ASSERT_THAT(WriteFileAtomically(path, content), IsOk());
    Open();
  }

  // The right bytes or DATA_LOSS, never others.
  void ExpectRightOrLost(const std::string& bytes) {
    const auto read = Read(bytes);
    if (read.ok()) {
      EXPECT_EQ(*read, bytes);
    } else {
      EXPECT_THAT(read, StatusIs(absl::StatusCode::kDataLoss));
    }
  }
};

TEST_F(ScrubTest, SoundBlobsAreNotReported) {
  const std::string a = Noise(300'000, 1), b = Noise(50, 2);
  ASSERT_THAT(Upload(a), IsOk());
  ASSERT_THAT(Upload(b), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  const auto done = Scrub();
  EXPECT_EQ(done.blob_count(), 4);  // with the empty blob
  EXPECT_EQ(done.blob_bytes(), 300'050);
  EXPECT_EQ(done.damaged_blob_count(), 0);
}

// Every bit of the framing and many of the bytes: whatever is flipped, the scrubber finds
// the blob and no other, and sending it again heals it.
TEST_F(ScrubTest, EveryFlippedBitOfAPackIsFound) {
  const std::string a = Noise(300'000, 1), b = Noise(70'000, 2);
  ASSERT_THAT(Upload(a), IsOk());
  ASSERT_THAT(Upload(b), IsOk());
  const std::string path = PackPaths().at(0);
  const std::string pack = ReadFile(path).value();
  const size_t data_a = PackFile::kFileHeaderBytes + PackFile::kRecordHeaderBytes;
  const size_t begin_b = PackFile::kFileHeaderBytes + PackFile::RecordBytes(300'000);
  const size_t data_b = begin_b + PackFile::kRecordHeaderBytes;
  std::vector<size_t> places;
  for (size_t at = 0; at < pack.size(); ++at) {
    const bool in_bytes =
        (at >= data_a && at < data_a + a.size()) || (at >= data_b && at < data_b + b.size());
    if (!in_bytes) places.push_back(at);
  }
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100; ++i) places.push_back(data_a + random() % a.size());
  for (int i = 0; i < 100; ++i) places.push_back(data_b + random() % b.size());
  for (const size_t at : places) {
    SCOPED_TRACE(::testing::Message() << "byte " << at);
    std::string flipped = pack;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
    Replace(path, flipped);
    std::vector<std::string> expected;
    if (at < begin_b) expected.push_back(Sha256Hex(a));
    if (at < PackFile::kFileHeaderBytes || at >= begin_b) expected.push_back(Sha256Hex(b));
    ExpectRightOrLost(a);
    ExpectRightOrLost(b);
    EXPECT_THAT(Damaged(), ::testing::UnorderedElementsAreArray(expected));
    EXPECT_EQ(blobs_->FindMissing({DigestOf(a), DigestOf(b)}).value().size(), expected.size());
    ExpectRightOrLost(a);
    ExpectRightOrLost(b);
    // The disk was right after all.
    Replace(path, pack);
    EXPECT_THAT(Damaged(), ::testing::IsEmpty());
    EXPECT_TRUE(IsThere(a) && IsThere(b));
  }
}

TEST_F(ScrubTest, EveryFlippedBitOfAnEntryIsFoundOrHarmless) {
  const std::string small = Noise(40, 1), large = Noise(300'000, 2);
  const std::string whole = small + large;
  ASSERT_THAT(Upload(small), IsOk());
  ASSERT_THAT(Upload(large), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(whole), {DigestOf(small), DigestOf(large)}), IsOk());
  for (const std::string& bytes : {small, large, whole}) {
    const storage::Key key = BlobKey(DigestOf(bytes));
    const std::string payload = store_->GetSnapshot()->Get(key).value()->payload;
    for (size_t bit = 0; bit < payload.size() * 8; ++bit) {
      SCOPED_TRACE(::testing::Message() << bytes.size() << " bytes, bit " << bit);
      std::string flipped = payload;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      ASSERT_THAT(store_->CommitAndWait(storage::WriteSet().PutRecord(key, flipped)), IsOk());
      const auto read = Read(bytes);
      const bool right = read.ok() && *read == bytes;
      EXPECT_TRUE(right || absl::IsDataLoss(read.status()) || absl::IsNotFound(read.status()))
          << read.status();
      const bool found = !Damaged().empty();
      EXPECT_TRUE(right || found);
      if (found) {
        ASSERT_FALSE(IsThere(bytes));
        const absl::Status sent =
            bytes == whole ? blobs_->Splice(DigestOf(whole), {DigestOf(small), DigestOf(large)})
                           : Upload(bytes);
        ASSERT_THAT(sent, IsOk());
        EXPECT_EQ(Read(bytes).value(), bytes);
        EXPECT_EQ(Damaged().size(), 0u);
      }
      ASSERT_THAT(store_->CommitAndWait(storage::WriteSet().PutRecord(key, payload)), IsOk());
    }
  }
}

TEST_F(ScrubTest, SendingADamagedBlobAgainHealsItAndReferencesToItWaitForThat) {
  const std::string bytes = Noise(200'000, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  const std::string path = PackPaths().at(0);
  std::string pack = ReadFile(path).value();
  pack[1000] ^= 1;
  Replace(path, pack);
  EXPECT_THAT(Refer(bytes), IsOk()) << "nobody knows yet";
  EXPECT_EQ(Damaged().size(), 1u);
  EXPECT_TRUE(absl::IsNotFound(Refer(bytes, "other")));
  EXPECT_FALSE(IsThere(bytes));
  EXPECT_THAT(Read(bytes), StatusIs(absl::StatusCode::kDataLoss));
  ASSERT_THAT(Upload(bytes), IsOk());
  EXPECT_EQ(Read(bytes).value(), bytes);
  EXPECT_THAT(Refer(bytes, "other"), IsOk());
  EXPECT_EQ(Damaged().size(), 0u);
}

TEST_F(ScrubTest, ADamagedChunkIsDamageOfItsWholesUntilItIsSentAgain) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2);
  ASSERT_THAT(Upload(a), IsOk());
  ASSERT_THAT(Upload(b), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  const std::string path = PackPaths().at(0);
  std::string pack = ReadFile(path).value();
  pack[1000] ^= 1;
  Replace(path, pack);
  EXPECT_THAT(Damaged(), ::testing::UnorderedElementsAre(Sha256Hex(a), Sha256Hex(a + b)));
  EXPECT_TRUE(absl::IsNotFound(blobs_->Splice(DigestOf(a + b + b), {DigestOf(a), DigestOf(b)})));
  ASSERT_THAT(Upload(a), IsOk());
  EXPECT_EQ(Read(a + b).value(), a + b);
  EXPECT_FALSE(IsThere(a + b));
  EXPECT_THAT(Damaged(), ::testing::IsEmpty());
  EXPECT_TRUE(IsThere(a + b));
}

TEST_F(ScrubTest, ADamagedChunkThatIsPutTogetherOfOthersStaysInOnePiece) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2), c = Noise(80'000, 3);
  ASSERT_THAT(Upload(a + b), IsOk());
  ASSERT_THAT(Upload(c), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b + c), {DigestOf(a + b), DigestOf(c)}), IsOk());
  const std::string path = PackPaths().at(0);
  std::string pack = ReadFile(path).value();
  pack[1000] ^= 1;
  Replace(path, pack);
  EXPECT_THAT(Damaged(), ::testing::UnorderedElementsAre(Sha256Hex(a + b), Sha256Hex(a + b + c)));
  ASSERT_THAT(Upload(a), IsOk());
  ASSERT_THAT(Upload(b), IsOk());
  EXPECT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(b), DigestOf(a)}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  EXPECT_EQ(Read(a + b).value(), a + b);
  EXPECT_EQ(blobs_->Split(DigestOf(a + b)).value().size(), 1u);
  EXPECT_EQ(Read(a + b + c).value(), a + b + c);
  EXPECT_THAT(Damaged(), ::testing::IsEmpty());
}

TEST_F(ScrubTest, APackThatIsGoneIsDamageOfAllItsBlobs) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2), small = Noise(9, 3);
  for (const std::string& bytes : {a, b, small}) ASSERT_THAT(Upload(bytes), IsOk());
  blobs_.reset();
  std::filesystem::remove(PackPaths().at(0));
  Open();
  EXPECT_THAT(Damaged(), ::testing::UnorderedElementsAre(Sha256Hex(a), Sha256Hex(b)));
}

TEST_F(ScrubTest, ABlobLargerThanAStepIsReadOverSeveral) {
  const std::string bytes = Noise(40 << 20, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  const auto done = Scrub();
  EXPECT_EQ(done.blob_bytes(), 40 << 20);
  EXPECT_EQ(done.damaged_blob_count(), 0);
}

TEST_F(ScrubTest, AnIndexThatIsGoneIsMadeAnewFromThePacks) {
  std::vector<std::string> contents;
  for (uint64_t i = 0; i < 60; ++i) contents.push_back(Noise(65'536 + 5'000 * i, i));
  std::map<Digest, std::string> before;
  for (const std::string& bytes : contents) ASSERT_THAT(Upload(bytes), IsOk());
  for (const std::string& bytes : contents) {
    before[DigestOf(bytes)] = store_->GetSnapshot()->Get(BlobKey(DigestOf(bytes))).value()->payload;
  }
  // Cut short by a crash, the next start finishes it.
  for (int commits = 0; commits < 4; ++commits) {
    SCOPED_TRACE(commits);
    blobs_.reset();
    dying_.reset();
    store_ = storage::MakeMemoryStore();
    dying_ = std::make_unique<DyingStore>(*store_);
    dying_->DieAfter(commits);
    BlobStoreOptions options;
    options.directory = Packs();
    static_cast<void>(OpenBlobStore(options, *dying_, clock_));
    Open();
    for (const auto& [digest, payload] : before) {
      const auto record = store_->GetSnapshot()->Get(BlobKey(digest)).value();
      ASSERT_TRUE(record.has_value());
      EXPECT_EQ(record->payload, payload);
    }
    EXPECT_EQ(Scrub().blob_count(), 61);
  }
  EXPECT_EQ(Damaged().size(), 0u);
}

TEST_F(ScrubTest, UsageTellsOwnSharedAndReclaimableBytes) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2), c = Noise(500, 3);
  const std::string unused = Noise(700, 4);
  for (const std::string& bytes : {a, b, c, unused}) ASSERT_THAT(Upload(bytes), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  ASSERT_THAT(Refer(a + b, "whole"), IsOk());
  ASSERT_THAT(Refer(a, "part"), IsOk());
  ASSERT_THAT(Refer(c, "c"), IsOk());
  internal::RunRecord run;
  run.set_experiment_id(0);
  internal::DatasetVersionRecord version;
  auto* file = version.mutable_version()->add_files();
  file->set_path("c");
  file->mutable_digest()->set_sha256(Sha256Hex(c));
  file->mutable_digest()->set_size_bytes(500);
  storage::WriteSet set;
  set.PutRecord(storage::RunKey("0123456789abcdef0123456789abcdef"), run.SerializeAsString())
      .PutRecord(storage::DatasetVersionKey("retail", 1), version.SerializeAsString());
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());

  const auto all = blobs_->Usage("").value();
  EXPECT_EQ(all.file_count(), 4);
  EXPECT_EQ(all.file_bytes(), 190'000 + 100'000 + 500 + 500);
  EXPECT_EQ(all.blob_count(), 3);
  EXPECT_EQ(all.blob_bytes(), 190'500);
  EXPECT_EQ(all.reclaimable_bytes(), 700);
  EXPECT_EQ(all.inline_bytes(), 1200);
  EXPECT_EQ(all.pack_count(), 1);
  EXPECT_EQ(all.pack_bytes(), PackBytes());

  const auto of_run = blobs_->Usage(kOwner).value();
  EXPECT_EQ(of_run.name(), kOwner);
  EXPECT_EQ(of_run.file_count(), 3);
  EXPECT_EQ(of_run.blob_count(), 3);
  EXPECT_EQ(of_run.blob_bytes(), 190'500);
  EXPECT_EQ(of_run.shared_bytes(), 500);
  EXPECT_EQ(of_run.reclaimable_bytes(), 190'000);

  const auto of_version = blobs_->Usage("datasets/retail/versions/1").value();
  EXPECT_EQ(of_version.blob_bytes(), 500);
  EXPECT_EQ(of_version.shared_bytes(), 500);
  EXPECT_EQ(of_version.reclaimable_bytes(), 0);
  EXPECT_TRUE(absl::IsNotFound(blobs_->Usage("datasets/retail/versions/2").status()));
  EXPECT_TRUE(absl::IsNotFound(blobs_->Usage("models/m/versions/1").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(blobs_->Usage("pictures/1").status()));
}

}  // namespace
}  // namespace cairn::artifacts
