// The index is there and damaged: records that cannot be read, files of RocksDB with flipped
// bits. Whoever reads gets the right bytes or an error, the scrubber tells all that is lost, and
// sending it again heals it. And damaged bytes that nobody knew of, found by using them.

#include <map>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "rocksdb/db.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/entry_walk.h"
#include "server/artifacts/index_rebuild.h"
#include "server/artifacts/pack_file.h"
#include "server/storage/rocks_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/artifacts/blob_life_fixture.h"
#include "tests/unit/storage/snapshot_free_store.h"

namespace cairn::artifacts {
namespace {

using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

// A raw look at a database that no store has open.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    std::vector<std::string> names;
    EXPECT_THAT(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), path, &names), IsOk());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names)
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* db = nullptr;
    EXPECT_THAT(rocksdb::DB::Open(rocksdb::DBOptions(), path, families, &handles_, &db), IsOk());
    db_.reset(db);
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == "blob") blob_ = handles_[i];
    }
  }
  ~RawDatabase() {
    for (auto* handle : handles_) EXPECT_THAT(db_->DestroyColumnFamilyHandle(handle), IsOk());
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  // Flips a bit of a value of the family of blobs.
  void Flip(const storage::Key& key, size_t byte) {
    std::string value;
    ASSERT_THAT(db_->Get(rocksdb::ReadOptions(), blob_, key.bytes, &value), IsOk());
    value[byte % value.size()] = static_cast<char>(value[byte % value.size()] ^ 2);
    ASSERT_THAT(db_->Put(rocksdb::WriteOptions(), blob_, key.bytes, value), IsOk());
  }

  // Writes all to as few files as there can be, and answers those of the family of blobs.
  // RocksDB has no reason then to rewrite them, which it refuses for damaged ones: after that
  // it takes no writes.
  std::vector<std::string> CompactedFiles() {
    EXPECT_THAT(db_->Flush(rocksdb::FlushOptions(), handles_), IsOk());
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    for (auto* handle : handles_) {
      EXPECT_THAT(db_->CompactRange(options, handle, nullptr, nullptr), IsOk());
    }
    std::vector<rocksdb::LiveFileMetaData> files;
    db_->GetLiveFilesMetaData(&files);
    std::vector<std::string> names;
    for (const auto& file : files) {
      if (file.column_family_name == "blob") names.push_back(file.name);
    }
    return names;
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::ColumnFamilyHandle* blob_ = nullptr;
};

class DamagedIndexTest : public BlobLifeTest {
 protected:
  DamagedIndexTest() {
    CloseStore();
    EXPECT_THAT(OpenStore(), IsOk());
  }

  std::string StorePath() const { return directory_.Join("store"); }

  void CloseStore() {
    blobs_.reset();
    dying_.reset();
    store_.reset();
  }

  absl::Status OpenStore() {
    storage::RocksOptions options;
    options.directory = StorePath();
    auto store = storage::OpenRocksStore(std::move(options));
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    dying_ = std::make_unique<DyingStore>(*store_);
    Open();
    return absl::OkStatus();
  }

  // Damages the entries of blobs while the store is closed.
  void DamageEntries(const std::vector<std::string>& blobs, size_t byte) {
    CloseStore();
    {
      RawDatabase raw(StorePath() + "/kv");
      for (const std::string& bytes : blobs) raw.Flip(BlobKey(DigestOf(bytes)), byte);
    }
    ASSERT_THAT(OpenStore(), IsOk());
  }

  std::set<std::string> Damaged() {
    const auto done = Scrub();
    std::set<std::string> hashes;
    for (const auto& digest : done.damaged()) hashes.insert(digest.sha256());
    EXPECT_GE(done.damaged_blob_count(), static_cast<int64_t>(hashes.size()));
    return hashes;
  }
};

// Bytes of the envelope and of the payload.
TEST_F(DamagedIndexTest, AnEntryThatCannotBeReadIsMissingNamedByTheScrubberAndHeals) {
  const std::string small = Noise(40, 1), large = Noise(100'000, 2), kept = Noise(41, 3);
  for (const std::string& bytes : {small, large, kept}) ASSERT_THAT(Upload(bytes), IsOk());
  for (const size_t byte : {0, 3, 9, 28, 45}) {
    SCOPED_TRACE(byte);
    DamageEntries({small, large}, byte);
    EXPECT_TRUE(HasReason(Read(small).status(), ErrorReason::BLOB_CORRUPT));
    EXPECT_TRUE(HasReason(Read(large).status(), ErrorReason::BLOB_CORRUPT));
    EXPECT_EQ(Read(kept).value(), kept);
    const std::vector<Digest> all = {DigestOf(small), DigestOf(kept), DigestOf(large),
                                     DigestOf("")};
    EXPECT_THAT(blobs_->FindMissing(all).value(),
                ::testing::ElementsAre(DigestOf(small), DigestOf(large)));
    EXPECT_THAT(Damaged(), UnorderedElementsAre(Sha256Hex(small), Sha256Hex(large)));
    ASSERT_THAT(blobs_->PutBatch({{DigestOf(small), small}})[0], IsOk());
    ASSERT_THAT(Upload(large), IsOk());
    EXPECT_EQ(Read(small).value(), small);
    EXPECT_EQ(Read(large).value(), large);
    EXPECT_THAT(Damaged(), IsEmpty());
  }
}

TEST_F(DamagedIndexTest, AChunkWhoseEntryCannotBeReadIsSentAgain) {
  const std::string a = Noise(100'000, 1), b = Noise(50, 2);
  const std::vector<Digest> chunks = {DigestOf(a), DigestOf(b)};
  ASSERT_THAT(Upload(a), IsOk());
  ASSERT_THAT(Upload(b), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), chunks), IsOk());
  DamageEntries({b, a + b}, 30);
  EXPECT_THAT(Damaged(), UnorderedElementsAre(Sha256Hex(b), Sha256Hex(a + b)));
  EXPECT_TRUE(HasReason(blobs_->Splice(DigestOf(a + b), chunks), ErrorReason::BLOB_NOT_FOUND));
  ASSERT_THAT(Upload(b), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), chunks), IsOk());
  EXPECT_EQ(Read(a + b).value(), a + b);
  EXPECT_THAT(Damaged(), IsEmpty());
}

TEST_F(DamagedIndexTest, ARebuildRestoresWhatIsInPacksAndRemovesTheOtherUnreadableEntries) {
  const std::string small = Noise(40, 1), a = Noise(100'000, 2), b = Noise(50, 3);
  for (const std::string& bytes : {small, a, b}) ASSERT_THAT(Upload(bytes), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  ASSERT_THAT(Refer(small, "small"), IsOk());
  ASSERT_THAT(Refer(a + b, "whole"), IsOk());
  DamageEntries({small, a, b, a + b}, 12);
  // What chunks the unreadable list has is not known, so nothing may be removed.
  const auto work = blobs_->NewCollectionWork();
  std::string cursor;
  absl::Status stopped;
  for (int step = 0; step < 20 && stopped.ok(); ++step) {
    auto next =
        work->Next(*store_->GetSnapshot(), operations::Pack(v1::CollectGarbageMetadata()), cursor);
    stopped = next.status();
    if (next.ok()) cursor = next->cursor;
  }
  EXPECT_THAT(stopped, StatusIs(absl::StatusCode::kDataLoss));
  blobs_.reset();
  storage::SnapshotFreeStore watched(*store_);
  const auto done = RebuildIndex(watched, Packs());
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->blobs, 2);
  EXPECT_EQ(done->lists, 1);
  EXPECT_EQ(done->unreadable, 1);
  EXPECT_EQ(done->unreadable_ranges, 0);
  Open();
  EXPECT_EQ(Read(a + b).value(), a + b);
  EXPECT_THAT(Damaged(), UnorderedElementsAre(Sha256Hex(small))) << "something refers to it";
  ASSERT_THAT(Upload(small), IsOk());
  EXPECT_THAT(Damaged(), IsEmpty());
  LetLeasesEnd();
  Collect();
  EXPECT_EQ(Read(a + b).value(), a + b);
}

TEST_F(DamagedIndexTest, ReferencesToBlobsThatTheIndexLostAreReported) {
  const std::string bytes = Noise(40, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  ASSERT_THAT(Refer(bytes, "a"), IsOk());
  ASSERT_THAT(Refer(bytes, "b"), IsOk());
  ASSERT_THAT(store_->CommitAndWait(storage::WriteSet().Delete(BlobKey(DigestOf(bytes)))), IsOk());
  const auto done = Scrub();
  EXPECT_EQ(done.damaged_blob_count(), 1);
  ASSERT_EQ(done.damaged_size(), 1);
  EXPECT_EQ(done.damaged(0).sha256(), Sha256Hex(bytes));
  EXPECT_EQ(done.damaged(0).size_bytes(), 40);
}

// Random bits of the files of the index: every read is right or DATA_LOSS, or the store does
// not open; the scrubber names all that something refers to and reads refuse; what it names
// heals by being sent again.
TEST_F(DamagedIndexTest, FlippedBitsOfTheFilesOfTheIndexNeverGiveWrongBytes) {
  std::map<std::string, std::string> contents;  // by hash
  for (uint64_t i = 0; i < 200; ++i) {
    const std::string bytes = Noise(i % 10 == 0 ? 70'000 : 300 + i, i);
    contents[Sha256Hex(bytes)] = bytes;
  }
  for (const auto& [hash, bytes] : contents) {
    ASSERT_THAT(blobs_->PutBatch({{DigestOf(bytes), bytes}})[0], IsOk());
    ASSERT_THAT(Refer(bytes, hash), IsOk());
  }
  CloseStore();
  std::vector<std::string> files = RawDatabase(StorePath() + "/kv").CompactedFiles();
  ASSERT_FALSE(files.empty());
  ASSERT_THAT(OpenStore(), IsOk());  // what opening writes is there already in every round
  CloseStore();
  const std::string golden = directory_.Join("golden");
  std::filesystem::copy(StorePath(), golden, std::filesystem::copy_options::recursive);
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  int refused_to_open = 0, rounds_with_loss = 0;
  for (int round = 0; round < 30; ++round) {
    std::filesystem::remove_all(StorePath());
    std::filesystem::copy(golden, StorePath(), std::filesystem::copy_options::recursive);
    const std::string path = StorePath() + "/kv" + files[random() % files.size()];
    std::string file = ReadFile(path).value();
    for (int flips = round % 4; flips >= 0; --flips) {
      const size_t at = random() % file.size();
      SCOPED_TRACE(::testing::Message() << path << " byte " << at);
      file[at] = static_cast<char>(file[at] ^ (1 << random() % 8));
    }
    ASSERT_THAT(WriteFileAtomically(path, file), IsOk());
    if (!OpenStore().ok()) {
      ++refused_to_open;
      continue;
    }
    std::set<std::string> refused;
    for (const auto& [hash, bytes] : contents) {
      const auto read = Read(bytes);
      if (read.ok()) {
        ASSERT_EQ(*read, bytes);
      } else {
        ASSERT_THAT(read, StatusIs(absl::StatusCode::kDataLoss));
        refused.insert(hash);
      }
    }
    EXPECT_EQ(Damaged(), refused);
    rounds_with_loss += refused.empty() ? 0 : 1;
    for (const std::string& hash : refused) {
      const std::string& bytes = contents[hash];
      ASSERT_FALSE(IsThere(bytes));
      const absl::Status sent = blobs_->PutBatch({{DigestOf(bytes), bytes}})[0];
      ASSERT_THAT(sent, IsOk());
      EXPECT_EQ(Read(bytes).value(), bytes);
    }
    CloseStore();
  }
  EXPECT_GT(rounds_with_loss, 3) << refused_to_open << " did not open";
}

// Bytes of packs that are damaged and that no scrub has seen yet.
class HiddenDamageTest : public BlobLifeTest {
 protected:
  void Damage(const std::vector<std::string>& blobs) {
    blobs_.reset();
    std::string pack = ReadFile(PackPaths().at(0)).value();
    for (const std::string& bytes : blobs) {
      const size_t at = pack.find(bytes.substr(0, 64));
      ASSERT_NE(at, std::string::npos);
      pack[at + 10] = static_cast<char>(pack[at + 10] ^ 1);
    }
    ASSERT_THAT(WriteFileAtomically(PackPaths().at(0), pack), IsOk());
    Open();
  }
};

TEST_F(HiddenDamageTest, ASpliceFindsAllDamagedChunksAndTheyAreSentAgain) {
  std::vector<std::string> chunks;
  std::vector<Digest> digests;
  std::string whole;
  for (uint64_t i = 0; i < 6; ++i) {
    chunks.push_back(Noise(70'000, i));
    digests.push_back(DigestOf(chunks.back()));
    whole += chunks.back();
    ASSERT_THAT(Upload(chunks.back()), IsOk());
  }
  Damage({chunks[1], chunks[4]});
  EXPECT_TRUE(blobs_->FindMissing(digests).value().empty()) << "nobody knows yet";
  const absl::Status spliced = blobs_->Splice(DigestOf(whole), digests);
  EXPECT_TRUE(HasReason(spliced, ErrorReason::BLOB_NOT_FOUND)) << spliced;
  EXPECT_THAT(blobs_->FindMissing(digests).value(), UnorderedElementsAre(digests[1], digests[4]));
  for (const size_t i : {1, 4}) ASSERT_THAT(Upload(chunks[i]), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(whole), digests), IsOk());
  EXPECT_EQ(Read(whole).value(), whole);
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
}

// Who is told that a blob is damaged sends it again at once, and must not hear then that it is
// there: the reader answers when the quarantine is committed, however long that takes.
TEST_F(HiddenDamageTest, WhatAReaderFindsDamagedIsMissingFromThenOn) {
  const std::string a = Noise(100'000, 1), b = Noise(90'000, 2), c = Noise(80'000, 3);
  for (const std::string& bytes : {a, b, c}) ASSERT_THAT(Upload(bytes), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  Damage({b, c});
  dying_->MakeSlow();
  EXPECT_TRUE(IsThere(a + b));
  EXPECT_THAT(Read(a + b), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Read(c), StatusIs(absl::StatusCode::kDataLoss));
  for (const std::string& bytes : {a + b, b, c}) EXPECT_FALSE(IsThere(bytes));
  EXPECT_TRUE(IsThere(a));
  ASSERT_THAT(Upload(b), IsOk());
  ASSERT_THAT(Upload(c), IsOk());
  ASSERT_THAT(blobs_->Splice(DigestOf(a + b), {DigestOf(a), DigestOf(b)}), IsOk());
  EXPECT_EQ(Read(a + b).value(), a + b);
  EXPECT_EQ(Read(c).value(), c);
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
}

TEST_F(HiddenDamageTest, DamageOfAnEntryThatChangedMeanwhileIsNobodys) {
  const std::string bytes = Noise(100'000, 1);
  ASSERT_THAT(Upload(bytes), IsOk());
  Damage({bytes});
  const auto reader = blobs_->OpenReader(DigestOf(bytes)).value();
  EXPECT_EQ(Scrub().damaged_blob_count(), 1);
  ASSERT_THAT(Upload(bytes), IsOk());  // heals it while it is open
  EXPECT_THAT(reader->Read(0, 100'000, [](std::string_view) { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(IsThere(bytes));
}

}  // namespace
}  // namespace cairn::artifacts
