// What a collection removes and keeps, whoever comes in between and whenever it is cut short.

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "gmock/gmock.h"
#include "server/artifacts/entry_walk.h"
#include "server/artifacts/pack_file.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/artifacts/blob_life_fixture.h"

namespace cairn::artifacts {
namespace {

using CollectionTest = BlobLifeTest;
using testing::IsOk;
using testing::StatusIs;

TEST_F(CollectionTest, WhatNothingRefersToIsRemovedAndItsRoomGivenBack) {
  const std::string small = Noise(100, 1), large = Noise(900'000, 2);
  const std::string kept = Noise(90'000, 3), kept_small = Noise(90, 4);
  for (const std::string& bytes : {small, large, kept, kept_small}) {
    ASSERT_THAT(Upload(bytes), IsOk());
  }
  ASSERT_THAT(Refer(kept, "a"), IsOk());
  ASSERT_THAT(Refer(kept_small, "b"), IsOk());
  LetLeasesEnd();
  const int64_t before = PackBytes();
  const auto counted = Collect(nullptr, /*dry_run=*/true);
  EXPECT_EQ(counted.removed_blob_count(), 2);
  EXPECT_EQ(PackBytes(), before);
  EXPECT_TRUE(HasEntry(small));
  const auto done = Collect();
  EXPECT_EQ(done.examined_blob_count(), 5);  // with the empty blob
  EXPECT_EQ(done.removed_blob_count(), 2);
  EXPECT_EQ(done.removed_bytes(), 900'100);
  EXPECT_EQ(done.leased_blob_count(), 0);
  EXPECT_EQ(done.rewritten_pack_count(), 1);
  EXPECT_EQ(done.freed_bytes(), before - PackBytes());
  EXPECT_LT(PackBytes(), 91'000);
  EXPECT_FALSE(HasEntry(small));
  EXPECT_FALSE(HasEntry(large));
  EXPECT_THAT(Read(large), StatusIs(absl::StatusCode::kNotFound));
  for (int restart = 0; restart < 2; ++restart) {
    EXPECT_EQ(Read(kept).value(), kept);
    EXPECT_EQ(Read(kept_small).value(), kept_small);
    EXPECT_EQ(blobs_->ReadAll(DigestOf(""), 0).value(), "");
    Open();
  }
}

TEST_F(CollectionTest, OnAFullVolumeGarbageIsNotDoubledBeforeItGoes) {
  for (uint64_t seed = 1; seed <= 40; ++seed) ASSERT_THAT(Upload(Noise(60'000, seed)), IsOk());
  const std::string large = Noise(900'000, 50), kept = Noise(60'000, 51);
  ASSERT_THAT(Upload(large), IsOk());
  ASSERT_THAT(Upload(kept), IsOk());
  ASSERT_THAT(Refer(kept, "a"), IsOk());
  LetLeasesEnd();
  free_bytes_ = kReserve;
  int64_t most = 0;  // bytes of entries that are there with their flag at a time
  const auto done = Collect([&](int) {
    int64_t condemned = 0;
    const auto snapshot = store_->GetSnapshot();
    for (EntryWalk walk(*snapshot, ""); walk.Valid(); walk.Next()) {
      if (walk.head().condemned) condemned += static_cast<int64_t>(walk.payload().size());
    }
    most = std::max(most, condemned);
  });
  EXPECT_GT(most, 0);
  EXPECT_LE(most, 300'000);
  EXPECT_EQ(done.removed_blob_count(), 41);
  EXPECT_EQ(done.examined_blob_count(), 43);  // each once, with the empty blob
  EXPECT_TRUE(HasEntry(kept));
}

TEST_F(CollectionTest, OnAFullVolumeLeasedBlobsDoNotKeepACollectionFromItsEnd) {
  for (uint64_t seed = 1; seed <= 20; ++seed) ASSERT_THAT(Upload(Noise(60'000, seed)), IsOk());
  LetLeasesEnd();
  for (uint64_t seed = 21; seed <= 40; ++seed) ASSERT_THAT(Upload(Noise(60'000, seed)), IsOk());
  free_bytes_ = kReserve;
  int moments = 0;
  const auto done = Collect([&](int moment) {
    moments = moment;
    if (moment == 2'000) LetLeasesEnd();
  });
  EXPECT_LT(moments, 2'000);
  EXPECT_EQ(done.removed_blob_count(), 20);
  EXPECT_EQ(done.leased_blob_count(), 20);
  EXPECT_EQ(done.examined_blob_count(), 41);
}

TEST_F(CollectionTest, NothingIsRemovedBeforeTheServerRanForOneLease) {
  const std::string bytes = Noise(100, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  LetLeasesEnd();
  Open();
  clock_.AdvanceNanos(kLease - 1);
  const auto early = Collect();
  EXPECT_EQ(early.removed_blob_count(), 0);
  EXPECT_EQ(early.leased_blob_count(), 2 - 1);
  EXPECT_TRUE(HasEntry(bytes));
  clock_.AdvanceNanos(1);
  EXPECT_EQ(Collect().removed_blob_count(), 1);
}

TEST_F(CollectionTest, WhatWasStoredOrAskedAboutWithinALeaseIsKept) {
  const std::string asked = Noise(100, 1), stored = Noise(101, 2), neither = Noise(102, 3);
  ASSERT_THAT(Upload(asked), IsOk());
  ASSERT_THAT(Upload(neither), IsOk());
  LetLeasesEnd();
  EXPECT_TRUE(IsThere(asked));
  ASSERT_THAT(Upload(stored), IsOk());
  const auto first = Collect();
  EXPECT_EQ(first.leased_blob_count(), 2);
  EXPECT_EQ(first.removed_blob_count(), 1);
  EXPECT_FALSE(HasEntry(neither));
  // Others ask for other blobs all the time; these leases end all the same.
  const std::string other = Noise(103, 4);
  ASSERT_THAT(Upload(other), IsOk());
  for (int i = 0; i < 5; ++i) {
    clock_.AdvanceNanos(kLease / 2);
    EXPECT_TRUE(IsThere(other));
  }
  EXPECT_EQ(Collect().removed_blob_count(), 2);
  EXPECT_TRUE(HasEntry(other));
}

TEST_F(CollectionTest, ChunksLiveAsLongAsOneOfTheirWholes) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2), c = Noise(2000, 3);
  for (const std::string& bytes : {a, b, c}) ASSERT_THAT(Upload(bytes), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(b + c), {DigestOf(b), DigestOf(c)}), IsOk());
  ASSERT_THAT(Refer(a + b), IsOk());
  LetLeasesEnd();
  EXPECT_EQ(Collect().removed_blob_count(), 2);  // b + c, and c
  EXPECT_EQ(Read(a + b).value(), a + b);
  EXPECT_FALSE(HasEntry(c));
  ASSERT_THAT(Forget(), IsOk());
  EXPECT_TRUE(IsThere(a + b));
  EXPECT_EQ(Collect().removed_blob_count(), 0) << "the whole is leased, and its chunks with it";
  LetLeasesEnd();
  EXPECT_EQ(Collect().removed_blob_count(), 3);
  EXPECT_EQ(PackBytes(), 0);
}

// A reference that is planned at one moment of a collection and committed at another one
// either keeps its blob or fails, and then sending the blob again heals it.
TEST_F(CollectionTest, AReferenceAtAnyMomentIsKeptOrFails) {
  int moments = 0;
  LetLeasesEnd();
  Collect([&](int moment) { moments = moment + 1; });
  for (const size_t size : {size_t{50}, size_t{70'000}}) {
    const std::string bytes = Noise(size, size);
    int kept = 0, failed = 0;
    for (int planned = 0; planned < moments + 8; ++planned) {
      for (int committed = planned; committed < moments + 8; ++committed) {
        SCOPED_TRACE(::testing::Message()
                     << size << " bytes, planned at " << planned << ", committed at " << committed);
        StartOver();
        ASSERT_THAT(Upload(bytes), IsOk());
        LetLeasesEnd();
        absl::StatusOr<storage::WriteSet> set = absl::UnknownError("not planned");
        std::optional<absl::Status> referred;
        Collect([&](int moment) {
          if (moment == planned) set = PlanReference(bytes);
          if (moment == committed) {
            referred = set.ok() ? store_->CommitAndWait(*std::move(set)).status() : set.status();
          }
        });
        if (!referred.has_value()) continue;  // the collection was over
        if (referred->ok()) {
          ++kept;
        } else {
          ++failed;
          EXPECT_TRUE(absl::IsNotFound(*referred) || absl::IsAborted(*referred)) << *referred;
          ASSERT_THAT(Upload(bytes), IsOk());
          ASSERT_THAT(Refer(bytes), IsOk());
        }
        EXPECT_TRUE(IsThere(bytes));
        EXPECT_EQ(Read(bytes).value(), bytes);
        EXPECT_EQ(Collect().removed_blob_count(), 0);
        EXPECT_EQ(Read(bytes).value(), bytes);
      }
    }
    EXPECT_GT(kept, 0);
    EXPECT_GT(failed, 0);
  }
}

// A client that asks, sends what is missing and refers, with each call at another moment.
TEST_F(CollectionTest, AClientThatFollowsTheProtocolAlwaysSucceeds) {
  const std::string a = Noise(80'000, 1), b = Noise(300, 2), whole = a + b;
  const std::vector<Digest> chunks = {DigestOf(a), DigestOf(b)};
  for (int asked = 0; asked < 24; ++asked) {
    for (int referred = asked; referred < 24; ++referred) {
      SCOPED_TRACE(::testing::Message() << "asked at " << asked << ", referred at " << referred);
      StartOver();
      ASSERT_THAT(Upload(a), IsOk());
      ASSERT_THAT(Upload(b), IsOk());
      ASSERT_THAT(blobs_->Splice(DigestOf(whole), chunks), IsOk());
      LetLeasesEnd();
      bool over = false;
      Collect([&](int moment) {
        if (moment == asked && !IsThere(whole)) {
          for (const std::string& bytes : {a, b}) {
            if (IsThere(bytes)) continue;
            ASSERT_THAT(Upload(bytes), IsOk());
          }
          ASSERT_THAT(blobs_->Splice(DigestOf(whole), chunks), IsOk());
        }
        if (moment != referred) return;
        const absl::Status done = Refer(whole);
        EXPECT_THAT(done, IsOk());
        over = true;
      });
      if (!over) continue;
      EXPECT_EQ(Read(whole).value(), whole);
      Collect();
      EXPECT_EQ(Read(whole).value(), whole);
    }
  }
}

// The process ends before any one of the commits of a collection.
TEST_F(CollectionTest, CutShortAnywhereTheNextOneFinishesIt) {
  const std::string kept = Noise(200'000, 1), kept_small = Noise(10, 2);
  const std::string dead = Noise(700'000, 3), dead_small = Noise(11, 4);
  const std::string chunk = Noise(70'000, 5), whole = chunk + kept;
  bool died = true;
  for (int commits = 0; died; ++commits) {
    SCOPED_TRACE(commits);
    StartOver();
    for (const std::string& bytes : {kept, kept_small, dead, dead_small, chunk}) {
      ASSERT_THAT(Upload(bytes), IsOk());
    }
    ASSERT_THAT(blobs_->Splice(DigestOf(whole), {DigestOf(chunk), DigestOf(kept)}), IsOk());
    ASSERT_THAT(Refer(kept, "a"), IsOk());
    ASSERT_THAT(Refer(kept_small, "b"), IsOk());
    LetLeasesEnd();
    dying_->DieAfter(commits);
    Collect();
    died = dying_->dead();
    Open();
    for (const std::string& bytes : {kept, kept_small}) {
      EXPECT_TRUE(IsThere(bytes));
      EXPECT_EQ(Read(bytes).value(), bytes);
    }
    for (const std::string& bytes : {dead, dead_small, chunk, whole}) {
      const auto read = Read(bytes);
      EXPECT_TRUE(read.ok() ? *read == bytes : absl::IsNotFound(read.status())) << read.status();
    }
    LetLeasesEnd();
    LetLeasesEnd();
    Collect();
    EXPECT_EQ(Read(kept).value(), kept);
    for (const std::string& bytes : {dead, dead_small, chunk, whole}) {
      EXPECT_FALSE(HasEntry(bytes));
    }
    EXPECT_LT(PackBytes(), 201'000);
    EXPECT_EQ(Scrub().damaged_blob_count(), 0);
  }
}

TEST_F(CollectionTest, AnUploadThatNobodyContinuedForADayIsDiscarded) {
  const std::string bytes = Noise(3 << 20, 4);
  {
    auto upload = blobs_->OpenUpload(kUploadId, DigestOf(bytes)).value();
    ASSERT_THAT(upload->Write(0, std::string_view(bytes).substr(0, 2'000'000)), IsOk());
  }
  clock_.AdvanceNanos(23 * 3600 * kNanosPerSecond);
  Collect();
  EXPECT_EQ(blobs_->QueryUpload(kUploadId, DigestOf(bytes)).value().committed_size_bytes,
            2'000'000);
  clock_.AdvanceNanos(2 * 3600 * kNanosPerSecond);
  Collect();
  EXPECT_TRUE(absl::IsNotFound(blobs_->QueryUpload(kUploadId, DigestOf(bytes)).status()));
  EXPECT_LE(PackBytes(), PackFile::kFileHeaderBytes);
}

TEST_F(CollectionTest, ARecordThatCannotBeReadStopsTheCollection) {
  const std::string bytes = Noise(100, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  ASSERT_THAT(store_->CommitAndWait(
                  storage::WriteSet().PutRecord(storage::ArtifactKey(kOwner, "bad"), "\xff\xff")),
              IsOk());
  LetLeasesEnd();
  const auto work = blobs_->NewCollectionWork();
  const auto step =
      work->Next(*store_->GetSnapshot(), operations::Pack(v1::CollectGarbageMetadata()), "");
  EXPECT_THAT(step, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(HasEntry(bytes));
}

// The process ends before any one of the commits of an upload, or with any part of its
// bytes on disk: the blob is there and right, or it is not there and can be sent.
TEST_F(CollectionTest, AnUploadCutShortAnywhereLeavesNothingOrAWholeBlob) {
  const std::string bytes = Noise(400'000, 1);
  bool died = true;
  for (int commits = 0; died; ++commits) {
    SCOPED_TRACE(commits);
    StartOver();
    dying_->DieAfter(commits);
    died = !Upload(bytes).ok();
    Open();
    if (IsThere(bytes)) {
      EXPECT_EQ(Read(bytes).value(), bytes);
    }
    ASSERT_THAT(Upload(bytes), IsOk());
    EXPECT_EQ(Read(bytes).value(), bytes);
    EXPECT_EQ(PackBytes(), PackFile::kFileHeaderBytes + PackFile::RecordBytes(400'000));
  }
  const std::string path = PackPaths().at(0);
  const std::string pack = ReadFile(path).value();
  std::set<size_t> cuts;
  for (size_t at = 0; at < pack.size(); at += at < 80 || at + 80 > pack.size() ? 1 : 20'011) {
    cuts.insert(at);
  }
  for (size_t back = 0; back < 80; ++back) cuts.insert(pack.size() - back);
  for (const size_t cut : cuts) {
    SCOPED_TRACE(::testing::Message() << "cut at " << cut);
    StartOver();
    blobs_.reset();
    ASSERT_THAT(WriteFileAtomically(path, pack.substr(0, cut)), IsOk());
    Open();
    if (IsThere(bytes)) {
      EXPECT_EQ(Read(bytes).value(), bytes);
    }
    ASSERT_THAT(Upload(bytes), IsOk());
    EXPECT_EQ(Read(bytes).value(), bytes);
  }
}

// After a rebuild an upload may still claim the place that the blob's entry names by now.
TEST_F(CollectionTest, GivingAnUploadUpNeverTakesTheBytesOfAStoredBlob) {
  const std::string bytes = Noise(400'000, 1);
  bool died = true;
  for (int commits = 0; died; ++commits) {
    SCOPED_TRACE(commits);
    StartOver();
    dying_->DieAfter(commits);
    died = !Upload(bytes).ok();
    Open();
    const bool there = IsThere(bytes);
    clock_.AdvanceNanos(25 * 3600 * kNanosPerSecond);
    ASSERT_TRUE(there ? Refer(bytes).ok() : true);
    Collect();
    Open();
    EXPECT_EQ(IsThere(bytes), there);
    if (there) {
      EXPECT_EQ(Read(bytes).value(), bytes);
    }
    ASSERT_THAT(Upload(bytes), IsOk());
    EXPECT_EQ(Read(bytes).value(), bytes);
  }
}

// A commit of which nobody knows what became: the store says that it failed, and it is there.
TEST_F(CollectionTest, ACommitWhoseOutcomeIsUnknownKeepsItsBytes) {
  const std::string bytes = Noise(400'000, 1);
  for (int lost = 0; lost < 6; ++lost) {
    SCOPED_TRACE(lost);
    StartOver();
    dying_->LoseAnswerOf(lost);
    static_cast<void>(Upload(bytes));
    clock_.AdvanceNanos(25 * 3600 * kNanosPerSecond);
    ASSERT_TRUE(IsThere(bytes) ? Refer(bytes).ok() : true);
    Collect();
    if (IsThere(bytes)) {
      EXPECT_EQ(Read(bytes).value(), bytes);
    }
    const std::string other = Noise(300'000, 2);
    ASSERT_THAT(Upload(other, "0a444840-9dc0-41d1-b245-5ffdce74fad2"), IsOk());
    ASSERT_THAT(Upload(bytes), IsOk());
    EXPECT_EQ(Read(bytes).value(), bytes);
    EXPECT_EQ(Read(other).value(), other);
  }
}

TEST_F(CollectionTest, ACollectionThatIsCancelledCondemnsNothing) {
  const std::string bytes = Noise(100'000, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  LetLeasesEnd();
  const auto work = blobs_->NewCollectionWork();
  std::string cursor;
  v1::CollectGarbageMetadata metadata;
  for (bool condemns = false; !condemns;) {
    auto step = work->Next(*store_->GetSnapshot(), operations::Pack(metadata), cursor);
    ASSERT_THAT(step, IsOk());
    condemns = !step->write_set.puts.empty();  // and is then not committed
    cursor = step->cursor;
  }
  EXPECT_FALSE(IsThere(bytes)) << "it is about to be condemned";
  work->Ended();
  EXPECT_TRUE(IsThere(bytes));
}

}  // namespace
}  // namespace cairn::artifacts
