// The index is lost, in whole or in part, or wrong: what the packs bring back.

#include "gmock/gmock.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/index_rebuild.h"
#include "server/artifacts/pack_file.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/artifacts/blob_life_fixture.h"
#include "tests/unit/storage/snapshot_free_store.h"

namespace cairn::artifacts {
namespace {

using testing::IsOk;
using testing::StatusIs;

class RebuildTest : public BlobLifeTest {
 protected:
  // Throws all that the key-value store had away.
  void LoseIndex() {
    blobs_.reset();
    dying_.reset();
    store_ = storage::MakeMemoryStore();
    dying_ = std::make_unique<DyingStore>(*store_);
  }

  // Rebuilds as the operator does, while no server runs.
  RebuiltIndex Rebuild() {
    blobs_.reset();
    storage::SnapshotFreeStore watched(*store_);
    const auto done = RebuildIndex(watched, Packs());
    EXPECT_THAT(done, IsOk());
    return done.value_or(RebuiltIndex());
  }

  internal::BlobEntryRecord EntryOf(const std::string& bytes) const {
    return ReadBlobEntry(*store_->GetSnapshot(), DigestOf(bytes))
        .value_or(internal::BlobEntryRecord());
  }

  void SetEntry(const std::string& bytes, const internal::BlobEntryRecord& entry) {
    ASSERT_THAT(store_->CommitAndWait(storage::WriteSet().PutRecord(BlobKey(DigestOf(bytes)),
                                                                    entry.SerializeAsString())),
                IsOk());
  }

  void DeleteEntry(const std::string& bytes) {
    ASSERT_THAT(store_->CommitAndWait(storage::WriteSet().Delete(BlobKey(DigestOf(bytes)))),
                IsOk());
  }

  std::string PackPath(int64_t number) const { return Packs() + "/" + PackFile::NameOf(number); }

  // Flips a bit of the blob in pack `number`.
  void Damage(int64_t number, const std::string& bytes) {
    std::string pack = ReadFile(PackPath(number)).value();
    const size_t at = pack.find(bytes.substr(0, 64));
    ASSERT_NE(at, std::string::npos);
    pack[at + 100] = static_cast<char>(pack[at + 100] ^ 8);
    ASSERT_THAT(WriteFileAtomically(PackPath(number), pack), IsOk());
  }

  // Puts the chunks and their whole.
  void PutWhole(const std::vector<std::string>& chunks) {
    std::string whole;
    std::vector<Digest> digests;
    for (const std::string& chunk : chunks) {
      ASSERT_THAT(blobs_->PutBatch({{DigestOf(chunk), chunk}})[0], IsOk());
      whole += chunk;
      digests.push_back(DigestOf(chunk));
    }
    const absl::Status spliced = blobs_->Splice(DigestOf(whole), digests);
    ASSERT_THAT(spliced, IsOk());
  }
};

TEST_F(RebuildTest, ABlobThatIsPutTogetherComesBackWholeAlsoItsSmallChunks) {
  const std::string a = Noise(100'000, 1), b = Noise(40'000, 2), c = Noise(3, 3);
  PutWhole({a, b, a, c});
  const std::string whole = a + b + a + c;
  const auto before = EntryOf(whole);
  EXPECT_NE(EntryOf(c).pack(), 0) << "chunks stand in packs, however small";
  LoseIndex();
  Open();
  EXPECT_EQ(EntryOf(whole).SerializeAsString(), before.SerializeAsString());
  EXPECT_EQ(Read(whole).value(), whole);
  EXPECT_EQ(blobs_->Split(DigestOf(whole)).value().size(), 4u);
  EXPECT_TRUE(IsThere(whole));
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
}

TEST_F(RebuildTest, ASmallChunkThatHealedStandsInAPackAgain) {
  const std::string a = Noise(100'000, 1), b = Noise(4'000, 2);
  PutWhole({a, b});
  blobs_.reset();
  Damage(1, b);
  Open();
  EXPECT_EQ(Scrub().damaged_blob_count(), 2);
  ASSERT_THAT(blobs_->PutBatch({{DigestOf(b), b}})[0], IsOk());
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
  LoseIndex();
  Open();
  EXPECT_EQ(Read(a + b).value(), a + b);
}

TEST_F(RebuildTest, AListWhoseChunkIsGoneIsLeftOutUntilItIsSentAgain) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2);
  PutWhole({a, b});
  LoseIndex();
  const std::string path = PackPath(1);
  std::string pack = ReadFile(path).value();
  // The framing of the second chunk is gone; what follows it is not found any more.
  pack[PackFile::kFileHeaderBytes + PackFile::RecordBytes(100'000)] ^= 1;
  ASSERT_THAT(WriteFileAtomically(path, pack), IsOk());
  const RebuiltIndex done = Rebuild();
  EXPECT_EQ(done.damaged_packs, 1);
  EXPECT_EQ(done.blobs, 1);
  EXPECT_EQ(done.lists, 0);
  Open();
  EXPECT_EQ(Read(a).value(), a);
  EXPECT_FALSE(IsThere(a + b));
  PutWhole({a, b});
  EXPECT_EQ(Read(a + b).value(), a + b);
}

TEST_F(RebuildTest, AListWithoutItsChunksMakesNoBlob) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2);
  PutWhole({a, b});
  LoseIndex();
  // Another pack that has the list alone.
  const std::string pack = ReadFile(PackPath(1)).value();
  const size_t list =
      PackFile::kFileHeaderBytes + PackFile::RecordBytes(100'000) + PackFile::RecordBytes(90'000);
  std::filesystem::remove(PackPath(1));
  { PackFile::Create(Packs(), 1).value(); }
  const std::string header = ReadFile(PackPath(1)).value();
  ASSERT_THAT(WriteFileAtomically(PackPath(1), header + pack.substr(list)), IsOk());
  const RebuiltIndex done = Rebuild();
  EXPECT_EQ(done.incomplete_lists, 1);
  EXPECT_EQ(done.lists, 0);
  Open();
  EXPECT_FALSE(HasEntry(a + b));
}

// A healed copy may lie in any pack: below or above the damaged one.
TEST_F(RebuildTest, OfSeveralCopiesASoundOneWins) {
  const std::string bytes = Noise(100'000, 1);
  for (const int64_t damaged : {1, 2, 3}) {
    SCOPED_TRACE(damaged);
    StartOver();
    ASSERT_THAT(Upload(bytes), IsOk());
    blobs_.reset();
    std::string pack = ReadFile(PackPath(1)).value();
    for (const int64_t number : {2, 3}) {
      { PackFile::Create(Packs(), number).value(); }
      const std::string header = ReadFile(PackPath(number)).value();
      ASSERT_THAT(
          WriteFileAtomically(PackPath(number), header + pack.substr(PackFile::kFileHeaderBytes)),
          IsOk());
    }
    for (const int64_t number : {1, 2, 3}) {
      if (number != damaged) Damage(number, bytes);
    }
    LoseIndex();
    Open();
    EXPECT_EQ(Read(bytes).value(), bytes);
    EXPECT_EQ(Scrub().damaged_blob_count(), 0);
  }
}

TEST_F(RebuildTest, OfTwoCopiesInOnePackTheSoundOneWins) {
  const std::string bytes = Noise(100'000, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  blobs_.reset();
  const std::string pack = ReadFile(PackPath(1)).value();
  ASSERT_THAT(WriteFileAtomically(PackPath(1), pack + pack.substr(PackFile::kFileHeaderBytes)),
              IsOk());
  Damage(1, bytes);  // the first
  LoseIndex();
  Open();
  EXPECT_EQ(Read(bytes).value(), bytes);
}

TEST_F(RebuildTest, OnlyWhatIsLostOrWrongIsMadeAnew) {
  const std::string kept = Noise(70'000, 1), lost = Noise(80'000, 2), wrong = Noise(90'000, 3);
  const std::string moved = Noise(100'000, 4), odd = Noise(110'000, 5), small = Noise(50, 6);
  const std::string a = Noise(120'000, 7), b = Noise(9, 8);
  for (const std::string& bytes : {kept, lost, wrong, moved, odd, small}) {
    ASSERT_THAT(Upload(bytes), IsOk());
  }
  PutWhole({a, b});
  const auto right = EntryOf(wrong);
  auto entry = right;
  entry.set_piece_crc32c(0, entry.piece_crc32c(0) ^ 1);
  SetEntry(wrong, entry);
  entry = EntryOf(moved);
  entry.set_pack(77);
  SetEntry(moved, entry);
  ASSERT_THAT(
      store_->CommitAndWait(storage::WriteSet().PutRecord(BlobKey(DigestOf(odd)), "\xff\xff")),
      IsOk());
  for (const std::string& bytes : {lost, a + b, b}) DeleteEntry(bytes);
  const auto revision = [this](const std::string& bytes) {
    return store_->GetSnapshot()->Get(BlobKey(DigestOf(bytes))).value()->mod_revision;
  };
  const auto before = std::pair(revision(kept), revision(small));
  const RebuiltIndex done = Rebuild();
  EXPECT_EQ(done.packs, 1);
  EXPECT_EQ(done.blobs, 5);  // lost, wrong, moved, odd, b
  EXPECT_EQ(done.lists, 1);
  EXPECT_EQ(std::pair(revision(kept), revision(small)), before);
  Open();
  for (const std::string& bytes : {kept, lost, wrong, moved, odd, small, a, b, a + b}) {
    EXPECT_EQ(Read(bytes).value(), bytes);
  }
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
  const RebuiltIndex again = Rebuild();
  EXPECT_EQ(again.blobs + again.lists, 0);
}

TEST_F(RebuildTest, ARebuildThatACrashCutsShortIsFinishedByTheNextStart) {
  std::vector<std::vector<std::string>> files;
  for (uint64_t i = 0; i < 5; ++i) {
    files.push_back({Noise(70'000 + i, i), Noise(500, 100 + i)});
    PutWhole(files.back());
  }
  for (int commits = 0; commits < 4; ++commits) {
    SCOPED_TRACE(commits);
    LoseIndex();
    dying_->DieAfter(commits);
    static_cast<void>(RebuildIndex(*dying_, Packs()));
    Open();
    for (const auto& file : files) EXPECT_EQ(Read(file[0] + file[1]).value(), file[0] + file[1]);
  }
}

TEST_F(RebuildTest, EntriesOfEarlierVersionsWithoutAListInAPackAreReadAndSound) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2);
  PutWhole({a, b});
  auto entry = EntryOf(a + b);
  entry.clear_pack();
  entry.clear_data_offset();
  entry.clear_piece_size_bytes();
  entry.clear_piece_crc32c();
  SetEntry(a + b, entry);
  EXPECT_EQ(Read(a + b).value(), a + b);
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
  ASSERT_THAT(Refer(a + b), IsOk());
  LetLeasesEnd();
  Collect();
  EXPECT_EQ(Read(a + b).value(), a + b);
}

TEST_F(RebuildTest, TheListOfALiveBlobOutlivesCollectionsAndThoseOfOthersGo) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2), c = Noise(80'000, 3);
  PutWhole({a, b});
  PutWhole({a, b, c});
  ASSERT_THAT(Upload(Noise(2'000'000, 4)), IsOk());
  ASSERT_THAT(Refer(a + b), IsOk());
  LetLeasesEnd();
  const auto done = Collect();
  EXPECT_EQ(done.rewritten_pack_count(), 1);
  // Nothing of the other blobs is left: two chunks, and one list.
  const int64_t live = PackFile::RecordBytes(100'000) + PackFile::RecordBytes(90'000) +
                       PackFile::RecordBytes(9 + 2 * 40);
  EXPECT_EQ(PackBytes(), PackFile::kFileHeaderBytes + live);
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
  LoseIndex();
  Open();
  EXPECT_EQ(Read(a + b).value(), a + b);
  EXPECT_FALSE(HasEntry(a + b + c));
  ASSERT_EQ(PackPaths().size(), 1u);
  // And nobody refers to anything any more.
  LetLeasesEnd();
  LetLeasesEnd();
  EXPECT_EQ(Collect().removed_blob_count(), 3);
  EXPECT_EQ(PackBytes(), 0);
}

// The way a client sends a large file: batches of chunks, then the list. The process ends
// before any one of the commits, or with any part of the bytes on disk.
TEST_F(RebuildTest, ChunksAndTheirListCutShortAnywhereLeaveNothingOrAWholeBlob) {
  const std::string a = Noise(100'000, 1), b = Noise(30'000, 2), c = Noise(70'000, 3);
  const std::string whole = a + b + c + b;
  const std::vector<Digest> chunks = {DigestOf(a), DigestOf(b), DigestOf(c), DigestOf(b)};
  const auto send = [&]() -> absl::Status {
    for (const auto& batch : {std::vector<WholeBlob>{{DigestOf(a), a}, {DigestOf(b), b}},
                              std::vector<WholeBlob>{{DigestOf(c), c}, {DigestOf(b), b}}}) {
      for (const absl::Status& put : blobs_->PutBatch(batch)) {
        if (!put.ok()) return put;
      }
    }
    return blobs_->Splice(DigestOf(whole), chunks);
  };
  const auto expect_nothing_or_whole = [&] {
    for (const std::string& bytes : {a, b, c, whole}) {
      if (IsThere(bytes)) {
        EXPECT_EQ(Read(bytes).value(), bytes);
      }
    }
    EXPECT_EQ(Scrub().damaged_blob_count(), 0);
    const absl::Status sent = send();
    ASSERT_THAT(sent, IsOk());
    EXPECT_EQ(Read(whole).value(), whole);
  };
  const int64_t all_bytes = PackFile::kFileHeaderBytes + PackFile::RecordBytes(100'000) +
                            PackFile::RecordBytes(30'000) + PackFile::RecordBytes(70'000) +
                            PackFile::RecordBytes(9 + 4 * 40);
  bool died = true;
  int commits = 0;
  for (; died; ++commits) {
    SCOPED_TRACE(commits);
    StartOver();
    dying_->DieAfter(commits);
    died = !send().ok();
    Open();
    expect_nothing_or_whole();
    // What a commit of unknown outcome may name is kept until a restart; nothing else is.
    EXPECT_LE(PackBytes(), all_bytes + PackFile::RecordBytes(100'000));
  }
  EXPECT_EQ(commits, 4);  // died before each of the three, and not at all
  for (int lost = 0; lost < 3; ++lost) {
    SCOPED_TRACE(::testing::Message() << "the answer of commit " << lost << " is lost");
    StartOver();
    dying_->LoseAnswerOf(lost);
    EXPECT_THAT(send(), StatusIs(absl::StatusCode::kUnavailable));
    expect_nothing_or_whole();
  }
  // Bytes that were never synced: no commit names them, so none of these is there.
  const std::string pack = ReadFile(PackPath(1)).value();
  for (size_t cut = PackFile::kFileHeaderBytes;
       cut<pack.size(); cut += cut + 500> pack.size() ? 1 : 9'973) {
    SCOPED_TRACE(::testing::Message() << "cut at " << cut);
    StartOver();
    blobs_.reset();
    ASSERT_THAT(WriteFileAtomically(PackPath(1), pack.substr(0, cut)), IsOk());
    Open();
    expect_nothing_or_whole();
  }
}

// The same for a collection that moves live lists and drops dead ones.
TEST_F(RebuildTest, ACollectionOfListsCutShortAnywhereKeepsWhatIsReferredTo) {
  const std::string a = Noise(100'000, 1), b = Noise(20'000, 2), c = Noise(80'000, 3);
  bool died = true;
  int commits = 0;
  for (; died; ++commits) {
    SCOPED_TRACE(commits);
    StartOver();
    PutWhole({a, b});
    PutWhole({a, b, c});
    ASSERT_THAT(Upload(Noise(900'000, 4)), IsOk());
    ASSERT_THAT(Refer(a + b), IsOk());
    LetLeasesEnd();
    dying_->DieAfter(commits);
    Collect();
    died = dying_->dead();
    Open();
    EXPECT_EQ(Read(a + b).value(), a + b);
    EXPECT_EQ(Scrub().damaged_blob_count(), 0);
    LetLeasesEnd();
    LetLeasesEnd();
    Collect();
    Open();
    EXPECT_EQ(Read(a + b).value(), a + b);
    EXPECT_FALSE(HasEntry(a + b + c));
    EXPECT_FALSE(HasEntry(c));
    LoseIndex();
    Open();
    EXPECT_EQ(Read(a + b).value(), a + b);
  }
  EXPECT_GT(commits, 5);
}

TEST_F(RebuildTest, EveryFlippedBitOfAListIsFoundAndSplicingAgainHealsIt) {
  const std::string a = Noise(70'000, 1), b = Noise(66'000, 2), whole = a + b;
  PutWhole({a, b});
  blobs_.reset();
  const std::string pack = ReadFile(PackPath(1)).value();
  const size_t list =
      PackFile::kFileHeaderBytes + PackFile::RecordBytes(70'000) + PackFile::RecordBytes(66'000);
  ASSERT_EQ(pack.substr(list, 4), "LIST");
  ASSERT_EQ(pack.size(), list + PackFile::RecordBytes(9 + 2 * 40));
  const auto entry = EntryOf(whole);
  for (size_t at = list; at < pack.size(); ++at) {
    SCOPED_TRACE(at);
    blobs_.reset();
    std::string flipped = pack;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    ASSERT_THAT(WriteFileAtomically(PackPath(1), flipped), IsOk());
    SetEntry(whole, entry);
    Open();
    EXPECT_EQ(Read(whole).value(), whole) << "the entry has the list as well";
    EXPECT_EQ(Scrub().damaged_blob_count(), 1);
    EXPECT_FALSE(IsThere(whole));
    ASSERT_THAT(blobs_->Splice(DigestOf(whole), {DigestOf(a), DigestOf(b)}), IsOk());
    EXPECT_EQ(Scrub().damaged_blob_count(), 0);
    blobs_.reset();
    std::filesystem::remove(PackPath(2));
  }
}

}  // namespace
}  // namespace cairn::artifacts
